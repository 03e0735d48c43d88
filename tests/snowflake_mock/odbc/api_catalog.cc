// Entry points: catalog functions. What Snowflake has no notion of (indexes, procedures' columns, privileges by column)
// answers with an empty result of the standard's shape.
#include "tests/snowflake_mock/odbc/catalog.h"
#include "tests/snowflake_mock/odbc/catalog_rows.h"
#include "tests/snowflake_mock/odbc/entry.h"

namespace cdi::sfodbc {
namespace {

using Rule = CatalogArgument::Rule;

// One text argument as it comes.
template <typename Char>
struct Text {
  const Char* text;
  SQLSMALLINT length;
  CatalogArgument As(const Statement& statement, Rule rule) const {
    if (statement.options.metadata_id) rule = Rule::kIdentifier;
    if (text == nullptr) return {std::nullopt, rule};
    return {TakeText(text, length), rule};
  }
};

SQLRETURN Show(Statement& statement, absl::StatusOr<std::unique_ptr<Result>> result) {
  if (!result.ok()) return statement.Fail(result.status());
  statement.CloseCursor();
  statement.ShowResult(*std::move(result));
  return SQL_SUCCESS;
}

SQLRETURN ShowNothing(SQLHSTMT raw, CatalogShape shape) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return Show(statement, RowWriter().Finish(shape, statement.connection.session()->settings()));
  });
}

template <typename Char>
SQLRETURN Tables(SQLHSTMT raw, Text<Char> catalog, Text<Char> schema, Text<Char> table, Text<Char> types) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return Show(statement,
                ListTables(statement, catalog.As(statement, Rule::kPattern), schema.As(statement, Rule::kPattern),
                           table.As(statement, Rule::kPattern), TakeText(types.text, types.length)));
  });
}

template <typename Char>
SQLRETURN Columns(SQLHSTMT raw, Text<Char> catalog, Text<Char> schema, Text<Char> table, Text<Char> column) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return Show(statement,
                ListColumns(statement, catalog.As(statement, Rule::kExact), schema.As(statement, Rule::kPattern),
                            table.As(statement, Rule::kPattern), column.As(statement, Rule::kPattern)));
  });
}

template <typename Char>
SQLRETURN PrimaryKeys(SQLHSTMT raw, Text<Char> catalog, Text<Char> schema, Text<Char> table) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (table.text == nullptr) return statement.Fail("HY009", "SQLPrimaryKeys needs the name of a table");
    return Show(statement, ListPrimaryKeys(statement, catalog.As(statement, Rule::kExact),
                                           schema.As(statement, Rule::kExact), table.As(statement, Rule::kExact)));
  });
}

