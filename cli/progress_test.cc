#include "cli/progress.h"

#include <gtest/gtest.h>

namespace cdi::cli {
namespace {

v1::Run PartialRun() {
  v1::Run run;
  run.set_name("syncs/shop/runs/r1");
  run.set_state(v1::Run::PARTIAL);
  run.mutable_start_time()->set_seconds(100);
  run.mutable_end_time()->set_seconds(112);
  auto& sums = *run.mutable_counters();
  sums.set_rows_fetched(10000);
  sums.set_rows_accepted(9960);
  sums.set_rows_rejected(30);
  sums.set_rows_held(10);
  sums.set_batches(134);
  sums.set_batches_repeated(2);
  auto& window = *run.mutable_window();
  window.mutable_upper()->set_seconds(43450);
  window.set_rows_waiting(100);
  window.mutable_first_due_time()->set_seconds(43510);
  window.mutable_commit_lag()->set_seconds(60);
  window.set_rows_null_cursor(1);
  return run;
}

TEST(ProgressTest, SummaryShowsSumsThatAddUpAndWhatWaits) {
  EXPECT_EQ(RunSummary(PartialRun()),
            "run shop/r1 ended PARTIAL after 0:12\n"
            "  accepted      9,960\n"
            "  unconfirmed       0\n"
            "  rejected         30  see why: cdi runs dead-rows shop/r1 --dead\n"
            "  held             10  nobody knows whether Braze has them: cdi runs dead-rows shop/r1 --held\n"
            "  skipped           0\n"
            "  unfinished        0\n"
            "  ───────────  ------\n"
            "  read         10,000\n"
            "134 requests, 2 of them with rows that an earlier one may have delivered\n"
            "100 rows wait for commit_lag 60s; the first is due 12:05:10 UTC\n"
            "1 row has no value in the cursor column: never sent\n");
}

TEST(ProgressTest, SaysSoWhenSumsDoNotAddUp) {
  v1::Run run = PartialRun();
  run.mutable_counters()->set_rows_accepted(9999);
  EXPECT_NE(RunSummary(run).find("do not add up"), std::string::npos);
}

TEST(ProgressTest, AFailedRunShowsItsCause) {
  v1::Run run;
  run.set_name("syncs/shop/runs/r2");
  run.set_state(v1::Run::CONFIG_ERROR);
  run.mutable_error()->set_code(9);
  run.mutable_error()->set_message("table CDI.PUBLIC.USERS does not exist or the role may not see it");
  run.set_recoveries(1);
  const std::string summary = RunSummary(run);
  EXPECT_NE(summary.find("ended CONFIG_ERROR"), std::string::npos);
  EXPECT_NE(summary.find("error: table CDI.PUBLIC.USERS does not exist"), std::string::npos);
  EXPECT_NE(summary.find("taken up again once after a restart"), std::string::npos);
}

TEST(ProgressTest, TheLineCountsRowsWithoutAnOutcomeAsWaiting) {
  v1::Run run;
  run.set_state(v1::Run::RUNNING);
  run.mutable_start_time()->set_seconds(100);
  run.mutable_counters()->set_rows_fetched(12345);
  run.mutable_counters()->set_rows_accepted(12000);
  run.mutable_counters()->set_rows_rejected(3);
  run.set_rows_per_second(5119.6);
  EXPECT_EQ(ProgressLine(run, {112, 0}),
            "running: 12,345 rows read, 12,000 accepted, 3 rejected, 342 waiting, 5,120 rows/s, 0:12");
  run.set_cancel_requested(true);
  EXPECT_EQ(ProgressLine(run, {90, 0}).substr(0, 10), "cancelling")
      << "and a clock behind the server's shows no negative time";
}

TEST(ProgressTest, EveryEndHasItsExitCode) {
  struct Case {
    v1::Run::State state;
    bool ended;
    ExitCode code;
  };
  for (const Case& c : {Case{v1::Run::PENDING, false, kRunFailed}, Case{v1::Run::RUNNING, false, kRunFailed},
                        Case{v1::Run::SUCCESS, true, kOk}, Case{v1::Run::PARTIAL, true, kRunPartial},
                        Case{v1::Run::ERROR, true, kRunFailed}, Case{v1::Run::CONFIG_ERROR, true, kRunFailed},
                        Case{v1::Run::LIMIT_EXCEEDED, true, kRunFailed}, Case{v1::Run::CANCELLED, true, kRunFailed}}) {
    v1::Run run;
    run.set_state(c.state);
    EXPECT_EQ(HasEnded(run), c.ended) << c.state;
    if (c.ended) {
      EXPECT_EQ(ExitCodeOf(run), c.code) << c.state;
    }
  }
}

}  // namespace
}  // namespace cdi::cli
