// How much one caller may ask for: calls per minute and in flight of a principal, looks and tests of a connection, open
// streams. What waits for others is bounded as a whole: a warehouse that never answers must not hold every thread.
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
  // A call in flight and an open stream hold one of the 96 threads that all calls share (transport.cc). Streams and
  // calls that wait for others leave 32 of them, twice what one caller may hold.
  int calls_in_flight_per_principal_max = 16;
  int calls_outside_max = 24;
  int calls_outside_for_admins = 6;  // of them: who mends what hangs must get through
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
  // A call of `principal` that is no stream, while it lasts.
  absl::StatusOr<Slot> TakeCall(const std::string& principal);
  // A call that waits for a warehouse or Braze, whoever makes it. Some are left for calls that only admins may make.
  absl::StatusOr<Slot> TakeOutside(bool for_admins);
  // A look into the warehouse of `connection`: one at a time, and six times as many a minute as tests.
  absl::StatusOr<Slot> TakeLook(const std::string& connection);
  // A test or a preview over `connection` (or of a workspace): one at a time, and few a minute.
  absl::StatusOr<Slot> TakeTest(const std::string& connection);
  absl::StatusOr<Slot> TakeStream(const std::string& principal);

 private:
  struct Bucket {
    double calls = 0;
    MonoTime filled{};
  };
  using Buckets = std::map<std::string, Bucket, std::less<>>;

  struct Kind {
    std::string_view one;      // "a look into"
    std::string_view several;  // "looks into"
    int per_minute;
    std::string_view setting;
  };

  absl::StatusOr<Slot> TakeOfConnection(const Kind& kind, const std::string& connection);
  // The time until there is one; zero when it was taken.
  std::chrono::milliseconds Take(Buckets& buckets, const std::string& key, int per_minute) CDI_REQUIRES(mutex_);
  void Release(std::map<std::string, int>& held, const std::string& key);

  const Clock& clock_;
  const CallLimitOptions options_;
  Mutex mutex_;
  Buckets calls_ CDI_GUARDED_BY(mutex_);
  // By kind and connection: looks leave tests alone.
  Buckets of_connections_ CDI_GUARDED_BY(mutex_);
  std::map<std::string, int> at_connections_ CDI_GUARDED_BY(mutex_);
  std::map<std::string, int> in_flight_ CDI_GUARDED_BY(mutex_);
  int outside_ CDI_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> streams_ CDI_GUARDED_BY(mutex_);
  int streams_open_ CDI_GUARDED_BY(mutex_) = 0;
};

}  // namespace cdi::server
