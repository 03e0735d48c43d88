#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "server/connection_rules.h"

namespace cdi::server {
namespace {

using testing::HasSubstr;

constexpr char kWithoutTransport[] = "state_dir: /var/lib/cdi\nmaster_key: {file: /etc/cdi/master.key}\n";
constexpr char kMinimal[] = "state_dir: /var/lib/cdi\nmaster_key: {file: /etc/cdi/master.key}\nplaintext: true\n";

struct Refusal {
  std::string_view name;
  std::string_view text;  // behind the minimal configuration
  std::string_view message;
};

class RefusedConfigTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedConfigTest, NamesPlaceAndFault) {
  const auto config = ParseConfig(std::string(kMinimal) + std::string(GetParam().text), "server.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(config.status()), "CONFIG_INVALID");
  EXPECT_THAT(std::string(config.status().message()), HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedConfigTest,
    testing::Values(
        Refusal{"UnknownKey", "stat_dir: x", "server.yaml:4: unknown key \"stat_dir\""},
        Refusal{"WrongType", "runs_max: many", "server.yaml:4: runs_max must be a whole number"},
        Refusal{"NotABoolean", "allow_loopback_endpoints: yes please", "must be true or false"},
        Refusal{"ListForScalar", "listen: [a]", "server.yaml:4: listen must be a single value"},
        Refusal{"ScalarForList", "braze_host_suffixes: .braze.com", "must be a list"},
        Refusal{"NotUtf8", "log_level: \"a\xff\"", "log_level must be UTF-8 text"},
        Refusal{"NotUtf8InAList", "driver_paths: [\"/a\xff\"]", "driver_paths must be a list of UTF-8 texts"},
        Refusal{"BrokenYaml", "listen: [", "server.yaml:"},
        Refusal{"OutOfRange", "stop_seconds: 16", "stop_seconds must be 1..12; got 16"},
        Refusal{"DrainTooShort", "key_rotation: {drain_seconds: 60}", "drain_seconds must be 3600..604800"},
        Refusal{"ImportDirRelative", "key_import_dir: keys", "key_import_dir must be an absolute path"},
        Refusal{"ListenWithoutPort", "listen: 127.0.0.1", "listen must be host:port"},
        Refusal{"PlaintextEverywhere", "listen: 0.0.0.0:7350", "plaintext goes with a loopback address"},
        Refusal{"PlaintextOnANameThatLooksLikeLoopback", "listen: 127.evil.example:1",
                "plaintext goes with a loopback address"},
        Refusal{"SocketWithoutAPath", "listen: \"unix:cdi.sock\"", "must be unix: and an absolute path"},
        Refusal{"TlsAndPlaintext", "tls: {certificate_file: c, key_file: k}", "exclude each other"},
        Refusal{"AnonymousWithAnUnknownRole", "access: {anonymous_role: root}",
                "access.anonymous_role must be viewer, operator or admin"},
        Refusal{"CertificatesWithoutAuthority", "access: {certificates: [{subject: CN=a, role: admin}]}",
                "access.certificates goes with tls.client_ca_file"},
        Refusal{"UnknownKeyInAList", "access: {certificates: [{subjct: CN=a}]}", "unknown key \"subjct\""},
        Refusal{"NoCalls", "access: {calls_per_minute: -1}", "access.calls_per_minute must be 1.."},
        Refusal{"MetricsEverywhere", "metrics_listen: 10.0.0.1:9350", "metrics_listen must be a loopback address"},
        Refusal{"BothSourcesOfTheKey", "master_key: {file: a, env: B}", "exactly one of file, env and"},
        Refusal{"CommandBesideAFile", "master_key: {command: [/bin/x]}", "exactly one of file, env and"},
        Refusal{"CommandAsText", "master_key: {command: /bin/x}", "command must be a list"},
        Refusal{"SecondsWithoutCommand", "master_key: {command_seconds: 5}", "goes with master_key.command"},
        Refusal{"SuffixWithoutDot", "braze_host_suffixes: [braze.com]", "must begin with a dot"},
        Refusal{"UnknownLevel", "log_level: loud", "log_level must be debug, info, warn or error"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ConfigTest, TheMinimumGetsEveryDefault) {
  const auto config = ParseConfig(kMinimal, "server.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen(), "127.0.0.1:7350");
  EXPECT_EQ(config->metrics_listen(), "");
  EXPECT_EQ(config->row_log_days(), 30);
  EXPECT_EQ(config->dead_row_days(), 90);
  EXPECT_EQ(config->stop_seconds(), 10);
  EXPECT_EQ(config->runs_max(), 8);
  EXPECT_EQ(config->key_rotation().drain_seconds(), 86'400);
  EXPECT_EQ(config->key_rotation().login_seconds_max(), 120);
  EXPECT_EQ(config->key_rotation().poll_seconds(), 30);
  EXPECT_EQ(config->braze_host_suffixes_size(), 2);
  EXPECT_FALSE(config->allow_loopback_endpoints());
  EXPECT_EQ(config->access().anonymous_role(), "");
  EXPECT_EQ(config->access().calls_per_minute(), 6000);
  EXPECT_EQ(config->access().tests_per_minute(), 10);
}

TEST(ConfigTest, WithoutStateOrMasterKeyNothingStarts) {
  EXPECT_THAT(std::string(ParseConfig("", "s.yaml").status().message()), HasSubstr("state_dir is missing"));
  EXPECT_THAT(std::string(ParseConfig("state_dir: /x", "s.yaml").status().message()), HasSubstr("master_key needs"));
}

struct TlsRefusal {
  std::string_view name;
  std::string_view text;  // behind the minimal configuration without a transport
  std::string_view message;
};

class RefusedTlsConfigTest : public testing::TestWithParam<TlsRefusal> {};

TEST_P(RefusedTlsConfigTest, SaysWhatIsMissing) {
  const auto config = ParseConfig(std::string(kWithoutTransport) + std::string(GetParam().text), "server.yaml");
  EXPECT_EQ(ErrorReason(config.status()), "CONFIG_INVALID");
  EXPECT_THAT(std::string(config.status().message()), HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedTlsConfigTest,
    testing::Values(TlsRefusal{"NoTransport", "", "tls is missing"},
                    TlsRefusal{"NoKey", "tls: {certificate_file: c}", "tls needs certificate_file and key_file"},
                    TlsRefusal{"RequiredWithoutAuthority",
                               "tls: {certificate_file: c, key_file: k, require_client_certificate: true}",
                               "goes with tls.client_ca_file"},
                    TlsRefusal{"AnonymousOverTls",
                               "tls: {certificate_file: c, key_file: k}\naccess: {anonymous_role: viewer}",
                               "access.anonymous_role goes with plaintext"},
                    TlsRefusal{"UnknownRole",
                               "tls: {certificate_file: c, key_file: k, client_ca_file: a}\n"
                               "access: {certificates: [{subject: CN=a, role: root}]}",
                               "access.certificates.role must be viewer, operator or admin"},
                    TlsRefusal{"UnknownScope",
                               "tls: {certificate_file: c, key_file: k, client_ca_file: a}\n"
                               "access: {certificates: [{subject: CN=a, role: admin, scopes: [runs/r]}]}",
                               "access.certificates.scopes must look like connections/main"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ConfigTest, TlsListensAnywhereAndPlaintextOnASocket) {
  const auto everywhere = ParseConfig(std::string(kWithoutTransport) +
                                          "listen: 0.0.0.0:7350\n"
                                          "tls: {certificate_file: c, key_file: k, client_ca_file: a}\n"
                                          "access: {certificates: [{subject: \"CN=ci,O=Shop\", role: operator, scopes: "
                                          "[syncs/shop]}]}\n",
                                      "s");
  ASSERT_TRUE(everywhere.ok()) << everywhere.status();
  EXPECT_EQ(everywhere->access().certificates(0).subject(), "CN=ci,O=Shop");
  EXPECT_EQ(everywhere->access().certificates(0).scopes(0), "syncs/shop");
  const auto socket = ParseConfig(std::string(kMinimal) + "listen: \"unix:/run/cdi/cdi.sock\"", "s");
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_EQ(ParseListenAddress(socket->listen(), "listen")->socket_path, "/run/cdi/cdi.sock");
}

TEST(ConfigTest, PrintedItReadsAsItself) {
  const auto config = ParseConfig(std::string(kMinimal) + "runs_max: 3\n", "server.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  // JSON is a subset of YAML.
  const auto again = ParseConfig(
      R"({"state_dir": "/var/lib/cdi", "master_key": {"file": "k"}, "runs_max": 3, "plaintext": true})", "j");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->runs_max(), config->runs_max());
  EXPECT_THAT(PrintConfig(*config), HasSubstr("\"runs_max\": 3"));
}

config::v1::ServerConfig ConfigThatAllowsLoopback(bool allowed) {
  config::v1::ServerConfig config;
  config.set_allow_loopback_endpoints(allowed);
  config.add_driver_paths("/opt/drivers/allowed.so");
  return config;
}

v1::Connection SnowflakeAt(const std::string& host, bool plaintext) {
  v1::Connection connection;
  connection.mutable_snowflake()->set_account("MYORG-MYACCOUNT");
  connection.mutable_snowflake()->set_user("INGEST");
  connection.mutable_snowflake()->set_host(host);
  connection.mutable_snowflake()->set_plaintext(plaintext);
  return connection;
}

TEST(ConnectionRulesTest, PlainTextAndThisMachineNeedTheServersLeave) {
  EXPECT_TRUE(CheckConnection(SnowflakeAt("", false), ConfigThatAllowsLoopback(false)).ok());
  EXPECT_FALSE(CheckConnection(SnowflakeAt("127.0.0.1", true), ConfigThatAllowsLoopback(false)).ok());
  EXPECT_TRUE(CheckConnection(SnowflakeAt("127.0.0.1", true), ConfigThatAllowsLoopback(true)).ok());
  EXPECT_FALSE(CheckConnection(SnowflakeAt("127.example.com", true), ConfigThatAllowsLoopback(true)).ok());
  for (const char* host : {"LOCALHOST", "localhost.", "127.1", "2130706433", "0x7f000001", "0", "0.0.0.0",
                           "::", "[::ffff:127.0.0.1]", "ip6-localhost"}) {
    EXPECT_FALSE(CheckConnection(SnowflakeAt(host, false), ConfigThatAllowsLoopback(false)).ok()) << host;
  }
  EXPECT_FALSE(CheckConnection(SnowflakeAt("user@host", false), ConfigThatAllowsLoopback(true)).ok());
}

TEST(ConfigTest, ShortDrainsAreForStandInsOnly) {
  const auto config = ParseConfig(
      std::string(kMinimal) + "allow_loopback_endpoints: true\nkey_rotation: {drain_seconds: 2, poll_seconds: 1}\n",
      "s");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->key_rotation().drain_seconds(), 2);
}

TEST(ConnectionRulesTest, ARotationHasItsRangesAndAnotherConnectionAsRotator) {
  const auto config = ParseConfig(kMinimal, "s");
  v1::Connection connection;
  connection.set_name("connections/main");
  connection.mutable_snowflake()->set_account("myorg-acme");
  connection.mutable_snowflake()->set_user("U");
  v1::Connection::KeyRotation& rotation = *connection.mutable_rotation();
  rotation.set_every_days(365);
  rotation.set_window_start_hour(22);
  rotation.set_window_end_hour(4);
  rotation.set_drain_hours(168);
  rotation.set_rotator_connection("connections/rotator");
  EXPECT_TRUE(CheckConnection(connection, *config).ok());
  rotation.set_rotator_connection("connections/main");
  EXPECT_EQ(ErrorReason(CheckConnection(connection, *config)), "INVALID_FIELD");
  rotation.clear_rotator_connection();
  rotation.set_drain_hours(169);
  EXPECT_EQ(ErrorReason(CheckConnection(connection, *config)), "INVALID_FIELD");
  rotation.set_drain_hours(24);
  rotation.set_window_end_hour(24);
  EXPECT_EQ(ErrorReason(CheckConnection(connection, *config)), "INVALID_FIELD");
}

TEST(ConnectionRulesTest, AnAccountIsAnIdentifierAlone) {
  for (const std::string account : {"", "https://a", "a.snowflakecomputing.com", "a/b", "a b"}) {
    v1::Connection connection = SnowflakeAt("", false);
    connection.mutable_snowflake()->set_account(account);
    EXPECT_EQ(ErrorReason(CheckConnection(connection, ConfigThatAllowsLoopback(false))), "INVALID_FIELD") << account;
  }
}

TEST(ConnectionRulesTest, OneUserOfOneAccountIsOneConnection) {
  v1::Connection other = SnowflakeAt("", false);
  other.mutable_snowflake()->set_account("myorg-myaccount");
  other.mutable_snowflake()->set_user("ingest");
  EXPECT_EQ(UniqueKeyOf(SnowflakeAt("", false)), UniqueKeyOf(other));
}

TEST(ConnectionRulesTest, ADriverLibraryIsTakenByPathOnlyWhereTheConfigurationNamesIt) {
  v1::Connection connection = SnowflakeAt("", false);
  for (const auto& [driver, taken] : {std::pair{"Snowflake ODBC", true}, std::pair{"/opt/drivers/allowed.so", true},
                                      std::pair{"/tmp/mine.so", false}, std::pair{"../mine.so", false}}) {
    connection.mutable_snowflake()->set_driver(driver);
    EXPECT_EQ(CheckConnection(connection, ConfigThatAllowsLoopback(false)).ok(), taken) << driver;
  }
}

}  // namespace
}  // namespace cdi::server
