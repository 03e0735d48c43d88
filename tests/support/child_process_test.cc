#include "tests/support/child_process.h"

#include <gtest/gtest.h>

#include <csignal>

namespace cdi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

absl::StatusOr<ChildProcess> Shell(const std::string& script) {
  return ChildProcess::Start({.program = "sh", .args = {"-c", script}, .env = {{"CDI_TEST_WORD", "word"}}});
}

TEST(ChildProcessTest, LinesComeInOrderAndTheLastNeedsNoNewline) {
  auto child = Shell("echo one; echo two $CDI_TEST_WORD; printf three");
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(child->ReadLine(seconds(10)).value(), "one");
  EXPECT_EQ(child->ReadLine(seconds(10)).value(), "two word");
  EXPECT_EQ(child->ReadLine(seconds(10)).value(), "three");
  EXPECT_EQ(child->ReadLine(seconds(10)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(ChildProcessTest, WaitGivesTheExitCodeAsAShellDoes) {
  EXPECT_EQ(Shell("exit 7")->Wait(seconds(10)).value(), 7);
  EXPECT_EQ(Shell("kill -9 $$")->Wait(seconds(10)).value(), 128 + SIGKILL);
}

TEST(ChildProcessTest, TerminateIsSeenByTheChild) {
  auto child = Shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done");
  ASSERT_EQ(child->ReadLine(seconds(10)).value(), "ready");
  child->Terminate();
  EXPECT_EQ(child->Wait(seconds(10)).value(), 3);
}

TEST(ChildProcessTest, KillEndsAProgramThatIgnoresEverythingElse) {
  auto child = Shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  ASSERT_EQ(child->ReadLine(seconds(10)).value(), "ready");
  EXPECT_EQ(child->Wait(milliseconds(1)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(child->ReadLine(milliseconds(1)).status().code(), absl::StatusCode::kDeadlineExceeded);
  child->Kill();
  EXPECT_EQ(child->Wait(seconds(10)).value(), 128 + SIGKILL);
  child->Kill();  // harmless when it has ended
}

TEST(ChildProcessTest, DestructionEndsTheProcess) {
  pid_t pid = 0;
  {
    auto child = Shell("echo ready; exec sleep 1000");
    ASSERT_EQ(child->ReadLine(seconds(10)).value(), "ready");
    pid = child->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(ChildProcessTest, AMissingProgramIsNamed) {
  const auto child = ChildProcess::Start({.program = "/nowhere/program"});
  EXPECT_EQ(child.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(child.status().message(), "cannot run /nowhere/program: No such file or directory");
}

TEST(ChildProcessTest, MuchOutputNobodyReadsDoesNotBlockTheChild) {
  EXPECT_EQ(Shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done")->Wait(seconds(30)).value(), 0);
}

TEST(StartServerTest, GivesTheAddressOfTheFirstLine) {
  auto server = StartServer({.program = "sh", .args = {"-c", "echo 'x listening on 127.0.0.1:5'; exec sleep 1000"}},
                            "x listening on ");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(server->address, "127.0.0.1:5");
}

TEST(StartServerTest, AnotherFirstLineIsAnError) {
  EXPECT_FALSE(StartServer({.program = "sh", .args = {"-c", "echo other; exec sleep 1000"}}, "x listening on ").ok());
}

}  // namespace
}  // namespace cdi::test
