#include "server/connection_rules.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cdi::server {
namespace {

v1::Connection Snowflake(const std::string& account, const std::string& user) {
  v1::Connection connection;
  connection.mutable_snowflake()->set_account(account);
  connection.mutable_snowflake()->set_user(user);
  return connection;
}

std::string FieldAtFault(const absl::Status& status) {
  const ErrorDetails details = ErrorDetailsOf(status);
  const auto field = details.find("field");
  return field == details.end() ? "" : field->second;
}

TEST(ConnectionRulesTest, AUserThatNoStatementCanNameIsRefusedBeforeItHasKeys) {
  const config::v1::ServerConfig config;
  for (const char* user : {"\"a\"b", "\"open", "\"\"", "\"a\"\"\"\"", "a\nb"}) {
    const absl::Status status = CheckConnection(Snowflake("a-b", user), config);
    EXPECT_EQ(FieldAtFault(status), "connection.snowflake.user") << user << status;
  }
  for (const char* user : {"svc", "SVC_1", "svc.braze@example.com", "\"Svc Braze\"", "\"a\"\"b\"", "a\"b", "select"}) {
    EXPECT_TRUE(CheckConnection(Snowflake("a-b", user), config).ok()) << user;
  }
}

}  // namespace
}  // namespace cdi::server
