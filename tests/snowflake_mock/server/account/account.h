// The whole state of one mock account: catalog, engine, sessions, history, counters, settings.
//
// Locks, in the order they are taken: Session::statement_mutex, Account::write_mutex, Catalog::mutex, Account::mutex
// (the last guards sessions, tokens, login log and settings and is held for look-ups only).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/account/history.h"
#include "tests/snowflake_mock/server/account/settings.h"
#include "tests/snowflake_mock/server/account/table_locks.h"
#include "tests/snowflake_mock/server/catalog/catalog.h"
#include "tests/snowflake_mock/server/engine/engine.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

// One client session. `statement_mutex` is held while a statement of it runs; the state below changes only then.
struct Session {
  std::mutex statement_mutex;
  std::unique_ptr<EngineConnection> connection;
  int64_t id = 0;
  std::string user;
  std::string role;
  std::string warehouse;
  std::string database;
  std::string schema;
  std::map<std::string, std::string> parameters;  // names in upper case
  std::string client;                             // CLIENT_APP_ID and version
  std::string current_query_id;
  std::string last_query_id;
  std::deque<std::string> query_ids;  // finished ones, newest last, at most 1000
  bool administrator = false;         // the mock's own: may do everything, needs no warehouse
  std::map<std::string, Variable> variables;
  std::string secondary_roles;  // ALL or NONE by USE SECONDARY ROLES; empty: the user's DEFAULT_SECONDARY_ROLES

  // Temporary tables, by Display(); they hide permanent ones of the same name and go with the session.
  std::map<std::string, Relation> temporaries;

  // A table that the open transaction has written to: its copy holds what the transaction sees.
  // statements/transactions.h
  struct Copy {
    ObjectName name;
    std::string original_physical;
    std::string physical;
    int64_t rows_at_begin = 0;
    bool changed = false;
    bool only_appended = true;
  };
  struct Transaction {
    int64_t id = 0;  // nanoseconds of its beginning
    std::string name;
    std::map<std::string, Copy> copies;  // by Display()
  };
  std::optional<Transaction> transaction;
  std::set<std::string> copied;     // the keys of transaction->copies
  std::atomic<bool> closed{false};  // removed; a statement that still runs rolls back at its end

  // Guarded by Account::mutex: what a statement that overlaps a running one of this session begins with. Kept after
  // each statement.
  struct Context {
    std::string role;
    std::string warehouse;
    std::string database;
    std::string schema;
    std::map<std::string, std::string> parameters;
    std::string last_query_id;
    std::deque<std::string> query_ids;
    std::map<std::string, Variable> variables;
    std::string secondary_roles;
    bool alone = false;  // a transaction is open or temporary tables are there: nothing may overlap
  };
  Context context;

  // Guarded by Account::mutex: the newest tokens; earlier ones live on until they expire.
  std::string token;
  std::string master_token;
  int64_t token_expires_ns = 0;
  int64_t master_expires_ns = 0;  // moved on by every request
};

// What a token in an Authorization header is worth.
enum class TokenState {
  kUnknown,  // never given out, or of the other kind
  kValid,
  kExpired,
  kGone,  // the session was logged out, dropped, or idle for too long
};

struct TokenCheck {
  TokenState state = TokenState::kUnknown;
  std::shared_ptr<Session> session;  // of a valid or expired token
};

struct Counters {
  std::atomic<int64_t> logins_ok{0};
  std::atomic<int64_t> logins_refused{0};
  std::atomic<int64_t> statements{0};
  std::atomic<int64_t> statements_failed{0};
  std::atomic<int64_t> rows_out{0};
  std::atomic<int64_t> chunks_served{0};
  std::atomic<int64_t> token_renewals{0};
};

class Account {
 public:
  // `names` as in a client's connection: "myorg-myacct" and, with commas between, further spellings that are accepted
  // (a locator such as "xy12345"); the first is the account's name. `data_path` empty: in memory.
  static absl::StatusOr<std::unique_ptr<Account>> Open(const std::string& names, const std::string& data_path,
                                                       const EngineLimits& limits = {});

