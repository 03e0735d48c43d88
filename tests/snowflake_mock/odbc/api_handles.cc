// Entry points: handles, environment attributes, diagnostics.
#include <optional>

#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/descriptor.h"
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/statement.h"

namespace cdi::sfodbc {
namespace {

SQLHANDLE ToRaw(Handle* handle) {
  return handle;
}
Handle* FromRaw(SQLHANDLE raw) {
  return static_cast<Handle*>(raw);
}

SQLRETURN AllocateConnection(SQLHANDLE input, SQLHANDLE* output) {
  return Enter<Environment>(input, [&](Environment& environment) -> SQLRETURN {
    *output = ToRaw(new Connection(environment));
    environment.connections.insert(FromRaw(*output));
    return SQL_SUCCESS;
  });
}

template <typename Kind>
SQLRETURN AllocateChild(SQLHANDLE input, SQLHANDLE* output) {
  return Enter<Connection>(input, [&](Connection& connection) -> SQLRETURN {
    if (connection.session() == nullptr) return connection.Fail("08003", "the connection is not open");
    *output = ToRaw(new Kind(connection));
    return SQL_SUCCESS;
  });
}

SQLRETURN FreeConnection(Connection& connection) {
  {
    const std::lock_guard lock(connection.environment().mutex);
    connection.environment().connections.erase(&connection);
  }
  delete &connection;  // NOLINT: the driver manager owned it
  return SQL_SUCCESS;
}

SQLRETURN FreeDescriptor(Descriptor& descriptor) {
  if (descriptor.is_implicit()) return descriptor.Fail("HY017", "an implicit descriptor goes with its statement");
  descriptor.connection()->ReplaceDescriptor(descriptor);
  delete &descriptor;  // NOLINT: the driver manager owned it
  return SQL_SUCCESS;
}

// Text fields of a record; nullopt when the field is none.
std::optional<std::string> TextField(const DiagRecord& record, SQLSMALLINT field, const Handle& handle) {
  const bool of_odbc = record.sqlstate.starts_with("IM") || record.sqlstate.starts_with("HY1");
  switch (field) {
    case SQL_DIAG_SQLSTATE:
      return record.sqlstate;
    case SQL_DIAG_MESSAGE_TEXT:
      return record.message;
    case SQL_DIAG_CLASS_ORIGIN:
      return record.sqlstate.starts_with("IM") ? "ODBC 3.0" : "ISO 9075";
    case SQL_DIAG_SUBCLASS_ORIGIN:
      return of_odbc || record.sqlstate.substr(2) == "S00" ? "ODBC 3.0" : "ISO 9075";
    case SQL_DIAG_CONNECTION_NAME:
      return std::string();
    case SQL_DIAG_SERVER_NAME: {
      const auto* statement = dynamic_cast<const Statement*>(&handle);
      const auto* connection = statement == nullptr ? dynamic_cast<const Connection*>(&handle) : &statement->connection;
      return connection == nullptr ? std::string() : connection->data_source();
    }
    default:
      return std::nullopt;
  }
}

// SQL_ERROR for a field that is none of the header's.
SQLRETURN HeaderField(Handle& handle, SQLSMALLINT field, SQLPOINTER value, std::optional<std::string>& text) {
  auto* const statement = dynamic_cast<Statement*>(&handle);
  switch (field) {
    case SQL_DIAG_NUMBER:
      PutValue<SQLINTEGER>(value, static_cast<SQLINTEGER>(handle.diagnostics.records().size()));
      return SQL_SUCCESS;
    case SQL_DIAG_RETURNCODE:
      PutValue<SQLRETURN>(value, handle.diagnostics.return_code);
      return SQL_SUCCESS;
    case SQL_DIAG_CURSOR_ROW_COUNT:
      if (statement == nullptr) return SQL_ERROR;
      PutValue<SQLLEN>(value, statement->has_rows() ? static_cast<SQLLEN>(statement->result()->row_count()) : 0);
      return SQL_SUCCESS;
    case SQL_DIAG_ROW_COUNT:
      if (statement == nullptr) return SQL_ERROR;
      PutValue<SQLLEN>(value, statement->RowCount());
      return SQL_SUCCESS;
    case SQL_DIAG_DYNAMIC_FUNCTION:
      if (statement == nullptr) return SQL_ERROR;
      text = std::string(statement->dynamic_function().name);
      return SQL_SUCCESS;
    case SQL_DIAG_DYNAMIC_FUNCTION_CODE:
      if (statement == nullptr) return SQL_ERROR;
      PutValue<SQLINTEGER>(value, statement->dynamic_function().code);
      return SQL_SUCCESS;
    default:
      return SQL_ERROR;
  }
}

template <typename Char>
SQLRETURN DiagRecordOf(SQLHANDLE raw, SQLSMALLINT number, Char* state, SQLINTEGER* native, Char* message,
                       SQLSMALLINT capacity, SQLSMALLINT* length) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  if (number < 1 || capacity < 0) return SQL_ERROR;
  Handle& handle = *FromRaw(raw);
  const std::lock_guard lock(handle.call_mutex());
  const auto& records = handle.diagnostics.records();
  if (static_cast<size_t>(number) > records.size()) return SQL_NO_DATA;
  const DiagRecord& record = records[static_cast<size_t>(number) - 1];
  PutTextCharacters<Char, SQLSMALLINT>(record.sqlstate, state, 6, nullptr);
  if (native != nullptr) *native = record.native;
  return PutTextCharacters(record.message, message, capacity, length) ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
}

template <typename Char>
SQLRETURN DiagFieldOf(SQLHANDLE raw, SQLSMALLINT number, SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT capacity,
                      SQLSMALLINT* length) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  Handle& handle = *FromRaw(raw);
  const std::lock_guard lock(handle.call_mutex());
  std::optional<std::string> text;
  SQLRETURN result = HeaderField(handle, field, value, text);
  if (result == SQL_SUCCESS && !text.has_value()) return result;
  if (result != SQL_SUCCESS) {
    const auto& records = handle.diagnostics.records();
    if (number < 1) return SQL_ERROR;
    if (static_cast<size_t>(number) > records.size()) return SQL_NO_DATA;
    const DiagRecord& record = records[static_cast<size_t>(number) - 1];
    text = TextField(record, field, handle);
    if (field == SQL_DIAG_NATIVE) return PutNumber<SQLINTEGER, SQLSMALLINT>(value, nullptr, record.native);
    if (field == SQL_DIAG_ROW_NUMBER) return PutNumber<SQLLEN, SQLSMALLINT>(value, nullptr, record.row);
    if (field == SQL_DIAG_COLUMN_NUMBER) return PutNumber<SQLINTEGER, SQLSMALLINT>(value, nullptr, record.column);
    if (!text.has_value()) return SQL_ERROR;
  }
  if (capacity < 0) return SQL_ERROR;
  return PutTextBytes<Char>(*text, value, capacity, length) ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
}

