#include "warehouse/driver_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/str_split.h"
#include "base/error.h"

namespace cdi::warehouse {
namespace {

using testing::HasSubstr;
using testing::Not;

// Settings by "section/key".
InstalledDrivers Installed(std::vector<std::string> names, std::map<std::string, std::string> settings = {}) {
  return {std::move(names), [settings](const std::string& section, const std::string& key) {
            const auto found = settings.find(section + "/" + key);
            return found != settings.end() ? found->second : std::string();
          }};
}

// A library of this machine's own kind.
constexpr std::string_view kLibrary = "/proc/self/exe";

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
        Choice{"Path", kSf, std::string(kLibrary), {}, std::string(kLibrary)},
        Choice{"PathAbsent", kSf, "/nonesuch/libx.so", {}, ""},
        Choice{"Postgres", kPg, "", {"Snowflake ODBC", "PostgreSQL ANSI", "PostgreSQL Unicode"}, "PostgreSQL Unicode"},
        Choice{"PostgresAbsent", kPg, "", {"Snowflake ODBC"}, ""}),
    [](const auto& test) { return std::string(test.param.name); });

struct Section {
  std::string_view name;
  std::map<std::string, std::string> settings;
  std::string_view reason;  // empty: taken
  std::string_view words = "";
};
class DriverSectionTest : public testing::TestWithParam<Section> {};

TEST_P(DriverSectionTest, IsTakenOrRefusedWithTheReason) {
  const auto choice = ChooseDriver({}, Installed({"Snowflake ODBC"}, GetParam().settings));
  EXPECT_EQ(ErrorReason(choice.status()), GetParam().reason) << choice.status();
  EXPECT_THAT(std::string(choice.status().message()), HasSubstr(std::string(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(
    All, DriverSectionTest,
    testing::Values(
        Section{"NoLine", {}, ""}, Section{"Threading0", {{"Snowflake ODBC/Threading", "0"}}, ""},
        Section{"Threading2", {{"Snowflake ODBC/Threading", "2"}}, ""},
        Section{"Threading3", {{"Snowflake ODBC/Threading", "3"}}, "DRIVER_THREADING", "set Threading=0"},
        Section{"Threading3WithBlanks", {{"Snowflake ODBC/Threading", " 03 "}}, "DRIVER_THREADING", "odbcinst -j"},
        Section{"AnothersThreading3", {{"SnowflakeDSIIDriver/Threading", "3"}}, ""},
        Section{"Pooled",
                {{"ODBC/Pooling", "Yes"}, {"Snowflake ODBC/CPTimeout", "120"}},
                "DRIVER_POOLING",
                "remove CPTimeout"},
        Section{"PoolingOff", {{"ODBC/Pooling", "No"}, {"Snowflake ODBC/CPTimeout", "120"}}, ""},
        Section{"NoTimeout", {{"ODBC/Pooling", "Yes"}}, ""},
        Section{"Library", {{"Snowflake ODBC/Driver", std::string(kLibrary)}}, ""},
        Section{"LibraryByNameAlone", {{"Snowflake ODBC/Driver", "libsfodbc.so"}}, ""},
        Section{"LibraryGone",
                {{"Snowflake ODBC/Driver", "/nonesuch/libsfodbc.so"}},
                "DRIVER_MISSING",
                "/nonesuch/libsfodbc.so cannot be loaded: the file does not exist"},
        Section{"Library64Gone",
                {{"Snowflake ODBC/Driver", std::string(kLibrary)}, {"Snowflake ODBC/Driver64", "/nonesuch/x.so"}},
                "DRIVER_MISSING",
                "/nonesuch/x.so"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ChooseDriverTest, WhatIsRegisteredIsListed) {
  const auto listed = ChooseDriver({}, Installed({"PostgreSQL Unicode", "SQLite3"}));
  EXPECT_THAT(std::string(listed.status().message()), HasSubstr("registered are: PostgreSQL Unicode, SQLite3"));
  EXPECT_THAT(std::string(ChooseDriver({}, Installed({})).status().message()), HasSubstr("none is registered"));
}

TEST(ExplainLoadFailureTest, SaysWhatTheManagerDoesNot) {
  const InstalledDrivers gone = Installed({"D"}, {{"D/Driver", "/nonesuch/libsfodbc.so"}});
  const absl::Status manager =
      MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_MISSING", "file not found", {{"sqlstate", "01000"}});
  const absl::Status explained = ExplainLoadFailure(manager, {.driver = "D"}, gone);
  EXPECT_EQ(ErrorReason(explained), "DRIVER_MISSING");
  EXPECT_THAT(std::string(explained.message()), HasSubstr("the file does not exist"));
  EXPECT_EQ(ErrorDetailsOf(explained)["sqlstate"], "01000");
  const absl::Status other = MakeError(absl::StatusCode::kUnavailable, "CONNECT_FAILED", "no");
  EXPECT_EQ(ExplainLoadFailure(other, {.driver = "D"}, gone), other);
  EXPECT_EQ(ExplainLoadFailure(manager, {.driver = "D"}, Installed({"D"})), manager);
}

TEST(HostOfTest, FillsInWhatTheConnectionLeavesOut) {
  ConnectionSettings settings;
  settings.account = "myorg-acct";
  EXPECT_EQ(HostOf(settings), "myorg-acct.snowflakecomputing.com:443");
  settings.host = "127.0.0.1";
  settings.port = 8080;
  EXPECT_EQ(HostOf(settings), "127.0.0.1:8080");
  settings = {};
  settings.kind = WarehouseKind::kPostgresql;
  EXPECT_EQ(HostOf(settings), "127.0.0.1:5432");
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

// 4.x refuses a keyword that comes twice, and hands every keyword that it does not know to the server as a parameter of
// the session; 3.x warns. These are the ones that both know.
TEST(BuildConnectionStringTest, SnowflakeGetsKnownKeywordsOnceEach) {
  const std::set<std::string> known = {"DRIVER",    "SERVER",   "PORT",          "ACCOUNT",
                                       "SSL",       "UID",      "AUTHENTICATOR", "ROLE",
                                       "WAREHOUSE", "DATABASE", "LOGIN_TIMEOUT", "CLIENT_SESSION_KEEP_ALIVE"};
  ConnectionSettings settings;
  settings.account = "myorg-acct";
  settings.user = "u";
  settings.database = "D";
  std::set<std::string> seen;
  for (const absl::string_view pair : absl::StrSplit(Build(settings, {}), ';', absl::SkipEmpty())) {
    const std::string keyword(pair.substr(0, pair.find('=')));
    EXPECT_TRUE(known.contains(keyword)) << keyword;
    EXPECT_TRUE(seen.insert(keyword).second) << keyword << " comes twice";
  }
  EXPECT_EQ(seen, known);
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
