#include "server/access/call_limits.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/manual_clock.h"

namespace cdi::server {
namespace {

TEST(CallLimitsTest, AMinutesCallsAtOnceThenOnlyAsTheyFillUp) {
  ManualClock clock;
  CallLimits limits(clock, {.calls_per_minute = 60});
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(limits.Count("tokens/a").ok()) << i;
  const absl::Status refused = limits.Count("tokens/a");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused), "TOO_MANY_CALLS");
  EXPECT_EQ(ErrorDetailsOf(refused).at("retry_after_ms"), "1000");
  EXPECT_TRUE(limits.Count("tokens/b").ok());  // another caller has his own
  clock.running += std::chrono::milliseconds{1001};
  EXPECT_TRUE(limits.Count("tokens/a").ok());
  EXPECT_FALSE(limits.Count("tokens/a").ok());
  clock.running += std::chrono::hours{1};
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(limits.Count("tokens/a").ok()) << i;
  EXPECT_FALSE(limits.Count("tokens/a").ok());
}

TEST(CallLimitsTest, EverNewCallersDoNotFillTheMemory) {
  ManualClock clock;
  CallLimits limits(clock, {.calls_per_minute = 60});
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = "tokens/" + std::to_string(i);
    refused += !limits.Count(name).ok();
    refused += !limits.Count(name).ok();
  }
  EXPECT_GT(refused, 0);  // none of the buckets is full again
  clock.running += std::chrono::minutes{1};
  EXPECT_TRUE(limits.Count("tokens/late").ok());
}

TEST(CallLimitsTest, OneTestOfAConnectionAtATimeAndTenAMinute) {
  ManualClock clock;
  CallLimits limits(clock, {});
  {
    const auto first = limits.TakeTest("connections/main");
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(ErrorReason(limits.TakeTest("connections/main").status()), "TOO_MANY_CALLS");
    EXPECT_TRUE(limits.TakeTest("connections/other").ok());
  }
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(limits.TakeTest("connections/main").ok()) << i;
  EXPECT_EQ(ErrorReason(limits.TakeTest("connections/main").status()), "TOO_MANY_CALLS");
  clock.running += std::chrono::milliseconds{6001};
  EXPECT_TRUE(limits.TakeTest("connections/main").ok());
}

TEST(CallLimitsTest, LooksIntoAConnectionAreOneAtATimeAndLeaveItsTestsAlone) {
  ManualClock clock;
  CallLimits limits(clock, {});
  {
    const auto look = limits.TakeLook("connections/main");
    ASSERT_TRUE(look.ok());
    const absl::Status refused = limits.TakeLook("connections/main").status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ErrorReason(refused), "TOO_MANY_CALLS");
    EXPECT_EQ(refused.message(), "a look into connections/main is in progress; one at a time: try again in 2 s");
    EXPECT_TRUE(limits.TakeLook("connections/other").ok());
    EXPECT_TRUE(limits.TakeTest("connections/main").ok());
  }
  for (int i = 0; i < 59; ++i) ASSERT_TRUE(limits.TakeLook("connections/main").ok()) << i;
  EXPECT_EQ(ErrorReason(limits.TakeLook("connections/main").status()), "TOO_MANY_CALLS");
  EXPECT_TRUE(limits.TakeTest("connections/main").ok());
}

TEST(CallLimitsTest, CallsInFlightAreBoundedForOneCallerAndThoseThatWaitForOthersAsAWhole) {
  ManualClock clock;
  CallLimits limits(clock,
                    {.calls_in_flight_per_principal_max = 2, .calls_outside_max = 2, .calls_outside_for_admins = 1});
  auto a = limits.TakeCall("tokens/a");
  auto b = limits.TakeCall("tokens/a");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(ErrorReason(limits.TakeCall("tokens/a").status()), "TOO_MANY_CALLS");
  EXPECT_TRUE(limits.TakeCall("tokens/b").ok());
  *a = CallLimits::Slot();
  EXPECT_TRUE(limits.TakeCall("tokens/a").ok());
  {
    const auto outside = limits.TakeOutside(false);
    ASSERT_TRUE(outside.ok());
    const absl::Status refused = limits.TakeOutside(false).status();
    EXPECT_EQ(ErrorReason(refused), "TOO_MANY_CALLS");
    EXPECT_TRUE(ErrorDetailsOf(refused).contains("retry_after_ms"));
    const auto admin = limits.TakeOutside(true);
    EXPECT_TRUE(admin.ok()) << "who mends what hangs gets through";
    EXPECT_EQ(ErrorReason(limits.TakeOutside(true).status()), "TOO_MANY_CALLS");
  }
  EXPECT_TRUE(limits.TakeOutside(false).ok());
}

TEST(CallLimitsTest, StreamsAreBoundedForOneCallerAndForAll) {
  ManualClock clock;
  CallLimits limits(clock, {.streams_max = 3, .streams_per_principal_max = 2});
  auto a = limits.TakeStream("tokens/a");
  auto b = limits.TakeStream("tokens/a");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(ErrorReason(limits.TakeStream("tokens/a").status()), "TOO_MANY_CALLS");
  auto c = limits.TakeStream("tokens/b");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(ErrorReason(limits.TakeStream("tokens/c").status()), "TOO_MANY_CALLS");
  *a = CallLimits::Slot();
  EXPECT_TRUE(limits.TakeStream("tokens/c").ok());
}

}  // namespace
}  // namespace cdi::server
