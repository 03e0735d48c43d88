#include "warehouse/wide_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace cdi::warehouse {
namespace {

std::string RoundTrip(std::string_view text) {
  WideText wide(text);
  return Utf8FromWide(wide.data(), wide.size());
}

TEST(WideTextTest, EveryPlaneComesBack) {
  for (const std::string_view text : {"", "plain", "ü€", "日本", "😀 and more", "\U0010ffff"}) {
    EXPECT_EQ(RoundTrip(text), text);
  }
  WideText emoji("😀");
  ASSERT_EQ(emoji.size(), 2U);
  EXPECT_EQ(emoji.data()[0], 0xd83d);
  EXPECT_EQ(emoji.data()[1], 0xde00);
  EXPECT_EQ(emoji.data()[2], 0);
}

TEST(WideTextTest, WhatIsNotTextBecomesAReplacement) {
  EXPECT_EQ(RoundTrip("a\xff"), "a\ufffd");
  EXPECT_EQ(RoundTrip("\xc0\xaf"), "\ufffd\ufffd");            // overlong
  EXPECT_EQ(RoundTrip("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // surrogate
  EXPECT_EQ(RoundTrip("\xe2\x82"), "\ufffd\ufffd");            // cut
  const SQLWCHAR lone[] = {0xd83d, 'x', 0xde00};
  EXPECT_EQ(Utf8FromWide(lone, 3), "\ufffdx\ufffd");
}

RC_GTEST_PROP(WideTextProperty, AnyBytesGiveValidText, (const std::string& bytes)) {
  const std::string back = RoundTrip(bytes);
  RC_ASSERT(IsValidUtf8(back));
  if (IsValidUtf8(bytes)) RC_ASSERT(back == bytes);
}

}  // namespace
}  // namespace cdi::warehouse
