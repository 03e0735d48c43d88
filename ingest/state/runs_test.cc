// What recovery finds: leases, watermarks, boundaries, rows ahead, batches in doubt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/state/store_fixture.h"

namespace cdi::state {
namespace {

using ingest::ParkedKind;
using ingest::RowVerdict;
using ingest::RunState;
using ingest::RunWrite;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RunsTest : public StoreTest {};

TEST_F(RunsTest, ANewRunStartsFromNothing) {
  const auto opened = Start("r1");
  EXPECT_EQ(opened.run.state, RunState::kRunning);
  EXPECT_EQ(opened.progress.watermark, std::nullopt);
  EXPECT_THAT(opened.progress.boundary, IsEmpty());
  EXPECT_THAT(opened.progress.in_doubt, IsEmpty());
  EXPECT_EQ(opened.progress.last_batch, 0u);
}

TEST_F(RunsTest, ASecondActiveRunIsRefusedNamingTheFirst) {
  Start("r1");
  const auto second = store_->CreateRun(NewRun("r2"), "", "tester");
  EXPECT_EQ(ErrorReason(second.status()), "RUN_ACTIVE");
  EXPECT_THAT(std::string(second.status().message()), testing::HasSubstr("syncs/s/runs/r1"));
}

TEST_F(RunsTest, TheSameRequestIdAnswersTheSameRun) {
  ASSERT_TRUE(store_->CreateRun(NewRun("r1"), "id-1", "tester").ok());
  const auto again = store_->CreateRun(NewRun("r2"), "id-1", "tester");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name.value(), "syncs/s/runs/r1");
  ingest::Run other = NewRun("r3");
  other.commit_lag_override = std::chrono::seconds(5);
  EXPECT_EQ(ErrorReason(store_->CreateRun(other, "id-1", "tester").status()), "REQUEST_ID_REUSED");
}

TEST_F(RunsTest, ARecoveredRunKnowsWindowSumsFinishedRowsAndDoubt) {
  const auto opened = Start("r1");
  RunWrite first;
  first.window = ingest::Window{std::nullopt, At(100), At(160), 7, At(200), 2};
  first.started = {Started(1, {Mark(1), Mark(2)}), Started(2, {Mark(3), Mark(4)}), Started(3, {Mark(5)})};
  first.sums.batches = 3;
  ASSERT_TRUE(Write(opened.lease, first).ok());
  RunWrite second;
  second.finished = {Finished(1, {RowVerdict::kAccepted, RowVerdict::kAccepted}), Finished(3, {RowVerdict::kAccepted})};
  second.watermark = Move(std::nullopt, At(2), {Mark(2)});
  second.sums.accepted = 3;
  second.sums.batches = 3;
  ASSERT_TRUE(Write(opened.lease, second).ok());

  Reopen();
  EXPECT_EQ(store_->ListOpenRuns()->size(), 1u);
  const auto again = Open("r1");
  EXPECT_EQ(again.run.recoveries, 1u);
  EXPECT_EQ(again.progress.watermark, At(2));
  EXPECT_THAT(again.progress.boundary, ElementsAre(std::make_pair(Mark(2).digest, 1u)));
  EXPECT_THAT(again.progress.own_finished, UnorderedElementsAre(Mark(2), Mark(5)));
  ASSERT_EQ(again.progress.in_doubt.size(), 1u);
  EXPECT_EQ(again.progress.in_doubt[0].batch.value(), 2u);
  EXPECT_THAT(again.progress.in_doubt[0].rows, ElementsAre(Mark(3), Mark(4)));
  EXPECT_EQ(again.progress.last_batch, 3u);
  EXPECT_EQ(again.progress.sums, second.sums);
  ASSERT_TRUE(again.progress.window.has_value());
  EXPECT_EQ(again.progress.window->upper, At(100));
  EXPECT_EQ(again.progress.window->rows_after_upper, 7u);
}

TEST_F(RunsTest, ADoubtEndsWithAnOutcomeAndNotWithAnEqualRow) {
  const auto opened = Start("r1");
  RunWrite write;
  write.started = {Started(1, {Mark(1), Mark(2)}), Started(2, {Mark(3)})};
  ASSERT_TRUE(Write(opened.lease, write).ok());
  Reopen();
  const auto second = Open("r1");
  RunWrite equal;
  equal.started = {Started(3, {Mark(1)})};
  ASSERT_TRUE(Write(second.lease, equal).ok());
  RunWrite settled;
  settled.finished = {Finished(3, {RowVerdict::kAccepted}),
                      Finished(2, {RowVerdict::kOpen}, ingest::SendOutcome::kAmbiguous)};
  ASSERT_TRUE(Write(second.lease, settled).ok());
  Reopen();
  const auto third = Open("r1");
  ASSERT_EQ(third.progress.in_doubt.size(), 1u);
  EXPECT_THAT(third.progress.in_doubt[0].rows, ElementsAre(Mark(1), Mark(2)));
}

TEST_F(RunsTest, AnOldLeaseIsRefusedAfterTheRunWasTaken) {
  const auto first = Start("r1");
  const auto second = Open("r1");
  EXPECT_GT(second.lease.epoch, first.lease.epoch);
  RunWrite write;
  write.sums.accepted = 1;
  EXPECT_EQ(ErrorReason(Write(first.lease, write)), "LEASE_LOST");
  EXPECT_TRUE(Write(second.lease, write).ok());
}

TEST_F(RunsTest, ALeaseEndsWithItsProcessAndWithItsRun) {
  const auto first = Start("r1");
  Reopen();
  EXPECT_EQ(ErrorReason(Write(first.lease, {})), "LEASE_LOST");
  const auto second = Open("r1");
  ASSERT_TRUE(Write(second.lease, End(RunState::kCancelled, {})).ok());
  EXPECT_EQ(ErrorReason(Write(second.lease, {})), "LEASE_LOST");
}

TEST_F(RunsTest, RowsAheadOfTheWatermarkAreKeptForTheNextRun) {
  const auto first = Start("r1");
  RunWrite write = End(RunState::kError, {}, {Mark(5), Mark(6), Mark(6), Mark(1)});
  write.watermark = Move(std::nullopt, At(2), {});
  ASSERT_TRUE(Write(first.lease, write).ok());
  const auto second = Start("r2");
  EXPECT_THAT(second.progress.ahead, UnorderedElementsAre(Mark(5), Mark(6), Mark(6)));
  // The machine names them again at its end, and may not: both come to the same.
  RunWrite again = End(RunState::kError, {}, {Mark(5), Mark(6), Mark(6), Mark(9)});
  again.watermark = Move(At(2), At(5), {Mark(5)});
  ASSERT_TRUE(Write(second.lease, again).ok());
  const auto third = Start("r3");
  EXPECT_THAT(third.progress.ahead, UnorderedElementsAre(Mark(6), Mark(6), Mark(9)));
  EXPECT_THAT(third.progress.boundary, ElementsAre(std::make_pair(Mark(5).digest, 1u)));
}

TEST_F(RunsTest, ARunEndedWithoutItsDriverLeavesDoubtAndFinishedRowsToTheNext) {
  const auto first = Start("r1");
  RunWrite write;
  write.started = {Started(1, {Mark(1)}), Started(2, {Mark(2)})};
  ASSERT_TRUE(Write(first.lease, write).ok());
  RunWrite settled;
  settled.finished = {Finished(2, {RowVerdict::kAccepted})};
  ASSERT_TRUE(Write(first.lease, settled).ok());
  ASSERT_TRUE(store_->EndRun(NewRun("r1").name, RunState::kCancelled, {"CANCELLED", "by hand"}).ok());
  EXPECT_EQ(ErrorReason(Write(first.lease, {})), "LEASE_LOST");
  ASSERT_TRUE(store_->WaitForSegments().ok());
  Reopen();
  const auto second = Start("r2");
  EXPECT_THAT(second.progress.ahead, ElementsAre(Mark(2)));
  ASSERT_EQ(second.progress.in_doubt.size(), 1u);
  EXPECT_THAT(second.progress.in_doubt[0].rows, ElementsAre(Mark(1)));
  EXPECT_EQ(second.progress.last_batch, 1u);
  RunWrite held;
  held.finished = {Finished(1, {RowVerdict::kHeld}, ingest::SendOutcome::kAmbiguous)};
  held.parked = {Parked(Mark(1), ParkedKind::kHeld, "CRASH_IN_FLIGHT")};
  held.sums.held = 1;
  ASSERT_TRUE(Write(second.lease, held).ok());
  ASSERT_TRUE(Write(second.lease, End(RunState::kPartial, held.sums)).ok());
  EXPECT_THAT(Start("r3").progress.in_doubt, IsEmpty());
}

TEST_F(RunsTest, TheBoundaryGrowsAtOneCursorAndIsReplacedAtTheNext) {
  const auto opened = Start("r1");
  std::optional<Timestamp> from;
  for (const int user : {1, 2, 1}) {
    RunWrite write;
    write.watermark = Move(from, At(1), {Mark(1, user)});
    ASSERT_TRUE(Write(opened.lease, write).ok());
    from = At(1);
  }
  EXPECT_EQ(store_->GetSyncStatus(kSync)->boundary_rows, 3u);
  EXPECT_THAT(Open("r1").progress.boundary,
              UnorderedElementsAre(std::make_pair(Mark(1, 1).digest, 2u), std::make_pair(Mark(1, 2).digest, 1u)));
  RunWrite write;
  write.watermark = Move(from, At(2), {Mark(2, 1)});
  ASSERT_TRUE(Write(Open("r1").lease, write).ok());
  EXPECT_THAT(Open("r1").progress.boundary, ElementsAre(std::make_pair(Mark(2, 1).digest, 1u)));
}

TEST_F(RunsTest, AWatermarkThatGoesBackStopsTheProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        const auto opened = Start("r1");
        RunWrite write;
        write.watermark = Move(std::nullopt, At(5), {});
        (void)Write(opened.lease, write);
        write.watermark = Move(At(5), At(4), {});
        (void)Write(opened.lease, write);
      },
      "never goes back");
}

