#include "base/backoff.h"

#include <gtest/gtest.h>

namespace cdi {
namespace {

TEST(BackoffTest, StaysBetweenOneMillisecondAndTheDoubledBase) {
  SeededRng rng(7);
  const BackoffPolicy policy;
  for (int attempt = 0; attempt < 40; ++attempt) {
    const auto delay = BackoffDelay(policy, attempt, rng);
    EXPECT_GE(delay.count(), 1);
    EXPECT_LE(delay.count(), std::min<int64_t>(60'000, int64_t{500} << std::min(attempt, 20)));
  }
}

}  // namespace
}  // namespace cdi
