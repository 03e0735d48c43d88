#include "ingest/skip_set.h"

#include <gtest/gtest.h>

#include "ingest/testing_rows.h"

namespace cdi::ingest {
namespace {

using testing_rows::At;
using testing_rows::DigestOf;
using testing_rows::Mark;
using testing_rows::ProgressOf;
using Origin = SkipSet::Origin;

TEST(SkipSetTest, SkipsAsManyEqualRowsAsWereFinished) {
  SkipSet skip;
  skip.Load(ProgressOf({.watermark = At(5), .boundary = {{DigestOf(1), 2}}}));
  const RowMark row = Mark({.cursor = 5, .content = 1});
  EXPECT_EQ(skip.Take(row), Origin::kEarlierRun);
  EXPECT_EQ(skip.Take(row), Origin::kEarlierRun);
  EXPECT_EQ(skip.Take(row), std::nullopt) << "the third equal row is a row of its own";
}

TEST(SkipSetTest, TheSameContentElsewhereIsNew) {
  SkipSet skip;
  skip.Load(
      ProgressOf({.watermark = At(5), .boundary = {{DigestOf(1), 1}}, .ahead = {Mark({.cursor = 7, .content = 2})}}));
  EXPECT_EQ(skip.Take(Mark({.cursor = 7, .content = 1})), std::nullopt);
  EXPECT_EQ(skip.Take(Mark({.cursor = 5, .content = 2})), std::nullopt);
  EXPECT_EQ(skip.Take(Mark({.cursor = 7, .content = 2})), Origin::kEarlierRun);
}

TEST(SkipSetTest, OwnRowsAtTheWatermarkAreNotCountedTwice) {
  SkipSet skip;
  skip.Load(ProgressOf({.watermark = At(5),
                        .boundary = {{DigestOf(1), 2}},
                        .own_finished = {Mark({.cursor = 5, .content = 1}), Mark({.cursor = 6, .content = 3})}}));
  EXPECT_EQ(skip.At(At(5)), (std::vector<std::pair<Digest128, uint32_t>>{{DigestOf(1), 2}}));
  EXPECT_EQ(skip.Take(Mark({.cursor = 5, .content = 1})), Origin::kThisRun);
  EXPECT_EQ(skip.Take(Mark({.cursor = 5, .content = 1})), Origin::kEarlierRun);
  EXPECT_EQ(skip.Take(Mark({.cursor = 6, .content = 3})), Origin::kThisRun);
}

TEST(SkipSetTest, UsedEntriesStillBelongToTheirPlace) {
  SkipSet skip;
  skip.Load(ProgressOf({.watermark = At(5), .ahead = {Mark({.cursor = 7, .content = 2})}}));
  skip.Take(Mark({.cursor = 7, .content = 2}));
  EXPECT_EQ(skip.At(At(7)).size(), 1u);
  EXPECT_EQ(skip.Above(At(5)).size(), 1u);
  EXPECT_TRUE(skip.Above(At(7)).empty());
}

TEST(SkipSetTest, ReplayedRowsAreToldApartByTheirIds) {
  SkipSet skip;
  skip.Load(ProgressOf({.own_finished = {Mark({.cursor = 5, .content = 1, .parked_id = 3})}}));
  EXPECT_EQ(skip.Take(Mark({.cursor = 5, .content = 1, .parked_id = 4})), std::nullopt);
  EXPECT_EQ(skip.Take(Mark({.cursor = 5, .content = 1, .parked_id = 3})), Origin::kThisRun);
}

}  // namespace
}  // namespace cdi::ingest
