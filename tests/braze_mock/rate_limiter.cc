#include "tests/braze_mock/rate_limiter.h"

#include <algorithm>

namespace cdi::braze_mock {

RateLimiter::Decision RateLimiter::Take(int64_t now_ms) {
  const int64_t window_ms = limit_.window_seconds * 1000;
  const int64_t window = now_ms / window_ms;
  if (window != window_) {
    window_ = window;
    used_ = 0;
  }
  Decision decision;
  decision.allowed = used_ < limit_.requests;
  if (decision.allowed) ++used_;
  decision.remaining = limit_.requests - used_;
  const int64_t reset_ms = (window + 1) * window_ms;
  decision.reset_epoch = reset_ms / 1000;
  decision.reset_seconds = std::max<int64_t>(1, (reset_ms - now_ms + 999) / 1000);
  return decision;
}

HeaderList RateLimiter::Headers(const Decision& decision) const {
  const bool epoch = limit_.headers == RateHeaders::kEpoch;
  if (!decision.allowed && !epoch) return {{"X-Ratelimit-Retry-After", std::to_string(decision.reset_seconds)}};
  return {{"X-RateLimit-Limit", std::to_string(limit_.requests)},
          {"X-RateLimit-Remaining", std::to_string(decision.remaining)},
          {"X-RateLimit-Reset", std::to_string(epoch ? decision.reset_epoch : decision.reset_seconds)}};
}

}  // namespace cdi::braze_mock
