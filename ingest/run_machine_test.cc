// Scenes of single runs: what the machine answers to which input. The simulator (tests/sim) proves the whole.
#include "ingest/run_machine.h"

#include <gtest/gtest.h>

#include <deque>

#include "absl/status/status.h"
#include "base/error.h"
#include "ingest/run_end.h"
#include "ingest/testing_rows.h"

namespace cdi::ingest {
namespace {

using testing_rows::At;
using testing_rows::DigestOf;
using testing_rows::Mark;
using testing_rows::PageOfRows;
using testing_rows::RowText;

SyncSpec Spec(uint32_t objects_max = 75) {
  SyncSpec spec;
  spec.batch.objects_max = objects_max;
  return spec;
}

SendReport Report(SendOutcome outcome) {
  SendReport report;
  report.outcome = outcome;
  report.message = "by the test";
  return report;
}

// A run whose store answers at once; the rest is up to the test.
class Scene {
 public:
  explicit Scene(const SyncSpec& spec, Progress progress = {}, bool replay = false) {
    Do(RunOpened{.spec = spec, .progress = std::move(progress), .replay = replay, .seed = 1});
    if (!replay) {
      Window window;
      window.upper = At(1'000);
      Do(WindowOpened{window});
    }
  }
  void Do(const Input& input) {
    std::deque<Input> inputs{input};
    while (!inputs.empty()) {
      for (Action& action : machine_.Step(inputs.front(), now)) {
        if (const auto* append = std::get_if<Append>(&action)) {
          writes.push_back(append->content);
          inputs.push_back(WriteDurable{append->write});
        } else if (auto* start = std::get_if<StartBatch>(&action)) {
          started.push_back(*start);
          inputs.push_back(WriteDurable{start->write});
        } else if (const auto* send = std::get_if<Send>(&action)) {
          sent.push_back(*send);
        } else if (const auto* want = std::get_if<WantSlots>(&action)) {
          wanted = *want;
        } else if (const auto* wake = std::get_if<WakeAt>(&action)) {
          wake_at = wake->time;
        } else if (const auto* finish = std::get_if<Finish>(&action)) {
          finished = *finish;
        } else if (std::holds_alternative<ReturnSlot>(action)) {
          ++returned;
        }
      }
      inputs.pop_front();
    }
  }
  void Page(const std::vector<RowText>& rows) { Do(PageArrived{PageOfRows(rows)}); }
  void EndFetch() { Do(FetchEnded{}); }
  // Grants everything wanted.
  void Grant() {
    while (wanted.fresh > 0 || wanted.retry > 0) Do(SlotGranted{wanted.fresh == 0});
  }
  void Reply(const SendReport& report) {
    const Send last = sent.back();
    Do(ReplyArrived{last.batch, last.attempt, report});
  }
  void Wake() {
    now = wake_at;
    Do(Woke{});
  }

  MonoTime now{0};
  std::vector<RunWrite> writes;
  std::vector<StartBatch> started;
  std::vector<Send> sent;
  WantSlots wanted;
  MonoTime wake_at{0};
  int returned = 0;
  std::optional<Finish> finished;

 private:
  RunMachine machine_;
};

TEST(RunMachineTest, EmptyWindowEndsInSuccessWithoutARequest) {
  Scene scene(Spec());
  scene.EndFetch();
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->state, RunState::kSuccess);
  EXPECT_TRUE(scene.sent.empty());
  ASSERT_EQ(scene.writes.size(), 2u);
  EXPECT_TRUE(scene.writes[0].window);
  EXPECT_TRUE(scene.writes[1].end);
}

TEST(RunMachineTest, SendsNothingBeforeTheRecordIsDurable) {
  RunMachine machine;
  machine.Step(RunOpened{.spec = Spec(), .progress = {}, .replay = false, .seed = 1}, MonoTime{0});
  Window window;
  window.upper = At(1'000);
  machine.Step(WindowOpened{window}, MonoTime{0});
  machine.Step(WriteDurable{1}, MonoTime{0});
  machine.Step(PageArrived{PageOfRows({{.cursor = 1, .content = 1}})}, MonoTime{0});
  machine.Step(FetchEnded{}, MonoTime{0});
  const auto on_slot = machine.Step(SlotGranted{}, MonoTime{0});
  ASSERT_TRUE(std::holds_alternative<StartBatch>(on_slot.at(0)));
  for (const Action& action : on_slot) EXPECT_FALSE(std::holds_alternative<Send>(action));
  const auto on_durable = machine.Step(WriteDurable{std::get<StartBatch>(on_slot[0]).write}, MonoTime{0});
  ASSERT_FALSE(on_durable.empty());
  EXPECT_TRUE(std::holds_alternative<Send>(on_durable[0]));
}

TEST(RunMachineTest, VerdictsWatermarkAndSumsAreOneWrite) {
  Scene scene(Spec());
  scene.Page({{.cursor = 1, .content = 1, .user = 1}, {.cursor = 2, .content = 2, .user = 2}});
  scene.EndFetch();
  scene.Grant();
  scene.Reply(Report(SendOutcome::kAccepted));
  const RunWrite& write = scene.writes.at(1);
  EXPECT_EQ(write.finished.at(0).verdicts, (std::vector<RowVerdict>(2, RowVerdict::kAccepted)));
  EXPECT_EQ(write.watermark->to, At(2));
  EXPECT_EQ(write.sums.accepted, 2u);
  EXPECT_EQ(scene.finished->state, RunState::kSuccess);
}

TEST(RunMachineTest, APartialBatchWaitsWhileAPageIsOnItsWay) {
  Scene scene(Spec(2));
  scene.Page({{.cursor = 1, .content = 1, .user = 1}});
  EXPECT_EQ(scene.wanted.fresh, 0u);
  scene.Page({{.cursor = 2, .content = 2, .user = 2}});
  EXPECT_EQ(scene.wanted.fresh, 1u);
}

TEST(RunMachineTest, UselessSlotsComeBack) {
  Scene scene(Spec());
  scene.Do(SlotGranted{.retry = false});
  scene.Do(SlotGranted{.retry = true});
  EXPECT_EQ(scene.returned, 2);
}

TEST(RunMachineTest, OneBadRowOf75CostsAtMost14ExtraRequests) {
  for (int bad = 0; bad < 75; ++bad) {
    Scene scene(Spec());
    std::vector<RowText> rows;
    for (int i = 0; i < 75; ++i) rows.push_back({.cursor = i, .content = i, .user = i});
    scene.Page(rows);
    scene.EndFetch();
    for (int requests = 0; !scene.finished && requests < 100; ++requests) {
      scene.Grant();
      bool has_bad = false;
      for (const RowRef& row : scene.started.back().rows) has_bad = has_bad || row.row().cursor == At(bad);
      scene.Reply(Report(has_bad ? SendOutcome::kWholeRejected : SendOutcome::kAccepted));
    }
    ASSERT_TRUE(scene.finished);
    EXPECT_LE(scene.finished->sums.batches, 15u) << "row " << bad;
    EXPECT_EQ(scene.finished->sums.accepted, 74u);
    EXPECT_EQ(scene.finished->sums.rejected_braze, 1u);
    EXPECT_EQ(scene.finished->state, RunState::kPartial);
  }
}

TEST(RunMachineTest, NamedRowsOfA400AreParkedAndTheRestGoesAgain) {
  Scene scene(Spec());
  scene.Page({{.cursor = 1, .content = 1, .user = 1}, {.cursor = 2, .content = 2, .user = 2}});
  scene.EndFetch();
  scene.Grant();
  SendReport report = Report(SendOutcome::kRowsRejected);
  report.errors = {{.index = 0, .text = "no"}};
  scene.Reply(report);
  ASSERT_EQ(scene.writes.back().parked.size(), 1u);
  EXPECT_EQ(scene.writes.back().parked[0].reason, "BRAZE_REJECTED");
  EXPECT_EQ(scene.writes.back().parked[0].message, "no");
  scene.Grant();
  EXPECT_EQ(scene.started.back().batch, BatchId{2});
  ASSERT_EQ(scene.started.back().rows.size(), 1u);
  scene.Reply(Report(SendOutcome::kAccepted));
  EXPECT_EQ(scene.finished->sums.batches_repeated, 0u);
}

TEST(RunMachineTest, ErrorsThatNameNoObjectOfOursAreNotInvented) {
  Scene scene(Spec());
  scene.Page({{.cursor = 1, .content = 1}});
  scene.EndFetch();
  scene.Grant();
  SendReport report = Report(SendOutcome::kRowsRejected);
  report.rest_taken = true;
  report.errors = {{.index = 9, .text = "which one?"}};
  scene.Reply(report);
  EXPECT_EQ(scene.finished->sums.unconfirmed, 1u);
}

TEST(RunMachineTest, AmbiguousIsRepeatedWithTheSameIdThenEndsTheRun) {
  Scene scene(Spec());
  scene.Page({{.cursor = 1, .content = 1}});
  scene.EndFetch();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    if (attempt > 1) scene.Wake();
    EXPECT_EQ(scene.wanted.retry, attempt > 1 ? 1u : 0u);
    scene.Grant();
    EXPECT_EQ(scene.sent.back().batch, BatchId{1});
    EXPECT_EQ(scene.sent.back().attempt, attempt);
    scene.Reply(Report(SendOutcome::kAmbiguous));
  }
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->state, RunState::kError);
  EXPECT_EQ(scene.finished->error.reason, "BRAZE_UNAVAILABLE");
  EXPECT_EQ(scene.finished->sums.unfinished, 1u);
  EXPECT_EQ(scene.finished->sums.batches_repeated, 2u);
  for (const RunWrite& write : scene.writes) EXPECT_FALSE(write.watermark);
}

TEST(RunMachineTest, RepeatsThatCannotHaveArrivedCostNoBudget) {
  for (const SendOutcome outcome : {SendOutcome::kNotSent, SendOutcome::kThrottled}) {
    Scene scene(Spec());
    scene.Page({{.cursor = 1, .content = 1}});
    scene.EndFetch();
    for (int i = 0; i < 5; ++i) {
      scene.Grant();
      scene.Reply(Report(outcome));
      scene.Wake();
      EXPECT_EQ(scene.wanted.fresh, 1u);
      EXPECT_EQ(scene.wanted.retry, 0u);
    }
    scene.Grant();
    scene.Reply(Report(SendOutcome::kAccepted));
    EXPECT_EQ(scene.finished->sums.batches_repeated, 0u);
  }
}

TEST(RunMachineTest, HeldRowsAreParkedInsteadOfRepeated) {
  SyncSpec spec = Spec();
  spec.on_ambiguous = OnAmbiguous::kHold;
  Scene scene(spec);
  scene.Page({{.cursor = 1, .content = 1}});
  scene.EndFetch();
  scene.Grant();
  scene.Reply(Report(SendOutcome::kAmbiguous));
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->error.reason, "ROWS_HELD");
  EXPECT_EQ(scene.finished->sums.held, 1u);
}

