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

absl::StatusOr<CallLimits::Slot> CallLimits::TakeTest(const std::string& connection) {
  const MutexLock lock(mutex_);
  if (testing_.contains(connection)) {
    return Limited(absl::StrCat("a test or preview of ", connection, " is in progress; one at a time"), kTestPatience);
  }
  const std::chrono::milliseconds wait = Take(tests_, connection, options_.tests_per_minute);
  if (wait.count() > 0) {
    return Limited(absl::StrCat("more than ", options_.tests_per_minute, " tests and previews a minute of ", connection,
                                " (access.tests_per_minute)"),
                   wait);
  }
  testing_[connection] = 1;
  return Slot([this, connection] {
    const MutexLock free_lock(mutex_);
    Release(testing_, connection);
  });
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