TEST_F(RunsTest, RewindIsRefusedWhileARunIsActiveAndForgetsThePlace) {
  RunThrough("r1", {Mark(1), Mark(2)});
  const auto active = Start("r2");
  EXPECT_EQ(ErrorReason(store_->Rewind(kSync, At(1), "why", "op")), "RUN_ACTIVE");
  ASSERT_TRUE(Write(active.lease, End(RunState::kError, {}, {Mark(9)})).ok());
  ASSERT_TRUE(store_->Rewind(kSync, At(1), "backfill", "op").ok());
  const auto third = Start("r3");
  EXPECT_EQ(third.progress.watermark, At(1));
  EXPECT_THAT(third.progress.boundary, IsEmpty());
  EXPECT_THAT(third.progress.ahead, IsEmpty());
  const auto audit = store_->ListAudit({}, "", 2);
  ASSERT_EQ(audit->items.size(), 2u);
  EXPECT_EQ(audit->items[1].line.verb, "RewindSync");
  EXPECT_EQ(audit->items[1].line.caller, "op");
  EXPECT_THAT(audit->items[1].line.detail, testing::HasSubstr("backfill"));
}

TEST_F(RunsTest, CancelIsRememberedAndRefusedForAnEndedRun) {
  Start("r1");
  ASSERT_TRUE(store_->RequestCancel(NewRun("r1").name).ok());
  EXPECT_TRUE(store_->GetRun(NewRun("r1").name)->cancel_requested);
  ASSERT_TRUE(store_->EndRun(NewRun("r1").name, RunState::kCancelled, {}).ok());
  EXPECT_EQ(ErrorReason(store_->RequestCancel(NewRun("r1").name)), "RUN_ENDED");
  EXPECT_EQ(ErrorReason(store_->RequestCancel(ingest::RunName("syncs/s/runs/none"))), "RUN_NOT_FOUND");
}

