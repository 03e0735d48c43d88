#include "base/timestamp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cdi {
namespace {

TEST(TimestampTest, PrintsNineDigitsAndZ) {
  EXPECT_EQ((Timestamp{0, 5}).ToString(), "1970-01-01T00:00:00.000000005Z");
  EXPECT_EQ((Timestamp{-1, 0}).ToString(), "1969-12-31T23:59:59.000000000Z");
}

struct ParseCase {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // empty: refused
};

class ParseTest : public testing::TestWithParam<ParseCase> {};
TEST_P(ParseTest, TakesRfc3339AndNothingElse) {
  const auto parsed = Timestamp::Parse(GetParam().text);
  ASSERT_EQ(parsed.has_value(), !GetParam().want.empty());
  if (parsed) {
    EXPECT_EQ(parsed->ToString(), GetParam().want);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table, ParseTest,
    testing::Values(ParseCase{"zulu", "2026-11-24T02:25:51Z", "2026-11-24T02:25:51.000000000Z"},
                    ParseCase{"blank_and_fraction", "2026-11-24 02:25:51.12", "2026-11-24T02:25:51.120000000Z"},
                    ParseCase{"offset", "2026-11-24T02:25:51+02:00", "2026-11-24T00:25:51.000000000Z"},
                    ParseCase{"short_offset", "2026-11-24T02:25:51+0200", "2026-11-24T00:25:51.000000000Z"},
                    ParseCase{"year_9999", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
                    ParseCase{"before_year_0", "0000-01-01T00:00:00+14:00", ""},
                    ParseCase{"after_year_9999", "9999-12-31T23:59:59-12:00", ""},
                    ParseCase{"no_such_day", "2026-02-30T00:00:00Z", ""},
                    ParseCase{"ten_digits", "2026-11-24T02:25:51.1234567890Z", ""},
                    ParseCase{"date_only", "2026-11-24", ""}, ParseCase{"trailing", "2026-11-24T02:25:51Zx", ""}),
    [](const auto& test) { return std::string(test.param.name); });

RC_GTEST_PROP(TimestampProperty, ParseUndoesPrint, ()) {
  const Timestamp time{*rc::gen::inRange<int64_t>(-62'135'596'800, 253'402'300'799),
                       *rc::gen::inRange<int32_t>(0, 1'000'000'000)};
  const auto parsed = Timestamp::Parse(time.ToString());
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == time);
}

RC_GTEST_PROP(TimestampProperty, PlusAndDistanceAgree, (int32_t seconds, int32_t amount)) {
  const Timestamp time{seconds, 999'999'999};
  const std::chrono::nanoseconds added{int64_t{amount} * 1'000'003};
  RC_ASSERT(Distance(time.Plus(added), time) == added);
}

}  // namespace
}  // namespace cdi
