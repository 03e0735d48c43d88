// The two clocks of a process, apart on purpose: wall time for schedules, tokens and records; monotonic time for waits,
// delays and deadlines. Neither ever decides which rows are read: that is the warehouse's clock.
#pragma once

#include <chrono>

#include "base/timestamp.h"

namespace cdi {

// Time since an arbitrary origin of this process; never jumps.
using MonoTime = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp WallNow() const = 0;
  virtual MonoTime MonoNow() const = 0;
};

// The machine's own clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  Timestamp WallNow() const override;
  MonoTime MonoNow() const override;
};

// The steady_clock point that corresponds to a MonoTime of SystemClock: what condition variables wait for.
std::chrono::steady_clock::time_point SteadyPoint(MonoTime time);

}  // namespace cdi
