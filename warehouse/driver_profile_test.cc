#include "warehouse/driver_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"

namespace cdi::warehouse {
namespace {

using testing::HasSubstr;
using testing::Not;

InstalledDrivers Installed(std::vector<std::string> names, std::map<std::string, std::string> threading = {}) {
  return {std::move(names), [threading](const std::string& driver, const std::string& key) {
            const auto found = threading.find(driver);
            return key == "Threading" && found != threading.end() ? found->second : std::string();
          }};
}

struct Choice {
  std::string_view name;
  WarehouseKind kind;
  std::string configured;
  std::vector<std::string> installed;
  std::string driver;  // empty: refused
};
class ChooseDriverTest : public testing::TestWithParam<Choice> {};

TEST_P(ChooseDriverTest, FindsTheDriverOrSaysWhatToInstall) {
  ConnectionSettings settings;
  settings.kind = GetParam().kind;
  settings.driver = GetParam().configured;
  const auto choice = ChooseDriver(settings, Installed(GetParam().installed));
  if (GetParam().driver.empty()) {
    EXPECT_EQ(ErrorReason(choice.status()), "DRIVER_MISSING");
    EXPECT_TRUE(absl::IsFailedPrecondition(choice.status()));
    EXPECT_THAT(std::string(choice.status().message()), HasSubstr("install"));
    return;
  }
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->driver, GetParam().driver);
  EXPECT_EQ(choice->key_by_attribute, GetParam().kind == WarehouseKind::kSnowflake);
}

constexpr WarehouseKind kSf = WarehouseKind::kSnowflake;
constexpr WarehouseKind kPg = WarehouseKind::kPostgresql;

INSTANTIATE_TEST_SUITE_P(
    All, ChooseDriverTest,
    testing::Values(
        Choice{"Newest", kSf, "", {"SnowflakeDSIIDriver", "Snowflake ODBC"}, "Snowflake ODBC"},
        Choice{"Older", kSf, "", {"PostgreSQL Unicode", "SnowflakeDSIIDriver"}, "SnowflakeDSIIDriver"},
        Choice{"None", kSf, "", {"PostgreSQL Unicode"}, ""},
        Choice{"Configured", kSf, "Mine", {"Snowflake ODBC", "Mine"}, "Mine"},
        Choice{"ConfiguredAbsent", kSf, "Mine", {"Snowflake ODBC"}, ""},
        Choice{"AnyCase", kSf, "snowflake odbc", {"Snowflake ODBC"}, "snowflake odbc"},
        Choice{"Path", kSf, "/opt/lib/libx.so", {}, "/opt/lib/libx.so"},
        Choice{"Postgres", kPg, "", {"Snowflake ODBC", "PostgreSQL ANSI", "PostgreSQL Unicode"}, "PostgreSQL Unicode"},
        Choice{"PostgresAbsent", kPg, "", {"Snowflake ODBC"}, ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ChooseDriverTest, SerialisedDriversAreRefused) {
  ConnectionSettings settings;
  const auto refused = ChooseDriver(settings, Installed({"Snowflake ODBC"}, {{"Snowflake ODBC", "3"}}));
  EXPECT_EQ(ErrorReason(refused.status()), "DRIVER_THREADING");
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("Threading=0"));
  EXPECT_TRUE(ChooseDriver(settings, Installed({"Snowflake ODBC"}, {{"Snowflake ODBC", "0"}})).ok());
}

std::string Build(const ConnectionSettings& settings, const Credential& credential) {
  ConnectionString text;
  BuildConnectionString(settings, {.driver = "D", .key_by_attribute = true}, credential, "R", "W",
                        std::chrono::seconds(30), text);
  return std::string(text.Expose());
}

TEST(BuildConnectionStringTest, Snowflake) {
  ConnectionSettings settings;
  settings.account = "myorg-acct";
  settings.user = "me;you@example.org";
  const std::string text = Build(settings, {"key", Secret("-----BEGIN PRIVATE KEY-----"), Secret("never")});
  EXPECT_EQ(text,
            "DRIVER={D};SERVER=myorg-acct.snowflakecomputing.com;PORT=443;ACCOUNT=myorg-acct;SSL=on;UID={me;you@"
            "example.org};AUTHENTICATOR=SNOWFLAKE_JWT;ROLE=R;WAREHOUSE=W;LOGIN_TIMEOUT=30;CLIENT_SESSION_KEEP_ALIVE="
            "false;");
  settings.host = "127.0.0.1";
  settings.port = 8080;
  settings.tls = false;
  settings.database = "D B";
  EXPECT_THAT(Build(settings, {}), HasSubstr("SERVER=127.0.0.1;PORT=8080;ACCOUNT=myorg-acct;SSL=off;"));
  EXPECT_THAT(Build(settings, {}), HasSubstr("DATABASE=D B;"));
}

TEST(BuildConnectionStringTest, Postgresql) {
  ConnectionSettings settings;
  settings.kind = WarehouseKind::kPostgresql;
  settings.user = "u";
  settings.database = "d";
  const std::string text = Build(settings, {"p", Secret("a key"), Secret("x};Y=z")});
  EXPECT_EQ(text,
            "DRIVER={D};SERVER=127.0.0.1;PORT=5432;DATABASE=d;UID=u;PWD={x}};Y=z};SSLmode=verify-full;pqopt={"
            "connect_timeout=30 keepalives_idle=30 keepalives_interval=15 keepalives_count=4 sslrootcert='/etc/ssl/"
            "certs/ca-certificates.crt'};UseDeclareFetch=1;Fetch=1000;LFConversion=0;");
  settings.tls = false;
  EXPECT_THAT(Build(settings, {}), HasSubstr("SSLmode=disable"));
  EXPECT_THAT(Build(settings, {}), Not(HasSubstr("PWD")));
}

}  // namespace
}  // namespace cdi::warehouse
