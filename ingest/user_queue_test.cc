#include "ingest/user_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "ingest/testing_rows.h"

namespace cdi::ingest {
namespace {

using testing_rows::RowText;

class Queue {
 public:
  explicit Queue(const std::vector<RowText>& rows) {
    const uint32_t slot = table.AddPage(testing_rows::PageOfRows(rows));
    for (uint32_t i = 0; i < rows.size(); ++i) queue.Push(table.AddRow(slot, i, RowState::kWaiting));
    table.ClosePage(slot);
  }
  // The rows of the next batch; its users are kept in `users`.
  std::vector<RowSeq> Fill(uint32_t objects_max, uint64_t bytes_max = 1'000'000) {
    std::vector<RowSeq> rows;
    users.clear();
    queue.Fill({.objects_max = objects_max, .body_bytes_max = bytes_max, .overhead_bytes = 5}, rows, users);
    return rows;
  }

  RowTable table;
  UserQueue queue{table};
  std::vector<uint32_t> users;
};

using Rows = std::vector<RowSeq>;

TEST(UserQueueTest, FillsInFetchOrderAndLetsOneUserShareABatch) {
  Queue queue({{.user = 1}, {.user = 2}, {.user = 1}, {.user = 3}});
  EXPECT_EQ(queue.Fill(3), (Rows{0, 1, 2}));
  EXPECT_EQ(queue.users.size(), 2u);
  EXPECT_EQ(queue.Fill(3), (Rows{3}));
}

TEST(UserQueueTest, RowsOfATakenUserWaitUntilHeIsReleased) {
  Queue queue({{.user = 1}, {.user = 1}, {.user = 2}, {.user = 1}});
  EXPECT_EQ(queue.Fill(1), (Rows{0}));
  const std::vector<uint32_t> first = queue.users;
  EXPECT_EQ(queue.queue.free_rows(), 1u);
  EXPECT_EQ(queue.Fill(3), (Rows{2}));
  EXPECT_EQ(queue.Fill(3), (Rows{}));
  EXPECT_EQ(queue.queue.waiting_rows(), 2u);
  queue.queue.Release(first[0]);
  EXPECT_EQ(queue.Fill(3), (Rows{1, 3}));
}

TEST(UserQueueTest, RowsThatComeWhileTheirUserIsTakenQueueBehind) {
  Queue queue(std::vector<RowText>{{.user = 1}});
  EXPECT_EQ(queue.Fill(1), (Rows{0}));
  const uint32_t slot = queue.table.AddPage(testing_rows::PageOfRows({{.user = 1}}));
  queue.queue.Push(queue.table.AddRow(slot, 0, RowState::kWaiting));
  EXPECT_EQ(queue.queue.free_rows(), 0u);
  EXPECT_EQ(queue.queue.OldestFree(), kNoRow);
  queue.queue.Release(queue.users[0]);
  EXPECT_EQ(queue.queue.OldestFree(), 1u);
}

TEST(UserQueueTest, CountsBytesWithOverheadAndSeparators) {
  // 5 + 10 + 1 + 10 = 26 bytes hold two rows, 25 do not.
  Queue fits({{.user = 1}, {.user = 2}, {.user = 3}});
  EXPECT_EQ(fits.Fill(75, 26), (Rows{0, 1}));
  Queue tight({{.user = 1}, {.user = 2}, {.user = 3}});
  EXPECT_EQ(tight.Fill(75, 25), (Rows{0}));
}

// Whatever is filled and released: nothing is lost or doubled, no user is in two batches, his rows keep their order.
RC_GTEST_PROP(UserQueueProperty, KeepsEveryRowAndEveryUsersOrder, ()) {
  const auto user_of = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6)));
  std::vector<RowText> rows;
  for (const int user : user_of) rows.push_back({.user = user});
  Queue queue(rows);
  std::vector<std::vector<uint32_t>> open;
  std::map<Digest128, RowSeq> last;
  size_t seen = 0;
  while (seen < rows.size() || !open.empty()) {
    const Rows batch = queue.Fill(*rc::gen::inRange<uint32_t>(1, 5));
    std::map<Digest128, bool> users;
    for (const RowSeq seq : batch) {
      const Digest128 user = queue.table.at(seq).mark.user;
      RC_ASSERT(!last.contains(user) || last[user] < seq);
      last[user] = seq;
      users[user] = true;
    }
    RC_ASSERT(users.size() == queue.users.size());
    seen += batch.size();
    if (!batch.empty()) open.push_back(queue.users);
    if (open.empty()) continue;
    if (batch.empty() || *rc::gen::inRange(0, 2) == 0) {
      const auto victim = open.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(open));
      for (const uint32_t user : *victim) queue.queue.Release(user);
      open.erase(victim);
    }
  }
  RC_ASSERT(seen == rows.size());
  RC_ASSERT(queue.queue.waiting_rows() == 0u);
  RC_ASSERT(queue.queue.free_bytes() == 0u);
}

}  // namespace
}  // namespace cdi::ingest
