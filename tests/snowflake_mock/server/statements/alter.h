// The ALTER statements of tables and what holds them. The callers hold write_mutex and the catalog.
#pragma once

#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

absl::StatusOr<ResultSet> AlterTable(Execution& run, TokenReader& reader);
absl::StatusOr<ResultSet> AlterView(Execution& run, TokenReader& reader);
absl::StatusOr<ResultSet> AlterSchema(Execution& run, TokenReader& reader);
absl::StatusOr<ResultSet> AlterDatabase(Execution& run, TokenReader& reader);

// 002003 when the table has no such column.
absl::StatusOr<Column*> FindColumn(Relation& table, const std::string& name);

}  // namespace cdi::snowflake_mock
