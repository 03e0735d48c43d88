// A Snowflake session: login by key pair, statements, cancellation, renewal of the token, logout.
//
// Any number of threads may run statements of one session at the same time; a lock is held only to copy the token or to
// renew it. Errors carry SQLSTATE and native code (diagnostics.h). The protocol: spec/snowflake.md §3.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "tests/snowflake_mock/odbc/cancel_token.h"
#include "tests/snowflake_mock/odbc/http_client.h"
#include "tests/snowflake_mock/odbc/jwt.h"
#include "tests/snowflake_mock/odbc/reply.h"
#include "tests/snowflake_mock/odbc/settings.h"

namespace cdi::sfodbc {

inline constexpr int kNativeCancelled = 604;

struct QueryRequest {
  std::string sql;
  std::string bindings;                // JSON object, or "" for none
  int64_t multi_statement_count = -1;  // -1: the session's parameter decides
  bool describe_only = false;
  std::string request_id;  // one per logical request: a resend with the same id does not run the statement again
};

class Session {
 public:
  // 08001 cannot connect · 28000 login refused, or a bad key · HYT00 the login timeout passed.
  // HY008 when `cancel` came meanwhile.
  static absl::StatusOr<std::unique_ptr<Session>> Login(Settings settings, CancelToken& cancel);

  // Runs a statement and waits for its result. HY008/604 cancelled · HYT00 `deadline` passed (the statement is aborted)
  // · 08S01 connection or session lost · otherwise what the server says.
  absl::StatusOr<Reply> Run(const QueryRequest& request, CancelToken& cancel, TimePoint deadline);

  // The result of a statement that has run: the next one of several statements in one request.
  absl::StatusOr<Reply> FetchResult(std::string_view query_id, CancelToken& cancel, TimePoint deadline);

  // Asks the server to stop the statement of that request. True when it says that it did.
  bool Abort(std::string_view request_id, std::string_view sql);

  // The server said that the session is over: SQL_ATTR_CONNECTION_DEAD.
  bool gone() const { return gone_; }

  // Best effort, a few seconds at most.
  void Logout();

  const Settings& settings() const { return settings_; }
  // How columns are described now: session parameters may have changed it. Any thread.
  TypeOptions type_options();
  // The session's database, as the last reply named it. Any thread.
  std::string current_database();
  HttpPool& pool() { return pool_; }
  static std::string NewRequestId();

 private:
  struct Exchange {
    bool post = true;
    std::string path_and_query;
    std::string body;
    bool is_query = false;  // statements and their results: other Accept header, grace after a cancellation
  };

  explicit Session(Settings settings)
      : settings_(std::move(settings)), pool_(settings_), type_options_(settings_.type_options) {}
  absl::Status Authenticate(CancelToken& cancel);
  std::string LoginUrl() const;
  std::string LoginBody(std::string_view token) const;
  absl::StatusOr<Reply> Send(const Exchange& exchange, CancelToken& cancel, TimePoint deadline);
  absl::StatusOr<Reply> AwaitResult(Reply reply, CancelToken& cancel, TimePoint deadline);
  absl::Status Renew(std::string_view stale_token);
  absl::Status StatementError(const Reply& reply) const;
  std::string SessionToken();
  void NoteParameters(const Reply& reply);
  static void AppendRetryParameters(int attempt, int last_status, std::string& url);

  Settings settings_;  // constant after the login, which wipes the key in it
  HttpPool pool_;
  std::mutex token_mutex_;
  Secret session_token_;  // guarded by token_mutex_
  Secret master_token_;   // guarded by token_mutex_
  std::mutex options_mutex_;
  TypeOptions type_options_;  // guarded by options_mutex_
  std::string database_;      // guarded by options_mutex_
  std::atomic<bool> gone_ = false;
};

// The delay before attempt `attempt` (1 = first repetition): exponential with jitter, 250 ms to 16 s.
std::chrono::milliseconds RetryDelay(int attempt);

// The HTTP statuses after which a request is repeated.
bool IsRetryableStatus(int status);

}  // namespace cdi::sfodbc
