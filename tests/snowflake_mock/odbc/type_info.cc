// SQLGetTypeInfo, and the types that DESCRIBE names.
#include <charconv>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/odbc/catalog.h"
#include "tests/snowflake_mock/odbc/catalog_rows.h"

namespace cdi::sfodbc {
namespace {

struct TypeEntry {
  const char* declared;
  const char* create_params;
};

constexpr TypeEntry kTypes[] = {
    {"BOOLEAN", ""},      {"BINARY", "max length"},     {"DECIMAL(38,0)", "precision,scale"},
    {"DOUBLE", ""},       {"VARCHAR", "max length"},    {"DATE", ""},
    {"TIME(9)", "scale"}, {"TIMESTAMP_NTZ(9)", "scale"}};
constexpr TypeEntry kCustomTypes[] = {
    {"TIMESTAMP_LTZ(9)", "scale"}, {"TIMESTAMP_TZ(9)", "scale"}, {"ARRAY", ""}, {"OBJECT", ""}, {"VARIANT", ""}};

void AppendType(const TypeEntry& entry, SQLSMALLINT wanted, const Settings& settings, const TypeOptions& options,
                RowWriter& rows) {
  const Column shape = DescribeForOdbc(ParseDeclaredType(entry.declared), settings, options);
  if (wanted != SQL_ALL_TYPES && wanted != shape.sql_type) return;
  const bool number = shape.is_signed_number;
  const bool quoted = !number && shape.sql_type != SQL_BIT;
  const bool text = shape.described.type == SnowflakeType::kText || shape.described.type == SnowflakeType::kVariant;
  const bool scaled = shape.sql_type == SQL_DECIMAL || DatetimeCode(shape.sql_type) > SQL_CODE_DATE;
  rows.Begin(absl::StrCat(absl::Dec(shape.sql_type + 10'000, absl::kZeroPad6))).Text(shape.type_name);
  rows.Number(shape.sql_type).Number(shape.column_size).TextOrNull(quoted ? "'" : "").TextOrNull(quoted ? "'" : "");
  rows.TextOrNull(entry.create_params).Number(SQL_NULLABLE).Number(text ? SQL_TRUE : SQL_FALSE).Number(SQL_SEARCHABLE);
  rows.NumberOrNull(number, SQL_FALSE).Number(SQL_FALSE).NumberOrNull(number, SQL_FALSE).Text(shape.type_name);
  rows.NumberOrNull(scaled, 0).NumberOrNull(scaled, shape.sql_type == SQL_DECIMAL ? 37 : 9);
  rows.Number(VerboseType(shape.sql_type));
  rows.NumberOrNull(DatetimeCode(shape.sql_type) != 0, DatetimeCode(shape.sql_type));
  rows.NumberOrNull(number, shape.column_size == 53 ? 2 : 10).Null();
}

}  // namespace

std::unique_ptr<Result> ListTypes(SQLSMALLINT sql_type, const Settings& settings, const TypeOptions& options) {
  RowWriter rows;
  // The dates of ODBC 2 stand for those of ODBC 3.
  if (sql_type >= SQL_DATE && sql_type <= SQL_TIMESTAMP) {
    sql_type = static_cast<SQLSMALLINT>(sql_type - SQL_DATE + SQL_TYPE_DATE);
  }
  for (const TypeEntry& entry : kTypes) AppendType(entry, sql_type, settings, options, rows);
  if (settings.personality.major >= 4) AppendType({"DECFLOAT", ""}, sql_type, settings, options, rows);
  if (options.custom_types) {
    for (const TypeEntry& entry : kCustomTypes) AppendType(entry, sql_type, settings, options, rows);
  }
  return rows.Finish(TypeInfoShape(), settings);
}

ColumnDescription ParseDeclaredType(std::string_view declared) {
  ColumnDescription column;
  const size_t open = declared.find('(');
  const std::string name = UpperAscii(declared.substr(0, open));
  std::vector<int64_t> numbers;
  if (open != std::string_view::npos) {
    const char* position = declared.data() + open + 1;
    const char* const end = declared.data() + declared.size();
    while (position < end) {
      int64_t number = 0;
      const auto [behind, error] = std::from_chars(position, end, number);
      if (error == std::errc()) numbers.push_back(number);
      position = behind == position ? position + 1 : behind;
    }
  }
  const auto number = [&](size_t i, int64_t otherwise) { return i < numbers.size() ? numbers[i] : otherwise; };
  static const std::map<std::string, std::string> kWireNames = {{"NUMBER", "fixed"},
                                                                {"DECIMAL", "fixed"},
                                                                {"FLOAT", "real"},
                                                                {"DOUBLE", "real"},
                                                                {"BOOLEAN", "boolean"},
                                                                {"BINARY", "binary"},
                                                                {"DATE", "date"},
                                                                {"TIME", "time"},
                                                                {"TIMESTAMP_NTZ", "timestamp_ntz"},
                                                                {"DECFLOAT", "decfloat"},
                                                                {"TIMESTAMP_LTZ", "timestamp_ltz"},
                                                                {"TIMESTAMP_TZ", "timestamp_tz"},
                                                                {"VARIANT", "variant"},
                                                                {"OBJECT", "object"},
                                                                {"ARRAY", "array"},
                                                                {"VECTOR", "vector"}};
  const auto found = kWireNames.find(name);
  const std::string wire_name = found == kWireNames.end() ? "text" : found->second;
  column.type = ParseSnowflakeType(wire_name);
  column.custom_type = CustomTypeOf(wire_name);
  column.extended_name = ExtendedTypeName(name);
  switch (column.type) {
    case SnowflakeType::kFixed:
      column.precision = number(0, 38);
      column.scale = number(1, 0);
      break;
    case SnowflakeType::kText:
    case SnowflakeType::kBinary:
      if (!numbers.empty()) column.length = numbers[0];
      break;
    case SnowflakeType::kTime:
    case SnowflakeType::kTimestampNtz:
    case SnowflakeType::kTimestampLtz:
    case SnowflakeType::kTimestampTz:
      column.scale = number(0, 9);
      break;
    default:
      break;
  }
  return column;
}

}  // namespace cdi::sfodbc
