// How values are written: numbers, times, JSON, types.
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/account/jwt.h"
#include "tests/snowflake_mock/server/account/login.h"
#include "tests/snowflake_mock/server/engine/engine_values.h"
#include "tests/snowflake_mock/server/engine/gzip.h"
#include "tests/snowflake_mock/server/engine/result_set.h"
#include "tests/snowflake_mock/server/language/json_text.h"
#include "tests/snowflake_mock/server/language/time_format.h"

namespace cdi::snowflake_mock {
namespace {

TEST(DecimalTextTest, KeepsEveryDigitAndSign) {
  EXPECT_EQ(DecimalText(0, 2), "0.00");
  EXPECT_EQ(DecimalText(-5, 2), "-0.05");
  EXPECT_EQ(DecimalText(1250, 2), "12.50");
  Int128 nines = 1;
  for (int i = 0; i < 38; ++i) nines *= 10;
  EXPECT_EQ(DecimalText(nines - 1, 0), std::string(38, '9'));
  EXPECT_EQ(DecimalText(-(nines - 1), 38), "-0." + std::string(38, '9'));
}

TEST(DoubleTextTest, IsShortestAndNamesTheSpecials) {
  EXPECT_EQ(DoubleText(1.5), "1.5");
  EXPECT_EQ(DoubleText(0.1), "0.1");
  EXPECT_EQ(DoubleText(-0.0), "-0");
  EXPECT_EQ(DoubleText(1e300), "1e+300");
  EXPECT_EQ(DoubleText(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(DoubleText(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(DoubleText(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(MomentTest, NanosBeforeTheEpochStayPositive) {
  const Moment moment = MomentOfNanos(-1'500'000'000);
  EXPECT_EQ(moment.seconds, -2);
  EXPECT_EQ(moment.nanos, 500'000'000);
}

TEST(FormatTimeTest, FollowsTheElements) {
  const int64_t at = 1767225600 + 13 * 3600 + 5 * 60 + 9;  // 2026-01-01 13:05:09
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"YYYY-MM-DD\"T\"HH24:MI:SS.FF9", "2026-01-01T13:05:09.012345678"},
      {"YY MON DY HH12 AM", "26 Jan Thu 01 PM"},
      {"HH24:MI:SS.FF0", "13:05:09"},
      {"FF3 TZHTZM", "012 +0000"},
      {"\"open", "open"}};
  for (const auto& [format, want] : cases) EXPECT_EQ(FormatTime(format, at, 12345678, 0), want) << format;
  EXPECT_EQ(FormatTime("HH24:MI TZH:TZM", at, 0, -330), "07:35 -05:30");
  EXPECT_EQ(FormatTime("YYYY-MM-DD", -1, 0, 0), "1969-12-31");
}

TEST(NormalizeJsonTest, SortsKeysKeepsFractionsAndRefusesRubbish) {
  EXPECT_EQ(NormalizeJson(R"({"b":1.50,"a":[ 1 , {} ]})", JsonLayout::kCompact), R"({"a":[1,{}],"b":1.50})");
  EXPECT_EQ(NormalizeJson("[]", JsonLayout::kPretty), "[]");
  EXPECT_EQ(NormalizeJson(R"({"a":[1]})", JsonLayout::kPretty), "{\n  \"a\": [\n    1\n  ]\n}");
  EXPECT_EQ(NormalizeJson("{", JsonLayout::kCompact), std::nullopt);
  EXPECT_EQ(NormalizeJson("1 2", JsonLayout::kCompact), std::nullopt);
  EXPECT_EQ(NormalizeJson(std::string(5000, '['), JsonLayout::kCompact), std::nullopt);
}

TEST(ResultWriterTest, ChunksHoldEveryRowOnce) {
  for (const int64_t rows : {0, 1, 999, 1000, 1001, 3000, 3001, 20000}) {
    ResultWriter writer;
    writer.SetColumns({{"N", SqlType::Number(38, 0), false}});
    for (int64_t i = 0; i < rows; ++i) writer.AddRow({std::to_string(i)});
    const ResultSet result = writer.Finish();
    const auto all = result.AllRows();
    ASSERT_EQ(result.row_count, rows);
    ASSERT_EQ(static_cast<int64_t>(all.size()), rows);
    for (int64_t i = 0; i < rows; ++i) ASSERT_EQ(all[static_cast<size_t>(i)][0], std::to_string(i));
  }
}

TEST(GunzipTest, RefusesCutStreams) {
  const std::string body = Gzip(std::string(100000, 'x') + "end");
  EXPECT_EQ(Gunzip(body)->size(), 100003U);
  EXPECT_EQ(Gunzip(body.substr(0, body.size() / 2)), std::nullopt);
  EXPECT_EQ(Gunzip("no gzip"), std::nullopt);
}

TEST(SqlTypeTest, NamesAreSnowflakes) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"int", "NUMBER(38,0)"},
                                                                  {"decimal(10,2)", "NUMBER(10,2)"},
                                                                  {"string", "VARCHAR(16777216)"},
                                                                  {"char", "VARCHAR(1)"},
                                                                  {"char varying", "VARCHAR(16777216)"},
                                                                  {"double precision", "FLOAT"},
                                                                  {"timestamp", "TIMESTAMP_NTZ(9)"},
                                                                  {"timestamp_ltz(3)", "TIMESTAMP_LTZ(3)"},
                                                                  {"time", "TIME(9)"},
                                                                  {"binary(5)", "BINARY(5)"},
                                                                  {"variant", "VARIANT"},
                                                                  {"number(39)", "001003"},
                                                                  {"number(3,4)", "001003"},
                                                                  {"timestamp(10)", "001003"},
                                                                  {"vector(float, 3)", "000002"},
                                                                  {"blob", "002040"}};
  for (const auto& [text, want] : cases) {
    const auto tokens = Tokenize(text);
    ASSERT_TRUE(tokens.ok());
    TokenReader reader(*tokens);
    const auto type = ParseType(reader);
    EXPECT_EQ(type.ok() ? type->SnowflakeName() : SqlErrorCode(type.status()), want) << text;
  }
}

TEST(AddressMatchesTest, KnowsBlocks) {
  EXPECT_TRUE(AddressMatches("127.0.0.1", "127.0.0.0/8"));
  EXPECT_TRUE(AddressMatches("127.0.0.1", "127.0.0.1"));
  EXPECT_TRUE(AddressMatches("1.2.3.4", "0.0.0.0/0"));
  EXPECT_FALSE(AddressMatches("127.0.0.1", "10.0.0.0/8"));
  EXPECT_FALSE(AddressMatches("127.0.0.1", "127.0.0.0/99"));
  EXPECT_FALSE(AddressMatches("127.0.0.1", "rubbish"));
}

TEST(JwtTest, TimesFollowTheSixtySecondRule) {
  const auto check = [](int64_t issued, int64_t expires) {
    JwtClaims claims;
    claims.issued_seconds = 1000 + issued;
    claims.expires_seconds = 1000 + expires;
    claims.has_times = true;
    return CheckJwtTimes(claims, 1000, 60);
  };
  EXPECT_EQ(check(0, 60), "");
  EXPECT_EQ(check(-60, 60), "");
  EXPECT_EQ(check(-61, 60), "JWT_TOKEN_INVALID_ISSUE_TIME");
  EXPECT_EQ(check(61, 120), "JWT_TOKEN_INVALID_ISSUE_TIME");
  EXPECT_EQ(check(-10, 0), "JWT_TOKEN_INVALID_EXPIRATION_TIME");
  EXPECT_EQ(CheckJwtTimes({}, 0, 60), "JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME");
}

TEST(JwtTest, MalformedTokensAreRefused) {
  for (const char* token : {"", ".", "..", "a.b", "a.b.c", "e30.e30.x", "e30.e30.e30.e30"})
    EXPECT_FALSE(ParseJwt(token).ok()) << token;
  EXPECT_FALSE(ReadPublicKey("").ok());
  EXPECT_FALSE(ReadPublicKey("AAAA").ok());
}

}  // namespace
}  // namespace cdi::snowflake_mock
