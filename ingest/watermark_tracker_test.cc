#include "ingest/watermark_tracker.h"

#include <gtest/gtest.h>

#include "ingest/testing_rows.h"

namespace cdi::ingest {
namespace {

using testing_rows::At;
using testing_rows::DigestOf;
using testing_rows::Mark;
using testing_rows::RowText;

class Tracked {
 public:
  explicit Tracked(const testing_rows::Known& known) {
    const Progress progress = testing_rows::ProgressOf(known);
    skip.Load(progress);
    tracker.Open(progress);
  }
  // Reads the rows; those known are skipped.
  void Read(const std::vector<RowText>& texts) {
    const uint32_t slot = table.AddPage(testing_rows::PageOfRows(texts));
    for (uint32_t i = 0; i < texts.size(); ++i) {
      const auto origin = skip.Take(Mark(texts[i]));
      const RowState state = !origin                                   ? RowState::kWaiting
                             : *origin == SkipSet::Origin::kEarlierRun ? RowState::kSkippedEarlier
                                                                       : RowState::kSkippedOwn;
      const RowSeq seq = table.AddRow(slot, i, state);
      if (origin) tracker.OnFinished(seq);
    }
  }
  void Finish(RowSeq seq) {
    table.Finish(seq, RowState::kFinished);
    tracker.OnFinished(seq);
  }

  RowTable table;
  SkipSet skip;
  WatermarkTracker tracker{table, skip};
};

using Counts = std::vector<std::pair<Digest128, uint32_t>>;

TEST(WatermarkTest, NeverPassesAnUnfinishedRow) {
  Tracked rows({});
  rows.Read({{.cursor = 1, .content = 1}, {.cursor = 2, .content = 2}, {.cursor = 3, .content = 3}});
  rows.Finish(2);
  EXPECT_FALSE(rows.tracker.TakeMove());
  EXPECT_EQ(rows.tracker.Ahead().size(), 1u);
  rows.Finish(0);
  const auto move = rows.tracker.TakeMove();
  ASSERT_TRUE(move);
  EXPECT_EQ(move->from, std::nullopt);
  EXPECT_EQ(move->to, At(1));
  EXPECT_TRUE(move->replace);
  rows.Finish(1);
  EXPECT_EQ(rows.tracker.TakeMove()->to, At(3));
  EXPECT_TRUE(rows.tracker.Ahead().empty());
}

TEST(WatermarkTest, BoundaryHasEveryRowFinishedAtItsValueAlsoBehindAGap) {
  Tracked rows({});
  rows.Read({{.cursor = 1, .content = 1}, {.cursor = 1, .content = 2}, {.cursor = 1, .content = 1}});
  rows.Finish(2);
  rows.Finish(0);
  const auto move = rows.tracker.TakeMove();
  ASSERT_TRUE(move);
  EXPECT_EQ(move->finished, (Counts{{DigestOf(1), 2}}));
  rows.Finish(1);
  const auto grown = rows.tracker.TakeMove();
  ASSERT_TRUE(grown);
  EXPECT_FALSE(grown->replace);
  EXPECT_EQ(grown->finished, (Counts{{DigestOf(2), 1}}));
  EXPECT_EQ(rows.tracker.boundary_rows(), 3u);
}

TEST(WatermarkTest, RowsThatEarlierRunsFinishedAheadJoinTheBoundary) {
  Tracked rows({.watermark = At(1), .boundary = {{DigestOf(9), 1}}, .ahead = {Mark({.cursor = 3, .content = 3})}});
  rows.Read({{.cursor = 1, .content = 9}, {.cursor = 2, .content = 2}, {.cursor = 3, .content = 3}});
  EXPECT_FALSE(rows.tracker.TakeMove()) << "nothing new below the unfinished row";
  EXPECT_EQ(rows.tracker.skipped(), 2u);
  EXPECT_EQ(rows.tracker.settled_skipped(), 0u) << "both would be read again";
  rows.Finish(1);
  const auto move = rows.tracker.TakeMove();
  ASSERT_TRUE(move);
  EXPECT_EQ(move->to, At(3));
  EXPECT_EQ(move->finished, (Counts{{DigestOf(3), 1}}));
  EXPECT_EQ(rows.tracker.settled_skipped(), 1u) << "the one at the new watermark would be read again";
}

TEST(WatermarkTest, AheadKeepsWhatThisRunHasNotReadAgain) {
  Tracked rows({.watermark = At(1), .ahead = {Mark({.cursor = 8, .content = 8})}});
  rows.Read({{.cursor = 2, .content = 2}, {.cursor = 3, .content = 3}});
  rows.Finish(1);
  const auto ahead = rows.tracker.Ahead();
  ASSERT_EQ(ahead.size(), 2u);
  EXPECT_EQ(ahead[0].cursor, At(8));
  EXPECT_EQ(ahead[1].cursor, At(3));
}

TEST(WatermarkTest, RowsFinishedUnreadCountAtTheirPlace) {
  Tracked rows({.watermark = At(1)});
  const std::vector<RowMark> gone = {Mark({.cursor = 1, .content = 4}), Mark({.cursor = 2, .content = 5})};
  rows.skip.AddOwn(gone);
  rows.tracker.OnFinishedUnread(gone);
  const auto move = rows.tracker.TakeMove();
  ASSERT_TRUE(move);
  EXPECT_EQ(move->finished, (Counts{{DigestOf(4), 1}}));
  EXPECT_EQ(rows.tracker.Ahead().size(), 1u);
}

}  // namespace
}  // namespace cdi::ingest
