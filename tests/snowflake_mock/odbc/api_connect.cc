// Entry points: connecting, connection attributes, transactions.
#include "base/secret.h"
#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/connection_string.h"
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/library_default.h"

namespace cdi::sfodbc {
namespace {

SQLRETURN Connect(Connection& connection, Keywords& keywords, const Personality& personality) {
  AddDsnKeywords(keywords);
  return connection.Finish(connection.Connect(keywords, personality));
}

template <typename Char>
SQLRETURN ConnectByString(SQLHDBC raw, const Char* in, SQLSMALLINT in_length, Char* out, SQLSMALLINT out_capacity,
                          SQLSMALLINT* out_length, SQLUSMALLINT completion) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    if (connection.session() != nullptr) return connection.Fail("08002", "the connection is open already");
    if (completion == SQL_DRIVER_PROMPT) return connection.Fail("HYC00", "this driver has no dialogue to ask with");
    std::string text = TakeText(in, in_length);
    absl::StatusOr<Keywords> keywords = ParseConnectionString(text, StringRules::kLenient);
    const absl::StatusOr<Personality> personality = ChoosePersonality(*keywords, LibraryPersonality());
    if (personality.ok() && personality->strict_connection_string) keywords = ParseConnectionString(text);
    WipeString(text);
    if (!personality.ok()) return connection.Fail(personality.status());
    if (!keywords.ok()) return connection.Fail(keywords.status());
    const SQLRETURN result = Connect(connection, *keywords, *personality);
    if (!SQL_SUCCEEDED(result)) return result;
    const bool whole = PutTextCharacters(CompletedConnectionString(*keywords), out, out_capacity, out_length);
    return whole || out_capacity == 0 ? result : Whole(connection, whole);
  });
}

template <typename Char>
SQLRETURN ConnectByDsn(SQLHDBC raw, const Char* dsn, SQLSMALLINT dsn_length, const Char* user, SQLSMALLINT user_length,
                       const Char* password, SQLSMALLINT password_length) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    if (connection.session() != nullptr) return connection.Fail("08002", "the connection is open already");
    Keywords keywords;
    const auto add = [&](std::string_view keyword, const Char* text, SQLSMALLINT length) {
      std::string value = TakeText(text, length);
      if (!value.empty()) keywords.Add(keyword, value);
      WipeString(value);
    };
    add("DSN", dsn, dsn_length);
    add("UID", user, user_length);
    add("PWD", password, password_length);
    const absl::StatusOr<Personality> personality = ChoosePersonality(keywords, LibraryPersonality());
    if (!personality.ok()) return connection.Fail(personality.status());
    return Connect(connection, keywords, *personality);
  });
}

SQLRETURN SetAttribute(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length, bool is_wide) {
  return Enter<Connection>(raw, [&](Connection& connection) {
    return connection.Finish(connection.SetAttribute(attribute, value, length, is_wide));
  });
}

template <typename Char>
SQLRETURN GetAttribute(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER capacity, SQLINTEGER* length) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    if (attribute == SQL_ATTR_CURRENT_CATALOG) {
      return Whole(connection, PutTextBytes<Char>(connection.current_catalog(), value, capacity, length));
    }
    const auto number = connection.NumberAttribute(attribute);
    if (attribute == SQL_ATTR_QUIET_MODE) return PutNumber(value, length, *number);  // a window: of pointer width
    if (number.has_value()) return PutNumber(value, length, static_cast<SQLUINTEGER>(*number));
    const bool known = attribute == SQL_ATTR_TRANSLATE_LIB || attribute == SQL_ATTR_TRANSLATE_OPTION;
    return known ? connection.Fail("HYC00", "translation is not supported")
                 : connection.Fail("HY092", "connection attribute not known or write-only");
  });
}

// The driver manager asks connection by connection; a program without one may ask the environment.
SQLRETURN EndTransactions(Environment& environment, bool commit) {
  SQLRETURN result = SQL_SUCCESS;
  for (Handle* const handle : environment.connections) {
    auto& connection = static_cast<Connection&>(*handle);
    const std::lock_guard lock(connection.mutex);
    const absl::Status status = connection.EndTransaction(commit);
    if (!status.ok()) result = environment.Fail(status);
  }
  return result;
}