TEST(RunMachineTest, ARefusedKeyStopsTheRunAndRefusesNoRow) {
  Scene scene(Spec(1));
  scene.Page({{.cursor = 1, .content = 1, .user = 1}, {.cursor = 2, .content = 2, .user = 2}});
  scene.Grant();
  ASSERT_EQ(scene.sent.size(), 2u);
  scene.Do(ReplyArrived{scene.sent[0].batch, 1, Report(SendOutcome::kAuthRefused)});
  EXPECT_FALSE(scene.finished) << "the other request is still on its way";
  scene.Do(ReplyArrived{scene.sent[1].batch, 1, Report(SendOutcome::kAccepted)});
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->state, RunState::kConfigError);
  EXPECT_EQ(scene.finished->error.reason, "API_KEY_REFUSED");
  EXPECT_EQ(scene.finished->sums.unfinished, 1u);
  ASSERT_TRUE(scene.writes.back().end);
  EXPECT_EQ(scene.writes.back().end->ahead.size(), 1u) << "the accepted row lies past the watermark";
}

TEST(RunMachineTest, ShutdownLeavesTheRunOpenWithNothingInDoubt) {
  Scene scene(Spec(1));
  scene.Page({{.cursor = 1, .content = 1, .user = 1}});
  scene.Grant();
  scene.Do(StopRequested{StopKind::kShutdown, "the process ends"});
  EXPECT_FALSE(scene.finished);
  scene.Reply(Report(SendOutcome::kAccepted));
  ASSERT_TRUE(scene.finished);
  EXPECT_TRUE(scene.finished->left_open);
  for (const RunWrite& write : scene.writes) EXPECT_FALSE(write.end);
}

