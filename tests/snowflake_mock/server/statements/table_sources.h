// What stands at the place of a table without being one: RESULT_SCAN, $1 of ->>, the histories.
#pragma once

#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

// The hook for RewriteContext::table_source. `run` outlives it.
TableSourceHook MakeTableSource(Execution& run);
// "a ->> b ->> c": runs one after the other, each reading the results of those before as $1 (the last), $2 …
absl::StatusOr<ResultSet> RunPipe(Execution& run);
bool HasPipe(const std::vector<Token>& tokens);

// Loads an earlier result into a temporary table of the session and answers with a query of it.
absl::StatusOr<TableSource> LoadResult(Execution& run, const ResultSet& result, const std::string& key);

// Histories as engine SQL. `filter` is engine SQL over the history's own columns, or empty.
struct HistoryFilter {
  std::string user;
  std::string warehouse;
  int64_t session_id = 0;
  int64_t limit = 100;
  std::string condition;
};
TableSource QueryHistorySource(Execution& run, const HistoryFilter& filter, bool account_usage);
TableSource LoginHistorySource(Execution& run, const HistoryFilter& filter);
TableSource MeteringSource(Execution& run, const HistoryFilter& filter);

}  // namespace cdi::snowflake_mock
