// Entry points: connecting, connection attributes, transactions.
#include "base/secret.h"
#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/connection_string.h"
#include "tests/snowflake_mock/odbc/entry.h"

namespace cdi::sfodbc {
namespace {

SQLRETURN Connect(Connection& connection, Keywords& keywords) {
  if (connection.session() != nullptr) return connection.Fail("08002", "the connection is open already");
  AddDsnKeywords(keywords);
  if (const absl::Status status = connection.Connect(keywords); !status.ok()) return connection.Fail(status);
  return connection.diagnostics.records().empty() ? SQL_SUCCESS : SQL_SUCCESS_WITH_INFO;
}

SQLRETURN GetInteger(SQLPOINTER out, SQLINTEGER* length, SQLUINTEGER value) {
  PutValue(out, value);
  if (length != nullptr) *length = sizeof(value);
  return SQL_SUCCESS;
}

SQLRETURN Finish(Connection& connection, const absl::Status& status) {
  return status.ok() ? SQL_SUCCESS : connection.Fail(status);
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Connection;
using cdi::sfodbc::Enter;
using cdi::sfodbc::Keywords;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDriverConnectW(SQLHDBC raw, SQLHWND /*window*/, SQLWCHAR* in,
                                                    SQLSMALLINT in_length, SQLWCHAR* out, SQLSMALLINT out_capacity,
                                                    SQLSMALLINT* out_length, SQLUSMALLINT /*completion*/) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    std::string text = cdi::sfodbc::TakeText(in, in_length);
    absl::StatusOr<Keywords> keywords = cdi::sfodbc::ParseConnectionString(text);
    cdi::WipeString(text);
    if (!keywords.ok()) return connection.Fail(keywords.status());
    const SQLRETURN result = cdi::sfodbc::Connect(connection, *keywords);
    if (!SQL_SUCCEEDED(result)) return result;
    const std::string completed = cdi::sfodbc::CompletedConnectionString(*keywords);
    const bool whole = cdi::sfodbc::PutTextCharacters(completed, out, out_capacity, out_length);
    return whole || out_capacity == 0 ? result : cdi::sfodbc::Whole(connection, whole);
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLConnectW(SQLHDBC raw, SQLWCHAR* dsn, SQLSMALLINT dsn_length, SQLWCHAR* user,
                                              SQLSMALLINT user_length, SQLWCHAR* password,
                                              SQLSMALLINT password_length) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    Keywords keywords;
    const auto add = [&](std::string_view keyword, const SQLWCHAR* text, SQLSMALLINT length) {
      std::string value = cdi::sfodbc::TakeText(text, length);
      if (!value.empty()) keywords.Add(keyword, value);
      cdi::WipeString(value);
    };
    add("DSN", dsn, dsn_length);
    add("UID", user, user_length);
    add("PWD", password, password_length);
    return cdi::sfodbc::Connect(connection, keywords);
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDisconnect(SQLHDBC raw) {
  return Enter<Connection>(raw, [](Connection& connection) -> SQLRETURN {
    connection.Disconnect();
    return SQL_SUCCESS;
  });
}

// Exported beside the wide one: the driver manager replays attributes set before connecting through this name only.
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetConnectAttr(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value,
                                                    SQLINTEGER length) {
  return Enter<Connection>(raw, [&](Connection& connection) {
    return cdi::sfodbc::Finish(connection, connection.SetAttribute(attribute, value, length, false));
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetConnectAttrW(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value,
                                                     SQLINTEGER length) {
  return Enter<Connection>(raw, [&](Connection& connection) {
    return cdi::sfodbc::Finish(connection, connection.SetAttribute(attribute, value, length, true));
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetConnectAttrW(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value,
                                                     SQLINTEGER capacity, SQLINTEGER* length) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    using cdi::sfodbc::GetInteger;
    switch (attribute) {
      case SQL_ATTR_AUTOCOMMIT:
        return GetInteger(value, length, connection.autocommit() ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF);
      case SQL_ATTR_CONNECTION_DEAD:
        return GetInteger(value, length, connection.dead() ? SQL_CD_TRUE : SQL_CD_FALSE);
      case SQL_ATTR_LOGIN_TIMEOUT:
        return GetInteger(value, length, static_cast<SQLUINTEGER>(connection.login_timeout().count()));
      case SQL_ATTR_ACCESS_MODE:
        return GetInteger(value, length, SQL_MODE_READ_WRITE);
      case SQL_ATTR_TXN_ISOLATION:
        return GetInteger(value, length, SQL_TXN_READ_COMMITTED);
      case SQL_ATTR_AUTO_IPD:
        return GetInteger(value, length, SQL_FALSE);
      case SQL_ATTR_CURRENT_CATALOG:
        return cdi::sfodbc::Whole(connection,
                                  cdi::sfodbc::PutTextBytes(connection.current_catalog(), value, capacity, length));
      default:
        return connection.Fail("HY092", "connection attribute not known");
    }
  });
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLEndTran(SQLSMALLINT type, SQLHANDLE raw, SQLSMALLINT completion) {
  if (type != SQL_HANDLE_DBC) return SQL_SUCCESS;  // the driver manager asks connection by connection
  return Enter<Connection>(raw, [&](Connection& connection) {
    return cdi::sfodbc::Finish(connection, connection.EndTransaction(completion == SQL_COMMIT));
  });
}
