#include "server/access/call_limits.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::server {
namespace {

// More are only known when somebody calls under ever new names; full buckets are forgotten then, they say nothing.
constexpr size_t kBucketsMax = 4096;
constexpr int kLooksPerTest = 6;
constexpr std::chrono::milliseconds kCallPatience{1000};
constexpr std::chrono::milliseconds kStreamPatience{1000};
constexpr std::chrono::milliseconds kTestPatience{2000};

absl::Status Limited(std::string_view what, std::chrono::milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS",
                   absl::StrCat(std::string(what), ": try again in ", seconds, " s"),
                   {{"retry_after_ms", absl::StrCat(wait.count())}});
}

}  // namespace

CallLimits::Slot& CallLimits::Slot::operator=(Slot&& other) noexcept {
  if (this == &other) return *this;
  if (free_) free_();
  free_ = std::exchange(other.free_, nullptr);
  return *this;
}

CallLimits::Slot::~Slot() {
  if (free_) free_();
}

std::chrono::milliseconds CallLimits::Take(Buckets& buckets, const std::string& key, int per_minute) {
  const MonoTime now = clock_.MonoNow();
  const double full = per_minute;
  const double per_second = per_minute / 60.0;
  const auto level = [&](const Bucket& bucket) {
    return std::min(full, bucket.calls + per_second * std::chrono::duration<double>(now - bucket.filled).count());
  };
  if (buckets.size() >= kBucketsMax && !buckets.contains(key)) {
    std::erase_if(buckets, [&](const auto& entry) { return level(entry.second) >= full - 1; });
    if (buckets.size() >= kBucketsMax) return std::chrono::seconds{1};
  }
  Bucket& bucket = buckets.try_emplace(key, Bucket{full, now}).first->second;
  bucket = {level(bucket), now};
  if (bucket.calls < 1) {
    return std::chrono::milliseconds{static_cast<int64_t>(std::ceil((1 - bucket.calls) / per_second * 1000))};
  }
  bucket.calls -= 1;
  return std::chrono::milliseconds{0};
}

void CallLimits::Release(std::map<std::string, int>& held, const std::string& key) {
  const auto found = held.find(key);
  if (found != held.end() && --found->second <= 0) held.erase(found);
}

absl::Status CallLimits::Count(const std::string& principal) {
  const MutexLock lock(mutex_);
  const std::chrono::milliseconds wait = Take(calls_, principal, options_.calls_per_minute);
  if (wait.count() == 0) return absl::OkStatus();
  return Limited(absl::StrCat("more than ", options_.calls_per_minute, " calls a minute (access.calls_per_minute)"),
                 wait);
}

absl::StatusOr<CallLimits::Slot> CallLimits::TakeCall(const std::string& principal) {
  const MutexLock lock(mutex_);
  const auto held = in_flight_.find(principal);
  if (held != in_flight_.end() && held->second >= options_.calls_in_flight_per_principal_max) {
    return Limited(absl::StrCat(principal, " has ", held->second, " calls in progress, all that one caller may have"),
                   kCallPatience);
  }
  ++in_flight_[principal];
  return Slot([this, principal] {
    const MutexLock free_lock(mutex_);
    Release(in_flight_, principal);
  });
}

absl::StatusOr<CallLimits::Slot> CallLimits::TakeOutside(bool for_admins) {
  const MutexLock lock(mutex_);
  if (outside_ >= options_.calls_outside_max - (for_admins ? 0 : options_.calls_outside_for_admins)) {
    return Limited(absl::StrCat(outside_, " calls wait for a warehouse or Braze, all that may at once"), kTestPatience);
  }
  ++outside_;
  return Slot([this] {
    const MutexLock free_lock(mutex_);
    --outside_;
  });
}

absl::StatusOr<CallLimits::Slot> CallLimits::TakeOfConnection(const Kind& kind, const std::string& connection) {
  const std::string key = absl::StrCat(std::string(kind.one), " ", connection);
  const MutexLock lock(mutex_);
  if (at_connections_.contains(key)) {
    return Limited(absl::StrCat(key, " is in progress; one at a time"), kTestPatience);
  }
  const std::chrono::milliseconds wait = Take(of_connections_, key, kind.per_minute);
  if (wait.count() > 0) {
    return Limited(absl::StrCat("more than ", kind.per_minute, " ", std::string(kind.several), " ", connection,
                                " a minute (", std::string(kind.setting), ")"),
                   wait);
  }
  at_connections_[key] = 1;
  return Slot([this, key] {
    const MutexLock free_lock(mutex_);
    Release(at_connections_, key);
  });
}

absl::StatusOr<CallLimits::Slot> CallLimits::TakeLook(const std::string& connection) {
  const int per_minute = kLooksPerTest * options_.tests_per_minute;
  return TakeOfConnection({"a look into", "looks into", per_minute, "6 times access.tests_per_minute"}, connection);
}

absl::StatusOr<CallLimits::Slot> CallLimits::TakeTest(const std::string& connection) {
  return TakeOfConnection(
      {"a test or preview of", "tests and previews of", options_.tests_per_minute, "access.tests_per_minute"},
      connection);
}

absl::StatusOr<CallLimits::Slot> CallLimits::TakeStream(const std::string& principal) {
  const MutexLock lock(mutex_);
  if (streams_open_ >= options_.streams_max) {
    return Limited(absl::StrCat(options_.streams_max, " streams are open, all there may be"), kStreamPatience);
  }
  int& open = streams_[principal];
  if (open >= options_.streams_per_principal_max) {
    return Limited(absl::StrCat(principal, " has ", open, " streams open, all that one caller may have"),
                   kStreamPatience);
  }
  ++open;
  ++streams_open_;
  return Slot([this, principal] {
    const MutexLock free_lock(mutex_);
    Release(streams_, principal);
    --streams_open_;
  });
}

}  // namespace cdi::server
