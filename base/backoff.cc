#include "base/backoff.h"

#include <algorithm>

namespace cdi {

std::chrono::milliseconds BackoffDelay(const BackoffPolicy& policy, int attempt, Rng& rng) {
  const int doublings = std::clamp(attempt, 0, 30);
  const int64_t ceiling = std::min<int64_t>(policy.cap.count(), policy.base.count() << doublings);
  return std::chrono::milliseconds{
      1 + static_cast<int64_t>(rng.Below(static_cast<uint64_t>(std::max<int64_t>(1, ceiling))))};
}

}  // namespace cdi
