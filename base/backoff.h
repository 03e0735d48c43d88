// Exponential delay with full jitter: uniform in (0, min(cap, base * 2^attempt)].
#pragma once

#include <chrono>

#include "base/rng.h"

namespace cdi {

struct BackoffPolicy {
  std::chrono::milliseconds base{500};
  std::chrono::milliseconds cap{60'000};
};

// `attempt` counts from 0. Never less than one millisecond.
std::chrono::milliseconds BackoffDelay(const BackoffPolicy& policy, int attempt, Rng& rng);

}  // namespace cdi
