#include "ingest/batch_book.h"

#include <gtest/gtest.h>

#include "ingest/testing_rows.h"

namespace cdi::ingest {
namespace {

TEST(BatchBookTest, PartsGoOneAfterTheOtherUnderNewIds) {
  BatchBook book;
  book.Open(10);
  Batch& batch = book.Add({0, 1, 2, 3}, {7});
  EXPECT_EQ(batch.id, BatchId{11});
  auto [first, second] = SplitByCount(batch.rows);
  batch.rows.clear();
  batch.rest = {second, first};
  ASSERT_TRUE(book.NextPart(batch));
  EXPECT_EQ(batch.id, BatchId{12});
  EXPECT_EQ(batch.rows, (std::vector<RowSeq>{0, 1}));
  EXPECT_EQ(book.Find(BatchId{11}), nullptr);
  EXPECT_EQ(book.TakeReady(SlotNeed::kFresh), &batch);
  EXPECT_EQ(book.TakeReady(SlotNeed::kFresh), nullptr) << "the second part waits for the first";
  batch.rows.clear();
  ASSERT_TRUE(book.NextPart(batch));
  EXPECT_EQ(book.TakeReady(SlotNeed::kFresh), &batch);
  batch.rows.clear();
  ASSERT_FALSE(book.NextPart(batch));
  EXPECT_EQ(book.Remove(batch), (std::vector<uint32_t>{7}));
  EXPECT_TRUE(book.empty());
}

TEST(BatchBookTest, BackOffsBecomeReadyWhenTheyAreOver) {
  BatchBook book;
  Batch& late = book.Add({0}, {});
  Batch& soon = book.Add({1}, {});
  book.BackOff(late, SlotNeed::kRetry, MonoTime{20});
  book.BackOff(soon, SlotNeed::kFresh, MonoTime{10});
  EXPECT_EQ(book.next_due(), MonoTime{10});
  book.WakeDue(MonoTime{15});
  EXPECT_EQ(book.ready(SlotNeed::kFresh), 1u);
  EXPECT_EQ(book.ready(SlotNeed::kRetry), 0u);
  book.WakeDue(MonoTime{20});
  EXPECT_EQ(book.TakeReady(SlotNeed::kRetry), &late);
  EXPECT_EQ(book.next_due(), std::nullopt);
}

TEST(SplitTest, HalvesByCountAndByBytesLoseNothing) {
  RowTable table;
  const uint32_t slot =
      table.AddPage(testing_rows::PageOfRows({{.bytes = 100}, {.bytes = 10}, {.bytes = 10}, {.bytes = 10}}));
  for (uint32_t i = 0; i < 4; ++i) table.AddRow(slot, i, RowState::kInBatch);
  using Halves = std::pair<std::vector<RowSeq>, std::vector<RowSeq>>;
  EXPECT_EQ(SplitByCount({0, 1, 2}), (Halves{{0, 1}, {2}}));
  EXPECT_EQ(SplitByBytes({0, 1, 2, 3}, table), (Halves{{0}, {1, 2, 3}}));
  EXPECT_EQ(SplitByBytes({1, 2, 3, 0}, table), (Halves{{1, 2, 3}, {0}}));
  EXPECT_EQ(SplitByBytes({1, 0}, table), (Halves{{1}, {0}}));
}

}  // namespace
}  // namespace cdi::ingest
