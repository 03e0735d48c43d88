// A queue between threads, bounded by count and by weight (bytes). Pushing blocks while it is full: a slow consumer
// slows its producer instead of filling memory. An item heavier than the whole bound is taken when the queue is empty.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"

namespace cdi {

template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(size_t count_max, size_t weight_max) : count_max_(count_max), weight_max_(weight_max) {}

  // False when the queue was closed; the item is then dropped.
  bool Push(T item, size_t weight = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || Fits(weight); });
    if (closed_) return false;
    items_.emplace_back(std::move(item), weight);
    weight_ += weight;
    changed_.notify_all();
    return true;
  }

  // nullopt when the deadline passed (SystemClock's MonoTime), or the queue is closed and empty.
  std::optional<T> PopUntil(MonoTime deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, SteadyPoint(deadline), [&] { return closed_ || !items_.empty(); });
    return TakeFront();
  }

  std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return TakeFront();
  }

  // Wakes everyone; nothing more goes in, what is in can still be taken out.
  void Close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  size_t size() const {
    std::unique_lock lock(mutex_);
    return items_.size();
  }

 private:
  bool Fits(size_t weight) const {
    return items_.empty() || (items_.size() < count_max_ && weight_ + weight <= weight_max_);
  }

  std::optional<T> TakeFront() {
    if (items_.empty()) return std::nullopt;
    auto [item, weight] = std::move(items_.front());
    items_.pop_front();
    weight_ -= weight;
    changed_.notify_all();
    return std::move(item);
  }

  const size_t count_max_;
  const size_t weight_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<T, size_t>> items_;
  size_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace cdi