SQLRETURN Browse(SQLHDBC raw) {
  return Enter<Connection>(
      raw, [](Connection& connection) { return connection.Fail("HYC00", "SQLBrowseConnect is not supported"); });
}

}  // namespace
}  // namespace cdi::sfodbc

using cdi::sfodbc::Connection;
using cdi::sfodbc::Enter;
using cdi::sfodbc::Environment;

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDriverConnect(SQLHDBC raw, SQLHWND /*window*/, SQLCHAR* in, SQLSMALLINT in_length,
                                                   SQLCHAR* out, SQLSMALLINT out_capacity, SQLSMALLINT* out_length,
                                                   SQLUSMALLINT completion) {
  return cdi::sfodbc::ConnectByString(raw, in, in_length, out, out_capacity, out_length, completion);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDriverConnectW(SQLHDBC raw, SQLHWND /*window*/, SQLWCHAR* in,
                                                    SQLSMALLINT in_length, SQLWCHAR* out, SQLSMALLINT out_capacity,
                                                    SQLSMALLINT* out_length, SQLUSMALLINT completion) {
  return cdi::sfodbc::ConnectByString(raw, in, in_length, out, out_capacity, out_length, completion);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLConnect(SQLHDBC raw, SQLCHAR* dsn, SQLSMALLINT dsn_length, SQLCHAR* user,
                                             SQLSMALLINT user_length, SQLCHAR* password, SQLSMALLINT password_length) {
  return cdi::sfodbc::ConnectByDsn(raw, dsn, dsn_length, user, user_length, password, password_length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLConnectW(SQLHDBC raw, SQLWCHAR* dsn, SQLSMALLINT dsn_length, SQLWCHAR* user,
                                              SQLSMALLINT user_length, SQLWCHAR* password,
                                              SQLSMALLINT password_length) {
  return cdi::sfodbc::ConnectByDsn(raw, dsn, dsn_length, user, user_length, password, password_length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLBrowseConnect(SQLHDBC raw, SQLCHAR* /*in*/, SQLSMALLINT /*in_length*/,
                                                   SQLCHAR* /*out*/, SQLSMALLINT /*capacity*/,
                                                   SQLSMALLINT* /*length*/) {
  return cdi::sfodbc::Browse(raw);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLBrowseConnectW(SQLHDBC raw, SQLWCHAR* /*in*/, SQLSMALLINT /*in_length*/,
                                                    SQLWCHAR* /*out*/, SQLSMALLINT /*capacity*/,
                                                    SQLSMALLINT* /*length*/) {
  return cdi::sfodbc::Browse(raw);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLDisconnect(SQLHDBC raw) {
  return Enter<Connection>(raw, [](Connection& connection) -> SQLRETURN {
    if (connection.session() == nullptr) return connection.Fail("08003", "the connection is not open");
    connection.Disconnect();
    return SQL_SUCCESS;
  });
}

// Before connecting the driver manager replays attributes through the narrow name only.
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetConnectAttr(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value,
                                                    SQLINTEGER length) {
  return cdi::sfodbc::SetAttribute(raw, attribute, value, length, false);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLSetConnectAttrW(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value,
                                                     SQLINTEGER length) {
  return cdi::sfodbc::SetAttribute(raw, attribute, value, length, true);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetConnectAttr(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value,
                                                    SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::GetAttribute<SQLCHAR>(raw, attribute, value, capacity, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetConnectAttrW(SQLHDBC raw, SQLINTEGER attribute, SQLPOINTER value,
                                                     SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::GetAttribute<SQLWCHAR>(raw, attribute, value, capacity, length);
}

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLEndTran(SQLSMALLINT type, SQLHANDLE raw, SQLSMALLINT completion) {
  const bool commit = completion == SQL_COMMIT;
  if (type == SQL_HANDLE_ENV) {
    return Enter<Environment>(
        raw, [&](Environment& environment) { return cdi::sfodbc::EndTransactions(environment, commit); });
  }
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    if (completion != SQL_COMMIT && completion != SQL_ROLLBACK) {
      return connection.Fail("HY012", "a transaction ends with SQL_COMMIT or SQL_ROLLBACK");
    }
    return connection.Finish(connection.EndTransaction(commit));
  });
}
