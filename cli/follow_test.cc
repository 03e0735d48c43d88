#include "cli/follow.h"

#include <gtest/gtest.h>

#include "cdi/v1/run.pb.h"
#include "cdi/v1/sync.pb.h"
#include "cli/cli_testing.h"
#include "cli/exit_code.h"

namespace cdi::cli {
namespace {

constexpr char kWatch[] = "cdi.v1.RunService/WatchRun";

std::string Change(v1::Run::State state, int64_t fetched, int64_t accepted) {
  v1::Run run;
  run.set_name("syncs/shop/runs/r1");
  run.set_state(state);
  run.mutable_start_time()->set_seconds(43190);
  if (state >= v1::Run::SUCCESS) run.mutable_end_time()->set_seconds(43205);
  run.mutable_counters()->set_rows_fetched(fetched);
  run.mutable_counters()->set_rows_accepted(accepted);
  return run.SerializeAsString();
}

FakeReply Stream(std::vector<std::string> changes) {
  return {std::move(changes), grpc::Status::OK};
}

TEST(FollowTest, RunFollowShowsProgressAndEndsWithTheSums) {
  CliShell shell;
  v1::Run started;
  started.set_name("syncs/shop/runs/r1");
  started.set_state(v1::Run::PENDING);
  shell.server.Reply("cdi.v1.SyncService/RunSync", started);
  shell.server.Reply(kWatch, Stream({Change(v1::Run::RUNNING, 100, 75), Change(v1::Run::SUCCESS, 100, 100)}));
  const CliResult result = shell.Run({"syncs", "run", "shop", "--follow", "--commit-lag", "0s"});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_EQ(result.out,
            "started run shop/r1\n"
            "running: 100 rows read, 75 accepted, 0 rejected, 25 waiting, 0 rows/s, 0:10\n"
            "run shop/r1 ended SUCCESS after 0:15\n"
            "  accepted     100\n"
            "  unconfirmed    0\n"
            "  rejected       0\n"
            "  held           0\n"
            "  skipped        0\n"
            "  unfinished     0\n"
            "  ───────────  ---\n"
            "  read         100\n");
  EXPECT_EQ(shell.server.calls(), (std::vector<std::string>{"RunSync name: \"syncs/shop\" commit_lag { }",
                                                            "WatchRun name: \"syncs/shop/runs/r1\""}));
}

TEST(FollowTest, PlainOutputIsNotFlooded) {
  CliShell shell;
  shell.server.Reply(kWatch, Stream({Change(v1::Run::RUNNING, 1, 0), Change(v1::Run::RUNNING, 2, 0),
                                     Change(v1::Run::RUNNING, 3, 0), Change(v1::Run::ERROR, 3, 3)}));
  const CliResult result = shell.Run({"runs", "watch", "shop/r1"});
  EXPECT_EQ(result.code, kRunFailed);
  EXPECT_NE(result.out.find("1 row read"), std::string::npos);
  EXPECT_EQ(result.out.find("2 rows read"), std::string::npos) << "no two seconds have passed\n" << result.out;
}

TEST(FollowTest, ATerminalGetsOneLineRewrittenInPlaceAndCutToItsWidth) {
  CliShell shell;
  shell.terminal = true;
  shell.columns = 30;
  shell.server.Reply(
      kWatch, Stream({Change(v1::Run::RUNNING, 1, 0), Change(v1::Run::RUNNING, 2, 0), Change(v1::Run::PARTIAL, 2, 2)}));
  const CliResult result = shell.Run({"runs", "watch", "shop/r1"});
  EXPECT_EQ(result.code, kRunPartial);
  EXPECT_NE(result.out.find("\r\x1b[2Krunning: 1 row read, 0 accep…"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("\r\x1b[2Krunning: 2 rows read, 0 acce…"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("\r\x1b[2Krun shop/r1 ended PARTIAL"), std::string::npos) << "the line is cleared first";
}

TEST(FollowTest, CtrlCDetachesAndDoesNotCancel) {
  CliShell shell;
  FakeReply held = Stream({Change(v1::Run::RUNNING, 1, 0)});
  held.hold_open = true;
  held.when_held = [&] { shell.interrupted = true; };
  shell.server.Reply(kWatch, std::move(held));
  const CliResult result = shell.Run({"runs", "watch", "shop/r1"});
  EXPECT_EQ(result.code, kDetached);
  EXPECT_EQ(result.err,
            "no longer following; the run goes on\n"
            "  watch it again: cdi runs watch shop/r1\n"
            "  cancel it:      cdi runs cancel shop/r1\n");
  EXPECT_EQ(shell.server.calls().size(), 1U) << "nothing but WatchRun was called";
}

TEST(FollowTest, FindsARestartedServerAgain) {
  CliShell shell;
  shell.server.Reply(kWatch,
                     FakeReply{{Change(v1::Run::RUNNING, 1, 0)}, {grpc::StatusCode::UNAVAILABLE, "Socket closed"}});
  shell.server.Reply(kWatch,
                     Stream({Change(v1::Run::RUNNING, 1, 0)}));  // a graceful stop ends the stream without an error
  shell.server.Reply(kWatch, Stream({Change(v1::Run::SUCCESS, 2, 2)}));
  const CliResult result = shell.Run({"runs", "watch", "shop/r1"});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_NE(result.err.find("lost; trying again"), std::string::npos);
  EXPECT_EQ(shell.server.calls().size(), 3U);
}

TEST(FollowTest, GivesUpWhenTheServerStaysAway) {
  CliShell shell;
  shell.server.Reply(kWatch,
                     FakeReply{{Change(v1::Run::RUNNING, 1, 0)}, {grpc::StatusCode::UNAVAILABLE, "Socket closed"}});
  // More than --timeout passes before the second stream breaks, too.
  FakeReply silent{{}, {grpc::StatusCode::UNAVAILABLE, "Socket closed"}};
  silent.before = [&] { shell.clock.Advance(std::chrono::minutes(2)); };
  shell.server.Reply(kWatch, std::move(silent));
  const CliResult result = shell.Run({"runs", "watch", "shop/r1"});
  EXPECT_EQ(result.code, kUnreachable) << result.err;
  EXPECT_NE(result.err.find("watch the run again: cdi runs watch shop/r1"), std::string::npos) << result.err;
}

TEST(FollowTest, ARefusalIsFinal) {
  CliShell shell;
  shell.server.Refuse(kWatch, {grpc::StatusCode::NOT_FOUND, "syncs/shop/runs/r9 does not exist"});
  const CliResult result = shell.Run({"runs", "watch", "shop/r9"});
  EXPECT_EQ(result.code, kRefused);
  EXPECT_EQ(result.err, "error: syncs/shop/runs/r9 does not exist\n");
}

TEST(FollowTest, JsonWatchPrintsALineForEveryChange) {
  CliShell shell;
  shell.server.Reply(kWatch, Stream({Change(v1::Run::RUNNING, 1, 0), Change(v1::Run::SUCCESS, 1, 1)}));
  const CliResult result = shell.Run({"runs", "watch", "shop/r1", "--json"});
  EXPECT_EQ(result.code, kOk);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2);
  EXPECT_EQ(result.out.find("{\"name\":\"syncs/shop/runs/r1\",\"state\":\"RUNNING\""), 0U) << result.out;
}

TEST(FollowTest, JsonFollowPrintsOnlyTheEndedRun) {
  CliShell shell;
  v1::Run started;
  started.set_name("syncs/shop/runs/r1");
  shell.server.Reply("cdi.v1.SyncService/RunSync", started);
  shell.server.Reply(kWatch, Stream({Change(v1::Run::RUNNING, 1, 0), Change(v1::Run::CANCELLED, 1, 0)}));
  const CliResult result = shell.Run({"syncs", "run", "shop", "--follow", "--json"});
  EXPECT_EQ(result.code, kRunFailed);
  EXPECT_EQ(result.out.find("RUNNING"), std::string::npos);
  EXPECT_NE(result.out.find("\"state\": \"CANCELLED\""), std::string::npos) << result.out;
}

}  // namespace
}  // namespace cdi::cli
