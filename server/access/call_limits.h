// How much one caller may ask for: calls per minute of a principal, tests and previews of a connection, open streams.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace cdi::server {

struct CallLimitOptions {
  int calls_per_minute = 6000;
  int tests_per_minute = 10;
  // Each open stream holds one of the 64 threads that all calls share (server.cc).
  int streams_max = 40;
  int streams_per_principal_max = 20;
};

// Thread-safe. Everything refused is RESOURCE_EXHAUSTED, TOO_MANY_CALLS, with the time after which to try again.
class CallLimits {
 public:
  // Frees what it was given for when it is destroyed; the limits outlive it.
  class Slot {
   public:
    Slot() = default;
    explicit Slot(std::function<void()> free) : free_(std::move(free)) {}
    Slot(Slot&& other) noexcept : free_(std::exchange(other.free_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept;
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot();

   private:
    std::function<void()> free_;
  };

  CallLimits(const Clock& clock, const CallLimitOptions& options) : clock_(clock), options_(options) {}

  // One call of `principal`: a bucket that holds a minute's calls and fills evenly.
  absl::Status Count(const std::string& principal);
  // A test or a preview over `connection`: one at a time, and few a minute.
  absl::StatusOr<Slot> TakeTest(const std::string& connection);
  absl::StatusOr<Slot> TakeStream(const std::string& principal);

 private:
  struct Bucket {
    double calls = 0;
    MonoTime filled{};
  };
  using Buckets = std::map<std::string, Bucket, std::less<>>;

  // The time until there is one; zero when it was taken.
  std::chrono::milliseconds Take(Buckets& buckets, const std::string& key, int per_minute) CDI_REQUIRES(mutex_);
  void Release(std::map<std::string, int>& held, const std::string& key);

  const Clock& clock_;
  const CallLimitOptions options_;
  Mutex mutex_;
  Buckets calls_ CDI_GUARDED_BY(mutex_);
  Buckets tests_ CDI_GUARDED_BY(mutex_);
  std::map<std::string, int> testing_ CDI_GUARDED_BY(mutex_);
  std::map<std::string, int> streams_ CDI_GUARDED_BY(mutex_);
  int streams_open_ CDI_GUARDED_BY(mutex_) = 0;
};

}  // namespace cdi::server
