#include "tests/braze_mock/rate_limiter.h"

#include <gtest/gtest.h>

namespace cdi::braze_mock {
namespace {

constexpr int64_t kNowMs = 1'795'489'670'500;  // half a second into a window of 10 s

TEST(RateLimiterTest, RefusesWhatIsOverTheLimitUntilTheWindowEnds) {
  RateLimiter limiter({.requests = 2, .window_seconds = 10});
  EXPECT_TRUE(limiter.Take(20'000).allowed);
  EXPECT_EQ(limiter.Take(20'001).remaining, 0);
  EXPECT_FALSE(limiter.Take(29'999).allowed);
  EXPECT_TRUE(limiter.Take(30'000).allowed);
}

TEST(RateLimiterTest, EpochModeTellsTheTimeOfTheResetAlsoOn429) {
  RateLimiter limiter({.requests = 1, .window_seconds = 10, .headers = RateHeaders::kEpoch});
  const HeaderList taken = {
      {"X-RateLimit-Limit", "1"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1795489680"}};
  EXPECT_EQ(limiter.Headers(limiter.Take(kNowMs)), taken);
  EXPECT_EQ(limiter.Headers(limiter.Take(kNowMs)), taken);
}

TEST(RateLimiterTest, SecondsModeTellsTheSecondsLeftAndOn429OnlyTheWait) {
  RateLimiter limiter({.requests = 1, .window_seconds = 10, .headers = RateHeaders::kSeconds});
  const HeaderList taken = {{"X-RateLimit-Limit", "1"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "10"}};
  const HeaderList refused = {{"X-Ratelimit-Retry-After", "10"}};
  EXPECT_EQ(limiter.Headers(limiter.Take(kNowMs)), taken);
  EXPECT_EQ(limiter.Headers(limiter.Take(kNowMs)), refused);
}

}  // namespace
}  // namespace cdi::braze_mock
