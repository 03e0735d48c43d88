// Ends a blocked statement from another thread, and keeps the promise that nothing starts afterwards.
//
// The session's thread brackets every call with Enter and Leave and every open window with Open and Close; any thread
// may call Cancel or Stop. A cancel lasts until what was running or open then is over; a stop lasts for good.
#pragma once

#include <chrono>
#include <memory>

#include "absl/status/status.h"
#include "base/mutex.h"

namespace cdi::warehouse {

// What can be ended: SQLCancel on a statement. Called with the gate's lock held, so that the statement lives.
class Cancellable {
 public:
  virtual ~Cancellable() = default;
  virtual void CancelNow() noexcept = 0;
};

class CancelGate {
 public:
  // OK, or kCancelled when it must not start. `statement` outlives the matching Leave.
  absl::Status Enter(Cancellable* statement);
  // kCancelled when it was ended on request, else OK.
  absl::Status Leave();

  // A window is open: a cancel that comes between two of its blocks ends it as well.
  void OpenWindow();
  void CloseWindow();

  // Waits; kCancelled at once when cancelled or stopped.
  absl::Status WaitFor(std::chrono::milliseconds duration);

  // Blocks up to half a second: a cancel that overtakes its statement is repeated until the statement has ended.
  void Cancel() noexcept;
  void Stop() noexcept;

 private:
  absl::Status Check() CDI_REQUIRES(mutex_);
  void EndRunning();

  Mutex mutex_;
  CondVar changed_;
  Cancellable* running_ CDI_GUARDED_BY(mutex_) = nullptr;
  bool waiting_ CDI_GUARDED_BY(mutex_) = false;
  int windows_ CDI_GUARDED_BY(mutex_) = 0;
  bool cancelled_ CDI_GUARDED_BY(mutex_) = false;
  bool stopped_ CDI_GUARDED_BY(mutex_) = false;
};

absl::Status CancelledError();

}  // namespace cdi::warehouse
