// Braze's request limit: so many requests in a window of so many seconds, windows fixed to the epoch.
//
// Time is passed in. Not thread-safe. Rules: www.braze.com/docs, API limits (2026-11).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cdi::braze_mock {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// What X-RateLimit-Reset holds: the time of the reset (data-point contracts), or the seconds until it (MAU contracts;
// these answer 429 with X-Ratelimit-Retry-After alone).
enum class RateHeaders : uint8_t { kEpoch, kSeconds };

struct RateLimit {
  int64_t requests = 1'000'000;  // so high that nothing reaches it: the default limits nobody
  int64_t window_seconds = 3;
  RateHeaders headers = RateHeaders::kEpoch;
};

class RateLimiter {
 public:
  explicit RateLimiter(RateLimit limit) : limit_(limit) {}

  struct Decision {
    bool allowed = true;
    int64_t remaining = 0;
    int64_t reset_epoch = 0;    // seconds since 1970
    int64_t reset_seconds = 0;  // from now, at least 1
  };
  // Counts one request that arrived at `now_ms` since 1970; refused ones do not count.
  Decision Take(int64_t now_ms);

  HeaderList Headers(const Decision& decision) const;

 private:
  RateLimit limit_;
  int64_t window_ = -1;  // number of the window since 1970
  int64_t used_ = 0;
};

}  // namespace cdi::braze_mock
