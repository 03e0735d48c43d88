#include "tests/snowflake_mock/odbc/catalog_rows.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/text.h"

namespace cdi::sfodbc {
namespace {

constexpr CatalogType kSmall = CatalogType::kSmallint;
constexpr CatalogType kInt = CatalogType::kInteger;
constexpr CatalogType kText = CatalogType::kText;

constexpr std::array<CatalogColumn, 5> kTables = {
    {{"TABLE_CAT"}, {"TABLE_SCHEM"}, {"TABLE_NAME"}, {"TABLE_TYPE"}, {"REMARKS"}}};

constexpr std::array<CatalogColumn, 18> kColumns = {{{"TABLE_CAT"},
                                                     {"TABLE_SCHEM"},
                                                     {"TABLE_NAME", kText, false},
                                                     {"COLUMN_NAME", kText, false},
                                                     {"DATA_TYPE", kSmall, false},
                                                     {"TYPE_NAME", kText, false},
                                                     {"COLUMN_SIZE", kInt},
                                                     {"BUFFER_LENGTH", kInt},
                                                     {"DECIMAL_DIGITS", kSmall},
                                                     {"NUM_PREC_RADIX", kSmall},
                                                     {"NULLABLE", kSmall, false},
                                                     {"REMARKS"},
                                                     {"COLUMN_DEF"},
                                                     {"SQL_DATA_TYPE", kSmall, false},
                                                     {"SQL_DATETIME_SUB", kSmall},
                                                     {"CHAR_OCTET_LENGTH", kInt},
                                                     {"ORDINAL_POSITION", kInt, false},
                                                     {"IS_NULLABLE"}}};

constexpr std::array<CatalogColumn, 6> kPrimaryKeys = {{{"TABLE_CAT"},
                                                        {"TABLE_SCHEM"},
                                                        {"TABLE_NAME", kText, false},
                                                        {"COLUMN_NAME", kText, false},
                                                        {"KEY_SEQ", kSmall, false},
                                                        {"PK_NAME"}}};

constexpr std::array<CatalogColumn, 14> kForeignKeys = {{{"PKTABLE_CAT"},
                                                         {"PKTABLE_SCHEM"},
                                                         {"PKTABLE_NAME", kText, false},
                                                         {"PKCOLUMN_NAME", kText, false},
                                                         {"FKTABLE_CAT"},
                                                         {"FKTABLE_SCHEM"},
                                                         {"FKTABLE_NAME", kText, false},
                                                         {"FKCOLUMN_NAME", kText, false},
                                                         {"KEY_SEQ", kSmall, false},
                                                         {"UPDATE_RULE", kSmall},
                                                         {"DELETE_RULE", kSmall},
                                                         {"FK_NAME"},
                                                         {"PK_NAME"},
                                                         {"DEFERRABILITY", kSmall}}};

constexpr std::array<CatalogColumn, 13> kStatistics = {{{"TABLE_CAT"},
                                                        {"TABLE_SCHEM"},
                                                        {"TABLE_NAME", kText, false},
                                                        {"NON_UNIQUE", kSmall},
                                                        {"INDEX_QUALIFIER"},
                                                        {"INDEX_NAME"},
                                                        {"TYPE", kSmall, false},
                                                        {"ORDINAL_POSITION", kSmall},
                                                        {"COLUMN_NAME"},
                                                        {"ASC_OR_DESC"},
                                                        {"CARDINALITY", kInt},
                                                        {"PAGES", kInt},
                                                        {"FILTER_CONDITION"}}};

constexpr std::array<CatalogColumn, 8> kSpecialColumns = {{{"SCOPE", kSmall},
                                                           {"COLUMN_NAME", kText, false},
                                                           {"DATA_TYPE", kSmall, false},
                                                           {"TYPE_NAME", kText, false},
                                                           {"COLUMN_SIZE", kInt},
                                                           {"BUFFER_LENGTH", kInt},
                                                           {"DECIMAL_DIGITS", kSmall},
                                                           {"PSEUDO_COLUMN", kSmall}}};

constexpr std::array<CatalogColumn, 8> kProcedures = {{{"PROCEDURE_CAT"},
                                                       {"PROCEDURE_SCHEM"},
                                                       {"PROCEDURE_NAME", kText, false},
                                                       {"NUM_INPUT_PARAMS", kInt},
                                                       {"NUM_OUTPUT_PARAMS", kInt},
                                                       {"NUM_RESULT_SETS", kInt},
                                                       {"REMARKS"},
                                                       {"PROCEDURE_TYPE", kSmall}}};

constexpr std::array<CatalogColumn, 19> kProcedureColumns = {{{"PROCEDURE_CAT"},
                                                              {"PROCEDURE_SCHEM"},
                                                              {"PROCEDURE_NAME", kText, false},
                                                              {"COLUMN_NAME", kText, false},
                                                              {"COLUMN_TYPE", kSmall, false},
                                                              {"DATA_TYPE", kSmall, false},
                                                              {"TYPE_NAME", kText, false},
                                                              {"COLUMN_SIZE", kInt},
                                                              {"BUFFER_LENGTH", kInt},
                                                              {"DECIMAL_DIGITS", kSmall},
                                                              {"NUM_PREC_RADIX", kSmall},
                                                              {"NULLABLE", kSmall, false},
                                                              {"REMARKS"},
                                                              {"COLUMN_DEF"},
                                                              {"SQL_DATA_TYPE", kSmall, false},
                                                              {"SQL_DATETIME_SUB", kSmall},
                                                              {"CHAR_OCTET_LENGTH", kInt},
                                                              {"ORDINAL_POSITION", kInt, false},
                                                              {"IS_NULLABLE"}}};

constexpr std::array<CatalogColumn, 7> kTablePrivileges = {{{"TABLE_CAT"},
                                                            {"TABLE_SCHEM"},
                                                            {"TABLE_NAME", kText, false},
                                                            {"GRANTOR"},
                                                            {"GRANTEE", kText, false},
                                                            {"PRIVILEGE", kText, false},
                                                            {"IS_GRANTABLE"}}};

constexpr std::array<CatalogColumn, 8> kColumnPrivileges = {{{"TABLE_CAT"},
                                                             {"TABLE_SCHEM"},
                                                             {"TABLE_NAME", kText, false},
                                                             {"COLUMN_NAME", kText, false},
                                                             {"GRANTOR"},
                                                             {"GRANTEE", kText, false},
                                                             {"PRIVILEGE", kText, false},
                                                             {"IS_GRANTABLE"}}};

constexpr std::array<CatalogColumn, 19> kTypeInfo = {{{"TYPE_NAME", kText, false},
                                                      {"DATA_TYPE", kSmall, false},
                                                      {"COLUMN_SIZE", kInt},
                                                      {"LITERAL_PREFIX"},
                                                      {"LITERAL_SUFFIX"},
                                                      {"CREATE_PARAMS"},
                                                      {"NULLABLE", kSmall, false},
                                                      {"CASE_SENSITIVE", kSmall, false},
                                                      {"SEARCHABLE", kSmall, false},
                                                      {"UNSIGNED_ATTRIBUTE", kSmall},
                                                      {"FIXED_PREC_SCALE", kSmall, false},
                                                      {"AUTO_UNIQUE_VALUE", kSmall},
                                                      {"LOCAL_TYPE_NAME"},
                                                      {"MINIMUM_SCALE", kSmall},
                                                      {"MAXIMUM_SCALE", kSmall},
                                                      {"SQL_DATA_TYPE", kSmall, false},
                                                      {"SQL_DATETIME_SUB", kSmall},
                                                      {"NUM_PREC_RADIX", kInt},
                                                      {"INTERVAL_PRECISION", kSmall}}};

Column MakeColumn(const CatalogColumn& shape, const Settings& settings) {
  ColumnDescription described;
  described.name = shape.name;
  described.nullable = shape.nullable;
  if (shape.type == CatalogType::kText) {
    described.length = 255;
    described.byte_length = 1020;
    return DescribeForOdbc(std::move(described), settings);
  }
  described.type = SnowflakeType::kFixed;
  described.scale = 0;
  const bool small = shape.type == CatalogType::kSmallint;
  described.precision = small ? 5 : 10;
  Column column = DescribeForOdbc(std::move(described), settings);
  column.sql_type = small ? SQL_SMALLINT : SQL_INTEGER;
  column.type_name = small ? "SMALLINT" : "INTEGER";
  column.default_c_type = small ? SQL_C_SSHORT : SQL_C_SLONG;
  column.display_size = small ? 6 : 11;
  column.octet_length = small ? 2 : 4;
  return column;
}

}  // namespace

CatalogShape TablesShape() {
  return kTables;
}
CatalogShape ColumnsShape() {
  return kColumns;
}
CatalogShape PrimaryKeysShape() {
  return kPrimaryKeys;
}
CatalogShape ForeignKeysShape() {
  return kForeignKeys;
}
CatalogShape StatisticsShape() {
  return kStatistics;
}
CatalogShape SpecialColumnsShape() {
  return kSpecialColumns;
}
CatalogShape ProceduresShape() {
  return kProcedures;
}
CatalogShape ProcedureColumnsShape() {
  return kProcedureColumns;
}
CatalogShape TablePrivilegesShape() {
  return kTablePrivileges;
}
CatalogShape ColumnPrivilegesShape() {
  return kColumnPrivileges;
}
CatalogShape TypeInfoShape() {
  return kTypeInfo;
}

RowWriter& RowWriter::Begin(std::string sort_key) {
  rows_.push_back({std::move(sort_key), {}});
  return *this;
}

RowWriter& RowWriter::Raw(std::string_view text) {
  std::string& json = rows_.back().json;
  json += json.empty() ? "[" : ",";
  json += text;
  return *this;
}

RowWriter& RowWriter::Text(std::string_view text) {
  return Raw(JsonQuote(text));
}

RowWriter& RowWriter::Number(int64_t number) {
  return Raw(absl::StrCat("\"", number, "\""));
}

RowWriter& RowWriter::Null() {
  return Raw("null");
}

std::unique_ptr<Result> RowWriter::Finish(CatalogShape shape, const Settings& settings) {
  std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  std::string json;
  for (const Row& row : rows_) absl::StrAppend(&json, json.empty() ? "" : ",", row.json, "]");
  std::vector<Column> columns;
  for (const CatalogColumn& column : shape) columns.push_back(MakeColumn(column, settings));
  return std::make_unique<Result>(std::move(columns), std::move(json), static_cast<int64_t>(rows_.size()));
}

}  // namespace cdi::sfodbc