SQLRETURN SetEnvironment(Environment& environment, SQLINTEGER attribute, SQLPOINTER value) {
  const auto number = static_cast<SQLINTEGER>(NumberIn(value));
  switch (attribute) {
    case SQL_ATTR_ODBC_VERSION:
      if (number != SQL_OV_ODBC2 && number != SQL_OV_ODBC3 && number != SQL_OV_ODBC3_80) {
        return environment.Fail("HY024", "the ODBC version must be 2, 3 or 3.8");
      }
      environment.odbc_version = number;
      return SQL_SUCCESS;
    case SQL_ATTR_CONNECTION_POOLING:
      environment.connection_pooling = number;
      return SQL_SUCCESS;
    case SQL_ATTR_CP_MATCH:
      environment.pooling_match = number;
      return SQL_SUCCESS;
    case SQL_ATTR_OUTPUT_NTS:
      return number == SQL_TRUE ? SQL_SUCCESS : environment.Fail("HYC00", "texts always end with a zero");
    default:
      return environment.Fail("HY092", "environment attribute not known");
  }
}

SQLRETURN GetEnvironment(Environment& environment, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER* length) {
  switch (attribute) {
    case SQL_ATTR_ODBC_VERSION:
      return PutNumber(value, length, environment.odbc_version);
    case SQL_ATTR_CONNECTION_POOLING:
      return PutNumber(value, length, environment.connection_pooling);
    case SQL_ATTR_CP_MATCH:
      return PutNumber(value, length, environment.pooling_match);
    case SQL_ATTR_OUTPUT_NTS:
      return PutNumber(value, length, SQLINTEGER{SQL_TRUE});
    default:
      return environment.Fail("HY092", "environment attribute not known");
  }
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Connection;
using cdi::sfodbc::Descriptor;
using cdi::sfodbc::Environment;
using cdi::sfodbc::FromRaw;
using cdi::sfodbc::Statement;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLAllocHandle(SQLSMALLINT type, SQLHANDLE input, SQLHANDLE* output) {
  if (output == nullptr) return SQL_ERROR;
  *output = nullptr;
  switch (type) {
    case SQL_HANDLE_ENV:
      *output = cdi::sfodbc::ToRaw(new Environment);
      return SQL_SUCCESS;
    case SQL_HANDLE_DBC:
      return cdi::sfodbc::AllocateConnection(input, output);
    case SQL_HANDLE_STMT:
      return cdi::sfodbc::AllocateChild<Statement>(input, output);
    case SQL_HANDLE_DESC:
      return cdi::sfodbc::AllocateChild<Descriptor>(input, output);
    default:
      return SQL_ERROR;
  }
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLFreeHandle(SQLSMALLINT type, SQLHANDLE raw) {
  if (raw == nullptr) return SQL_INVALID_HANDLE;
  if (type == SQL_HANDLE_DBC) return cdi::sfodbc::FreeConnection(*static_cast<Connection*>(FromRaw(raw)));
  if (type == SQL_HANDLE_DESC) return cdi::sfodbc::FreeDescriptor(*static_cast<Descriptor*>(FromRaw(raw)));
  delete FromRaw(raw);  // NOLINT: the driver manager owned it
  return SQL_SUCCESS;
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetEnvAttr(SQLHENV raw, SQLINTEGER attribute, SQLPOINTER value,
                                                SQLINTEGER /*length*/) {
  return cdi::sfodbc::Enter<Environment>(
      raw, [&](Environment& environment) { return cdi::sfodbc::SetEnvironment(environment, attribute, value); });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetEnvAttr(SQLHENV raw, SQLINTEGER attribute, SQLPOINTER value,
                                                SQLINTEGER /*capacity*/, SQLINTEGER* length) {
  return cdi::sfodbc::Enter<Environment>(raw, [&](Environment& environment) {
    return cdi::sfodbc::GetEnvironment(environment, attribute, value, length);
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDiagRec(SQLSMALLINT /*type*/, SQLHANDLE raw, SQLSMALLINT number, SQLCHAR* state,
                                                SQLINTEGER* native, SQLCHAR* message, SQLSMALLINT capacity,
                                                SQLSMALLINT* length) {
  return cdi::sfodbc::DiagRecordOf(raw, number, state, native, message, capacity, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDiagRecW(SQLSMALLINT /*type*/, SQLHANDLE raw, SQLSMALLINT number,
                                                 SQLWCHAR* state, SQLINTEGER* native, SQLWCHAR* message,
                                                 SQLSMALLINT capacity, SQLSMALLINT* length) {
  return cdi::sfodbc::DiagRecordOf(raw, number, state, native, message, capacity, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDiagField(SQLSMALLINT /*type*/, SQLHANDLE raw, SQLSMALLINT number,
                                                  SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT capacity,
                                                  SQLSMALLINT* length) {
  return cdi::sfodbc::DiagFieldOf<SQLCHAR>(raw, number, field, value, capacity, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetDiagFieldW(SQLSMALLINT /*type*/, SQLHANDLE raw, SQLSMALLINT number,
                                                   SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT capacity,
                                                   SQLSMALLINT* length) {
  return cdi::sfodbc::DiagFieldOf<SQLWCHAR>(raw, number, field, value, capacity, length);
}
