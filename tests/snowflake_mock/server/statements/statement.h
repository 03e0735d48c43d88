// One statement from text to result: tokens, routing, and the families of statements the mock runs itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/account/account.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

// Everything a running statement needs. The session's statement_mutex is held.
struct Execution {
  Account& account;
  Session& session;
  StopSignal& stop;
  const std::vector<Binding>* bindings = nullptr;
  bool describe_only = false;
  int64_t now_ns = 0;
  std::string sql;
  std::vector<Token> tokens;
  std::vector<std::shared_ptr<const ResultSet>> piped = {};  // results of the statements before ->>, newest last
  std::set<std::string> secondary_roles = {};
  std::string warehouse_in_use = {};
  // Of the account and the session, as they were when the statement began.
  std::map<std::string, std::string> parameters = {};

  // The session's TIMEZONE.
  std::string Zone() const {
    const auto found = parameters.find("TIMEZONE");
    return found == parameters.end() ? "UTC" : found->second;
  }
};

// spec/snowflake.md §3.8
enum StatementType {
  kSelect = 0x1000,
  kInsert = 0x3100,
  kUpdate = 0x3200,
  kDelete = 0x3300,
  kMerge = 0x3400,
  kMultiInsert = 0x3500,
  kSessionControl = 0x4000,
  kUse = 0x4300,
  kShow = 0x4400,
  kDescribe = 0x4500,
  kTransaction = 0x5000,
  kDdl = 0x6000,
};

// Runs one statement. `sql` holds one; several are refused (000008). Never throws; errors are Snowflake's.
absl::StatusOr<ResultSet> RunStatement(Account& account, Session& session, const std::string& sql,
                                       const std::vector<Binding>* bindings, bool describe_only, StopSignal& stop);

// Runs a script as the account's administrator, statement by statement; stops at the first error, whose message then
// begins with the statement's number. Returns the last result.
absl::StatusOr<ResultSet> RunScript(Account& account, Session& session, const std::string& script);

// One statement of a pipe.
absl::StatusOr<ResultSet> RunRouted(Execution& run);

// ---- families; each gets the whole token list ----
absl::StatusOr<ResultSet> RunQuery(Execution& run);
absl::StatusOr<ResultSet> RunDml(Execution& run);
absl::StatusOr<ResultSet> RunMerge(Execution& run);
absl::StatusOr<ResultSet> RunTruncate(Execution& run);
absl::StatusOr<ResultSet> RunCreate(Execution& run);
absl::StatusOr<ResultSet> RunAlter(Execution& run);
absl::StatusOr<ResultSet> RunDrop(Execution& run);
absl::StatusOr<ResultSet> RunComment(Execution& run);  // COMMENT ON
absl::StatusOr<ResultSet> RunGrant(Execution& run);    // GRANT and REVOKE
absl::StatusOr<ResultSet> RunSet(Execution& run);      // SET and UNSET of session variables
absl::StatusOr<ResultSet> RunUse(Execution& run);
absl::StatusOr<ResultSet> RunShow(Execution& run);
absl::StatusOr<ResultSet> RunDescribe(Execution& run);
absl::StatusOr<ResultSet> AlterUser(Execution& run, TokenReader& reader);
absl::StatusOr<ResultSet> AlterSession(Execution& run, TokenReader& reader);
// Options behind CREATE USER / ALTER USER … SET, until the end.
absl::Status ApplyUserOptions(TokenReader& reader, int64_t now_ns, User& user);

// ---- shared ----
RewriteContext MakeContext(Execution& run);
ResultSet StatusResult(const std::string& text, int statement_type = kDdl);
// A result of text columns: SHOW, DESC.
struct TextColumns {
  std::vector<std::string> names;
};
ResultSet TextResult(const TextColumns& columns, const std::vector<std::vector<std::optional<std::string>>>& rows,
                     int statement_type);
// Runs engine SQL of our own making (DDL); engine errors translated.
absl::StatusOr<int64_t> RunEngine(Execution& run, const std::string& sql);
// Resumes or checks the session's warehouse: 000606 when there is none that may run.
absl::Status UseWarehouse(Execution& run);
// The warehouse's last use ends with the statement.
void LeaveWarehouse(Execution& run);
absl::Status UseWarehouseLocked(Execution& run);  // for a caller that holds the catalog
// Marks a table as changed now. The catalog is not locked by the caller.
void NoteChange(Execution& run, const ObjectName& name);

}  // namespace cdi::snowflake_mock
