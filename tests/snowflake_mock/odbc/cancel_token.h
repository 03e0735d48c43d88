// Tells a thread that waits on the network or for a delay to stop, from another thread.
//
// Cancel may come from any thread at any time; Reset, WaitUntil and Watch belong to the thread that does the work.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

namespace cdi::sfodbc {

using TimePoint = std::chrono::steady_clock::time_point;
inline constexpr TimePoint kNoDeadline = TimePoint::max();

class CancelToken {
 public:
  CancelToken() = default;
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void Cancel();
  void Reset() { cancelled_at_ = 0; }
  bool cancelled() const { return cancelled_at_ != 0; }
  std::optional<TimePoint> cancelled_at() const;

  // Sleeps until `until`; true when cancelled before.
  bool WaitUntil(TimePoint until);

  // While it lives, Cancel calls `wake` (from its own thread, under the token's lock): for waits that are not the
  // token's.
  class Watch {
   public:
    Watch(CancelToken& token, std::function<void()> wake);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    CancelToken& token_;
  };

 private:
  std::atomic<TimePoint::rep> cancelled_at_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> wake_;
};

}  // namespace cdi::sfodbc
