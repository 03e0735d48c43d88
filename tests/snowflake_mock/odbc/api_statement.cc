// Entry points: preparing and running statements, parameters, statement attributes, cancelling.
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"
#include "tests/snowflake_mock/odbc/statement_attributes.h"

namespace cdi::sfodbc {
namespace {

template <typename Char>
SQLRETURN Prepare(SQLHSTMT raw, const Char* sql, SQLINTEGER length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    statement.TakeText(TakeText(sql, length));
    return statement.Finish(statement.RunDdlInPrepare());
  });
}

template <typename Char>
SQLRETURN ExecuteDirectly(SQLHSTMT raw, const Char* sql, SQLINTEGER length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    statement.TakeText(TakeText(sql, length));
    return statement.Execute(/*directly=*/true);
  });
}

template <typename Char>
SQLRETURN SetCursorName(SQLHSTMT raw, const Char* name, SQLSMALLINT length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (statement.has_rows()) return statement.Fail("24000", "a cursor is open");
    std::string text = TakeText(name, length);
    const bool reserved = text.starts_with("SQL_CUR") || text.starts_with("SQLCUR");
    if (text.empty() || text.size() > 128 || reserved) return statement.Fail("34000", "the cursor name is not allowed");
    if (!statement.connection.ClaimCursorName(statement, text)) {
      return statement.Fail("3C000", "another statement's cursor has this name");
    }
    statement.cursor_name = std::move(text);
    return SQL_SUCCESS;
  });
}

template <typename Char>
SQLRETURN GetCursorName(SQLHSTMT raw, Char* name, SQLSMALLINT capacity, SQLSMALLINT* length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return Whole(statement, PutTextCharacters(statement.cursor_name, name, capacity, length));
  });
}

SQLRETURN SetAttribute(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value) {
  return Enter<Statement>(
      raw, [&](Statement& statement) { return statement.Finish(SetStatementAttribute(statement, attribute, value)); });
}

template <typename Char>
SQLRETURN GetAttribute(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER capacity, SQLINTEGER* length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (attribute == kAttrLastQueryId) {
      return Whole(statement, PutTextBytes<Char>(statement.last_query_id, value, capacity, length));
    }
    const absl::StatusOr<SQLULEN> number = GetStatementAttribute(statement, attribute);
    return number.ok() ? PutNumber(value, length, *number) : statement.Fail(number.status());
  });
}

