#include "ingest/braze/curl_loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"

namespace cdi::ingest::braze {
namespace {

constexpr int kEventsMax = 256;
constexpr size_t kIdleHandlesMax = 256;

absl::Status LoopError(std::string_view what) {
  return MakeError(absl::StatusCode::kInternal, "HTTP_CLIENT",
                   absl::StrCat(std::string(what), ": ", std::strerror(errno)));
}

// A job that never left: nothing of it was handed to the transport.
RawReply UnsentReply(const Job& job, TransportFault fault, std::string text) {
  RawReply reply;
  reply.fault = fault;
  reply.fault_text = std::move(text);
  reply.bytes_total = job.body.size();
  return reply;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CurlLoop>> CurlLoop::Create(const HttpSenderOptions& options) {
  std::unique_ptr<CurlLoop> loop(new CurlLoop(options));
  if (const absl::Status status = loop->Init(options.resolve); !status.ok()) return status;
  loop->thread_ = std::thread([raw = loop.get()] { raw->Run(); });
  return loop;
}

CurlLoop::CurlLoop(const HttpSenderOptions& options)
    : requests_max_(std::max<size_t>(1, options.requests_in_flight_max)),
      body_bytes_max_(options.body_bytes_in_flight_max),
      connect_timeout_(options.connect_timeout) {}

absl::Status CurlLoop::Init(const std::vector<std::string>& resolve) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return LoopError("curl_global_init");
  curl_ready_ = true;
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_fd_ < 0 || wake_fd_ < 0) return LoopError("epoll");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_fd_;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0) return LoopError("epoll_ctl");
  multi_ = curl_multi_init();
  share_ = curl_share_init();
  if (multi_ == nullptr || share_ == nullptr) return LoopError("curl_multi_init");
  for (const std::string& entry : resolve) {
    curl_slist* longer = curl_slist_append(resolve_, entry.c_str());
    if (longer == nullptr) return LoopError("curl_slist_append");
    resolve_ = longer;
  }
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(requests_max_));
  return absl::OkStatus();
}

CurlLoop::~CurlLoop() {
  if (thread_.joinable()) {
    Drain(MonoTime{0});
    {
      const MutexLock lock(mutex_);
      ending_ = true;
    }
    Wake();
    thread_.join();
  }
  active_.clear();
  idle_.clear();
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
  if (share_ != nullptr) curl_share_cleanup(share_);
  curl_slist_free_all(resolve_);
  if (wake_fd_ >= 0) close(wake_fd_);
  if (epoll_fd_ >= 0) close(epoll_fd_);
  if (curl_ready_) curl_global_cleanup();
}

void CurlLoop::Post(Job job) {
  bool first = false;
  {
    const MutexLock lock(mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(job));
    drained_ = false;
  }
  if (first) Wake();
}

void CurlLoop::Drain(MonoTime deadline) {
  std::unique_lock lock(mutex_);
  drain_deadline_ = drain_deadline_ ? std::min(*drain_deadline_, deadline) : deadline;
  drained_ = false;
  Wake();
  drained_cv_.wait(lock, [&] { return drained_; });
}

void CurlLoop::Wake() {
  const uint64_t one = 1;
  const ssize_t written = write(wake_fd_, &one, sizeof one);
  // EAGAIN: the counter is full, so the loop is awake already.
  CDI_CHECK(written == sizeof one || errno == EAGAIN, "the loop's eventfd takes a wake-up");
}

void CurlLoop::Run() {
  // Signals belong to the main thread; SIGPIPE, which a write to a closed TLS connection raises, to nobody.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (TakeInbox()) {
    StartWaiting();
    StopDrained();
    WaitAndDispatch();
    ReapFinished();
  }
}

bool CurlLoop::TakeInbox() {
  std::vector<Job> taken;
  bool go_on = true;
  {
    const MutexLock lock(mutex_);
    taken.swap(inbox_);
    stop_at_ = drain_deadline_;
    go_on = !(ending_ && taken.empty() && active_.empty());
  }
  for (Job& job : taken) waiting_.push_back(std::move(job));
  return go_on;
}

void CurlLoop::StartWaiting() {
  if (stop_at_) {
    while (!waiting_.empty()) {
      const Job job = std::move(waiting_.front());
      waiting_.pop_front();
      job.done(UnsentReply(job, TransportFault::kStopped, ""), std::chrono::milliseconds(0));
    }
  }
  while (!waiting_.empty() && active_.size() < requests_max_ &&
         (active_.empty() || body_bytes_ + waiting_.front().body.size() <= body_bytes_max_)) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    StartOne(std::move(job));
  }
  waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
  in_flight_count_.store(active_.size(), std::memory_order_relaxed);
}

