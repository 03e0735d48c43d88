#include "warehouse/cancel_gate.h"

#include "base/error.h"

namespace cdi::warehouse {
namespace {

constexpr int kCancelTries = 5;
constexpr std::chrono::milliseconds kCancelPause{100};

}  // namespace

absl::Status CancelledError() {
  return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the statement was cancelled on request");
}

absl::Status CancelGate::Check() {
  return cancelled_ || stopped_ ? CancelledError() : absl::OkStatus();
}

absl::Status CancelGate::Enter(Cancellable* statement) {
  MutexLock lock(mutex_);
  if (absl::Status status = Check(); !status.ok()) return status;
  running_ = statement;
  return absl::OkStatus();
}

absl::Status CancelGate::Leave() {
  MutexLock lock(mutex_);
  running_ = nullptr;
  changed_.notify_all();
  const absl::Status status = Check();
  if (windows_ == 0) cancelled_ = false;
  return status;
}

void CancelGate::OpenWindow() {
  MutexLock lock(mutex_);
  ++windows_;
}

void CancelGate::CloseWindow() {
  MutexLock lock(mutex_);
  if (--windows_ == 0) cancelled_ = false;
}

absl::Status CancelGate::WaitFor(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  waiting_ = true;
  changed_.wait_for(lock, duration, [this] { return cancelled_ || stopped_; });
  waiting_ = false;
  const absl::Status status = Check();
  if (windows_ == 0) cancelled_ = false;
  return status;
}

void CancelGate::Cancel() noexcept {
  {
    MutexLock lock(mutex_);
    if (running_ == nullptr && !waiting_ && windows_ == 0) return;
    cancelled_ = true;
  }
  EndRunning();
}

void CancelGate::Stop() noexcept {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  EndRunning();
}

void CancelGate::EndRunning() {
  std::unique_lock lock(mutex_);
  changed_.notify_all();
  const Cancellable* const target = running_;
  for (int i = 0; i < kCancelTries && running_ != nullptr && running_ == target; ++i) {
    running_->CancelNow();
    changed_.wait_for(lock, kCancelPause, [&] { return running_ != target; });
  }
}

}  // namespace cdi::warehouse
