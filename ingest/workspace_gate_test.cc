#include "ingest/workspace_gate.h"

#include <gtest/gtest.h>

namespace cdi::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr RatePolicy kPolicy{.requests = 10, .per = seconds{1}, .burst = 3};

SendReport Report(SendOutcome outcome) {
  SendReport report;
  report.outcome = outcome;
  return report;
}

int TakeAll(WorkspaceGate& gate, SlotKind kind, MonoTime now) {
  int taken = 0;
  while (taken < 1'000 && gate.TryTake(kind, now)) ++taken;
  return taken;
}

TEST(WorkspaceGateTest, AfterAPauseABurstLeavesThenTheRateHolds) {
  WorkspaceGate gate(kPolicy, 1, MonoTime{0});
  EXPECT_EQ(TakeAll(gate, SlotKind::kFresh, MonoTime{0}), 3);
  const MonoTime next = gate.NextTry(SlotKind::kFresh, MonoTime{0});
  EXPECT_GT(next, milliseconds{99});
  EXPECT_LT(next, milliseconds{101});
  EXPECT_TRUE(gate.TryTake(SlotKind::kFresh, next));
  EXPECT_FALSE(gate.TryTake(SlotKind::kFresh, next));
  EXPECT_EQ(TakeAll(gate, SlotKind::kFresh, next + seconds{60}), 3);
}

TEST(WorkspaceGateTest, ReturnedSlotCanBeTakenAgain) {
  WorkspaceGate gate(kPolicy, 1, MonoTime{0});
  EXPECT_EQ(TakeAll(gate, SlotKind::kFresh, MonoTime{0}), 3);
  gate.GiveBack(SlotKind::kFresh);
  EXPECT_EQ(TakeAll(gate, SlotKind::kFresh, MonoTime{0}), 1);
}

TEST(WorkspaceGateTest, Shut429HoldsForEverybodyUntilItsReset) {
  WorkspaceGate gate(kPolicy, 1, MonoTime{0});
  SendReport report = Report(SendOutcome::kThrottled);
  report.retry_after = seconds{7};
  gate.OnReport(report, MonoTime{0});
  EXPECT_EQ(gate.state(seconds{6}), WorkspaceGate::State::kThrottled);
  EXPECT_FALSE(gate.TryTake(SlotKind::kFresh, seconds{6}));
  const MonoTime next = gate.NextTry(SlotKind::kFresh, seconds{6});
  EXPECT_GE(next, seconds{7});
  EXPECT_LE(next, seconds{7} + milliseconds{250});
  EXPECT_TRUE(gate.TryTake(SlotKind::kFresh, next));
  EXPECT_GE(gate.throttled_total(), seconds{7});
}

TEST(WorkspaceGateTest, ThrottlingWithoutAHeaderDoublesUpToAMinute) {
  WorkspaceGate gate(kPolicy, 1, MonoTime{0});
  MonoTime now{0};
  milliseconds longest{0};
  for (int i = 0; i < 10; ++i) {
    gate.OnReport(Report(SendOutcome::kThrottled), now);
    const MonoTime until = gate.NextTry(SlotKind::kFresh, now);
    const auto wait = std::chrono::duration_cast<milliseconds>(until - now);
    EXPECT_GE(wait, milliseconds{500} * (1 << std::min(i, 5)));
    longest = std::max(longest, wait);
    now = until;
  }
  EXPECT_LE(longest, seconds{61});
}

TEST(WorkspaceGateTest, UsedUpBudgetInAnyReplyPausesBeforeThe429) {
  WorkspaceGate gate(kPolicy, 1, MonoTime{0});
  SendReport report = Report(SendOutcome::kAccepted);
  report.rate_remaining = 0;
  report.rate_reset = seconds{2};
  gate.OnReport(report, MonoTime{0});
  EXPECT_FALSE(gate.TryTake(SlotKind::kFresh, seconds{1}));
  EXPECT_TRUE(gate.TryTake(SlotKind::kFresh, seconds{2}));
}

TEST(WorkspaceGateTest, RetriesStopAtHalfTheBudgetButForOneProbePerTenSeconds) {
  WorkspaceGate gate({.requests = 1'000'000, .per = seconds{1}, .burst = 1'000}, 1, MonoTime{0});
  EXPECT_EQ(TakeAll(gate, SlotKind::kRetry, MonoTime{0}), 50);
  EXPECT_TRUE(gate.TryTake(SlotKind::kFresh, MonoTime{0})) << "fresh requests need no budget";
  const MonoTime next = gate.NextTry(SlotKind::kRetry, MonoTime{0});
  EXPECT_GT(next, MonoTime{0});
  EXPECT_LE(next, seconds{10});
  EXPECT_EQ(TakeAll(gate, SlotKind::kRetry, seconds{10}), 10) << "one more per second of rest";
}

TEST(WorkspaceGateTest, FiveAmbiguousOutcomesLeaveOnlyAProbe) {
  WorkspaceGate gate({.requests = 1'000'000, .per = seconds{1}, .burst = 1'000}, 1, MonoTime{0});
  for (int i = 0; i < 5; ++i) gate.OnReport(Report(SendOutcome::kAmbiguous), MonoTime{0});
  EXPECT_EQ(gate.state(MonoTime{0}), WorkspaceGate::State::kProbing);
  const MonoTime probe = gate.NextTry(SlotKind::kFresh, MonoTime{0});
  EXPECT_EQ(TakeAll(gate, SlotKind::kFresh, probe), 1);
  gate.OnReport(Report(SendOutcome::kAccepted), probe);
  EXPECT_EQ(gate.state(probe), WorkspaceGate::State::kOpen);
  EXPECT_GT(TakeAll(gate, SlotKind::kFresh, probe + seconds{1}), 1);
}

TEST(WorkspaceGateTest, AProbeThatNobodySentIsFollowedByAnother) {
  WorkspaceGate gate(kPolicy, 1, MonoTime{0});
  for (int i = 0; i < 5; ++i) gate.OnReport(Report(SendOutcome::kAmbiguous), MonoTime{0});
  const MonoTime probe = gate.NextTry(SlotKind::kFresh, MonoTime{0});
  EXPECT_TRUE(gate.TryTake(SlotKind::kFresh, probe));
  EXPECT_FALSE(gate.TryTake(SlotKind::kFresh, probe + minutes{1})) << "its reply may still come";
  EXPECT_TRUE(gate.TryTake(SlotKind::kFresh, probe + minutes{2}));
}

TEST(WorkspaceGateTest, ARefusedKeyClosesTheGateForFifteenMinutes) {
  for (const SendOutcome outcome : {SendOutcome::kAuthRefused, SendOutcome::kEndpointWrong}) {
    WorkspaceGate gate(kPolicy, 1, MonoTime{0});
    gate.OnReport(Report(outcome), MonoTime{0});
    EXPECT_EQ(gate.state(minutes{14}), WorkspaceGate::State::kRefused);
    EXPECT_FALSE(gate.TryTake(SlotKind::kFresh, minutes{14}));
    EXPECT_EQ(gate.NextTry(SlotKind::kFresh, MonoTime{0}), minutes{15});
    EXPECT_TRUE(gate.TryTake(SlotKind::kFresh, minutes{15}));
  }
}

}  // namespace
}  // namespace cdi::ingest