SQLRETURN TypeInfo(SQLHSTMT raw, SQLSMALLINT type) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    Session& session = *statement.connection.session();
    return Show(statement, ListTypes(type, session.settings(), session.type_options()));
  });
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Text;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLTables(SQLHSTMT raw, SQLCHAR* catalog, SQLSMALLINT catalog_length, SQLCHAR* schema,
                                            SQLSMALLINT schema_length, SQLCHAR* table, SQLSMALLINT table_length,
                                            SQLCHAR* types, SQLSMALLINT types_length) {
  return cdi::sfodbc::Tables<SQLCHAR>(raw, Text<SQLCHAR>{catalog, catalog_length}, Text<SQLCHAR>{schema, schema_length},
                                      Text<SQLCHAR>{table, table_length}, Text<SQLCHAR>{types, types_length});
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLTablesW(SQLHSTMT raw, SQLWCHAR* catalog, SQLSMALLINT catalog_length,
                                             SQLWCHAR* schema, SQLSMALLINT schema_length, SQLWCHAR* table,
                                             SQLSMALLINT table_length, SQLWCHAR* types, SQLSMALLINT types_length) {
  return cdi::sfodbc::Tables<SQLWCHAR>(raw, Text<SQLWCHAR>{catalog, catalog_length},
                                       Text<SQLWCHAR>{schema, schema_length}, Text<SQLWCHAR>{table, table_length},
                                       Text<SQLWCHAR>{types, types_length});
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColumns(SQLHSTMT raw, SQLCHAR* catalog, SQLSMALLINT catalog_length,
                                             SQLCHAR* schema, SQLSMALLINT schema_length, SQLCHAR* table,
                                             SQLSMALLINT table_length, SQLCHAR* column, SQLSMALLINT column_length) {
  return cdi::sfodbc::Columns<SQLCHAR>(raw, Text<SQLCHAR>{catalog, catalog_length},
                                       Text<SQLCHAR>{schema, schema_length}, Text<SQLCHAR>{table, table_length},
                                       Text<SQLCHAR>{column, column_length});
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColumnsW(SQLHSTMT raw, SQLWCHAR* catalog, SQLSMALLINT catalog_length,
                                              SQLWCHAR* schema, SQLSMALLINT schema_length, SQLWCHAR* table,
                                              SQLSMALLINT table_length, SQLWCHAR* column, SQLSMALLINT column_length) {
  return cdi::sfodbc::Columns<SQLWCHAR>(raw, Text<SQLWCHAR>{catalog, catalog_length},
                                        Text<SQLWCHAR>{schema, schema_length}, Text<SQLWCHAR>{table, table_length},
                                        Text<SQLWCHAR>{column, column_length});
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLPrimaryKeys(SQLHSTMT raw, SQLCHAR* catalog, SQLSMALLINT catalog_length,
                                                 SQLCHAR* schema, SQLSMALLINT schema_length, SQLCHAR* table,
                                                 SQLSMALLINT table_length) {
  return cdi::sfodbc::PrimaryKeys<SQLCHAR>(raw, Text<SQLCHAR>{catalog, catalog_length},
                                           Text<SQLCHAR>{schema, schema_length}, Text<SQLCHAR>{table, table_length});
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLPrimaryKeysW(SQLHSTMT raw, SQLWCHAR* catalog, SQLSMALLINT catalog_length,
                                                  SQLWCHAR* schema, SQLSMALLINT schema_length, SQLWCHAR* table,
                                                  SQLSMALLINT table_length) {
  return cdi::sfodbc::PrimaryKeys<SQLWCHAR>(raw, Text<SQLWCHAR>{catalog, catalog_length},
                                            Text<SQLWCHAR>{schema, schema_length}, Text<SQLWCHAR>{table, table_length});
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetTypeInfo(SQLHSTMT raw, SQLSMALLINT type) {
  return cdi::sfodbc::TypeInfo(raw, type);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetTypeInfoW(SQLHSTMT raw, SQLSMALLINT type) {
  return cdi::sfodbc::TypeInfo(raw, type);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLForeignKeys(SQLHSTMT raw, SQLCHAR* /*pk_catalog*/,
                                                 SQLSMALLINT /*pk_catalog_length*/, SQLCHAR* /*pk_schema*/,
                                                 SQLSMALLINT /*pk_schema_length*/, SQLCHAR* /*pk_table*/,
                                                 SQLSMALLINT /*pk_table_length*/, SQLCHAR* /*fk_catalog*/,
                                                 SQLSMALLINT /*fk_catalog_length*/, SQLCHAR* /*fk_schema*/,
                                                 SQLSMALLINT /*fk_schema_length*/, SQLCHAR* /*fk_table*/,
                                                 SQLSMALLINT /*fk_table_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ForeignKeysShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLForeignKeysW(SQLHSTMT raw, SQLWCHAR* /*pk_catalog*/,
                                                  SQLSMALLINT /*pk_catalog_length*/, SQLWCHAR* /*pk_schema*/,
                                                  SQLSMALLINT /*pk_schema_length*/, SQLWCHAR* /*pk_table*/,
                                                  SQLSMALLINT /*pk_table_length*/, SQLWCHAR* /*fk_catalog*/,
                                                  SQLSMALLINT /*fk_catalog_length*/, SQLWCHAR* /*fk_schema*/,
                                                  SQLSMALLINT /*fk_schema_length*/, SQLWCHAR* /*fk_table*/,
                                                  SQLSMALLINT /*fk_table_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ForeignKeysShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLStatistics(SQLHSTMT raw, SQLCHAR* /*catalog*/, SQLSMALLINT /*catalog_length*/,
                                                SQLCHAR* /*schema*/, SQLSMALLINT /*schema_length*/, SQLCHAR* /*table*/,
                                                SQLSMALLINT /*table_length*/, SQLUSMALLINT /*unique*/,
                                                SQLUSMALLINT /*accuracy*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::StatisticsShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLStatisticsW(SQLHSTMT raw, SQLWCHAR* /*catalog*/, SQLSMALLINT /*catalog_length*/,
                                                 SQLWCHAR* /*schema*/, SQLSMALLINT /*schema_length*/,
                                                 SQLWCHAR* /*table*/, SQLSMALLINT /*table_length*/,
                                                 SQLUSMALLINT /*unique*/, SQLUSMALLINT /*accuracy*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::StatisticsShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLProcedures(SQLHSTMT raw, SQLCHAR* /*catalog*/, SQLSMALLINT /*catalog_length*/,
                                                SQLCHAR* /*schema*/, SQLSMALLINT /*schema_length*/,
                                                SQLCHAR* /*procedure*/, SQLSMALLINT /*procedure_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ProceduresShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLProceduresW(SQLHSTMT raw, SQLWCHAR* /*catalog*/, SQLSMALLINT /*catalog_length*/,
                                                 SQLWCHAR* /*schema*/, SQLSMALLINT /*schema_length*/,
                                                 SQLWCHAR* /*procedure*/, SQLSMALLINT /*procedure_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ProceduresShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLProcedureColumns(SQLHSTMT raw, SQLCHAR* /*catalog*/,
                                                      SQLSMALLINT /*catalog_length*/, SQLCHAR* /*schema*/,
                                                      SQLSMALLINT /*schema_length*/, SQLCHAR* /*procedure*/,
                                                      SQLSMALLINT /*procedure_length*/, SQLCHAR* /*column*/,
                                                      SQLSMALLINT /*column_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ProcedureColumnsShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLProcedureColumnsW(SQLHSTMT raw, SQLWCHAR* /*catalog*/,
                                                       SQLSMALLINT /*catalog_length*/, SQLWCHAR* /*schema*/,
                                                       SQLSMALLINT /*schema_length*/, SQLWCHAR* /*procedure*/,
                                                       SQLSMALLINT /*procedure_length*/, SQLWCHAR* /*column*/,
                                                       SQLSMALLINT /*column_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ProcedureColumnsShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLTablePrivileges(SQLHSTMT raw, SQLCHAR* /*catalog*/, SQLSMALLINT /*catalog_length*/,
                                                     SQLCHAR* /*schema*/, SQLSMALLINT /*schema_length*/,
                                                     SQLCHAR* /*table*/, SQLSMALLINT /*table_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::TablePrivilegesShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLTablePrivilegesW(SQLHSTMT raw, SQLWCHAR* /*catalog*/,
                                                      SQLSMALLINT /*catalog_length*/, SQLWCHAR* /*schema*/,
                                                      SQLSMALLINT /*schema_length*/, SQLWCHAR* /*table*/,
                                                      SQLSMALLINT /*table_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::TablePrivilegesShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColumnPrivileges(SQLHSTMT raw, SQLCHAR* /*catalog*/,
                                                      SQLSMALLINT /*catalog_length*/, SQLCHAR* /*schema*/,
                                                      SQLSMALLINT /*schema_length*/, SQLCHAR* /*table*/,
                                                      SQLSMALLINT /*table_length*/, SQLCHAR* /*column*/,
                                                      SQLSMALLINT /*column_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ColumnPrivilegesShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColumnPrivilegesW(SQLHSTMT raw, SQLWCHAR* /*catalog*/,
                                                       SQLSMALLINT /*catalog_length*/, SQLWCHAR* /*schema*/,
                                                       SQLSMALLINT /*schema_length*/, SQLWCHAR* /*table*/,
                                                       SQLSMALLINT /*table_length*/, SQLWCHAR* /*column*/,
                                                       SQLSMALLINT /*column_length*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::ColumnPrivilegesShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSpecialColumns(SQLHSTMT raw, SQLUSMALLINT /*kind*/, SQLCHAR* /*catalog*/,
                                                    SQLSMALLINT /*catalog_length*/, SQLCHAR* /*schema*/,
                                                    SQLSMALLINT /*schema_length*/, SQLCHAR* /*table*/,
                                                    SQLSMALLINT /*table_length*/, SQLUSMALLINT /*scope*/,
                                                    SQLUSMALLINT /*nullable*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::SpecialColumnsShape());
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSpecialColumnsW(SQLHSTMT raw, SQLUSMALLINT /*kind*/, SQLWCHAR* /*catalog*/,
                                                     SQLSMALLINT /*catalog_length*/, SQLWCHAR* /*schema*/,
                                                     SQLSMALLINT /*schema_length*/, SQLWCHAR* /*table*/,
                                                     SQLSMALLINT /*table_length*/, SQLUSMALLINT /*scope*/,
                                                     SQLUSMALLINT /*nullable*/) {
  return cdi::sfodbc::ShowNothing(raw, cdi::sfodbc::SpecialColumnsShape());
}
