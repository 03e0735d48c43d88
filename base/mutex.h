// std::mutex with clang's thread-safety annotations, which libstdc++'s own lacks. Under g++ the macros vanish.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CDI_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define CDI_THREAD_ATTRIBUTE(x)
#endif
#define CDI_GUARDED_BY(x) CDI_THREAD_ATTRIBUTE(guarded_by(x))
#define CDI_REQUIRES(...) CDI_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))

namespace cdi {

class CDI_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() CDI_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() CDI_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  bool try_lock() CDI_THREAD_ATTRIBUTE(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

class CDI_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CDI_THREAD_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() CDI_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits on a Mutex that the caller holds.
using CondVar = std::condition_variable_any;

}  // namespace cdi
