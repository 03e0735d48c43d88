// Entry points: binding columns, fetching, what comes after a result.
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

SQLRETURN BindColumn(Statement& statement, SQLUSMALLINT column, SQLSMALLINT c_type, SQLPOINTER data, SQLLEN capacity,
                     SQLLEN* length) {
  if (column < 1) return statement.Fail("07009", "bookmarks are not supported; columns are counted from 1");
  if (column > 16'384) return statement.Fail("07009", "there is no such column");
  if (!IsCType(c_type)) return statement.Fail("HY003", "the C type is not known");
  if (capacity < 0) return statement.Fail("HY090", "the buffer length is negative");
  statement.ard->At(column) = BoundRecord(c_type, data, capacity, length);
  return SQL_SUCCESS;
}

SQLRETURN FreeResources(Statement& statement, SQLUSMALLINT option) {
  switch (option) {
    case SQL_CLOSE:
      statement.CloseCursor();
      return SQL_SUCCESS;
    case SQL_UNBIND:
      statement.ard->records.clear();
      return SQL_SUCCESS;
    case SQL_RESET_PARAMS:
      statement.apd->records.clear();
      statement.ipd.records.clear();
      return SQL_SUCCESS;
    default:
      return statement.Fail("HY092", "the option of SQLFreeStmt is not known");
  }
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Enter;
using cdi::sfodbc::Statement;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLBindCol(SQLHSTMT raw, SQLUSMALLINT column, SQLSMALLINT c_type, SQLPOINTER data,
                                             SQLLEN capacity, SQLLEN* length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return cdi::sfodbc::BindColumn(statement, column, c_type, data, capacity, length);
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLFetch(SQLHSTMT raw) {
  return Enter<Statement>(raw, [](Statement& statement) { return statement.Fetch(); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLFetchScroll(SQLHSTMT raw, SQLSMALLINT orientation, SQLLEN /*offset*/) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (orientation != SQL_FETCH_NEXT) return statement.Fail("HY106", "only SQL_FETCH_NEXT is supported");
    return statement.Fetch();
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLExtendedFetch(SQLHSTMT raw, SQLUSMALLINT orientation, SQLLEN /*offset*/,
                                                   SQLULEN* rows, SQLUSMALLINT* status) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (orientation != SQL_FETCH_NEXT) return statement.Fail("HY106", "only SQL_FETCH_NEXT is supported");
    return statement.Fetch({statement.options.rowset_size, rows, status});
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetData(SQLHSTMT raw, SQLUSMALLINT column, SQLSMALLINT c_type, SQLPOINTER data,
                                             SQLLEN capacity, SQLLEN* length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (c_type != SQL_ARD_TYPE && !cdi::sfodbc::IsCType(c_type))
      return statement.Fail("HY003", "the C type is not known");
    return statement.GetData(
        column, {.c_type = c_type, .data = data, .capacity = capacity, .length = length, .indicator = length});
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLMoreResults(SQLHSTMT raw) {
  return Enter<Statement>(raw, [](Statement& statement) { return statement.MoreResults(); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLRowCount(SQLHSTMT raw, SQLLEN* count) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (count != nullptr) *count = statement.RowCount();
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetPos(SQLHSTMT raw, SQLSETPOSIROW /*row*/, SQLUSMALLINT /*operation*/,
                                            SQLUSMALLINT /*lock*/) {
  return Enter<Statement>(
      raw, [](Statement& statement) { return statement.Fail("HYC00", "cursors are forward-only and read-only"); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLBulkOperations(SQLHSTMT raw, SQLSMALLINT /*operation*/) {
  return Enter<Statement>(
      raw, [](Statement& statement) { return statement.Fail("HYC00", "cursors are forward-only and read-only"); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLCloseCursor(SQLHSTMT raw) {
  return Enter<Statement>(raw, [](Statement& statement) -> SQLRETURN {
    if (!statement.has_rows()) return statement.Fail("24000", "no cursor is open");
    statement.CloseCursor();
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLFreeStmt(SQLHSTMT raw, SQLUSMALLINT option) {
  return Enter<Statement>(raw, [&](Statement& statement) { return cdi::sfodbc::FreeResources(statement, option); });
}
