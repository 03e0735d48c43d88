#include "base/clock.h"

namespace cdi {

Timestamp SystemClock::WallNow() const {
  return Timestamp{}.Plus(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()));
}

MonoTime SystemClock::MonoNow() const {
  return std::chrono::duration_cast<MonoTime>(std::chrono::steady_clock::now().time_since_epoch());
}

std::chrono::steady_clock::time_point SteadyPoint(MonoTime time) {
  return std::chrono::steady_clock::time_point{std::chrono::duration_cast<std::chrono::steady_clock::duration>(time)};
}

}  // namespace cdi