  const std::string& name() const { return names_[0]; }
  // True for every accepted spelling, whatever the case, with `_` or `-`, with a region or `.global` behind it.
  bool IsNamed(const std::string& spelling) const;
  // True when the data file held an account already.
  bool restored() const { return restored_; }

  Catalog catalog;
  std::mutex write_mutex;  // one writing statement at a time: Snowflake queues writers, DuckDB would refuse them
  TableLocks locks;
  Counters counters;

  QueryHistory history;
  // Set by the HTTP side while statements can run, for SYSTEM$CANCEL_QUERY and the like; false when the request has
  // ended already. Empty in tests without a server.
  std::function<bool(const std::string& query_id)> cancel_query;

  std::mutex mutex;
  Settings settings;
  std::deque<LoginRecord> logins;  // newest last, at most 1000

  absl::StatusOr<std::shared_ptr<Session>> NewSession();
  // Keeps `context`. The caller holds the session's statement_mutex.
  void KeepContext(Session& session);
  // The same session for one more statement at the same time: an engine connection of its own, and the context last
  // kept. Not in the table of sessions; what it changes in the context is lost.
  absl::StatusOr<std::shared_ptr<Session>> Overlapping(const Session& session);
  // A session of the administrator with every privilege, not in the table of sessions.
  absl::StatusOr<std::shared_ptr<Session>> AdministratorSession();
  // Gives the session its first tokens and enters it.
  void AddSession(const std::shared_ptr<Session>& session);
  // Looks a session or master token up. A valid session token counts as use: the master token's life begins anew.
  TokenCheck CheckToken(const std::string& token, bool master);
  // New tokens for the session; the old ones stay good for their time.
  void RenewTokens(const std::shared_ptr<Session>& session);
  // All session tokens of it expire now, with `master` the master token too.
  void ExpireTokens(const std::shared_ptr<Session>& session, bool master);
  void RemoveSession(const std::shared_ptr<Session>& session);
  std::vector<std::shared_ptr<Session>> Sessions();
  Settings CurrentSettings();

  // The one clock: real time and the shift a test has set.
  void ShiftClock(int64_t shift_ns);
  int64_t clock_shift_ns() const { return clock_shift_ns_.load(); }
  // Nanoseconds since 1970; never the same twice, so that change marks differ.
  int64_t Now();
  // Writes the catalog into the data file; nothing to do without one. The caller holds write_mutex and the catalog.
  absl::Status Save();
  std::string LoginFailureDetails(const std::string& id);

 private:
  struct TokenEntry {
    std::shared_ptr<Session> session;
    bool master = false;
    int64_t expires_ns = 0;  // of a session token
  };

  Account(std::vector<std::string> names, std::unique_ptr<Engine> engine, bool persistent)
      : names_(std::move(names)), engine_(std::move(engine)), persistent_(persistent) {}
  absl::Status Restore();
  void GiveTokens(const std::shared_ptr<Session>& session, int64_t now_ns);

  std::vector<std::string> names_;
  std::unique_ptr<Engine> engine_;
  bool persistent_;
  bool restored_ = false;
  std::unique_ptr<EngineConnection> state_connection_;
  std::atomic<int64_t> last_ns_{0};
  std::atomic<int64_t> next_session_id_{1172562260498};
  std::atomic<int64_t> clock_shift_ns_{0};
  // Guarded by mutex.
  std::map<std::string, TokenEntry> tokens_;
  std::set<std::shared_ptr<Session>> sessions_;
  std::set<std::string> gone_tokens_;  // of sessions that ended, for 390111; the oldest are forgotten
  std::deque<std::string> gone_order_;
};

// 32 random bytes in hex.
std::string RandomToken();
std::string RandomUuid();

}  // namespace cdi::snowflake_mock
