#include "tests/snowflake_mock/odbc/column_types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cdi::sfodbc {
namespace {

constexpr int64_t kUnsizedVarcharFrom = 16'777'216;  // such lengths mean that the column was declared without one
constexpr SQLLEN kNumberDisplaySize = 136;           // what the official driver reports for every NUMBER

void DescribeText(Column& column, const Settings& settings) {
  const int64_t length = column.described.length.value_or(settings.varchar_size);
  const bool unsized = length >= kUnsizedVarcharFrom;
  const int64_t characters = unsized ? std::min(length, settings.varchar_size) : length;
  const bool is_long = settings.long_varchar_from >= 0 && characters > settings.long_varchar_from;
  column.sql_type = is_long ? SQL_LONGVARCHAR : SQL_VARCHAR;
  column.type_name = column.described.type == SnowflakeType::kVector ? "VECTOR" : "VARCHAR";
  if (!column.described.extended_name.empty()) column.type_name = column.described.extended_name;
  column.column_size = column.display_size = characters;
  column.octet_length = unsized ? characters : column.described.byte_length.value_or(4 * characters);
}

void DescribeBinary(Column& column, const Settings& settings) {
  const int64_t bytes = std::min(column.described.length.value_or(settings.binary_size), settings.binary_size);
  column.sql_type = SQL_BINARY;
  column.type_name = "BINARY";
  column.column_size = column.octet_length = bytes;
  column.display_size = 2 * bytes;
  column.default_c_type = SQL_C_BINARY;
}

void DescribeNumber(Column& column, SQLSMALLINT type, std::string_view name) {
  column.sql_type = type;
  column.type_name = name;
  column.column_size = column.described.precision.value_or(38);
  column.display_size = column.octet_length = kNumberDisplaySize;
  column.decimal_digits = static_cast<SQLSMALLINT>(column.scale());
  column.is_signed_number = true;
}

void DescribeFixed(Column& column, const TypeOptions& options) {
  DescribeNumber(column, SQL_DECIMAL, "DECIMAL");
  if (options.big_number_as_string && column.column_size > 18) {
    column.sql_type = SQL_VARCHAR;
    column.type_name = "VARCHAR";
    column.is_signed_number = false;
  } else if (options.decimal_as_int && column.decimal_digits == 0) {
    column.sql_type = SQL_BIGINT;
    column.type_name = "BIGINT";
    column.column_size = 19;
    column.display_size = 20;
    column.octet_length = 8;
    column.default_c_type = SQL_C_SBIGINT;
  }
}

// Snowflake's own code in place of the standard one; values are fetched as before.
void UseCustomType(Column& column) {
  static constexpr std::array<std::string_view, 6> kNames = {"TIMESTAMP_LTZ", "TIMESTAMP_TZ", "TIMESTAMP_NTZ",
                                                             "ARRAY",         "OBJECT",       "VARIANT"};
  const int index = column.described.custom_type - 2000;
  if (index < 0 || static_cast<size_t>(index) >= kNames.size()) return;
  column.sql_type = column.described.custom_type;
  column.type_name = kNames[static_cast<size_t>(index)];
}

void DescribeTemporal(Column& column, SQLSMALLINT type, SQLSMALLINT c_type, std::string_view name, SQLLEN size,
                      SQLLEN octets) {
  const int scale = column.scale();
  column.sql_type = type;
  column.default_c_type = c_type;
  column.type_name = name;
  column.column_size = column.display_size = scale > 0 ? size + 1 + scale : size;
  column.octet_length = octets;
  column.decimal_digits = static_cast<SQLSMALLINT>(scale);
}

}  // namespace

SnowflakeType ParseSnowflakeType(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, SnowflakeType>, 17> kNames = {{
      {"fixed", SnowflakeType::kFixed},
      {"real", SnowflakeType::kReal},
      {"decfloat", SnowflakeType::kDecfloat},
      {"text", SnowflakeType::kText},
      {"variant", SnowflakeType::kVariant},
      {"object", SnowflakeType::kVariant},
      {"array", SnowflakeType::kVariant},
      {"map", SnowflakeType::kVariant},
      {"boolean", SnowflakeType::kBoolean},
      {"binary", SnowflakeType::kBinary},
      {"date", SnowflakeType::kDate},
      {"time", SnowflakeType::kTime},
      {"timestamp_ntz", SnowflakeType::kTimestampNtz},
      {"timestamp_ltz", SnowflakeType::kTimestampLtz},
      {"timestamp_tz", SnowflakeType::kTimestampTz},
      {"vector", SnowflakeType::kVector},
      {"char", SnowflakeType::kText},
  }};
  for (const auto& [text, type] : kNames) {
    if (text == name) return type;
  }
  return SnowflakeType::kText;
}

SQLSMALLINT CustomTypeOf(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kNames = {"timestamp_ltz", "timestamp_tz", "timestamp_ntz", "array",
                                                             "object",        "variant",      "vector"};
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<SQLSMALLINT>(2000 + i);
  }
  return 0;
}

std::string_view ExtendedTypeName(std::string_view name) {
  for (const std::string_view known : {"GEOGRAPHY", "GEOMETRY"}) {
    if (known == name) return known;
  }
  return {};
}

Column DescribeForOdbc(ColumnDescription described, const Settings& settings, const TypeOptions& options) {
  Column column;
  column.described = std::move(described);
  switch (column.described.type) {
    case SnowflakeType::kFixed:
      DescribeFixed(column, options);
      break;
    case SnowflakeType::kDecfloat:
      DescribeNumber(column, SQL_NUMERIC, "NUMERIC");
      break;
    case SnowflakeType::kReal:
      column.sql_type = SQL_DOUBLE;
      column.type_name = "DOUBLE";
      column.column_size = settings.personality.double_column_size;
      column.display_size = 24;
      column.octet_length = 8;
      column.default_c_type = SQL_C_DOUBLE;
      column.is_signed_number = true;
      break;
    case SnowflakeType::kText:
    case SnowflakeType::kVariant:
    case SnowflakeType::kVector:
      DescribeText(column, settings);
      break;
    case SnowflakeType::kBoolean:
      column.sql_type = SQL_BIT;
      column.type_name = "BIT";
      column.column_size = column.display_size = column.octet_length = 1;
      column.default_c_type = SQL_C_BIT;
      break;
    case SnowflakeType::kBinary:
      DescribeBinary(column, settings);
      break;
    case SnowflakeType::kDate:
      column.described.scale = 0;
      DescribeTemporal(column, SQL_TYPE_DATE, SQL_C_TYPE_DATE, "TYPE_DATE", 10, 6);
      break;
    case SnowflakeType::kTime:
      DescribeTemporal(column, SQL_TYPE_TIME, SQL_C_TYPE_TIME, "TYPE_TIME", 8, 6);
      break;
    case SnowflakeType::kTimestampNtz:
    case SnowflakeType::kTimestampLtz:
    case SnowflakeType::kTimestampTz:
      DescribeTemporal(column, SQL_TYPE_TIMESTAMP, SQL_C_TYPE_TIMESTAMP, settings.personality.timestamp_name, 19, 16);
      break;
  }
  if (options.custom_types) UseCustomType(column);
  return column;
}

}  // namespace cdi::sfodbc
