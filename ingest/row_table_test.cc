#include "ingest/row_table.h"

#include <gtest/gtest.h>

#include "ingest/testing_rows.h"

namespace cdi::ingest {
namespace {

using testing_rows::PageOfRows;

TEST(RowTableTest, PageIsLetGoWithItsLastOpenRow) {
  RowTable rows;
  auto page = PageOfRows({{.cursor = 1}, {.cursor = 2}});
  const std::weak_ptr<const DecodedPage> watched = page;
  const uint32_t slot = rows.AddPage(std::move(page));
  const RowSeq first = rows.AddRow(slot, 0, RowState::kWaiting);
  const RowSeq second = rows.AddRow(slot, 1, RowState::kWaiting);
  rows.ClosePage(slot);
  rows.Finish(first, RowState::kFinished);
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(rows.Ref(second).row().cursor, testing_rows::At(2));
  rows.Finish(second, RowState::kFinished);
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(rows.finished_rows(), 2u);
}

TEST(RowTableTest, PageWithoutOpenRowsIsLetGoWhenItIsClosed) {
  RowTable rows;
  auto page = PageOfRows({{.cursor = 1}});
  const std::weak_ptr<const DecodedPage> watched = page;
  const uint32_t slot = rows.AddPage(std::move(page));
  rows.AddRow(slot, 0, RowState::kSkippedEarlier);
  EXPECT_FALSE(watched.expired());
  rows.ClosePage(slot);
  EXPECT_TRUE(watched.expired());
}

TEST(RowTableTest, RowsKeepTheirNumbersWhileTheRingGrowsAndMoves) {
  RowTable rows;
  int next = 0;
  for (int round = 0; round < 200; ++round) {
    const uint32_t slot = rows.AddPage(PageOfRows({{.cursor = next}, {.cursor = next + 1}, {.cursor = next + 2}}));
    for (uint32_t i = 0; i < 3; ++i) rows.AddRow(slot, i, RowState::kWaiting);
    rows.ClosePage(slot);
    next += 3;
    if (round % 3 == 0) {
      rows.Finish(rows.front(), RowState::kFinished);
      rows.PopFront();
    }
  }
  for (RowSeq seq = rows.front(); seq != rows.end(); ++seq) {
    ASSERT_EQ(rows.at(seq).mark.cursor, testing_rows::At(static_cast<int>(seq)));
  }
  EXPECT_EQ(rows.open_rows(), rows.end() - rows.front());
}

}  // namespace
}  // namespace cdi::ingest
