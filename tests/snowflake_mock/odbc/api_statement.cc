// Entry points: running statements, parameters, fetching, statement attributes.
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

SQLRETURN Execute(Statement& statement) {
  const absl::Status status = statement.Execute();
  return status.ok() ? SQL_SUCCESS : statement.Fail(status);
}

// Numbers of statement attributes arrive in the pointer itself.
SQLULEN Number(SQLPOINTER value) {
  return reinterpret_cast<SQLULEN>(value);
}  // NOLINT

SQLRETURN Only(Statement& statement, SQLULEN asked, SQLULEN supported) {
  if (asked == supported) return SQL_SUCCESS;
  statement.diagnostics.Warn("01S02", "the value is not supported; the only supported one was kept");
  return SQL_SUCCESS_WITH_INFO;
}

SQLRETURN SetAttribute(Statement& statement, SQLINTEGER attribute, SQLPOINTER value) {
  StatementOptions& options = statement.options;
  switch (attribute) {
    case SQL_ATTR_ROW_ARRAY_SIZE:
    case SQL_ROWSET_SIZE:
      options.row_array_size = std::max<SQLULEN>(Number(value), 1);
      return SQL_SUCCESS;
    case SQL_ATTR_ROW_BIND_TYPE:
      options.row_bind_type = Number(value);
      return SQL_SUCCESS;
    case SQL_ATTR_ROW_BIND_OFFSET_PTR:
      options.row_bind_offset = static_cast<SQLULEN*>(value);
      return SQL_SUCCESS;
    case SQL_ATTR_ROWS_FETCHED_PTR:
      options.rows_fetched = static_cast<SQLULEN*>(value);
      return SQL_SUCCESS;
    case SQL_ATTR_ROW_STATUS_PTR:
      options.row_status = static_cast<SQLUSMALLINT*>(value);
      return SQL_SUCCESS;
    case SQL_ATTR_MAX_ROWS:
      options.max_rows = Number(value);
      return SQL_SUCCESS;
    case SQL_ATTR_QUERY_TIMEOUT:
      options.query_timeout = std::chrono::seconds(Number(value));
      return SQL_SUCCESS;
    case kAttrMultiStatementCount:
      options.multi_statement_count = static_cast<int32_t>(Number(value));
      return SQL_SUCCESS;
    case SQL_ATTR_CURSOR_TYPE:
      return Only(statement, Number(value), SQL_CURSOR_FORWARD_ONLY);
    case SQL_ATTR_CONCURRENCY:
      return Only(statement, Number(value), SQL_CONCUR_READ_ONLY);
    case SQL_ATTR_CURSOR_SCROLLABLE:
      return Only(statement, Number(value), SQL_NONSCROLLABLE);
    case SQL_ATTR_USE_BOOKMARKS:
      return Only(statement, Number(value), SQL_UB_OFF);
    case SQL_ATTR_ASYNC_ENABLE:
      return Only(statement, Number(value), SQL_ASYNC_ENABLE_OFF);
    case SQL_ATTR_PARAMSET_SIZE:
      if (Number(value) <= 1) return SQL_SUCCESS;
      return statement.Fail("HYC00", "arrays of parameters are not supported; execute once per set");
    case SQL_ATTR_PARAM_BIND_TYPE:
    case SQL_ATTR_PARAM_BIND_OFFSET_PTR:
    case SQL_ATTR_PARAM_STATUS_PTR:
    case SQL_ATTR_PARAMS_PROCESSED_PTR:
    case SQL_ATTR_PARAM_OPERATION_PTR:
    case SQL_ATTR_ROW_OPERATION_PTR:
    case SQL_ATTR_NOSCAN:
    case SQL_ATTR_METADATA_ID:
    case SQL_ATTR_MAX_LENGTH:
    case SQL_ATTR_RETRIEVE_DATA:
    case SQL_ATTR_CURSOR_SENSITIVITY:
    case SQL_ATTR_SIMULATE_CURSOR:
    case SQL_ATTR_KEYSET_SIZE:
    case SQL_ATTR_ENABLE_AUTO_IPD:
      return SQL_SUCCESS;  // without effect here
    default:
      return statement.Fail("HY092", "statement attribute not known");
  }
}

