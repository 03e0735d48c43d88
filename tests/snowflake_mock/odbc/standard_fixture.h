// The fixture of the tests of the driver's obedience to ODBC: a scripted server, a connection in either personality.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tests/snowflake_mock/odbc/fake_snowflake.h"
#include "tests/snowflake_mock/odbc/odbc_client.h"

namespace cdi::sfodbc {

using Json = FakeSnowflake::Json;

inline SQLPOINTER AsPointer(SQLULEN number) {
  return reinterpret_cast<SQLPOINTER>(number);  // NOLINT: ODBC's way
}

inline SQLCHAR* Chars(const char* text) {
  return reinterpret_cast<SQLCHAR*>(const_cast<char*>(text));  // NOLINT: ODBC only reads it
}

class StandardTest : public testing::Test {
 protected:
  static std::string Library(int major) { return major == 4 ? CDI_SFODBC_LIBRARY_4 : CDI_SFODBC_LIBRARY; }
  std::string ConnectionString(int major, const std::string& more = "") const {
    return "DRIVER=" + Library(major) + ";SERVER=127.0.0.1;PORT=" + std::to_string(server_.port()) +
           ";SSL=off;ACCOUNT=myorg-myacct;UID=loader;AUTHENTICATOR=SNOWFLAKE_JWT;DATABASE=D1;SCHEMA=S1;" + more;
  }
  void Connect(OdbcClient& client, int major = 3, const std::string& more = "") {
    client.SetKey(TestKeyPem());
    const SQLRETURN result = client.Connect(ConnectionString(major, more));
    ASSERT_TRUE(SQL_SUCCEEDED(result)) << (client.faults().empty() ? "" : client.faults()[0].message);
  }
  // One column of that type, one row for each value.
  void Answer(const std::string& sql, const Json& column, const Json& values) {
    Json rows = Json::array();
    for (const Json& value : values) rows.push_back(Json::array({value}));
    server_.OnSql(sql, [column, rows](const Json&) { return FakeSnowflake::ResultOf({column}, rows); });
  }
  void AnswerText(const std::string& sql, const Json& values) {
    Answer(sql, FakeSnowflake::Column("T", "text", nullptr, nullptr, 100), values);
  }
  void AnswerNumber(const std::string& sql, const Json& values) {
    Answer(sql, FakeSnowflake::Column("N", "fixed", 38, 3), values);
  }
  FakeSnowflake server_;
};

}  // namespace cdi::sfodbc
