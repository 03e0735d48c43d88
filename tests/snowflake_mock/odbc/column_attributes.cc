#include "tests/snowflake_mock/odbc/column_attributes.h"

#include "tests/snowflake_mock/odbc/descriptor.h"

namespace cdi::sfodbc {
namespace {

bool IsText(const Column& column) {
  return column.sql_type == SQL_VARCHAR || column.sql_type == SQL_LONGVARCHAR;
}

// SQL_DESC_PRECISION counts digits of numbers and of fractions of a second; SQL_COLUMN_PRECISION is ODBC 2's size.
SQLLEN Precision(const Column& column) {
  return VerboseType(column.sql_type) == SQL_DATETIME ? column.decimal_digits : column.column_size;
}

}  // namespace

std::optional<std::string> TextAttribute(const Column& column, SQLUSMALLINT field) {
  switch (field) {
    case SQL_COLUMN_NAME:
    case SQL_DESC_NAME:
    case SQL_DESC_LABEL:
      return column.described.name;
    case SQL_DESC_BASE_COLUMN_NAME:
      return column.described.table.empty() ? std::string() : column.described.name;
    case SQL_DESC_TABLE_NAME:
    case SQL_DESC_BASE_TABLE_NAME:
      return column.described.table;
    case SQL_DESC_SCHEMA_NAME:
      return column.described.schema;
    case SQL_DESC_CATALOG_NAME:
      return column.described.database;
    case SQL_DESC_TYPE_NAME:
    case SQL_DESC_LOCAL_TYPE_NAME:
      return std::string(column.type_name);
    case SQL_DESC_LITERAL_PREFIX:
    case SQL_DESC_LITERAL_SUFFIX:
      return column.is_signed_number || column.sql_type == SQL_BIT ? std::string() : std::string("'");
    default:
      return std::nullopt;
  }
}

std::optional<SQLLEN> NumberAttribute(const Column& column, SQLUSMALLINT field) {
  switch (field) {
    case SQL_DESC_CONCISE_TYPE:
      return column.sql_type;
    case SQL_DESC_TYPE:
      return VerboseType(column.sql_type);
    case SQL_DESC_DATETIME_INTERVAL_CODE:
      return DatetimeCode(column.sql_type);
    case SQL_DESC_LENGTH:
      return column.column_size;
    case SQL_COLUMN_LENGTH:
    case SQL_DESC_OCTET_LENGTH:
      return column.octet_length;
    case SQL_DESC_DISPLAY_SIZE:
      return column.display_size;
    case SQL_DESC_PRECISION:
      return Precision(column);
    case SQL_COLUMN_PRECISION:
      return column.column_size;
    case SQL_DESC_SCALE:
    case SQL_COLUMN_SCALE:
      return column.decimal_digits;
    case SQL_DESC_NULLABLE:
    case SQL_COLUMN_NULLABLE:
      return column.described.nullable ? SQL_NULLABLE : SQL_NO_NULLS;
    case SQL_DESC_UNSIGNED:
      return column.is_signed_number ? SQL_FALSE : SQL_TRUE;
    case SQL_DESC_CASE_SENSITIVE:
      return IsText(column) ? SQL_TRUE : SQL_FALSE;
    case SQL_DESC_SEARCHABLE:
      return SQL_PRED_SEARCHABLE;
    case SQL_DESC_UPDATABLE:
      return SQL_ATTR_READONLY;
    case SQL_DESC_UNNAMED:
      return column.described.name.empty() ? SQL_UNNAMED : SQL_NAMED;
    case SQL_DESC_NUM_PREC_RADIX:
      return column.is_signed_number ? 10 : 0;
    case SQL_DESC_ROWVER:
    case SQL_DESC_AUTO_UNIQUE_VALUE:
    case SQL_DESC_FIXED_PREC_SCALE:
      return SQL_FALSE;
    case SQL_DESC_PARAMETER_TYPE:
      return SQL_PARAM_INPUT;
    default:
      return std::nullopt;
  }
}

}  // namespace cdi::sfodbc
