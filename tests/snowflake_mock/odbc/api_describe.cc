// Entry points: what the columns of a result are.
#include "tests/snowflake_mock/odbc/column_attributes.h"
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

// Calls `body` with the column, or fails with the reason.
template <typename Body>
SQLRETURN WithColumn(Statement& statement, SQLUSMALLINT number, Body body) {
  const auto columns = statement.Columns();
  if (!columns.ok()) return statement.Fail(columns.status());
  if ((*columns)->empty()) return statement.Fail("07005", "the statement returns no columns");
  if (number < 1 || number > (*columns)->size()) return statement.Fail("07009", "there is no such column");
  return body((**columns)[number - 1U]);
}

template <typename Char>
SQLRETURN DescribeColumn(SQLHSTMT raw, SQLUSMALLINT number, Char* name, SQLSMALLINT capacity, SQLSMALLINT* length,
                         SQLSMALLINT* type, SQLULEN* size, SQLSMALLINT* digits, SQLSMALLINT* nullable) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (capacity < 0) return statement.Fail("HY090", "the buffer length is negative");
    return WithColumn(statement, number, [&](const Column& column) {
      if (type != nullptr) *type = column.sql_type;
      if (size != nullptr) *size = static_cast<SQLULEN>(column.column_size);
      if (digits != nullptr) *digits = column.decimal_digits;
      if (nullable != nullptr) *nullable = column.described.nullable ? SQL_NULLABLE : SQL_NO_NULLS;
      return Whole(statement, PutTextCharacters(column.described.name, name, capacity, length));
    });
  });
}

template <typename Char>
SQLRETURN ColumnAttribute(SQLHSTMT raw, SQLUSMALLINT number, SQLUSMALLINT field, SQLPOINTER text, SQLSMALLINT capacity,
                          SQLSMALLINT* length, SQLLEN* numeric) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (field == SQL_DESC_COUNT || field == SQL_COLUMN_COUNT) {
      const auto columns = statement.Columns();
      if (!columns.ok()) return statement.Fail(columns.status());
      if (numeric != nullptr) *numeric = static_cast<SQLLEN>((*columns)->size());
      return SQL_SUCCESS;
    }
    return WithColumn(statement, number, [&](const Column& column) -> SQLRETURN {
      if (const auto value = TextAttribute(column, field)) {
        return Whole(statement, PutTextBytes<Char>(*value, text, capacity, length));
      }
      const auto value = NumberAttribute(column, field);
      if (!value.has_value()) return statement.Fail("HY091", "column attribute not known");
      if (numeric != nullptr) *numeric = *value;
      return SQL_SUCCESS;
    });
  });
}

}  // namespace
}  // namespace cdi::sfodbc

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLNumResultCols(SQLHSTMT raw, SQLSMALLINT* count) {
  using cdi::sfodbc::Statement;
  return cdi::sfodbc::Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    const auto columns = statement.Columns();
    if (!columns.ok()) return statement.Fail(columns.status());
    if (count != nullptr) *count = static_cast<SQLSMALLINT>((*columns)->size());
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDescribeCol(SQLHSTMT raw, SQLUSMALLINT number, SQLCHAR* name, SQLSMALLINT capacity,
                                                 SQLSMALLINT* length, SQLSMALLINT* type, SQLULEN* size,
                                                 SQLSMALLINT* digits, SQLSMALLINT* nullable) {
  return cdi::sfodbc::DescribeColumn(raw, number, name, capacity, length, type, size, digits, nullable);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDescribeColW(SQLHSTMT raw, SQLUSMALLINT number, SQLWCHAR* name,
                                                  SQLSMALLINT capacity, SQLSMALLINT* length, SQLSMALLINT* type,
                                                  SQLULEN* size, SQLSMALLINT* digits, SQLSMALLINT* nullable) {
  return cdi::sfodbc::DescribeColumn(raw, number, name, capacity, length, type, size, digits, nullable);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColAttribute(SQLHSTMT raw, SQLUSMALLINT number, SQLUSMALLINT field,
                                                  SQLPOINTER text, SQLSMALLINT capacity, SQLSMALLINT* length,
                                                  SQLLEN* numeric) {
  return cdi::sfodbc::ColumnAttribute<SQLCHAR>(raw, number, field, text, capacity, length, numeric);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLColAttributeW(SQLHSTMT raw, SQLUSMALLINT number, SQLUSMALLINT field,
                                                   SQLPOINTER text, SQLSMALLINT capacity, SQLSMALLINT* length,
                                                   SQLLEN* numeric) {
  return cdi::sfodbc::ColumnAttribute<SQLWCHAR>(raw, number, field, text, capacity, length, numeric);
}