TEST(RunMachineTest, AFailedWriteEndsEverythingAtOnce) {
  Scene scene(Spec());
  scene.Do(WriteFailed{MakeError(absl::StatusCode::kAborted, "LEASE_LOST", "another holder")});
  ASSERT_TRUE(scene.finished);
  EXPECT_TRUE(scene.finished->left_open);
  EXPECT_EQ(scene.finished->error.reason, "LEASE_LOST");
}

TEST(RunMachineTest, NoProgressForFifteenMinutesEndsTheRun) {
  Scene scene(Spec());
  scene.Wake();
  EXPECT_EQ(scene.now, std::chrono::minutes{15});
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->error.reason, "NO_PROGRESS");
}

TEST(RunMachineTest, RowsBeyondTheLimitAreLeftForTheNextRun) {
  SyncSpec spec = Spec();
  spec.limits.rows_max = 1;
  Scene scene(spec);
  scene.Page({{.cursor = 1, .content = 1, .user = 1}, {.cursor = 2, .content = 2, .user = 2}});
  scene.Grant();
  scene.Reply(Report(SendOutcome::kAccepted));
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->state, RunState::kLimitExceeded);
  EXPECT_EQ(scene.finished->sums.fetched(), 1u);
  EXPECT_EQ(scene.finished->sums.unfinished, 0u);
}

