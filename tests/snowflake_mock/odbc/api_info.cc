// Entry points: what the driver is and can do; catalog functions.
#include <map>

#include "tests/snowflake_mock/odbc/catalog.h"
#include "tests/snowflake_mock/odbc/entry.h"

namespace cdi::sfodbc {
namespace {

const std::map<SQLUSMALLINT, std::string_view>& TextInfo() {
  static const std::map<SQLUSMALLINT, std::string_view> kInfo = {{SQL_DRIVER_NAME, "libcdisfodbc.so"},
                                                                 {SQL_DRIVER_VER, "00.01.0000"},
                                                                 {SQL_DRIVER_ODBC_VER, "03.52"},
                                                                 {SQL_DBMS_NAME, "Snowflake"},
                                                                 {SQL_DBMS_VER, "09.00.0000"},
                                                                 {SQL_IDENTIFIER_QUOTE_CHAR, "\""},
                                                                 {SQL_CATALOG_NAME, "Y"},
                                                                 {SQL_CATALOG_NAME_SEPARATOR, "."},
                                                                 {SQL_CATALOG_TERM, "database"},
                                                                 {SQL_SCHEMA_TERM, "schema"},
                                                                 {SQL_TABLE_TERM, "table"},
                                                                 {SQL_PROCEDURE_TERM, "procedure"},
                                                                 {SQL_SEARCH_PATTERN_ESCAPE, "\\"},
                                                                 {SQL_DATA_SOURCE_READ_ONLY, "N"},
                                                                 {SQL_NEED_LONG_DATA_LEN, "N"},
                                                                 {SQL_DESCRIBE_PARAMETER, "Y"},
                                                                 {SQL_ACCESSIBLE_TABLES, "N"},
                                                                 {SQL_ACCESSIBLE_PROCEDURES, "N"},
                                                                 {SQL_COLUMN_ALIAS, "Y"},
                                                                 {SQL_EXPRESSIONS_IN_ORDERBY, "Y"},
                                                                 {SQL_INTEGRITY, "N"},
                                                                 {SQL_LIKE_ESCAPE_CLAUSE, "Y"},
                                                                 {SQL_MAX_ROW_SIZE_INCLUDES_LONG, "Y"},
                                                                 {SQL_MULT_RESULT_SETS, "Y"},
                                                                 {SQL_MULTIPLE_ACTIVE_TXN, "Y"},
                                                                 {SQL_ORDER_BY_COLUMNS_IN_SELECT, "N"},
                                                                 {SQL_OUTER_JOINS, "Y"},
                                                                 {SQL_PROCEDURES, "N"},
                                                                 {SQL_ROW_UPDATES, "N"},
                                                                 {SQL_SPECIAL_CHARACTERS, "$"},
                                                                 {SQL_KEYWORDS, ""},
                                                                 {SQL_XOPEN_CLI_YEAR, "1995"},
                                                                 {SQL_COLLATION_SEQ, ""}};
  return kInfo;
}

const std::map<SQLUSMALLINT, SQLUSMALLINT>& ShortInfo() {
  static const std::map<SQLUSMALLINT, SQLUSMALLINT> kInfo = {{SQL_CURSOR_COMMIT_BEHAVIOR, SQL_CB_PRESERVE},
                                                             {SQL_CURSOR_ROLLBACK_BEHAVIOR, SQL_CB_PRESERVE},
                                                             {SQL_TXN_CAPABLE, SQL_TC_DDL_COMMIT},
                                                             {SQL_IDENTIFIER_CASE, SQL_IC_UPPER},
                                                             {SQL_QUOTED_IDENTIFIER_CASE, SQL_IC_SENSITIVE},
                                                             {SQL_CATALOG_LOCATION, SQL_CL_START},
                                                             {SQL_NULL_COLLATION, SQL_NC_HIGH},
                                                             {SQL_CONCAT_NULL_BEHAVIOR, SQL_CB_NULL},
                                                             {SQL_CORRELATION_NAME, SQL_CN_ANY},
                                                             {SQL_NON_NULLABLE_COLUMNS, SQL_NNC_NON_NULL},
                                                             {SQL_GROUP_BY, SQL_GB_NO_RELATION},
                                                             {SQL_FILE_USAGE, SQL_FILE_NOT_SUPPORTED},
                                                             {SQL_MAX_COLUMN_NAME_LEN, 255},
                                                             {SQL_MAX_TABLE_NAME_LEN, 255},
                                                             {SQL_MAX_SCHEMA_NAME_LEN, 255},
                                                             {SQL_MAX_CATALOG_NAME_LEN, 255},
                                                             {SQL_MAX_IDENTIFIER_LEN, 255},
                                                             {SQL_MAX_CURSOR_NAME_LEN, 0},
                                                             {SQL_MAX_USER_NAME_LEN, 255},
                                                             {SQL_MAX_PROCEDURE_NAME_LEN, 255},
                                                             {SQL_MAX_COLUMNS_IN_SELECT, 0},
                                                             {SQL_MAX_COLUMNS_IN_TABLE, 0},
                                                             {SQL_MAX_COLUMNS_IN_GROUP_BY, 0},
                                                             {SQL_MAX_COLUMNS_IN_ORDER_BY, 0},
                                                             {SQL_MAX_COLUMNS_IN_INDEX, 0},
                                                             {SQL_MAX_TABLES_IN_SELECT, 0},
                                                             {SQL_MAX_DRIVER_CONNECTIONS, 0},
                                                             {SQL_MAX_CONCURRENT_ACTIVITIES, 0},
                                                             {SQL_ACTIVE_ENVIRONMENTS, 0}};
  return kInfo;
}

const std::map<SQLUSMALLINT, SQLUINTEGER>& MaskInfo() {
  static const std::map<SQLUSMALLINT, SQLUINTEGER> kInfo = {
      // not SQL_GD_BLOCK: a block and SQLGetData exclude each other
      {SQL_GETDATA_EXTENSIONS, SQL_GD_ANY_COLUMN | SQL_GD_ANY_ORDER | SQL_GD_BOUND},
      {SQL_SCROLL_OPTIONS, SQL_SO_FORWARD_ONLY},
      {SQL_FETCH_DIRECTION, SQL_FD_FETCH_NEXT},
      {SQL_DEFAULT_TXN_ISOLATION, SQL_TXN_READ_COMMITTED},
      {SQL_TXN_ISOLATION_OPTION, SQL_TXN_READ_COMMITTED},
      {SQL_CATALOG_USAGE, SQL_CU_DML_STATEMENTS | SQL_CU_TABLE_DEFINITION},
      {SQL_SCHEMA_USAGE, SQL_SU_DML_STATEMENTS | SQL_SU_TABLE_DEFINITION},
      {SQL_ASYNC_MODE, SQL_AM_NONE},
      {SQL_BATCH_SUPPORT, 0},
      {SQL_BATCH_ROW_COUNT, 0},
      {SQL_BOOKMARK_PERSISTENCE, 0},
      {SQL_PARAM_ARRAY_ROW_COUNTS, SQL_PARC_NO_BATCH},
      {SQL_PARAM_ARRAY_SELECTS, SQL_PAS_NO_SELECT},
      {SQL_ODBC_INTERFACE_CONFORMANCE, SQL_OIC_CORE},
      {SQL_SQL_CONFORMANCE, SQL_SC_SQL92_ENTRY},
      {SQL_DYNAMIC_CURSOR_ATTRIBUTES1, 0},
      {SQL_DYNAMIC_CURSOR_ATTRIBUTES2, 0},
      {SQL_STATIC_CURSOR_ATTRIBUTES1, 0},
      {SQL_STATIC_CURSOR_ATTRIBUTES2, 0},
      {SQL_KEYSET_CURSOR_ATTRIBUTES1, 0},
      {SQL_KEYSET_CURSOR_ATTRIBUTES2, 0},
      {SQL_FORWARD_ONLY_CURSOR_ATTRIBUTES1, SQL_CA1_NEXT},
      {SQL_FORWARD_ONLY_CURSOR_ATTRIBUTES2, SQL_CA2_READ_ONLY_CONCURRENCY},
      {SQL_MAX_STATEMENT_LEN, 1'048'576},
      {SQL_MAX_ROW_SIZE, 0},
      {SQL_MAX_CHAR_LITERAL_LEN, 0},
      {SQL_MAX_BINARY_LITERAL_LEN, 0},
      {SQL_MAX_INDEX_SIZE, 0},
      {SQL_SUBQUERIES, 31},
      {SQL_UNION, SQL_U_UNION | SQL_U_UNION_ALL},
      {SQL_OJ_CAPABILITIES, 127},
      {SQL_STRING_FUNCTIONS, 0},
      {SQL_NUMERIC_FUNCTIONS, 0},
      {SQL_TIMEDATE_FUNCTIONS, 0},
      {SQL_SYSTEM_FUNCTIONS, 0},
      {SQL_CONVERT_FUNCTIONS, 0}};
  return kInfo;
}

std::string LiveInfo(Connection& connection, SQLUSMALLINT type) {
  if (type == SQL_DATA_SOURCE_NAME) return connection.data_source();
  if (type == SQL_DATABASE_NAME) return connection.current_catalog();
  if (connection.session() == nullptr) return {};
  return type == SQL_USER_NAME ? connection.session()->settings().user : connection.session()->settings().host;
}

CatalogName TakeName(const SQLWCHAR* text, SQLSMALLINT length) {
  if (text == nullptr) return std::nullopt;
  return TakeText(text, length);
}

SQLRETURN Show(Statement& statement, absl::StatusOr<std::unique_ptr<Result>> result) {
  if (!result.ok()) return statement.Fail(result.status());
  statement.ShowResult(*std::move(result));
  return SQL_SUCCESS;
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Connection;
using cdi::sfodbc::Enter;
using cdi::sfodbc::Statement;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetInfoW(SQLHDBC raw, SQLUSMALLINT type, SQLPOINTER value, SQLSMALLINT capacity,
                                              SQLSMALLINT* length) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    const auto put_text = [&](std::string_view text) {
      return cdi::sfodbc::Whole(connection, cdi::sfodbc::PutTextBytes(text, value, capacity, length));
    };
    const auto put_number = [&](auto number) {
      cdi::sfodbc::PutValue(value, number);
      if (length != nullptr) *length = sizeof(number);
      return SQLRETURN{SQL_SUCCESS};
    };
    if (const auto text = cdi::sfodbc::TextInfo().find(type); text != cdi::sfodbc::TextInfo().end())
      return put_text(text->second);
    if (const auto number = cdi::sfodbc::ShortInfo().find(type); number != cdi::sfodbc::ShortInfo().end())
      return put_number(number->second);
    if (const auto mask = cdi::sfodbc::MaskInfo().find(type); mask != cdi::sfodbc::MaskInfo().end())
      return put_number(mask->second);
    if (type == SQL_DATA_SOURCE_NAME || type == SQL_DATABASE_NAME || type == SQL_USER_NAME || type == SQL_SERVER_NAME) {
      return put_text(cdi::sfodbc::LiveInfo(connection, type));
    }
    return connection.Fail("HY096", "this kind of information is not known");
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetTypeInfoW(SQLHSTMT raw, SQLSMALLINT type) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return cdi::sfodbc::Show(statement, cdi::sfodbc::ListTypes(type, statement.connection.session()->settings()));
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLTablesW(SQLHSTMT raw, SQLWCHAR* catalog, SQLSMALLINT catalog_length,
                                             SQLWCHAR* schema, SQLSMALLINT schema_length, SQLWCHAR* table,
                                             SQLSMALLINT table_length, SQLWCHAR* types, SQLSMALLINT types_length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    using cdi::sfodbc::TakeName;
    return cdi::sfodbc::Show(
        statement,
        cdi::sfodbc::ListTables(statement, TakeName(catalog, catalog_length), TakeName(schema, schema_length),
                                TakeName(table, table_length), cdi::sfodbc::TakeText(types, types_length)));
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColumnsW(SQLHSTMT raw, SQLWCHAR* catalog, SQLSMALLINT catalog_length,
                                              SQLWCHAR* schema, SQLSMALLINT schema_length, SQLWCHAR* table,
                                              SQLSMALLINT table_length, SQLWCHAR* column, SQLSMALLINT column_length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    using cdi::sfodbc::TakeName;
    const std::string name = cdi::sfodbc::TakeText(table, table_length);
    if (name.empty()) return statement.Fail("HYC00", "SQLColumns needs the exact name of one table");
    return cdi::sfodbc::Show(
        statement, cdi::sfodbc::ListColumns(statement, TakeName(catalog, catalog_length),
                                            TakeName(schema, schema_length), name, TakeName(column, column_length)));
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLNativeSqlW(SQLHDBC raw, SQLWCHAR* in, SQLINTEGER in_length, SQLWCHAR* out,
                                                SQLINTEGER capacity, SQLINTEGER* length) {
  return Enter<Connection>(raw, [&](Connection& connection) {
    const std::string text = cdi::sfodbc::TakeText(in, in_length);
    return cdi::sfodbc::Whole(connection, cdi::sfodbc::PutTextCharacters(text, out, capacity, length));
  });
}
