#include "tests/snowflake_mock/odbc/cancel_token.h"

#include <utility>

namespace cdi::sfodbc {

void CancelToken::Cancel() {
  const std::lock_guard lock(mutex_);
  TimePoint::rep never = 0;
  cancelled_at_.compare_exchange_strong(never, std::chrono::steady_clock::now().time_since_epoch().count());
  if (wake_) wake_();
  changed_.notify_all();
}

std::optional<TimePoint> CancelToken::cancelled_at() const {
  const TimePoint::rep at = cancelled_at_;
  if (at == 0) return std::nullopt;
  return TimePoint(TimePoint::duration(at));
}

bool CancelToken::WaitUntil(TimePoint until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return cancelled(); });
}

CancelToken::Watch::Watch(CancelToken& token, std::function<void()> wake) : token_(token) {
  const std::lock_guard lock(token_.mutex_);
  token_.wake_ = std::move(wake);
}

CancelToken::Watch::~Watch() {
  const std::lock_guard lock(token_.mutex_);
  token_.wake_ = nullptr;
}

}  // namespace cdi::sfodbc
