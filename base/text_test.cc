#include "base/text.h"

#include <gtest/gtest.h>

namespace cdi {
namespace {

struct Utf8Case {
  std::string_view name;
  std::string_view text;
  bool valid;
};

class Utf8Test : public testing::TestWithParam<Utf8Case> {};
TEST_P(Utf8Test, IsRecognised) {
  EXPECT_EQ(IsValidUtf8(GetParam().text), GetParam().valid);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Utf8Test,
    testing::Values(Utf8Case{"empty", "", true}, Utf8Case{"ascii", "abc", true},
                    Utf8Case{"emoji", "\xF0\x9F\x98\x80", true}, Utf8Case{"lone_continuation", "\x80", false},
                    Utf8Case{"overlong", "\xC0\xAF", false}, Utf8Case{"surrogate", "\xED\xA0\x80", false},
                    Utf8Case{"beyond_unicode", "\xF4\x90\x80\x80", false}, Utf8Case{"cut", "\xE2\x82", false}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TextTest, CutsAtACharacterBoundary) {
  EXPECT_EQ(CutText("a€b", 2), "a…");
  EXPECT_EQ(CutText("a€b", 5), "a€b");
}

TEST(TextTest, QuotesLikeJson) {
  EXPECT_EQ(JsonQuote("a\"\\\n\x01"), R"("a\"\\\n\u0001")");
}

}  // namespace
}  // namespace cdi
