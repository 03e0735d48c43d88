// Entry points: handles, environment attributes, diagnostics.
#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

SQLHANDLE ToRaw(Handle* handle) {
  return handle;
}

SQLRETURN AllocateStatement(SQLHANDLE input, SQLHANDLE* output) {
  return Enter<Connection>(input, [&](Connection& connection) -> SQLRETURN {
    if (connection.session() == nullptr) return connection.Fail("08003", "the connection is not open");
    *output = ToRaw(new Statement(connection));
    return SQL_SUCCESS;
  });
}

// Text fields go through `text`; the return value tells whether the field is one.
bool TextField(const DiagRecord& record, SQLSMALLINT field, std::string& text) {
  switch (field) {
    case SQL_DIAG_SQLSTATE:
      text = record.sqlstate;
      return true;
    case SQL_DIAG_MESSAGE_TEXT:
      text = record.message;
      return true;
    case SQL_DIAG_CLASS_ORIGIN:
    case SQL_DIAG_SUBCLASS_ORIGIN:
      text = record.sqlstate.starts_with("IM") ? "ODBC 3.0" : "ISO 9075";
      return true;
    case SQL_DIAG_CONNECTION_NAME:
    case SQL_DIAG_SERVER_NAME:
      text.clear();
      return true;
    default:
      return false;
  }
}

Handle* FromRaw(SQLHANDLE raw) {
  return static_cast<Handle*>(raw);
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Connection;
using cdi::sfodbc::DiagRecord;
using cdi::sfodbc::Enter;
using cdi::sfodbc::Environment;
using cdi::sfodbc::Handle;
using cdi::sfodbc::Statement;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLAllocHandle(SQLSMALLINT type, SQLHANDLE input, SQLHANDLE* output) {
  if (output == nullptr) return SQL_ERROR;
  *output = nullptr;
  switch (type) {
    case SQL_HANDLE_ENV:
      *output = cdi::sfodbc::ToRaw(new Environment);
      return SQL_SUCCESS;
    case SQL_HANDLE_DBC:
      *output = cdi::sfodbc::ToRaw(new Connection);
      return SQL_SUCCESS;
    case SQL_HANDLE_STMT:
      return cdi::sfodbc::AllocateStatement(input, output);
    default:
      return Enter<Connection>(input, [](Connection& connection) -> SQLRETURN {
        return connection.Fail("HYC00", "explicit descriptors are not supported");
      });
  }
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLFreeHandle(SQLSMALLINT /*type*/, SQLHANDLE raw) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  delete cdi::sfodbc::FromRaw(raw);  // NOLINT: the driver manager owned it
  return SQL_SUCCESS;
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetEnvAttr(SQLHENV raw, SQLINTEGER attribute, SQLPOINTER value,
                                                SQLINTEGER /*length*/) {
  return Enter<Environment>(raw, [&](Environment& environment) -> SQLRETURN {
    if (attribute == SQL_ATTR_ODBC_VERSION)
      environment.odbc_version = static_cast<SQLINTEGER>(reinterpret_cast<SQLLEN>(value));  // NOLINT
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetEnvAttr(SQLHENV raw, SQLINTEGER attribute, SQLPOINTER value,
                                                SQLINTEGER /*capacity*/, SQLINTEGER* length) {
  return Enter<Environment>(raw, [&](Environment& environment) -> SQLRETURN {
    if (attribute != SQL_ATTR_ODBC_VERSION && attribute != SQL_ATTR_OUTPUT_NTS) {
      return environment.Fail("HY092", "environment attribute not known");
    }
    cdi::sfodbc::PutValue<SQLINTEGER>(value, attribute == SQL_ATTR_OUTPUT_NTS ? SQL_TRUE : environment.odbc_version);
    if (length != nullptr) *length = sizeof(SQLINTEGER);
    return SQL_SUCCESS;
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDiagRecW(SQLSMALLINT /*type*/, SQLHANDLE raw, SQLSMALLINT number,
                                                 SQLWCHAR* state, SQLINTEGER* native, SQLWCHAR* message,
                                                 SQLSMALLINT capacity, SQLSMALLINT* length) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  if (number < 1 || capacity < 0) return SQL_ERROR;
  Handle& handle = *cdi::sfodbc::FromRaw(raw);
  const std::lock_guard lock(handle.mutex);
  const auto& records = handle.diagnostics.records();
  if (static_cast<size_t>(number) > records.size()) return SQL_NO_DATA;
  const DiagRecord& record = records[static_cast<size_t>(number) - 1];
  cdi::sfodbc::PutTextCharacters<SQLSMALLINT>(record.sqlstate, state, 6, nullptr);
  if (native != nullptr) *native = record.native;
  return cdi::sfodbc::PutTextCharacters(record.message, message, capacity, length) ? SQL_SUCCESS
                                                                                   : SQL_SUCCESS_WITH_INFO;
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDiagFieldW(SQLSMALLINT /*type*/, SQLHANDLE raw, SQLSMALLINT number,
                                                   SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT capacity,
                                                   SQLSMALLINT* length) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  Handle& handle = *cdi::sfodbc::FromRaw(raw);
  const std::lock_guard lock(handle.mutex);
  const auto& records = handle.diagnostics.records();
  if (number == 0) {
    if (field != SQL_DIAG_NUMBER) return SQL_ERROR;
    cdi::sfodbc::PutValue<SQLINTEGER>(value, static_cast<SQLINTEGER>(records.size()));
    return SQL_SUCCESS;
  }
  if (number < 0) return SQL_ERROR;
  if (static_cast<size_t>(number) > records.size()) return SQL_NO_DATA;
  const DiagRecord& record = records[static_cast<size_t>(number) - 1];
  std::string text;
  if (cdi::sfodbc::TextField(record, field, text)) {
    return cdi::sfodbc::PutTextBytes(text, value, capacity, length) ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
  }
  switch (field) {
    case SQL_DIAG_NATIVE:
      cdi::sfodbc::PutValue<SQLINTEGER>(value, record.native);
      return SQL_SUCCESS;
    case SQL_DIAG_ROW_NUMBER:
      cdi::sfodbc::PutValue<SQLLEN>(value, record.row);
      return SQL_SUCCESS;
    case SQL_DIAG_COLUMN_NUMBER:
      cdi::sfodbc::PutValue<SQLINTEGER>(value, record.column);
      return SQL_SUCCESS;
    default:
      return SQL_ERROR;
  }
}
