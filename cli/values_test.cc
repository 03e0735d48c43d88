#include "cli/values.h"

#include <gtest/gtest.h>

namespace cdi::cli {
namespace {

using namespace std::chrono_literals;

TEST(ValuesTest, ReadsDurationsAsPeopleWriteThem) {
  struct Case {
    const char* text;
    std::chrono::nanoseconds want;
  };
  for (const Case& c : {Case{"0", 0s}, Case{"0s", 0s}, Case{"30s", 30s}, Case{"5m", 5min}, Case{"1h", 1h},
                        Case{"1h30m", 90min}, Case{"500ms", 500ms}, Case{"1.5s", 1500ms}, Case{"2d", 48h}}) {
    const auto got = ParseDuration(c.text);
    ASSERT_TRUE(got.ok()) << c.text;
    EXPECT_EQ(*got, c.want) << c.text;
  }
}

TEST(ValuesTest, RefusesDurationsThatCouldBeMisread) {
  for (const char* text : {"", "30", "-5s", "5 m", "m", "1x", "1..5s", "999999999h", "1e3s", "nan"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ValuesTest, PrintsDurationsThatReadBack) {
  struct Case {
    std::chrono::nanoseconds duration;
    const char* want;
  };
  for (const Case& c :
       {Case{0s, "0s"}, Case{60s, "60s"}, Case{90s, "90s"}, Case{5min, "5m"}, Case{90min, "1h30m"},
        Case{250ms, "250ms"}, Case{1500ms, "1.5s"}, Case{1h, "1h"}, Case{125s, "2m5s"}, Case{3661s, "1h1m1s"}}) {
    EXPECT_EQ(FormatDuration(c.duration), c.want);
    EXPECT_EQ(ParseDuration(c.want).value(), c.duration) << c.want;
  }
}

TEST(ValuesTest, TimesNeedTheirZone) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:10Z").value(), (Timestamp{10, 0}));
  EXPECT_EQ(ParseTime("1970-01-01T02:00:10.5+02:00").value(), (Timestamp{10, 500'000'000}));
  for (const char* text : {"", "1970-01-01", "1970-01-01T00:00:10", "yesterday", "2026-02-30T00:00:00Z"}) {
    EXPECT_FALSE(ParseTime(text).ok()) << text;
  }
}

TEST(ValuesTest, PrintsTimesWithoutEmptyFractions) {
  EXPECT_EQ(FormatTime({10, 0}), "1970-01-01T00:00:10Z");
  EXPECT_EQ(FormatTime({10, 120'000'000}), "1970-01-01T00:00:10.12Z");
}

TEST(ValuesTest, LeavesOutTheDateOnlyOnTheSameDay) {
  EXPECT_EQ(FormatClock({43510, 0}, {10, 0}), "12:05:10 UTC");
  EXPECT_EQ(FormatClock({86400, 0}, {10, 0}), "1970-01-02T00:00:00Z");
}

TEST(ValuesTest, PrintsElapsedTime) {
  EXPECT_EQ(FormatElapsed(7s), "0:07");
  EXPECT_EQ(FormatElapsed(725s), "12:05");
  EXPECT_EQ(FormatElapsed(3723s), "1:02:03");
  EXPECT_EQ(FormatElapsed(-3s), "0:00");
}

TEST(ValuesTest, GroupsDigits) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCount(-123456), "-123,456");
  EXPECT_EQ(CountOf(1, "row", "rows"), "1 row");
  EXPECT_EQ(CountOf(1000, "row", "rows"), "1,000 rows");
}

TEST(ValuesTest, ProtoValuesKeepTheirNanoseconds) {
  EXPECT_EQ(FromProto(ToProto(Timestamp{-5, 7})), (Timestamp{-5, 7}));
  EXPECT_EQ(FromProto(ToProto(1500ms)), 1500ms);
}

}  // namespace
}  // namespace cdi::cli
