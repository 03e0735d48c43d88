// A library that is preloaded into a program under test (moved_clock.py): it adds to the clocks of that process what
// the file of MOVED_CLOCK says, at any time, and lets waits until a point in time see that. So an hour of a connection
// or ninety days of a key pass in a test, in the program as it is shipped.
//
// Covers what the programs here use: clock_gettime, gettimeofday, time; condition variables of C++ (clockwait); futexes
// with an absolute time (abseil, atomics). Waits of a given length (poll, nanosleep, epoll) stay as long as they are.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kSecond = 1'000'000'000;
// A wait looks at the moved clock so often; a wait that ends early is one that the callers must expect anyway.
constexpr int64_t kLookEvery = 30'000'000;

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

const volatile int64_t& Moved() {
  static const volatile int64_t* const moved = [] {
    const char* path = getenv("MOVED_CLOCK");
    const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void* mapped = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    close(file);
    return static_cast<const volatile int64_t*>(mapped);
  }();
  return *moved;
}

// The file is found at loading: a program may drop its environment before it asks for the time.
[[gnu::constructor]] void FindFile() {
  [[maybe_unused]] const int64_t now = Moved();
}

int64_t RealNow(clockid_t clock) {
  static auto* const real = Next<decltype(clock_gettime)>("clock_gettime");
  timespec now{};
  real(clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

timespec SpecOf(int64_t nanoseconds) {
  return {nanoseconds / kSecond, nanoseconds % kSecond};
}

bool IsMoved(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
         clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
}

// One look of a wait until `deadline`, which is in moved time.
struct Look {
  Look(clockid_t clock, const timespec& deadline) {
    const int64_t now = RealNow(clock);
    const int64_t left = deadline.tv_sec * kSecond + deadline.tv_nsec - now - Moved();
    is_last = left <= kLookEvery;
    until = SpecOf(now + std::clamp(left, int64_t{0}, kLookEvery));
  }
  bool is_last;
  timespec until;  // in real time
};

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  *now = SpecOf(RealNow(clock) + (IsMoved(clock) ? Moved() : 0));
  return 0;
}

int gettimeofday(timeval* __restrict now, void* __restrict) noexcept {
  const int64_t moved = RealNow(CLOCK_REALTIME) + Moved();
  *now = {moved / kSecond, moved % kSecond / 1000};
  return 0;
}

time_t time(time_t* now) noexcept {
  const time_t seconds = (RealNow(CLOCK_REALTIME) + Moved()) / kSecond;
  if (now != nullptr) *now = seconds;
  return seconds;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* deadline) {
  static auto* const real = Next<decltype(pthread_cond_clockwait)>("pthread_cond_clockwait");
  const Look look(clock, *deadline);
  const int result = real(condition, mutex, clock, &look.until);
  return result == ETIMEDOUT && !look.is_last ? 0 : result;
}

long syscall(long number, ...) noexcept {
  static auto* const real = Next<decltype(syscall)>("syscall");
  va_list list;
  va_start(list, number);
  long given[6];
  for (long& argument : given) argument = va_arg(list, long);
  va_end(list);
  const long operation = given[1];
  const auto* deadline = reinterpret_cast<const timespec*>(given[3]);
  if (number != SYS_futex || (operation & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET || deadline == nullptr) {
    return real(number, given[0], given[1], given[2], given[3], given[4], given[5]);
  }
  const Look look((operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, *deadline);
  const long result =
      real(number, given[0], given[1], given[2], reinterpret_cast<long>(&look.until), given[4], given[5]);
  if (result == -1 && errno == ETIMEDOUT && !look.is_last) errno = EINTR;
  return result;
}

}  // extern "C"
