// The sender's one thread: libcurl's multi handle driven by epoll. Internal to the sender.
//
// Post comes from any thread; everything else happens on the loop's own. Jobs start in order, as soon as there is room
// in requests and bytes.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "ingest/braze/http_sender.h"
#include "ingest/braze/transfer.h"

namespace cdi::ingest::braze {

class CurlLoop {
 public:
  static absl::StatusOr<std::unique_ptr<CurlLoop>> Create(const HttpSenderOptions& options);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // The job's `done` is called exactly once, on the loop's thread.
  void Post(Job job);
  // From now on jobs that have not started end kStopped; those on the wire may end until `deadline`. Blocks until all
  // callbacks returned; later jobs end kStopped as well. Not from a callback.
  void Drain(MonoTime deadline);

  size_t requests_in_flight() const { return in_flight_count_.load(std::memory_order_relaxed); }
  size_t requests_waiting() const { return waiting_count_.load(std::memory_order_relaxed); }

 private:
  explicit CurlLoop(const HttpSenderOptions& options);
  absl::Status Init(const std::vector<std::string>& resolve);

  void Run();
  void Wake();
  int WaitMilliseconds() const;
  void WaitAndDispatch();
  // False once the loop is to end.
  bool TakeInbox();
  void StartWaiting();
  void StartOne(Job job);
  void ReapFinished();
  void FinishOne(Transfer* transfer, CURLcode result, bool stopped);
  void StopDrained();

  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  const size_t requests_max_;
  const size_t body_bytes_max_;
  const std::chrono::milliseconds connect_timeout_;
  SystemClock clock_;
  CURLM* multi_ = nullptr;
  CURLSH* share_ = nullptr;  // TLS sessions; only this thread uses it, so it needs no locks
  curl_slist* resolve_ = nullptr;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  bool curl_ready_ = false;

  mutable Mutex mutex_;
  CondVar drained_cv_;
  std::vector<Job> inbox_ CDI_GUARDED_BY(mutex_);
  std::optional<MonoTime> drain_deadline_ CDI_GUARDED_BY(mutex_);
  bool drained_ CDI_GUARDED_BY(mutex_) = false;
  bool ending_ CDI_GUARDED_BY(mutex_) = false;

  // Of the loop's thread alone.
  struct Active {
    std::unique_ptr<Transfer> transfer;
    MonoTime started{0};
  };
  std::deque<Job> waiting_;
  std::unordered_map<Transfer*, Active> active_;
  std::vector<std::unique_ptr<Transfer>> idle_;
  size_t body_bytes_ = 0;
  std::optional<MonoTime> timer_due_;
  std::optional<MonoTime> stop_at_;
  std::atomic<size_t> in_flight_count_{0};
  std::atomic<size_t> waiting_count_{0};
  std::thread thread_;
};

}  // namespace cdi::ingest::braze
