// What a column of a result is: Snowflake's description of it, and what ODBC is told about it (spec/snowflake.md §2.3).
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/snowflake_mock/odbc/settings.h"

namespace cdi::sfodbc {

enum class SnowflakeType {
  kFixed,
  kReal,
  kDecfloat,
  kText,
  kVariant,
  kBoolean,
  kBinary,
  kDate,
  kTime,
  kTimestampNtz,
  kTimestampLtz,
  kTimestampTz,
  kVector,
};

// One entry of `rowtype` in a reply.
struct ColumnDescription {
  std::string name;
  SnowflakeType type = SnowflakeType::kText;
  std::optional<int64_t> precision, scale, length, byte_length;
  bool nullable = true;
  std::string database, schema, table;
  SQLSMALLINT custom_type = 0;     // of types that ODBC has no code for: Snowflake's own, 2000 to 2006
  std::string_view extended_name;  // GEOGRAPHY, GEOMETRY
};

// Snowflake's own type codes (ODBC_USE_CUSTOM_SQL_DATA_TYPES), by the name in `rowtype`; 0 for others.
SQLSMALLINT CustomTypeOf(std::string_view name);
// "GEOGRAPHY" and "GEOMETRY"; "" for others.
std::string_view ExtendedTypeName(std::string_view name);

// The name in `rowtype` ("fixed", "timestamp_ntz"…); an unknown one is text, as every value arrives as text.
SnowflakeType ParseSnowflakeType(std::string_view name);

struct Column {
  ColumnDescription described;
  SQLSMALLINT sql_type = SQL_VARCHAR;
  SQLLEN column_size = 0;  // characters, digits or bytes, as ODBC counts for the type
  SQLLEN display_size = 0;
  SQLLEN octet_length = 0;
  SQLSMALLINT decimal_digits = 0;
  std::string_view type_name;
  SQLSMALLINT default_c_type = SQL_C_CHAR;
  bool is_signed_number = false;

  int scale() const { return static_cast<int>(described.scale.value_or(0)); }
};

Column DescribeForOdbc(ColumnDescription described, const Settings& settings, const TypeOptions& options = {});

}  // namespace cdi::sfodbc
