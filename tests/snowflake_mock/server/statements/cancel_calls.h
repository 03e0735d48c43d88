// SYSTEM$CANCEL_QUERY and SYSTEM$CANCEL_ALL_QUERIES in a query: first the whole query is compiled, then the statements
// named are cancelled, then the query is compiled again with the answers in the calls' places.
//
// Who may: the user who ran the statement, and roles with OWNERSHIP on that user or with OPERATE or OWNERSHIP on the
// statement's warehouse (docs.snowflake.com, SYSTEM$CANCEL_QUERY, read 2026-11).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

class CancelCalls {
 public:
  explicit CancelCalls(Execution& run) : run_(run) {}
  CancelCalls(const CancelCalls&) = delete;
  CancelCalls& operator=(const CancelCalls&) = delete;

  // For RewriteContext::cancel: notes the call, and answers it once Perform() has run. *this must outlive the hook.
  CancelHook Hook();
  bool empty() const { return calls_.empty(); }
  // Cancels; 003001 when the role may not. The catalog is not locked by the caller.
  absl::Status Perform();

 private:
  absl::StatusOr<std::string> CancelOne(const std::string& query_id);
  absl::StatusOr<std::string> CancelSession(const std::string& session_id);
  bool MayCancel(const QueryRecord& record) const;

  Execution& run_;
  std::map<size_t, CancelCall> calls_;  // by place among the tokens
  std::map<size_t, std::string> answers_;
};

// Cancels what the user runs, but for the statement that `run` is. The catalog is not locked by the caller.
void CancelStatementsOf(Execution& run, const std::string& user);

// `CALL SYSTEM$CANCEL_QUERY('…')` becomes a SELECT whose only column is named after the function.
bool IsCancelCall(const std::vector<Token>& tokens);
absl::StatusOr<ResultSet> RunCancelCall(Execution& run);

}  // namespace cdi::snowflake_mock
