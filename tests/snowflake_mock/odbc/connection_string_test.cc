#include "tests/snowflake_mock/odbc/connection_string.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/snowflake_mock/odbc/settings.h"

namespace cdi::sfodbc {
namespace {

struct ParseCase {
  std::string_view name;
  std::string_view text;
  std::map<std::string, std::string> want;
};

class ParsesTest : public testing::TestWithParam<ParseCase> {};

TEST_P(ParsesTest, IntoKeywords) {
  const auto keywords = ParseConnectionString(GetParam().text);
  ASSERT_TRUE(keywords.ok()) << keywords.status();
  EXPECT_EQ(keywords->all(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParsesTest,
    testing::Values(ParseCase{"Empty", "", {}}, ParseCase{"Semicolons", " ;; ", {}},
                    ParseCase{"AnyLetterCase", "Server=h;uId=u", {{"SERVER", "h"}, {"UID", "u"}}},
                    ParseCase{"BlanksAround", " SERVER = h ; UID= u ;", {{"SERVER", "h"}, {"UID", "u"}}},
                    ParseCase{"EmptyValue", "ROLE=;UID=u", {{"ROLE", ""}, {"UID", "u"}}},
                    ParseCase{"EqualsInValue", "PRIV_KEY_BASE64=abc==", {{"PRIV_KEY_BASE64", "abc=="}}},
                    ParseCase{"Braces", "DRIVER={/a b;c};UID=u", {{"DRIVER", "/a b;c"}, {"UID", "u"}}},
                    ParseCase{"DoubledBrace", "PWD={a}}b};UID=u", {{"PWD", "a}b"}, {"UID", "u"}}},
                    ParseCase{"BlanksKeptInBraces", "ROLE={ r }", {{"ROLE", " r "}}},
                    ParseCase{"BraceInsideAValue", "ROLE=a{b", {{"ROLE", "a{b"}}},
                    ParseCase{"TrailingZero", std::string_view("UID=u;\0", 7), {{"UID", "u"}}}),
    [](const auto& test) { return std::string(test.param.name); });

struct RefuseCase {
  std::string_view name;
  std::string_view text;
};

class RefusesTest : public testing::TestWithParam<RefuseCase> {};

TEST_P(RefusesTest, WithoutRepeatingAValue) {
  const auto keywords = ParseConnectionString(GetParam().text);
  ASSERT_FALSE(keywords.ok());
  EXPECT_EQ(keywords.status().message().find("topsecret"), absl::string_view::npos);
}

INSTANTIATE_TEST_SUITE_P(Table, RefusesTest,
                         testing::Values(RefuseCase{"Duplicate", "PWD=topsecret;pwd=topsecret"},
                                         RefuseCase{"OpenBrace", "PWD={topsecret"},
                                         RefuseCase{"OnlyDoubledBraces", "PWD={topsecret}}"},
                                         RefuseCase{"TextBehindBrace", "PWD={a}topsecret;UID=u"},
                                         RefuseCase{"NoValue", "topsecret"}, RefuseCase{"NoKeyword", "=topsecret"}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(QuoteConnectionValueTest, RoundTripsThroughTheParser) {
  for (const char* value : {"plain", "a b", "a;b", "}{", "a}", "ends ", "with=equals"}) {
    const auto keywords = ParseConnectionString("X=" + QuoteConnectionValue(value));
    ASSERT_TRUE(keywords.ok()) << value;
    EXPECT_EQ(keywords->Get("X"), value);
  }
}

absl::StatusOr<SettingsResult> Read(std::string_view text) {
  const auto keywords = ParseConnectionString(text);
  return ReadSettings(*keywords, {});
}

constexpr std::string_view kLogin = "UID=u;AUTHENTICATOR=snowflake_jwt;PRIV_KEY_FILE=/k.pem;";

struct SettingsFault {
  std::string_view name;
  std::string_view text;
  std::string_view word;  // the message names it
};

class SettingsFaultTest : public testing::TestWithParam<SettingsFault> {};

TEST_P(SettingsFaultTest, IsNamed) {
  const auto read = Read(GetParam().text);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(std::string(read.status().message()).find(GetParam().word), std::string::npos) << read.status();
}

INSTANTIATE_TEST_SUITE_P(Table, SettingsFaultTest,
                         testing::Values(SettingsFault{"NoServer", "UID=u", "SERVER"},
                                         SettingsFault{"UrlAsServer", "SERVER=https://h/;UID=u", "SERVER"},
                                         SettingsFault{"IpWithoutAccount", "SERVER=127.0.0.1;UID=u", "ACCOUNT"},
                                         SettingsFault{"NoUser", "SERVER=h.x;AUTHENTICATOR=SNOWFLAKE_JWT", "UID"},
                                         SettingsFault{"Password", "SERVER=h.x;UID=u;PWD=p", "AUTHENTICATOR"},
                                         SettingsFault{"NoKey", "SERVER=h.x;UID=u;AUTHENTICATOR=SNOWFLAKE_JWT",
                                                       "PRIV_KEY_CONTENT"},
                                         SettingsFault{"Port", "SERVER=h.x;PORT=99999", "PORT"},
                                         SettingsFault{"Ssl", "SERVER=h.x;SSL=maybe", "SSL"},
                                         SettingsFault{"Timeout", "SERVER=h.x;LOGIN_TIMEOUT=-1", "LOGIN_TIMEOUT"}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(SettingsTest, DefaultsAreTheOfficialDrivers) {
  const auto read = Read(std::string(kLogin) + "SERVER=xy12345.us-east-1.snowflakecomputing.com");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->settings.BaseUrl(), "https://xy12345.us-east-1.snowflakecomputing.com:443");
  EXPECT_EQ(read->settings.AccountName(), "xy12345");
  EXPECT_EQ(read->settings.jwt_lifetime.count(), 30);
  EXPECT_EQ(read->settings.login_timeout.count(), 300);
  EXPECT_TRUE(read->unknown_keywords.empty());
}

TEST(SettingsTest, PlainHttpIsAskedForByEitherKeyword) {
  EXPECT_EQ(Read(std::string(kLogin) + "SERVER=h;SSL=off;PORT=81")->settings.BaseUrl(), "http://h:81");
  EXPECT_EQ(Read(std::string(kLogin) + "SERVER=h;PROTOCOL=http")->settings.BaseUrl(), "http://h:80");
}

TEST(SettingsTest, AnAccountAloneGivesTheHost) {
  EXPECT_EQ(Read(std::string(kLogin) + "ACCOUNT=ORG-Acct")->settings.host, "org-acct.snowflakecomputing.com");
}

TEST(SettingsTest, UnknownKeywordsAreListedAndTracingIsNot) {
  EXPECT_EQ(Read(std::string(kLogin) + "SERVER=h;TRACING=6;FOO=1")->unknown_keywords, std::vector<std::string>{"FOO"});
}

TEST(SettingsTest, TheCompletedStringHoldsNoSecret) {
  const auto keywords = ParseConnectionString(
      "SERVER=h;PWD=topsecret;PRIV_KEY_BASE64=topsecret;PRIV_KEY_PWD=topsecret;PRIV_KEY_FILE_PWD=topsecret");
  EXPECT_EQ(CompletedConnectionString(*keywords), "SERVER=h;");
}

}  // namespace
}  // namespace cdi::sfodbc
