// The catalog functions: tables, columns and types, read with SHOW and DESCRIBE as the official driver does.
//
// Catalog and schema are taken exactly, names in the table's list as patterns (`%`, `_`). Give catalog and schema:
// without them SHOW looks through the whole account (spec/snowflake.md §2.3).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {

// nullopt: not given.
using CatalogName = std::optional<std::string>;

// `types` as ODBC gives it: "" for all, or a list such as "TABLE,'VIEW'".
absl::StatusOr<std::unique_ptr<Result>> ListTables(Statement& statement, const CatalogName& catalog,
                                                   const CatalogName& schema, const CatalogName& table,
                                                   std::string_view types);

// `column` is a pattern; catalog, schema and table are exact.
absl::StatusOr<std::unique_ptr<Result>> ListColumns(Statement& statement, const CatalogName& catalog,
                                                    const CatalogName& schema, const std::string& table,
                                                    const CatalogName& column);

// SQL_ALL_TYPES or one type.
std::unique_ptr<Result> ListTypes(SQLSMALLINT sql_type, const Settings& settings);

// "NUMBER(38,0)" as DESCRIBE prints it.
ColumnDescription ParseDeclaredType(std::string_view declared);

// SQL's LIKE with backslash as escape character.
bool MatchesPattern(std::string_view text, std::string_view pattern);

}  // namespace cdi::sfodbc
