// A clock that stands until somebody moves it: for tests and simulations. Not thread-safe.
#pragma once

#include "base/clock.h"

namespace cdi {

class ManualClock final : public Clock {
 public:
  Timestamp WallNow() const override { return wall; }
  MonoTime MonoNow() const override { return running; }
  void Pass(std::chrono::nanoseconds amount) {
    wall = wall.Plus(amount);
    running += amount;
  }

  Timestamp wall{1'800'000'000, 0};
  MonoTime running{0};
};

}  // namespace cdi