SQLRETURN PutNumber(SQLPOINTER out, SQLINTEGER* length, SQLULEN number) {
  PutValue(out, number);
  if (length != nullptr) *length = sizeof(number);
  return SQL_SUCCESS;
}

SQLRETURN GetAttribute(Statement& statement, SQLINTEGER attribute, SQLPOINTER out, SQLINTEGER* length) {
  const StatementOptions& options = statement.options;
  const auto pointer = [&](const void* value) {
    PutValue(out, value);
    return SQLRETURN{SQL_SUCCESS};
  };
  switch (attribute) {
    case SQL_ATTR_ROW_ARRAY_SIZE:
    case SQL_ROWSET_SIZE:
      return PutNumber(out, length, options.row_array_size);
    case SQL_ATTR_ROW_BIND_TYPE:
      return PutNumber(out, length, options.row_bind_type);
    case SQL_ATTR_MAX_ROWS:
      return PutNumber(out, length, options.max_rows);
    case SQL_ATTR_QUERY_TIMEOUT:
      return PutNumber(out, length, static_cast<SQLULEN>(options.query_timeout.count()));
    case SQL_ATTR_CURSOR_TYPE:
      return PutNumber(out, length, SQL_CURSOR_FORWARD_ONLY);
    case SQL_ATTR_CONCURRENCY:
      return PutNumber(out, length, SQL_CONCUR_READ_ONLY);
    case SQL_ATTR_CURSOR_SCROLLABLE:
      return PutNumber(out, length, SQL_NONSCROLLABLE);
    case SQL_ATTR_CURSOR_SENSITIVITY:
      return PutNumber(out, length, SQL_INSENSITIVE);
    case SQL_ATTR_USE_BOOKMARKS:
      return PutNumber(out, length, SQL_UB_OFF);
    case SQL_ATTR_ASYNC_ENABLE:
      return PutNumber(out, length, SQL_ASYNC_ENABLE_OFF);
    case SQL_ATTR_NOSCAN:
      return PutNumber(out, length, SQL_NOSCAN_OFF);
    case SQL_ATTR_MAX_LENGTH:
      return PutNumber(out, length, 0);
    case SQL_ATTR_PARAMSET_SIZE:
      return PutNumber(out, length, 1);
    case SQL_ATTR_METADATA_ID:
      return PutNumber(out, length, SQL_FALSE);
    case SQL_ATTR_RETRIEVE_DATA:
      return PutNumber(out, length, SQL_RD_ON);
    case SQL_ATTR_ROWS_FETCHED_PTR:
      return pointer(options.rows_fetched);
    case SQL_ATTR_ROW_STATUS_PTR:
      return pointer(options.row_status);
    case SQL_ATTR_ROW_BIND_OFFSET_PTR:
      return pointer(options.row_bind_offset);
    case kAttrMultiStatementCount:
      return PutNumber(out, length, static_cast<SQLULEN>(options.multi_statement_count));
    default:
      return statement.Fail("HYC00", "statement attribute not supported");  // the implicit descriptors among them
  }
}

