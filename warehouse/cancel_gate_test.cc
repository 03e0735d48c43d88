#include "warehouse/cancel_gate.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace cdi::warehouse {
namespace {

// Runs until it is cancelled for the `deaf + 1`-th time, as a statement that is not yet sent when the cancel comes.
class FakeStatement final : public Cancellable {
 public:
  explicit FakeStatement(int deaf = 0) : deaf_(deaf) {}
  void CancelNow() noexcept override {
    if (deaf_-- == 0) ended_.count_down();
  }
  void Run() { ended_.wait(); }

 private:
  int deaf_;
  std::latch ended_{1};
};

TEST(CancelGateTest, ACancelEndsWhatRunsAndNothingAfterIt) {
  CancelGate gate;
  FakeStatement statement;
  ASSERT_TRUE(gate.Enter(&statement).ok());
  std::jthread canceller([&] { gate.Cancel(); });
  statement.Run();
  EXPECT_TRUE(absl::IsCancelled(gate.Leave()));
  canceller.join();
  FakeStatement next;
  EXPECT_TRUE(gate.Enter(&next).ok());
  EXPECT_TRUE(gate.Leave().ok());
}

TEST(CancelGateTest, ACancelThatOvertakesItsStatementIsRepeated) {
  CancelGate gate;
  FakeStatement statement(2);
  ASSERT_TRUE(gate.Enter(&statement).ok());
  std::jthread canceller([&] { gate.Cancel(); });
  statement.Run();
  EXPECT_TRUE(absl::IsCancelled(gate.Leave()));
}

TEST(CancelGateTest, ACancelOfNothingIsForgotten) {
  CancelGate gate;
  gate.Cancel();
  FakeStatement statement;
  EXPECT_TRUE(gate.Enter(&statement).ok());
  EXPECT_TRUE(gate.Leave().ok());
}

TEST(CancelGateTest, ACancelBetweenTwoBlocksEndsTheWindow) {
  CancelGate gate;
  FakeStatement statement;
  gate.OpenWindow();
  gate.Cancel();
  EXPECT_TRUE(absl::IsCancelled(gate.Enter(&statement)));
  EXPECT_TRUE(absl::IsCancelled(gate.Enter(&statement)));
  gate.CloseWindow();
  EXPECT_TRUE(gate.Enter(&statement).ok());
  EXPECT_TRUE(gate.Leave().ok());
}

TEST(CancelGateTest, AWaitEndsAtOnceAndAStopStays) {
  CancelGate gate;
  std::jthread stopper([&] { gate.Stop(); });
  EXPECT_TRUE(absl::IsCancelled(gate.WaitFor(std::chrono::hours(1))));
  FakeStatement statement;
  EXPECT_TRUE(absl::IsCancelled(gate.Enter(&statement)));
  EXPECT_TRUE(absl::IsCancelled(gate.WaitFor(std::chrono::hours(1))));
}

TEST(CancelGateTest, AWaitThatNobodyEndsPasses) {
  CancelGate gate;
  EXPECT_TRUE(gate.WaitFor(std::chrono::milliseconds(1)).ok());
}

}  // namespace
}  // namespace cdi::warehouse
