// The catalog functions: tables, columns, keys and types, read with SHOW and DESCRIBE as the official driver does.
//
// Give catalog and schema exactly: with patterns there SHOW looks through the whole account (spec/snowflake.md §2.3).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/odbc/catalog_match.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {

// `types` as ODBC gives it: "" for all, or a list such as "TABLE,'VIEW'". The three enumerations (all catalogs, all
// schemas, all table types) are recognised by their arguments.
absl::StatusOr<std::unique_ptr<Result>> ListTables(Statement& statement, const CatalogArgument& catalog,
                                                   const CatalogArgument& schema, const CatalogArgument& table,
                                                   std::string_view types);

absl::StatusOr<std::unique_ptr<Result>> ListColumns(Statement& statement, const CatalogArgument& catalog,
                                                    const CatalogArgument& schema, const CatalogArgument& table,
                                                    const CatalogArgument& column);

absl::StatusOr<std::unique_ptr<Result>> ListPrimaryKeys(Statement& statement, const CatalogArgument& catalog,
                                                        const CatalogArgument& schema, const CatalogArgument& table);

// SQL_ALL_TYPES or one type.
std::unique_ptr<Result> ListTypes(SQLSMALLINT sql_type, const Settings& settings, const TypeOptions& options);

// "NUMBER(38,0)" as DESCRIBE prints it.
ColumnDescription ParseDeclaredType(std::string_view declared);

}  // namespace cdi::sfodbc
