#include "warehouse/row_block.h"

#include <gtest/gtest.h>

namespace cdi::warehouse {
namespace {

const std::vector<ColumnRole> kRoles = {ColumnRole::kExternalId, ColumnRole::kPayload};

TEST(BlockPlanTest, WiderCellsMakeShorterBlocksWithinEightMebibytes) {
  BlockPlan plan(kRoles, 16 << 20);
  EXPECT_EQ(plan.rows(), 1000U);
  size_t rows = plan.rows();
  int widenings = 0;
  while (plan.Widen(1, 0)) {
    EXPECT_LE(plan.rows(), rows);
    rows = plan.rows();
    if (rows > 1) {
      EXPECT_LE(rows * (plan.width(0) + plan.width(1)), 8U << 20U);
    }
    ++widenings;
  }
  EXPECT_EQ(rows, 1U);
  EXPECT_LE(widenings, 9);
  EXPECT_GT(plan.width(1), 16U << 20U);
}

TEST(BlockPlanTest, AKnownSizeIsMadeRoomForAtOnce) {
  BlockPlan plan(kRoles, 1 << 20);
  ASSERT_TRUE(plan.Widen(1, 700'000));
  EXPECT_GT(plan.width(1), 700'000U);
  const size_t identifier = plan.width(0);
  EXPECT_EQ(plan.width(0), identifier);
}

TEST(BlockPlanTest, ASmallCapKeepsCellsSmall) {
  BlockPlan plan(kRoles, 16);
  EXPECT_LT(plan.width(1), 128U);
  EXPECT_FALSE(plan.Widen(1, 0));
}

TEST(TimestampFromOdbcTest, ImpossibleTimesAreRefused) {
  EXPECT_EQ(TimestampFromOdbc({2026, 11, 24, 2, 25, 51, 123'456'789}),
            Timestamp::FromCivil(2026, 11, 24, 2, 25, 51, 123'456'789));
  EXPECT_EQ(TimestampFromOdbc({9999, 12, 31, 23, 59, 59, 999'999'999}),
            Timestamp::FromCivil(9999, 12, 31, 23, 59, 59, 999'999'999));
  EXPECT_EQ(TimestampFromOdbc({0, 1, 1, 0, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(TimestampFromOdbc({-5, 1, 1, 0, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(TimestampFromOdbc({2026, 13, 1, 0, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(TimestampFromOdbc({2026, 2, 30, 0, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(TimestampFromOdbc({2026, 1, 1, 24, 0, 0, 0}), std::nullopt);
  EXPECT_EQ(TimestampFromOdbc({2026, 1, 1, 0, 0, 0, 1'000'000'000}), std::nullopt);
}

}  // namespace
}  // namespace cdi::warehouse
