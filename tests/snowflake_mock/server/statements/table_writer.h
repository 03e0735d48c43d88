// Writing into physical tables: definitions from the catalog, values made fit for a column, steps that happen whole or
// not at all.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/snowflake_mock/server/statements/statement.h"
#include "tests/snowflake_mock/server/statements/token_composer.h"

namespace cdi::snowflake_mock {

// Engine SQL of `source_column` (a column of a subquery: it is read several times) as a value of `column`: cast, and
// refused with 100078 when longer than the column.
std::string WriteValue(const std::string& source_column, const Column& column, const std::string& zone);
// 002023 for a column of `query` whose type Snowflake does not convert on its own. The literal NULL goes anywhere.
absl::Status CheckAssignable(const RewrittenQuery& query, size_t place, const Column& column);

// "(…)" of CREATE TABLE. Defaults are not the engine's matter: INSERT fills them in.
std::string EngineTableColumns(const std::vector<Column>& columns);

// BEGIN, steps, COMMIT; or ROLLBACK when a step fails. Not nested. Holds the account's write_mutex meanwhile.
absl::Status RunAtomically(Execution& run, const std::function<absl::Status()>& steps);
// The same for a caller that holds write_mutex.
absl::Status RunAtomicallyLocked(Execution& run, const std::function<absl::Status()>& steps);

using EngineRow = std::vector<std::optional<std::string>>;
// Rows of an engine query as wire text.
absl::StatusOr<std::vector<EngineRow>> ReadEngine(Execution& run, const std::string& sql);
absl::StatusOr<int64_t> ReadNumber(Execution& run, const std::string& sql);

// The table a DML statement writes to.
struct DmlTarget {
  ObjectName name;
  Relation relation;  // as it was when the statement began
  std::string alias;  // of UPDATE, DELETE, MERGE: the alias or the table's own name
  std::string privilege;
};

// Reads the name, checks the privilege. The catalog is locked inside.
absl::StatusOr<DmlTarget> FindTarget(Execution& run, TokenReader& reader, const std::string& privilege);
// Begins a transaction if AUTOCOMMIT is off, locks the table, gives the open transaction its copy of it. Then
// target.name is the table to write to.
absl::Status PrepareWrite(Execution& run, DmlTarget& target);

// Composed Snowflake tokens to engine SQL, with the target readable.
absl::StatusOr<RewrittenQuery> RewriteComposed(Execution& run, const TokenComposer& composer, const DmlTarget* target);
// The value of a column that is not given: its default, NEXTVAL of an identity, or NULL.
absl::Status ComposeDefault(TokenComposer& composer, const Column& column);
// INSERT INTO target (columns) of a composed query; `columns` are places in relation.columns, in the query's order.
absl::StatusOr<std::string> InsertStatement(Execution& run, const DmlTarget& target, const std::vector<size_t>& columns,
                                            const TokenComposer& source);
// "(a, b)" behind the target's name; all columns when there is no list.
absl::StatusOr<std::vector<size_t>> ReadColumnList(TokenReader& reader, const Relation& relation);
// Appends VALUES (…), (…) of [begin, end), DEFAULT replaced.
absl::Status ComposeValues(const std::vector<Token>& tokens, size_t begin, size_t end, const Relation& relation,
                           const std::vector<size_t>& columns, TokenComposer& composer);

// The result row of DML: (label, count) pairs.
ResultSet CountsResult(const std::vector<std::pair<std::string, int64_t>>& counts, int statement_type,
                       const RowCounts& row_counts, bool describe_only);

}  // namespace cdi::snowflake_mock