SQLRETURN SetAttributeOf(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value) {
  return Enter<Statement>(raw, [&](Statement& statement) { return SetAttribute(statement, attribute, value); });
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Enter;
using cdi::sfodbc::Statement;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLPrepareW(SQLHSTMT raw, SQLWCHAR* sql, SQLINTEGER length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    statement.Prepare(cdi::sfodbc::TakeText(sql, length));
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLExecute(SQLHSTMT raw) {
  return Enter<Statement>(raw, [](Statement& statement) { return cdi::sfodbc::Execute(statement); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLExecDirectW(SQLHSTMT raw, SQLWCHAR* sql, SQLINTEGER length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    statement.Prepare(cdi::sfodbc::TakeText(sql, length));
    return cdi::sfodbc::Execute(statement);
  });
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
                                                   SQLSMALLINT c_type, SQLSMALLINT sql_type, SQLULEN /*size*/,
                                                   SQLSMALLINT digits, SQLPOINTER data, SQLLEN /*capacity*/,
                                                   SQLLEN* length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (number < 1) return statement.Fail("07009", "parameters are counted from 1");
    if (direction != SQL_PARAM_INPUT) return statement.Fail("HYC00", "only input parameters are supported");
    statement.parameters[number] = {c_type, sql_type, digits, data, length};
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLBindCol(SQLHSTMT raw, SQLUSMALLINT column, SQLSMALLINT c_type, SQLPOINTER data,
                                             SQLLEN capacity, SQLLEN* length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (column < 1) return statement.Fail("07009", "bookmarks are not supported; columns are counted from 1");
    if (capacity < 0) return statement.Fail("HY090", "the buffer length is negative");
    if (statement.bindings.size() < column) statement.bindings.resize(column);
    statement.bindings[column - 1U] = {c_type, data, capacity, length};
    return SQL_SUCCESS;
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

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetData(SQLHSTMT raw, SQLUSMALLINT column, SQLSMALLINT c_type, SQLPOINTER data,
                                             SQLLEN capacity, SQLLEN* length) {
  return Enter<Statement>(raw, [&](Statement& statement) {
    return statement.GetData(
        column, {.c_type = c_type, .data = data, .capacity = capacity, .length = length, .indicator = length});
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLMoreResults(SQLHSTMT raw) {
  return Enter<Statement>(raw, [](Statement& statement) { return statement.MoreResults(); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLRowCount(SQLHSTMT raw, SQLLEN* count) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (count != nullptr)
      *count = statement.result() == nullptr ? -1 : static_cast<SQLLEN>(statement.result()->row_count());
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLCloseCursor(SQLHSTMT raw) {
  return Enter<Statement>(raw, [](Statement& statement) -> SQLRETURN {
    if (!statement.has_rows()) return statement.Fail("24000", "no cursor is open");
    statement.CloseCursor();
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLFreeStmt(SQLHSTMT raw, SQLUSMALLINT option) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (option == SQL_CLOSE) statement.CloseCursor();
    if (option == SQL_UNBIND) statement.bindings.clear();
    if (option == SQL_RESET_PARAMS) statement.parameters.clear();
    return SQL_SUCCESS;
  });
}

// Comes from another thread while the statement's own thread is inside a call, so it must not take the handle's lock.
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLCancel(SQLHSTMT raw) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  return static_cast<Statement*>(static_cast<cdi::sfodbc::Handle*>(raw))->Cancel();
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetStmtAttr(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                 SQLINTEGER /*length*/) {
  return cdi::sfodbc::SetAttributeOf(raw, attribute, value);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetStmtAttrW(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                  SQLINTEGER /*length*/) {
  return cdi::sfodbc::SetAttributeOf(raw, attribute, value);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetStmtAttr(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                 SQLINTEGER capacity, SQLINTEGER* length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (attribute != cdi::sfodbc::kAttrLastQueryId)
      return cdi::sfodbc::GetAttribute(statement, attribute, value, length);
    const std::string& id = statement.last_query_id;
    if (length != nullptr) *length = static_cast<SQLINTEGER>(id.size());
    if (value == nullptr || capacity <= 0) return cdi::sfodbc::Whole(statement, value == nullptr);
    const size_t kept = std::min(id.size(), static_cast<size_t>(capacity) - 1);
    std::memcpy(value, id.c_str(), kept);
    static_cast<char*>(value)[kept] = '\0';
    return cdi::sfodbc::Whole(statement, kept == id.size());
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetStmtAttrW(SQLHSTMT raw, SQLINTEGER attribute, SQLPOINTER value,
                                                  SQLINTEGER capacity, SQLINTEGER* length) {
  return Enter<Statement>(raw, [&](Statement& statement) -> SQLRETURN {
    if (attribute != cdi::sfodbc::kAttrLastQueryId)
      return cdi::sfodbc::GetAttribute(statement, attribute, value, length);
    return cdi::sfodbc::Whole(statement, cdi::sfodbc::PutTextBytes(statement.last_query_id, value, capacity, length));
  });
}
