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

TEST(ConnectionRulesTest, TheFieldAtFaultIsNamedWithItsWholePath) {
  const config::v1::ServerConfig config;
  const auto field = [&config](auto&& change) {
    v1::Connection snowflake = Snowflake("a-b", "svc");
    change(*snowflake.mutable_snowflake());
    return FieldAtFault(CheckConnection(snowflake, config));
  };
  EXPECT_EQ(field([](auto& snowflake) { snowflake.set_port(70'000); }), "connection.snowflake.port");
  EXPECT_EQ(field([](auto& snowflake) { snowflake.set_plaintext(true); }), "connection.snowflake.plaintext");
  EXPECT_EQ(field([](auto& snowflake) { snowflake.set_host("a b"); }), "connection.snowflake.host");
  v1::Connection postgresql;
  postgresql.mutable_postgresql()->set_host("db");
  postgresql.mutable_postgresql()->set_database("crm");
  postgresql.mutable_postgresql()->set_user("cdi");
  postgresql.mutable_postgresql()->set_port(-1);
  EXPECT_EQ(FieldAtFault(CheckConnection(postgresql, config)), "connection.postgresql.port");
}

TEST(ConnectionRulesTest, OneUserOfOneAccountHasOneKeyHoweverTheTwoAreSpelled) {
  const std::string key = UniqueKeyOf(Snowflake("MYORG-MY_DEMO", "SVC"));
  for (const char* account : {"myorg-my_demo", "MYORG-MY-DEMO", "myorg-my-demo"}) {
    EXPECT_TRUE(SameAccount("MYORG-MY_DEMO", account)) << account;
    for (const char* user : {"SVC", "svc", "\"SVC\""}) {
      EXPECT_EQ(UniqueKeyOf(Snowflake(account, user)), key) << account << " " << user;
    }
  }
  for (const char* account : {"MYORG-MYDEMO", "MYORG-MY-DEMO2", "MY-DEMO", "MYORG-MY-DEMO.us-east-1", ""}) {
    EXPECT_FALSE(SameAccount("MYORG-MY_DEMO", account)) << account;
  }
  EXPECT_NE(UniqueKeyOf(Snowflake("MYORG-MY_DEMO", "SVC2")), key);
  EXPECT_NE(UniqueKeyOf(Snowflake("MYORG-MY_DEMO", "S_VC")), key);
}

}  // namespace
}  // namespace cdi::server
