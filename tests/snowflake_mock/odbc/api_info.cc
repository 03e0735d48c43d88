// Entry points: what the driver is and can do; native SQL.
#include "tests/snowflake_mock/odbc/connection.h"
#include "tests/snowflake_mock/odbc/driver_info.h"
#include "tests/snowflake_mock/odbc/entry.h"
#include "tests/snowflake_mock/odbc/library_default.h"

namespace cdi::sfodbc {
namespace {

InfoValue InfoOf(Connection& connection, SQLUSMALLINT type) {
  const bool open = connection.session() != nullptr;
  switch (type) {
    case SQL_DATA_SOURCE_NAME:
      return connection.data_source();
    case SQL_DATABASE_NAME:
      return connection.current_catalog();
    case SQL_USER_NAME:
      return open ? connection.session()->settings().user : std::string();
    case SQL_SERVER_NAME:
      return open ? connection.session()->settings().host : std::string();
    default:
      return DriverInfo(type, open ? connection.session()->settings().personality : LibraryPersonality());
  }
}

template <typename Char>
SQLRETURN GetInfo(SQLHDBC raw, SQLUSMALLINT type, SQLPOINTER out, SQLSMALLINT capacity, SQLSMALLINT* length) {
  return Enter<Connection>(raw, [&](Connection& connection) -> SQLRETURN {
    const InfoValue value = InfoOf(connection, type);
    if (const auto* text = std::get_if<std::string>(&value)) {
      if (capacity < 0) return connection.Fail("HY090", "the buffer length is negative");
      return Whole(connection, PutTextBytes<Char>(*text, out, capacity, length));
    }
    if (const auto* number = std::get_if<uint16_t>(&value)) return PutNumber(out, length, *number);
    if (const auto* mask = std::get_if<uint32_t>(&value)) return PutNumber(out, length, *mask);
    return connection.Fail("HY096", "this kind of information is not known");
  });
}

template <typename Char>
SQLRETURN NativeSql(SQLHDBC raw, const Char* in, SQLINTEGER in_length, Char* out, SQLINTEGER capacity,
                    SQLINTEGER* length) {
  return Enter<Connection>(raw, [&](Connection& connection) {
    return Whole(connection, PutTextCharacters(TakeText(in, in_length), out, capacity, length));
  });
}

}  // namespace
}  // namespace cdi::sfodbc

CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetInfo(SQLHDBC raw, SQLUSMALLINT type, SQLPOINTER out, SQLSMALLINT capacity,
                                             SQLSMALLINT* length) {
  return cdi::sfodbc::GetInfo<SQLCHAR>(raw, type, out, capacity, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLGetInfoW(SQLHDBC raw, SQLUSMALLINT type, SQLPOINTER out, SQLSMALLINT capacity,
                                              SQLSMALLINT* length) {
  return cdi::sfodbc::GetInfo<SQLWCHAR>(raw, type, out, capacity, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLNativeSql(SQLHDBC raw, SQLCHAR* in, SQLINTEGER in_length, SQLCHAR* out,
                                               SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::NativeSql(raw, in, in_length, out, capacity, length);
}
CDI_ODBC_EXPORT SQLRETURN SQL_API SQLNativeSqlW(SQLHDBC raw, SQLWCHAR* in, SQLINTEGER in_length, SQLWCHAR* out,
                                                SQLINTEGER capacity, SQLINTEGER* length) {
  return cdi::sfodbc::NativeSql(raw, in, in_length, out, capacity, length);
}
