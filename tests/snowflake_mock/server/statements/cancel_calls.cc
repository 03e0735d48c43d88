#include "tests/snowflake_mock/server/statements/cancel_calls.h"

#include <algorithm>
#include <functional>
#include <shared_mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"

namespace cdi::snowflake_mock {
namespace {

constexpr char kNotRunning[] = "Identified SQL statement is not currently executing.";

}  // namespace

CancelHook CancelCalls::Hook() {
  return [this](const CancelCall& call) {
    calls_.emplace(call.place, call);
    const auto answer = answers_.find(call.place);
    return answer == answers_.end() ? std::string() : answer->second;
  };
}

absl::Status CancelCalls::Perform() {
  for (const auto& [place, call] : calls_) {
    CDI_ASSIGN_OR_RETURN(answers_[place], call.whole_session ? CancelSession(call.id) : CancelOne(call.id));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> CancelCalls::CancelOne(const std::string& query_id) {
  const std::string id = absl::AsciiStrToLower(query_id);
  const auto record = run_.account.history.Find(id);
  if (!record.has_value() || record->ended_ns != 0) return kNotRunning;
  if (!MayCancel(*record)) return InsufficientPrivileges("query", id);
  // What runs is the request: one of its statements ends with it.
  const std::string& running = record->parent_id.empty() ? id : record->parent_id;
  if (!run_.account.cancel_query || !run_.account.cancel_query(running)) return kNotRunning;
  return absl::StrCat("query [", id, "] terminated.");
}

namespace {

// Requests that run and that `wanted` takes, but for the one that `run` is a statement of.
std::vector<QueryRecord> RunningRequests(Execution& run, const std::function<bool(const QueryRecord&)>& wanted) {
  const std::string& own_id = run.session.current_query_id;
  const auto own = run.account.history.Find(own_id);
  std::vector<QueryRecord> requests = run.account.history.Running();
  std::erase_if(requests, [&](const QueryRecord& record) {
    const bool spared = record.id == own_id || (own.has_value() && record.id == own->parent_id);
    return spared || !record.parent_id.empty() || !wanted(record);
  });
  return requests;
}

}  // namespace

void CancelStatementsOf(Execution& run, const std::string& user) {
  if (!run.account.cancel_query) return;
  const auto theirs = [&](const QueryRecord& record) { return record.user == user; };
  for (const QueryRecord& record : RunningRequests(run, theirs)) run.account.cancel_query(record.id);
}

absl::StatusOr<std::string> CancelCalls::CancelSession(const std::string& session_id) {
  const std::vector<QueryRecord> victims =
      RunningRequests(run_, [&](const QueryRecord& record) { return std::to_string(record.session_id) == session_id; });
  for (const QueryRecord& record : victims) {
    if (!MayCancel(record)) return InsufficientPrivileges("session", session_id);
  }
  for (const QueryRecord& record : victims) {
    if (run_.account.cancel_query) run_.account.cancel_query(record.id);
  }
  return absl::StrCat("queries of session [", session_id, "] terminated.");
}

bool CancelCalls::MayCancel(const QueryRecord& record) const {
  if (record.user == run_.session.user) return true;
  const RewriteContext context = MakeContext(run_);
  const std::shared_lock lock(run_.account.catalog.mutex);
  return HasPrivilege(context, "OWNERSHIP", "USER", DisplayName(record.user)) ||
         (!record.warehouse.empty() && HasPrivilege(context, "OPERATE", "WAREHOUSE", DisplayName(record.warehouse)));
}

bool IsCancelCall(const std::vector<Token>& tokens) {
  return tokens.size() > 2 && tokens[0].IsWord("CALL") &&
         (tokens[1].IsWord("SYSTEM$CANCEL_QUERY") || tokens[1].IsWord("SYSTEM$CANCEL_ALL_QUERIES"));
}

absl::StatusOr<ResultSet> RunCancelCall(Execution& run) {
  Token as = run.tokens[0];
  as.text = as.source = "AS";
  const Token name = run.tokens[1];
  run.tokens[0].text = run.tokens[0].source = "SELECT";
  run.tokens.insert(run.tokens.end() - 1, {as, name});
  return RunQuery(run);
}

}  // namespace cdi::snowflake_mock
