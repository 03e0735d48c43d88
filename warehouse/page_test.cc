#include "warehouse/page.h"

#include <gtest/gtest.h>

namespace cdi::warehouse {
namespace {

constexpr Timestamp kCursor{1000, 5};

TEST(PageTest, EqualRowsHaveEqualDigestsAndNullDiffersFromEmpty) {
  PageBuilder builder;
  const auto add = [&](std::optional<std::string_view> email, std::string_view payload) {
    builder.StartRow(kCursor);
    if (email) builder.SetCell(ColumnRole::kEmail, *email);
    builder.SetCell(ColumnRole::kPayload, payload);
    builder.FinishRow();
  };
  add("a", "{}");
  add("a", "{}");
  add("", "{}");
  add(std::nullopt, "{}");
  add("a{", "}");
  const auto page = builder.Build();
  ASSERT_EQ(page->size(), 5U);
  EXPECT_EQ(page->digest(0), page->digest(1));
  for (size_t i = 1; i < 5; ++i) {
    for (size_t j = i + 1; j < 5; ++j) EXPECT_NE(page->digest(i), page->digest(j)) << i << " " << j;
  }
}

TEST(PageTest, ADroppedRowLeavesNothingBehind) {
  PageBuilder builder;
  builder.StartRow(kCursor);
  builder.SetCell(ColumnRole::kPayload, "kept");
  builder.FinishRow();
  const Digest128 kept = builder.last_digest();
  const size_t bytes = builder.bytes();
  builder.StartRow(kCursor);
  builder.SetCell(ColumnRole::kEmail, "gone");
  builder.SetOversize(ColumnRole::kPayload, 5000, "5000:hash");
  builder.FinishRow();
  EXPECT_NE(builder.last_digest(), kept);
  builder.DropRow();
  EXPECT_EQ(builder.size(), 1U);
  EXPECT_EQ(builder.bytes(), bytes);
  builder.StartRow(kCursor);
  builder.SetCell(ColumnRole::kPayload, "next");
  builder.FinishRow();
  const auto page = builder.Build();
  EXPECT_EQ(page->cell(0, ColumnRole::kPayload), "kept");
  EXPECT_EQ(page->cell(1, ColumnRole::kPayload), "next");
  EXPECT_EQ(page->oversize_bytes(1), 0U);
}

TEST(PageTest, OversizeCellsCountByTheirContent) {
  PageBuilder builder;
  for (const std::string_view hash : {"1", "2", "1"}) {
    builder.StartRow(kCursor);
    builder.SetOversize(ColumnRole::kPayload, 5000, hash);
    builder.FinishRow();
  }
  const auto page = builder.Build();
  EXPECT_EQ(page->digest(0), page->digest(2));
  EXPECT_NE(page->digest(0), page->digest(1));
  EXPECT_EQ(page->oversize_bytes(0), 5000U);
  EXPECT_EQ(page->cell(0, ColumnRole::kPayload), std::nullopt);
}

}  // namespace
}  // namespace cdi::warehouse
