// The whole state of one mock account: catalog, engine, sessions, login log, counters, fault switches.
//
// Locks, in the order they are taken: Session::statement_mutex, Account::write_mutex, Catalog::mutex, Account::mutex
// (the last guards sessions, login log and faults and is held for look-ups only).
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/catalog/catalog.h"
#include "tests/snowflake_mock/server/engine/engine.h"

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
  std::string last_query_id;
  bool administrator = false;  // the mock's own: may do everything, needs no warehouse
  bool in_transaction = false;
  std::vector<ObjectName> changed_in_transaction;

  // Guarded by Account::mutex.
  std::string token;
  std::string master_token;
  bool token_expired = false;
  bool master_expired = false;
};

struct LoginRecord {
  int64_t time_ns = 0;
  std::string user;
  std::string client;
  bool success = false;
  std::string code;   // of the refusal
  std::string cause;  // JWT_TOKEN_INVALID_SIGNATURE and the like
  std::string id;     // the bracketed UUID of the message
  std::string role;
};

// What POST /__mock/faults sets. Counters count down to 0.
struct Faults {
  int fail_logins = 0;      // HTTP 503
  int fail_queries = 0;     // HTTP 503
  int fail_chunks = 0;      // HTTP 503
  int forbid_chunks = 0;    // HTTP 403
  int truncate_chunks = 0;  // half of the gzip body, with a matching Content-Length
  int query_delay_ms = 0;   // before each statement runs
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
  // `name` as in the client's connection ("myorg-myacct"); `data_path` empty: in memory.
  static absl::StatusOr<std::unique_ptr<Account>> Open(const std::string& name, const std::string& data_path);

  const std::string& name() const { return name_; }
  // True when the data file held an account already.
  bool restored() const { return restored_; }

  Catalog catalog;
  std::mutex write_mutex;  // one writing statement at a time: Snowflake queues writers, DuckDB would refuse them
  Counters counters;

  std::mutex mutex;
  Faults faults;
  std::deque<LoginRecord> logins;  // newest last, at most 1000

  absl::StatusOr<std::shared_ptr<Session>> NewSession();
  // A session of the administrator with every privilege, not in the table of sessions.
  absl::StatusOr<std::shared_ptr<Session>> AdministratorSession();
  void AddSession(const std::shared_ptr<Session>& session);
  // nullptr when there is none.
  std::shared_ptr<Session> FindByToken(const std::string& token);
  std::shared_ptr<Session> FindByMasterToken(const std::string& token);
  void RemoveSession(const std::shared_ptr<Session>& session);
  std::vector<std::shared_ptr<Session>> Sessions();

  // Nanoseconds since 1970; never the same twice, so that change marks differ.
  int64_t Now();
  // Writes the catalog into the data file; nothing to do without one. The caller holds write_mutex and the catalog.
  absl::Status Save();
  std::string LoginFailureDetails(const std::string& id);

 private:
  Account(std::string name, std::unique_ptr<Engine> engine, bool persistent)
      : name_(std::move(name)), engine_(std::move(engine)), persistent_(persistent) {}
  absl::Status Restore();

  std::string name_;
  std::unique_ptr<Engine> engine_;
  bool persistent_;
  bool restored_ = false;
  std::unique_ptr<EngineConnection> state_connection_;
  std::atomic<int64_t> last_ns_{0};
  std::atomic<int64_t> next_session_id_{1172562260498};
  std::map<std::string, std::shared_ptr<Session>> by_token_;
  std::map<std::string, std::shared_ptr<Session>> by_master_token_;
};

// 32 random bytes in hex.
std::string RandomToken();
std::string RandomUuid();

}  // namespace cdi::snowflake_mock
