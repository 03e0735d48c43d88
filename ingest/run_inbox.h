// What happened to a run, waiting for its machine. Outlives the driver: replies may come when nobody listens any more.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ingest/run_machine.h"

namespace cdi::ingest {

// Thread-safe. Bounded by what the machine asked for: every input answers an action.
class RunInbox {
 public:
  void Push(Input input) {
    const std::lock_guard lock(mutex_);
    inputs_.push_back(std::move(input));
    changed_.notify_one();
  }

  // Everything that waits; empty when the deadline came first.
  std::vector<Input> TakeUntil(MonoTime deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, SteadyPoint(deadline), [&] { return !inputs_.empty(); });
    return std::exchange(inputs_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Input> inputs_;
};

}  // namespace cdi::ingest
