// Virtual time: what happens next is the earliest thing planned, and nothing takes longer than it says.
//
// One thread. Things planned for the same moment happen in the order in which they were planned, so a seed replays.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/timestamp.h"

namespace cdi::sim {

class EventLoop {
 public:
  MonoTime now() const { return now_; }
  // The warehouse's clock at this moment.
  Timestamp WarehouseNow() const { return kEpoch.Plus(now_); }
  static Timestamp WarehouseTime(MonoTime time) { return kEpoch.Plus(time); }

  void After(MonoTime delay, std::function<void()> what) {
    events_.push({now_ + (delay < MonoTime{0} ? MonoTime{0} : delay), next_++, std::move(what)});
  }
  // Lets the next thing happen; false: nothing is planned.
  bool RunOne() {
    if (events_.empty()) return false;
    Event event = std::move(const_cast<Event&>(events_.top()));
    events_.pop();
    now_ = event.time;
    event.what();
    return true;
  }

 private:
  static constexpr Timestamp kEpoch{.seconds = 1'790'000'000, .nanos = 0};
  struct Event {
    MonoTime time;
    uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const { return std::pair(time, order) > std::pair(other.time, other.order); }
  };
  MonoTime now_{0};
  uint64_t next_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace cdi::sim
