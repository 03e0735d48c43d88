#include "ingest/doubt_book.h"

#include <gtest/gtest.h>

#include "ingest/testing_rows.h"

namespace cdi::ingest {
namespace {

using testing_rows::At;
using testing_rows::Mark;

Progress::InDoubt Sent(uint64_t batch, std::vector<RowMark> rows) {
  return {.batch = BatchId{batch}, .attempt = 1, .rows = std::move(rows)};
}

TEST(DoubtBookTest, BatchIsCompleteWhenEveryRowWasReadAgain) {
  DoubtBook doubts;
  doubts.Load({Sent(4, {Mark({.cursor = 1, .content = 1}), Mark({.cursor = 2, .content = 2})})});
  const auto first = doubts.Match(Mark({.cursor = 1, .content = 1}));
  ASSERT_TRUE(first);
  doubts.SetRead(*first, 17);
  EXPECT_TRUE(doubts.TakeComplete(At(2)).empty()) << "the second row may still come at the same place";
  const auto second = doubts.Match(Mark({.cursor = 2, .content = 2}));
  ASSERT_TRUE(second);
  doubts.SetRead(*second, 18);
  const auto complete = doubts.TakeComplete(At(2));
  ASSERT_EQ(complete.size(), 1u);
  EXPECT_EQ(complete[0].rows[0].seq, 17u);
  EXPECT_EQ(complete[0].rows[1].seq, 18u);
  EXPECT_TRUE(doubts.empty());
}

TEST(DoubtBookTest, RowsThatCannotComeAnyMoreEndTheWait) {
  DoubtBook doubts;
  doubts.Load({Sent(4, {Mark({.cursor = 1, .content = 1})})});
  EXPECT_TRUE(doubts.TakeComplete(At(1)).empty());
  const auto complete = doubts.TakeComplete(At(2));
  ASSERT_EQ(complete.size(), 1u);
  EXPECT_EQ(complete[0].rows[0].seq, kNoRow);
}

TEST(DoubtBookTest, MatchesAsManyEqualRowsAsWereSent) {
  DoubtBook doubts;
  const RowMark row = Mark({.cursor = 1, .content = 1});
  doubts.Load({Sent(4, {row, row})});
  EXPECT_TRUE(doubts.Match(row));
  EXPECT_TRUE(doubts.Match(row));
  EXPECT_FALSE(doubts.Match(row));
}

}  // namespace
}  // namespace cdi::ingest
