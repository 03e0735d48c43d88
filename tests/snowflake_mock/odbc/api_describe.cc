// Entry points: what the columns of a result are.
#include <optional>

#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

// Attributes that are text; nullopt for the others.
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

bool IsDatetime(const Column& column) {
  return column.sql_type >= SQL_TYPE_DATE && column.sql_type <= SQL_TYPE_TIMESTAMP;
}

std::optional<SQLLEN> NumberAttribute(const Column& column, SQLUSMALLINT field) {
  switch (field) {
    case SQL_DESC_CONCISE_TYPE:
      return column.sql_type;
    case SQL_DESC_TYPE:
      return IsDatetime(column) ? SQL_DATETIME : column.sql_type;
    case SQL_DESC_LENGTH:
    case SQL_COLUMN_LENGTH:
      return field == SQL_DESC_LENGTH ? column.column_size : column.octet_length;
    case SQL_DESC_OCTET_LENGTH:
      return column.octet_length;
    case SQL_DESC_DISPLAY_SIZE:
      return column.display_size;
    case SQL_DESC_PRECISION:
      return IsDatetime(column) ? column.decimal_digits : column.column_size;
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
      return column.sql_type == SQL_VARCHAR ? SQL_TRUE : SQL_FALSE;
    case SQL_DESC_SEARCHABLE:
      return SQL_PRED_SEARCHABLE;
    case SQL_DESC_UPDATABLE:
      return SQL_ATTR_READONLY;
    case SQL_DESC_UNNAMED:
      return column.described.name.empty() ? SQL_UNNAMED : SQL_NAMED;
    case SQL_DESC_NUM_PREC_RADIX:
      return column.is_signed_number ? 10 : 0;
    case SQL_DESC_AUTO_UNIQUE_VALUE:
    case SQL_DESC_FIXED_PREC_SCALE:
      return SQL_FALSE;
    default:
      return std::nullopt;
  }
}

// Calls `body` with the column, or fails with the reason.
template <typename Body>
SQLRETURN WithColumn(Statement& statement, SQLUSMALLINT number, Body body) {
  const auto columns = statement.Columns();
  if (!columns.ok()) return statement.Fail(columns.status());
  if (number < 1 || number > (*columns)->size()) return statement.Fail("07009", "there is no such column");
  return body((**columns)[number - 1U]);
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Column;
using cdi::sfodbc::Enter;
using cdi::sfodbc::Statement;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLNumResultCols(SQLHSTMT raw, SQLSMALLINT* count) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    const auto columns = statement.Columns();
    if (!columns.ok()) return statement.Fail(columns.status());
    if (count != nullptr) *count = static_cast<SQLSMALLINT>((*columns)->size());
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDescribeColW(SQLHSTMT raw, SQLUSMALLINT number, SQLWCHAR* name,
                                                  SQLSMALLINT capacity, SQLSMALLINT* length, SQLSMALLINT* type,
                                                  SQLULEN* size, SQLSMALLINT* digits, SQLSMALLINT* nullable) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return cdi::sfodbc::WithColumn(statement, number, [&](const Column& column) {
      if (type != nullptr) *type = column.sql_type;
      if (size != nullptr) *size = static_cast<SQLULEN>(column.column_size);
      if (digits != nullptr) *digits = column.decimal_digits;
      if (nullable != nullptr) *nullable = column.described.nullable ? SQL_NULLABLE : SQL_NO_NULLS;
      return cdi::sfodbc::Whole(statement,
                                cdi::sfodbc::PutTextCharacters(column.described.name, name, capacity, length));
    });
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColAttributeW(SQLHSTMT raw, SQLUSMALLINT number, SQLUSMALLINT field,
                                                   SQLPOINTER text, SQLSMALLINT capacity, SQLSMALLINT* length,
                                                   SQLLEN* numeric) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (field == SQL_DESC_COUNT || field == SQL_COLUMN_COUNT) {
      const auto columns = statement.Columns();
      if (!columns.ok()) return statement.Fail(columns.status());
      if (numeric != nullptr) *numeric = static_cast<SQLLEN>((*columns)->size());
      return SQL_SUCCESS;
    }
    return cdi::sfodbc::WithColumn(statement, number, [&](const Column& column) -> SQLRETURN {
      if (const auto value = cdi::sfodbc::TextAttribute(column, field)) {
        return cdi::sfodbc::Whole(statement, cdi::sfodbc::PutTextBytes(*value, text, capacity, length));
      }
      const auto value = cdi::sfodbc::NumberAttribute(column, field);
      if (!value.has_value()) return statement.Fail("HY091", "column attribute not known");
      if (numeric != nullptr) *numeric = *value;
      return SQL_SUCCESS;
    });
  });
}