TEST_F(RunsTest, RunsAreListedNewestFirstInPages) {
  for (const char* id : {"r1", "r2", "r3"}) RunThrough(id, {Mark(id[1] - '0')});
  const auto first = store_->ListRuns(kSync, "", 2);
  ASSERT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->items[0].name.value(), "syncs/s/runs/r3");
  const auto second = store_->ListRuns(kSync, first->next, 2);
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].name.value(), "syncs/s/runs/r1");
  EXPECT_EQ(second->next, "");
  EXPECT_EQ(ErrorReason(store_->ListRuns(kSync, "nonsense", 2).status()), "PAGE_TOKEN_INVALID");
}

TEST_F(RunsTest, CallbacksComeInTheOrderOfTheCalls) {
  const auto opened = Start("r1");
  std::vector<int> order;
  std::promise<void> last;
  constexpr int kWrites = 500;
  for (int i = 0; i < kWrites; ++i) {
    RunWrite write;
    write.sums.accepted = static_cast<uint64_t>(i);
    store_->Append(opened.lease, write, [&, i](const absl::Status& status) {
      EXPECT_TRUE(status.ok());
      order.push_back(i);
      if (i + 1 == kWrites) last.set_value();
    });
  }
  last.get_future().get();
  ASSERT_EQ(order.size(), static_cast<size_t>(kWrites));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_LT(store_->commit_stats().groups, static_cast<uint64_t>(kWrites) / 2) << "commits are shared";
}

}  // namespace
}  // namespace cdi::state