void CurlLoop::StartOne(Job job) {
  if (job.route == nullptr) {
    job.done(UnsentReply(job, TransportFault::kUnknownWorkspace, ""), {});
    return;
  }
  std::unique_ptr<Transfer> transfer;
  if (idle_.empty()) {
    auto created = Transfer::Create(share_, resolve_, connect_timeout_);
    if (!created.ok()) {
      job.done(UnsentReply(job, TransportFault::kBroken, std::string(created.status().message())), {});
      return;
    }
    transfer = *std::move(created);
  } else {
    transfer = std::move(idle_.back());
    idle_.pop_back();
  }
  Transfer* const raw = transfer.get();
  const absl::Status loaded = raw->Start(std::move(job));
  body_bytes_ += raw->body_bytes();
  active_.emplace(raw, Active{std::move(transfer), clock_.MonoNow()});
  if (!loaded.ok() || curl_multi_add_handle(multi_, raw->easy()) != CURLM_OK) {
    FinishOne(raw, CURLE_FAILED_INIT, false);
  }
}

void CurlLoop::ReapFinished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* raw = nullptr;
    CURL* const easy = message->easy_handle;
    const CURLcode result = message->data.result;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &raw);
    curl_multi_remove_handle(multi_, easy);
    FinishOne(reinterpret_cast<Transfer*>(raw), result, false);
  }
}

void CurlLoop::FinishOne(Transfer* transfer, CURLcode result, bool stopped) {
  auto node = active_.extract(transfer);
  CDI_CHECK(!node.empty(), "a transfer ends once");
  Active active = std::move(node.mapped());
  body_bytes_ -= transfer->body_bytes();
  RawReply reply = transfer->Finish(result, stopped);
  const Job job = transfer->TakeJob();
  if (idle_.size() < kIdleHandlesMax) idle_.push_back(std::move(active.transfer));
  const auto duration = clock_.MonoNow() - active.started;
  job.done(std::move(reply), std::chrono::duration_cast<std::chrono::milliseconds>(duration));
}

void CurlLoop::StopDrained() {
  if (!stop_at_) return;
  if (clock_.MonoNow() >= *stop_at_) {
    while (!active_.empty()) {
      Transfer* const transfer = active_.begin()->first;
      curl_multi_remove_handle(multi_, transfer->easy());
      FinishOne(transfer, CURLE_OK, true);
    }
  }
  if (!active_.empty()) return;
  const MutexLock lock(mutex_);
  if (inbox_.empty() && !drained_) {
    drained_ = true;
    drained_cv_.notify_all();
  }
}

int CurlLoop::WaitMilliseconds() const {
  constexpr int kForever = -1;
  std::optional<MonoTime> due = timer_due_;
  if (stop_at_ && !active_.empty()) due = due ? std::min(*due, *stop_at_) : *stop_at_;
  if (!due) return kForever;
  const MonoTime left = *due - clock_.MonoNow();
  if (left <= MonoTime{0}) return 0;
  return static_cast<int>(std::min<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 60'000));
}

void CurlLoop::WaitAndDispatch() {
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_fd_, events.data(), kEventsMax, WaitMilliseconds());
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.fd == wake_fd_) {
      uint64_t wakes = 0;
      // Nothing to read: another round took it already.
      static_cast<void>(!read(wake_fd_, &wakes, sizeof wakes));
      continue;
    }
    const int mask = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                     ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                     ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(multi_, event.data.fd, mask, &running);
  }
  if (timer_due_ && clock_.MonoNow() >= *timer_due_) {
    timer_due_.reset();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

int CurlLoop::OnSocket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto* loop = static_cast<CurlLoop*>(self);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop->epoll_fd_, EPOLL_CTL_DEL, socket, nullptr);
    curl_multi_assign(loop->multi_, socket, nullptr);
    return 0;
  }
  epoll_event event{};
  event.events =
      ((what & CURL_POLL_IN) != 0 ? uint32_t{EPOLLIN} : 0U) | ((what & CURL_POLL_OUT) != 0 ? uint32_t{EPOLLOUT} : 0U);
  event.data.fd = socket;
  const bool failed = epoll_ctl(loop->epoll_fd_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event) != 0;
  curl_multi_assign(loop->multi_, socket, loop);
  return failed ? -1 : 0;
}

int CurlLoop::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto* loop = static_cast<CurlLoop*>(self);
  if (timeout_ms < 0) {
    loop->timer_due_.reset();
  } else {
    loop->timer_due_ = loop->clock_.MonoNow() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

}  // namespace cdi::ingest::braze