SQLRETURN BindParameter(Statement& statement, SQLUSMALLINT number, SQLSMALLINT direction, SQLSMALLINT c_type,
                        SQLSMALLINT sql_type, SQLULEN size, SQLSMALLINT digits, SQLPOINTER data, SQLLEN capacity,
                        SQLLEN* length) {
  if (number < 1 || number > 16'384) return statement.Fail("07009", "parameters are counted from 1 to 16384");
  if (direction < SQL_PARAM_INPUT || direction > SQL_PARAM_OUTPUT) {
    return statement.Fail("HY105", "the kind of parameter is not known");
  }
  if (direction != SQL_PARAM_INPUT) return statement.Fail("HYC00", "only input parameters are supported");
  if (!IsCType(c_type)) return statement.Fail("HY003", "the C type is not known");
  if (capacity < 0) return statement.Fail("HY090", "the buffer length is negative");
  statement.apd->At(number) = BoundRecord(c_type, data, capacity, length);
  DescriptorRecord described;
  described.type = sql_type;
  described.column_size = size;
  described.precision = static_cast<SQLSMALLINT>(std::min<SQLULEN>(size, 0x7FFF));
  described.scale = digits;
  statement.ipd.At(number) = described;
  return SQL_SUCCESS;
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Enter;
using cdi::sfodbc::Statement;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLPrepare(SQLHSTMT raw, SQLCHAR* sql, SQLINTEGER length) {
  return cdi::sfodbc::Prepare(raw, sql, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLPrepareW(SQLHSTMT raw, SQLWCHAR* sql, SQLINTEGER length) {
  return cdi::sfodbc::Prepare(raw, sql, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLExecute(SQLHSTMT raw) {
  return Enter<Statement>(raw, [](Statement& statement) -> SQLRETURN {
    if (statement.sql.empty()) return statement.Fail("HY010", "nothing was prepared");
    return statement.Execute(/*directly=*/false);
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLExecDirect(SQLHSTMT raw, SQLCHAR* sql, SQLINTEGER length) {
  return cdi::sfodbc::ExecuteDirectly(raw, sql, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLExecDirectW(SQLHSTMT raw, SQLWCHAR* sql, SQLINTEGER length) {
  return cdi::sfodbc::ExecuteDirectly(raw, sql, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLParamData(SQLHSTMT raw, SQLPOINTER* token) {
  return Enter<Statement>(raw, [&](Statement& statement) { return statement.ParamData(token); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLPutData(SQLHSTMT raw, SQLPOINTER data, SQLLEN length) {
  return Enter<Statement>(raw, [&](Statement& statement) { return statement.PutData(data, length); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLNumParams(SQLHSTMT raw, SQLSMALLINT* count) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (count != nullptr) *count = static_cast<SQLSMALLINT>(statement.marker_count);
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDescribeParam(SQLHSTMT raw, SQLUSMALLINT number, SQLSMALLINT* type, SQLULEN* size,
                                                   SQLSMALLINT* digits, SQLSMALLINT* nullable) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (number < 1 || number > statement.marker_count) return statement.Fail("07009", "there is no such parameter");
    if (type != nullptr) *type = SQL_VARCHAR;  // whatever the marker stands for, as the official driver says
    if (size != nullptr) *size = 134'217'728;
    if (digits != nullptr) *digits = 0;
    if (nullable != nullptr) *nullable = SQL_NULLABLE_UNKNOWN;
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLBindParameter(SQLHSTMT raw, SQLUSMALLINT number, SQLSMALLINT direction,
                                                   SQLSMALLINT c_type, SQLSMALLINT sql_type, SQLULEN size,
                                                   SQLSMALLINT digits, SQLPOINTER data, SQLLEN capacity,
                                                   SQLLEN* length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return cdi::sfodbc::BindParameter(statement, number, direction, c_type, sql_type, size, digits, data, capacity,
                                      length);
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetCursorName(SQLHSTMT raw, SQLCHAR* name, SQLSMALLINT length) {
  return cdi::sfodbc::SetCursorName(raw, name, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetCursorNameW(SQLHSTMT raw, SQLWCHAR* name, SQLSMALLINT length) {
  return cdi::sfodbc::SetCursorName(raw, name, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetCursorName(SQLHSTMT raw, SQLCHAR* name, SQLSMALLINT capacity,
                                                   SQLSMALLINT* length) {
  return cdi::sfodbc::GetCursorName(raw, name, capacity, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetCursorNameW(SQLHSTMT raw, SQLWCHAR* name, SQLSMALLINT capacity,
                                                    SQLSMALLINT* length) {
  return cdi::sfodbc::GetCursorName(raw, name, capacity, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetStmtAttr(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                 SQLINTEGER /*length*/) {
  return cdi::sfodbc::SetAttribute(raw, attribute, value);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetStmtAttrW(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                  SQLINTEGER /*length*/) {
  return cdi::sfodbc::SetAttribute(raw, attribute, value);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetStmtAttr(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                 SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::GetAttribute<SQLCHAR>(raw, attribute, value, capacity, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetStmtAttrW(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                  SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::GetAttribute<SQLWCHAR>(raw, attribute, value, capacity, length);
}

// Cancelling comes from another thread while the handle's own thread is inside a call, so it must not wait for the
// handle's lock.
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLCancel(SQLHSTMT raw) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  return static_cast<Statement*>(static_cast<cdi::sfodbc::Handle*>(raw))->Cancel();
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLCancelHandle(SQLSMALLINT type, SQLHANDLE raw) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  auto* const handle = static_cast<cdi::sfodbc::Handle*>(raw);
  if (type == SQL_HANDLE_STMT) return static_cast<Statement*>(handle)->Cancel();
  if (type != SQL_HANDLE_DBC) return SQL_ERROR;
  static_cast<cdi::sfodbc::Connection*>(handle)->CancelConnect();
  return SQL_SUCCESS;
}