TEST(RunMachineTest, AReaderThatBreaksTheOrderIsNotTrusted) {
  for (const int cursor : {4, 1'001}) {
    Scene scene(Spec(), testing_rows::ProgressOf({.watermark = At(5)}));
    scene.Page({{.cursor = cursor, .content = 1}});
    ASSERT_TRUE(scene.finished);
    EXPECT_EQ(scene.finished->error.reason, "FETCH_OUT_OF_ORDER");
  }
}

TEST(RunMachineTest, ReplaySettlesParkedRowsAndMovesNoWatermark) {
  Scene scene(Spec(), {}, /*replay=*/true);
  scene.Page({{.cursor = 9, .content = 1, .user = 1, .parked_id = 21},
              {.cursor = 3, .content = 2, .user = 2, .parked_id = 22},
              {.cursor = 4, .content = 3, .user = 3, .fault = RowFault::kPayloadNull, .parked_id = 23}});
  scene.EndFetch();
  scene.Grant();
  SendReport report = Report(SendOutcome::kRowsRejected);
  report.rest_taken = true;
  report.errors = {{.index = 1, .text = "still no"}};
  scene.Reply(report);
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->state, RunState::kPartial);
  std::vector<std::pair<uint64_t, RowVerdict>> replayed;
  for (const RunWrite& write : scene.writes) {
    EXPECT_FALSE(write.watermark);
    EXPECT_FALSE(write.window);
    replayed.insert(replayed.end(), write.replayed.begin(), write.replayed.end());
  }
  EXPECT_EQ(replayed, (std::vector<std::pair<uint64_t, RowVerdict>>{
                          {23, RowVerdict::kRejected}, {21, RowVerdict::kAccepted}, {22, RowVerdict::kRejected}}));
  EXPECT_TRUE(scene.writes.back().end->ahead.empty());
}

TEST(RunMachineTest, ARecoveredReplaySkipsWhatItHasDelivered) {
  Progress progress;
  progress.own_finished = {Mark({.cursor = 9, .content = 1, .user = 1, .parked_id = 21})};
  progress.sums.accepted = 1;
  Scene scene(Spec(), progress, /*replay=*/true);
  scene.Page({{.cursor = 9, .content = 1, .user = 1, .parked_id = 21}});
  scene.EndFetch();
  ASSERT_TRUE(scene.finished);
  EXPECT_TRUE(scene.sent.empty());
  EXPECT_EQ(scene.finished->sums.fetched(), 1u);
}

TEST(RunMachineTest, HeldDoubtsOfADeadProcessAreParkedWithWhateverContentThereIs) {
  SyncSpec spec = Spec();
  spec.on_ambiguous = OnAmbiguous::kHold;
  Progress progress;
  progress.watermark = At(1);
  progress.in_doubt = {
      {.batch = BatchId{3},
       .attempt = 1,
       .rows = {Mark({.cursor = 2, .content = 2, .user = 2}), Mark({.cursor = 3, .content = 3, .user = 3})}}};
  progress.last_batch = 3;
  Scene scene(spec, progress);
  scene.Page({{.cursor = 2, .content = 2, .user = 2}});
  EXPECT_TRUE(scene.sent.empty());
  scene.EndFetch();
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->sums.held, 2u);
  std::vector<ParkedRow> parked;
  for (const RunWrite& write : scene.writes) {
    if (!write.parked.empty()) {
      EXPECT_EQ(write.finished.at(0).batch, BatchId{3}) << "the log and the parking are one write";
    }
    parked.insert(parked.end(), write.parked.begin(), write.parked.end());
  }
  ASSERT_EQ(parked.size(), 2u);
  EXPECT_NE(parked[0].row.page, nullptr);
  EXPECT_EQ(parked[1].row.page, nullptr);
}

struct FetchCase {
  std::string_view name;
  absl::Status status;
  RunState state;
  std::string_view reason;
};
class FetchFailureTest : public testing::TestWithParam<FetchCase> {};
TEST_P(FetchFailureTest, EndsTheRun) {
  Scene scene(Spec());
  scene.Do(FetchFailed{GetParam().status});
  ASSERT_TRUE(scene.finished);
  EXPECT_EQ(scene.finished->state, GetParam().state);
  EXPECT_EQ(scene.finished->error.reason, GetParam().reason);
}
INSTANTIATE_TEST_SUITE_P(
    All, FetchFailureTest,
    testing::Values(FetchCase{"Contract", MakeError(absl::StatusCode::kFailedPrecondition, "COLUMN_MISSING", "x"),
                              RunState::kConfigError, "COLUMN_MISSING"},
                    FetchCase{"Key", MakeError(absl::StatusCode::kUnauthenticated, "KEY_REFUSED", "x"),
                              RunState::kConfigError, "KEY_REFUSED"},
                    FetchCase{"Grant", absl::PermissionDeniedError("x"), RunState::kConfigError, "FETCH_FAILED"},
                    FetchCase{"Network", absl::UnavailableError("x"), RunState::kError, "FETCH_FAILED"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::ingest
