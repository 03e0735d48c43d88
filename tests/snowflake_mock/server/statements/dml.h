// What INSERT, UPDATE, DELETE and MERGE share. Each is staged: its query runs into a temporary table, is checked there,
// and is then applied by row id; all in one engine transaction, so that a failing statement changes nothing.
#pragma once

#include <string>
#include <vector>

#include "tests/snowflake_mock/server/statements/table_writer.h"

namespace cdi::snowflake_mock {

// The target's row id AS "SF ROWID".
void ComposeRowId(TokenComposer& query, const DmlTarget& target);
// ", (value) AS …" for each "column = value" in [begin, end); `columns` receives the places of the columns. With
// `guard` the value is computed only where the guard holds.
absl::Status ComposeAssignments(Execution& run, size_t begin, size_t end, const DmlTarget& target, TokenComposer& query,
                                std::vector<size_t>& columns, const TokenComposer* guard = nullptr);
// Row ids that occur more than once in the stage.
absl::StatusOr<int64_t> CountSeveral(Execution& run, const std::string& stage, const std::string& where);
// 100090 with the values of such a row.
absl::Status DuplicateRow(Execution& run, const DmlTarget& target, const std::string& stage, const std::string& where);
// After a write: marks the table changed, now or at commit.
void NoteWrite(Execution& run, const ObjectName& name, bool only_appended);
bool ParameterIsTrue(const Session& session, const std::string& name);

absl::StatusOr<ResultSet> RunMultiInsert(Execution& run, bool overwrite);

}  // namespace cdi::snowflake_mock
