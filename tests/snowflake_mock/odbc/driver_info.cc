#include "tests/snowflake_mock/odbc/driver_info.h"

#include <array>
#include <map>
#include <string_view>

#ifndef SQL_ASYNC_NOTIFICATION
#define SQL_ASYNC_NOTIFICATION 10025
#endif

namespace cdi::sfodbc {
namespace {

using TextEntry = std::pair<SQLUSMALLINT, std::string_view>;
using ShortEntry = std::pair<SQLUSMALLINT, uint16_t>;
using MaskEntry = std::pair<SQLUSMALLINT, uint32_t>;

constexpr TextEntry kTexts[] = {{SQL_ACCESSIBLE_PROCEDURES, "N"},
                                {SQL_ACCESSIBLE_TABLES, "N"},
                                {SQL_CATALOG_NAME, "Y"},
                                {SQL_CATALOG_NAME_SEPARATOR, "."},
                                {SQL_CATALOG_TERM, "database"},
                                {SQL_COLLATION_SEQ, ""},
                                {SQL_COLUMN_ALIAS, "Y"},
                                {SQL_DATA_SOURCE_READ_ONLY, "N"},
                                {SQL_DBMS_NAME, "Snowflake"},
                                {SQL_DBMS_VER, "09.00.0000"},
                                {SQL_DESCRIBE_PARAMETER, "Y"},
                                {SQL_EXPRESSIONS_IN_ORDERBY, "Y"},
                                {SQL_IDENTIFIER_QUOTE_CHAR, "\""},
                                {SQL_INTEGRITY, "N"},
                                {SQL_KEYWORDS, "ILIKE,MINUS,QUALIFY,REGEXP,RLIKE,SAMPLE,TABLESAMPLE"},
                                {SQL_LIKE_ESCAPE_CLAUSE, "Y"},
                                {SQL_MAX_ROW_SIZE_INCLUDES_LONG, "Y"},
                                {SQL_MULT_RESULT_SETS, "Y"},
                                {SQL_MULTIPLE_ACTIVE_TXN, "Y"},
                                {SQL_NEED_LONG_DATA_LEN, "N"},
                                {SQL_ORDER_BY_COLUMNS_IN_SELECT, "N"},
                                {SQL_OUTER_JOINS, "Y"},
                                {SQL_PROCEDURE_TERM, "procedure"},
                                {SQL_PROCEDURES, "N"},
                                {SQL_ROW_UPDATES, "N"},
                                {SQL_SCHEMA_TERM, "schema"},
                                {SQL_SEARCH_PATTERN_ESCAPE, "\\"},
                                {SQL_SPECIAL_CHARACTERS, "$"},
                                {SQL_TABLE_TERM, "table"},
                                {SQL_XOPEN_CLI_YEAR, "1995"}};

constexpr ShortEntry kShorts[] = {{SQL_ACTIVE_ENVIRONMENTS, 0},
                                  {SQL_CATALOG_LOCATION, SQL_CL_START},
                                  {SQL_CONCAT_NULL_BEHAVIOR, SQL_CB_NULL},
                                  {SQL_CORRELATION_NAME, SQL_CN_ANY},
                                  {SQL_CURSOR_COMMIT_BEHAVIOR, SQL_CB_PRESERVE},
                                  {SQL_CURSOR_ROLLBACK_BEHAVIOR, SQL_CB_PRESERVE},
                                  {SQL_FILE_USAGE, SQL_FILE_NOT_SUPPORTED},
                                  {SQL_GROUP_BY, SQL_GB_NO_RELATION},
                                  {SQL_IDENTIFIER_CASE, SQL_IC_UPPER},
                                  {SQL_MAX_CATALOG_NAME_LEN, 255},
                                  {SQL_MAX_COLUMN_NAME_LEN, 255},
                                  {SQL_MAX_COLUMNS_IN_GROUP_BY, 0},
                                  {SQL_MAX_COLUMNS_IN_INDEX, 0},
                                  {SQL_MAX_COLUMNS_IN_ORDER_BY, 0},
                                  {SQL_MAX_COLUMNS_IN_SELECT, 0},
                                  {SQL_MAX_COLUMNS_IN_TABLE, 0},
                                  {SQL_MAX_CONCURRENT_ACTIVITIES, 0},
                                  {SQL_MAX_CURSOR_NAME_LEN, 128},
                                  {SQL_MAX_DRIVER_CONNECTIONS, 0},
                                  {SQL_MAX_IDENTIFIER_LEN, 255},
                                  {SQL_MAX_PROCEDURE_NAME_LEN, 255},
                                  {SQL_MAX_SCHEMA_NAME_LEN, 255},
                                  {SQL_MAX_TABLE_NAME_LEN, 255},
                                  {SQL_MAX_TABLES_IN_SELECT, 0},
                                  {SQL_MAX_USER_NAME_LEN, 255},
                                  {SQL_NON_NULLABLE_COLUMNS, SQL_NNC_NON_NULL},
                                  {SQL_NULL_COLLATION, SQL_NC_HIGH},
                                  {SQL_ODBC_API_CONFORMANCE, SQL_OAC_LEVEL1},
                                  {SQL_ODBC_SAG_CLI_CONFORMANCE, SQL_OSCC_COMPLIANT},
                                  {SQL_ODBC_SQL_CONFORMANCE, SQL_OSC_CORE},
                                  {SQL_QUOTED_IDENTIFIER_CASE, SQL_IC_SENSITIVE},
                                  {SQL_TXN_CAPABLE, SQL_TC_DDL_COMMIT}};

constexpr uint32_t kAllJoins = SQL_SRJO_CROSS_JOIN | SQL_SRJO_FULL_OUTER_JOIN | SQL_SRJO_INNER_JOIN |
                               SQL_SRJO_LEFT_OUTER_JOIN | SQL_SRJO_NATURAL_JOIN | SQL_SRJO_RIGHT_OUTER_JOIN;
constexpr uint32_t kPredicates = SQL_SP_BETWEEN | SQL_SP_COMPARISON | SQL_SP_EXISTS | SQL_SP_IN | SQL_SP_ISNOTNULL |
                                 SQL_SP_ISNULL | SQL_SP_LIKE | SQL_SP_QUANTIFIED_COMPARISON;

// Escape sequences ({fn …}) are not translated, so no functions are announced.
constexpr MaskEntry kMasks[] = {
    {SQL_AGGREGATE_FUNCTIONS,
     SQL_AF_ALL | SQL_AF_AVG | SQL_AF_COUNT | SQL_AF_DISTINCT | SQL_AF_MAX | SQL_AF_MIN | SQL_AF_SUM},
    {SQL_ALTER_DOMAIN, 0},
    {SQL_ALTER_TABLE, SQL_AT_ADD_COLUMN_SINGLE | SQL_AT_DROP_COLUMN_CASCADE},
    {SQL_ASYNC_DBC_FUNCTIONS, SQL_ASYNC_DBC_NOT_CAPABLE},
    {SQL_ASYNC_MODE, SQL_AM_NONE},
    {SQL_ASYNC_NOTIFICATION, 0},
    {SQL_BATCH_ROW_COUNT, SQL_BRC_EXPLICIT},
    {SQL_BATCH_SUPPORT, SQL_BS_SELECT_EXPLICIT | SQL_BS_ROW_COUNT_EXPLICIT},
    {SQL_BOOKMARK_PERSISTENCE, 0},
    {SQL_CATALOG_USAGE, SQL_CU_DML_STATEMENTS | SQL_CU_TABLE_DEFINITION | SQL_CU_PRIVILEGE_DEFINITION},
    {SQL_CREATE_ASSERTION, 0},
    {SQL_CREATE_CHARACTER_SET, 0},
    {SQL_CREATE_COLLATION, 0},
    {SQL_CREATE_DOMAIN, 0},
    {SQL_CREATE_SCHEMA, SQL_CS_CREATE_SCHEMA},
    {SQL_CREATE_TABLE, SQL_CT_CREATE_TABLE | SQL_CT_COLUMN_CONSTRAINT | SQL_CT_COLUMN_DEFAULT},
    {SQL_CREATE_TRANSLATION, 0},
    {SQL_CREATE_VIEW, SQL_CV_CREATE_VIEW},
    {SQL_CURSOR_SENSITIVITY, SQL_INSENSITIVE},
    {SQL_DATETIME_LITERALS, SQL_DL_SQL92_DATE | SQL_DL_SQL92_TIME | SQL_DL_SQL92_TIMESTAMP},
    {SQL_DDL_INDEX, 0},
    {SQL_DEFAULT_TXN_ISOLATION, SQL_TXN_READ_COMMITTED},
    {SQL_DRIVER_AWARE_POOLING_SUPPORTED, SQL_DRIVER_AWARE_POOLING_NOT_CAPABLE},
    {SQL_DROP_ASSERTION, 0},
    {SQL_DROP_CHARACTER_SET, 0},
    {SQL_DROP_COLLATION, 0},
    {SQL_DROP_DOMAIN, 0},
    {SQL_DROP_SCHEMA, SQL_DS_DROP_SCHEMA | SQL_DS_CASCADE | SQL_DS_RESTRICT},
    {SQL_DROP_TABLE, SQL_DT_DROP_TABLE | SQL_DT_CASCADE | SQL_DT_RESTRICT},
    {SQL_DROP_TRANSLATION, 0},
    {SQL_DROP_VIEW, SQL_DV_DROP_VIEW},
    {SQL_DYNAMIC_CURSOR_ATTRIBUTES1, 0},
    {SQL_DYNAMIC_CURSOR_ATTRIBUTES2, 0},
    {SQL_FETCH_DIRECTION, SQL_FD_FETCH_NEXT},
    {SQL_FORWARD_ONLY_CURSOR_ATTRIBUTES1, SQL_CA1_NEXT},
    {SQL_FORWARD_ONLY_CURSOR_ATTRIBUTES2, SQL_CA2_READ_ONLY_CONCURRENCY | SQL_CA2_MAX_ROWS_SELECT},
    // not SQL_GD_BLOCK: a block and SQLGetData exclude each other
    {SQL_GETDATA_EXTENSIONS, SQL_GD_ANY_COLUMN | SQL_GD_ANY_ORDER | SQL_GD_BOUND},
    {SQL_INDEX_KEYWORDS, SQL_IK_NONE},
    {SQL_INFO_SCHEMA_VIEWS, SQL_ISV_COLUMNS | SQL_ISV_SCHEMATA | SQL_ISV_TABLES | SQL_ISV_VIEWS},
    {SQL_INSERT_STATEMENT, SQL_IS_INSERT_LITERALS | SQL_IS_INSERT_SEARCHED},
    {SQL_KEYSET_CURSOR_ATTRIBUTES1, 0},
    {SQL_KEYSET_CURSOR_ATTRIBUTES2, 0},
    {SQL_LOCK_TYPES, 0},
    {SQL_MAX_ASYNC_CONCURRENT_STATEMENTS, 0},
    {SQL_MAX_BINARY_LITERAL_LEN, 0},
    {SQL_MAX_CHAR_LITERAL_LEN, 0},
    {SQL_MAX_INDEX_SIZE, 0},
    {SQL_MAX_ROW_SIZE, 0},
    {SQL_MAX_STATEMENT_LEN, 1'048'576},
    {SQL_ODBC_INTERFACE_CONFORMANCE, SQL_OIC_CORE},
    {SQL_OJ_CAPABILITIES, SQL_OJ_LEFT | SQL_OJ_RIGHT | SQL_OJ_FULL | SQL_OJ_NESTED | SQL_OJ_NOT_ORDERED | SQL_OJ_INNER |
                              SQL_OJ_ALL_COMPARISON_OPS},
    {SQL_PARAM_ARRAY_ROW_COUNTS, SQL_PARC_NO_BATCH},
    {SQL_PARAM_ARRAY_SELECTS, SQL_PAS_NO_SELECT},
    {SQL_POS_OPERATIONS, 0},
    {SQL_POSITIONED_STATEMENTS, 0},
    {SQL_SCHEMA_USAGE, SQL_SU_DML_STATEMENTS | SQL_SU_TABLE_DEFINITION | SQL_SU_PRIVILEGE_DEFINITION},
    {SQL_SCROLL_CONCURRENCY, SQL_SCCO_READ_ONLY},
    {SQL_SCROLL_OPTIONS, SQL_SO_FORWARD_ONLY},
    {SQL_SQL_CONFORMANCE, SQL_SC_SQL92_ENTRY},
    {SQL_SQL92_DATETIME_FUNCTIONS, SQL_SDF_CURRENT_DATE | SQL_SDF_CURRENT_TIME | SQL_SDF_CURRENT_TIMESTAMP},
    {SQL_SQL92_FOREIGN_KEY_DELETE_RULE, 0},
    {SQL_SQL92_FOREIGN_KEY_UPDATE_RULE, 0},
    {SQL_SQL92_GRANT,
     SQL_SG_SELECT_TABLE | SQL_SG_INSERT_TABLE | SQL_SG_UPDATE_TABLE | SQL_SG_DELETE_TABLE | SQL_SG_WITH_GRANT_OPTION},
    {SQL_SQL92_NUMERIC_VALUE_FUNCTIONS, SQL_SNVF_CHARACTER_LENGTH | SQL_SNVF_EXTRACT | SQL_SNVF_POSITION},
    {SQL_SQL92_PREDICATES, kPredicates},
    {SQL_SQL92_RELATIONAL_JOIN_OPERATORS, kAllJoins},
    {SQL_SQL92_REVOKE, SQL_SR_SELECT_TABLE | SQL_SR_INSERT_TABLE | SQL_SR_UPDATE_TABLE | SQL_SR_DELETE_TABLE},
    {SQL_SQL92_ROW_VALUE_CONSTRUCTOR, SQL_SRVC_VALUE_EXPRESSION | SQL_SRVC_NULL},
    {SQL_SQL92_STRING_FUNCTIONS, SQL_SSF_LOWER | SQL_SSF_UPPER | SQL_SSF_SUBSTRING | SQL_SSF_TRIM_BOTH |
                                     SQL_SSF_TRIM_LEADING | SQL_SSF_TRIM_TRAILING},
    {SQL_SQL92_VALUE_EXPRESSIONS, SQL_SVE_CASE | SQL_SVE_CAST | SQL_SVE_COALESCE | SQL_SVE_NULLIF},
    {SQL_STANDARD_CLI_CONFORMANCE, SQL_SCC_ISO92_CLI},
    {SQL_STATIC_CURSOR_ATTRIBUTES1, 0},
    {SQL_STATIC_CURSOR_ATTRIBUTES2, 0},
    {SQL_STATIC_SENSITIVITY, 0},
    {SQL_SUBQUERIES, SQL_SQ_COMPARISON | SQL_SQ_CORRELATED_SUBQUERIES | SQL_SQ_EXISTS | SQL_SQ_IN | SQL_SQ_QUANTIFIED},
    {SQL_TXN_ISOLATION_OPTION, SQL_TXN_READ_COMMITTED},
    {SQL_UNION, SQL_U_UNION | SQL_U_UNION_ALL},
    {SQL_CONVERT_FUNCTIONS, 0},
    {SQL_NUMERIC_FUNCTIONS, 0},
    {SQL_STRING_FUNCTIONS, 0},
    {SQL_SYSTEM_FUNCTIONS, 0},
    {SQL_TIMEDATE_ADD_INTERVALS, 0},
    {SQL_TIMEDATE_DIFF_INTERVALS, 0},
    {SQL_TIMEDATE_FUNCTIONS, 0}};

// SQL_CONVERT_*: what {fn CONVERT} can do from each type; nothing, as escape sequences are not translated.
constexpr SQLUSMALLINT kConversions[] = {SQL_CONVERT_BIGINT,
                                         SQL_CONVERT_BINARY,
                                         SQL_CONVERT_BIT,
                                         SQL_CONVERT_CHAR,
                                         SQL_CONVERT_DATE,
                                         SQL_CONVERT_DECIMAL,
                                         SQL_CONVERT_DOUBLE,
                                         SQL_CONVERT_FLOAT,
                                         SQL_CONVERT_GUID,
                                         SQL_CONVERT_INTEGER,
                                         SQL_CONVERT_LONGVARBINARY,
                                         SQL_CONVERT_LONGVARCHAR,
                                         SQL_CONVERT_NUMERIC,
                                         SQL_CONVERT_REAL,
                                         SQL_CONVERT_SMALLINT,
                                         SQL_CONVERT_TIME,
                                         SQL_CONVERT_TIMESTAMP,
                                         SQL_CONVERT_TINYINT,
                                         SQL_CONVERT_VARBINARY,
                                         SQL_CONVERT_VARCHAR,
                                         SQL_CONVERT_WCHAR,
                                         SQL_CONVERT_WLONGVARCHAR,
                                         SQL_CONVERT_WVARCHAR,
                                         SQL_CONVERT_INTERVAL_DAY_TIME,
                                         SQL_CONVERT_INTERVAL_YEAR_MONTH};

std::map<SQLUSMALLINT, InfoValue> MakeAll() {
  std::map<SQLUSMALLINT, InfoValue> all;
  for (const auto& [type, text] : kTexts) all.emplace(type, std::string(text));
  for (const auto& [type, number] : kShorts) all.emplace(type, number);
  for (const auto& [type, mask] : kMasks) all.emplace(type, mask);
  for (const SQLUSMALLINT type : kConversions) all.emplace(type, uint32_t{0});
  return all;
}

}  // namespace

InfoValue DriverInfo(SQLUSMALLINT type, const Personality& personality) {
  static const std::map<SQLUSMALLINT, InfoValue> kAll = MakeAll();
  if (type == SQL_DRIVER_NAME) return std::string(personality.driver_name);
  if (type == SQL_DRIVER_VER) return std::string(personality.driver_version);
  if (type == SQL_DRIVER_ODBC_VER) return std::string(personality.odbc_version);
  const auto found = kAll.find(type);
  return found == kAll.end() ? InfoValue() : found->second;
}

}  // namespace cdi::sfodbc
