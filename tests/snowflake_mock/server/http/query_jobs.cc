#include "tests/snowflake_mock/server/http/query_jobs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cdi::snowflake_mock {
namespace {

constexpr size_t kKnownMax = 10'000;
constexpr size_t kTextMax = 100'000;
constexpr std::chrono::milliseconds kWatchEvery{50};

}  // namespace

std::string NewQueryId() {
  return absl::StrCat("01", RandomUuid().substr(2));
}

QueryJobs::QueryJobs(Account& account, FaultBook& faults, size_t workers) : account_(account), faults_(faults) {
  for (size_t i = 0; i < workers; ++i) workers_.emplace_back([this] { Work(); });
  workers_.emplace_back([this] { WatchDetached(); });
}

QueryJobs::~QueryJobs() {
  Shutdown();
}

void QueryJobs::Shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  CancelAll();
  work_.notify_all();
  watch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

std::shared_ptr<QueryJob> QueryJobs::Start(const std::shared_ptr<Session>& session, QueryRequest request) {
  auto job = std::make_shared<QueryJob>();
  job->query_id = NewQueryId();
  job->request_id = request.request_id;
  job->session_id = session->id;
  job->session = session;
  job->user = session->user;
  job->describe_only = request.describe_only;
  job->asynchronous = request.asynchronous;
  job->last_waited = std::chrono::steady_clock::now();
  job->text = request.sql.substr(0, kTextMax);
  job->may_overlap = !request.describe_only && LeavesSessionAlone(request.sql) &&
                     !request.parameters.contains("MULTI_STATEMENT_COUNT");
  QueryRecord record;
  record.id = job->query_id;
  record.request_id = job->request_id;
  record.text = job->text;
  record.user = session->user;
  record.client = session->client;
  record.session_id = session->id;
  record.queued_ns = account_.Now();
  job->request = std::move(request);
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    if (!job->request_id.empty()) {
      const auto [found, is_new] = by_request_.try_emplace({job->session_id, job->request_id}, job);
      if (!is_new) return found->second;
    }
    Remember(job);
    account_.history.Add(std::move(record));
    if (!stopping_) waiting_.push_back(job);
    stopped = stopping_;
  }
  if (stopped) {
    FinishCanceled(account_, *job);
    return job;
  }
  work_.notify_one();
  return job;
}

void QueryJobs::Remember(const std::shared_ptr<QueryJob>& job) {
  by_id_[job->query_id] = job;
  known_.push_back(job);
  if (known_.size() <= kKnownMax) return;
  const std::shared_ptr<QueryJob> oldest = known_.front();
  known_.pop_front();
  by_id_.erase(oldest->query_id);
  by_request_.erase({oldest->session_id, oldest->request_id});
}

void QueryJobs::AddFinished(const std::shared_ptr<QueryJob>& job) {
  const std::lock_guard lock(mutex_);
  Remember(job);
}

std::shared_ptr<QueryJob> QueryJobs::FindById(const std::string& query_id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(query_id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::shared_ptr<QueryJob> QueryJobs::FindByRequest(int64_t session_id, const std::string& request_id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_request_.find({session_id, request_id});
  return found == by_request_.end() ? nullptr : found->second;
}

bool QueryJobs::Cancel(const std::shared_ptr<QueryJob>& job) {
  {
    const std::lock_guard lock(job->mutex);
    if (job->done) return false;
  }
  job->stop.Cancel();
  account_.history.Update(job->query_id, [](QueryRecord& record) {
    if (record.ended_ns == 0) record.status = "ABORTING";
  });
  bool was_waiting = false;
  {
    const std::lock_guard lock(mutex_);
    was_waiting = std::erase(waiting_, job) > 0;
  }
  if (was_waiting) FinishCanceled(account_, *job);
  return true;
}

bool QueryJobs::CancelAllOf(int64_t session_id) {
  std::vector<std::shared_ptr<QueryJob>> victims;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& job : waiting_) {
      if (job->session_id == session_id) victims.push_back(job);
    }
    for (const auto& job : Active()) {
      if (job->session_id == session_id) victims.push_back(job);
    }
  }
  for (const auto& job : victims) Cancel(job);
  return !victims.empty();
}

void QueryJobs::CancelAll() {
  std::vector<std::shared_ptr<QueryJob>> victims;
  {
    const std::lock_guard lock(mutex_);
    victims.assign(waiting_.begin(), waiting_.end());
    for (const auto& job : Active()) victims.push_back(job);
  }
  for (const auto& job : victims) Cancel(job);
}

bool QueryJobs::Wait(QueryJob& job, std::chrono::milliseconds hold, const std::function<bool()>& client_gone) {
  constexpr std::chrono::milliseconds kLookEvery{100};
  const auto until = std::chrono::steady_clock::now() + hold;
  std::unique_lock lock(job.mutex);
  ++job.waiters;
  while (!job.done) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) break;
    job.changed.wait_until(lock, std::min(until, now + kLookEvery));
    if (!job.done && client_gone && client_gone()) break;
  }
  --job.waiters;
  job.last_waited = std::chrono::steady_clock::now();
  return job.done;
}

std::vector<std::shared_ptr<QueryJob>> QueryJobs::Active() {
  std::vector<std::shared_ptr<QueryJob>> active(overlapping_.begin(), overlapping_.end());
  for (const auto& [session, job] : running_) active.push_back(job);
  return active;
}

bool QueryJobs::MayStart(QueryJob& job) {
  if (!running_.contains(job.session_id)) return true;
  if (!job.may_overlap) return false;
  const std::lock_guard lock(account_.mutex);
  return !job.session->context.alone;
}

void QueryJobs::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& job) { return MayStart(*job); });
    if (next == waiting_.end()) {
      if (stopping_) return;
      work_.wait(lock);
      continue;
    }
    const std::shared_ptr<QueryJob> job = *next;
    waiting_.erase(next);
    const bool overlaps = running_.contains(job->session_id);
    if (overlaps) {
      overlapping_.insert(job);
    } else {
      running_[job->session_id] = job;
    }
    lock.unlock();
    if (overlaps) {
      auto twin = account_.Overlapping(*job->session);
      if (twin.ok()) job->session = *std::move(twin);
    }
    RunJob(account_, faults_, *this, *job);
    lock.lock();
    if (overlaps) {
      overlapping_.erase(job);
    } else {
      running_.erase(job->session_id);
    }
    work_.notify_all();
  }
}

// ABORT_DETACHED_QUERY: a statement whose client is gone and has not come back ends.
void QueryJobs::WatchDetached() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    watch_.wait_for(lock, kWatchEvery, [this] { return stopping_; });
    const std::vector<std::shared_ptr<QueryJob>> running = Active();
    lock.unlock();
    const std::chrono::seconds patience(account_.CurrentSettings().detached_abort_seconds);
    for (const auto& job : running) {
      bool detached = false;
      {
        const std::lock_guard job_lock(job->mutex);
        detached = !job->done && job->abort_detached && !job->asynchronous && job->waiters == 0 &&
                   std::chrono::steady_clock::now() - job->last_waited > patience;
      }
      if (detached) Cancel(job);
    }
    lock.lock();
  }
}

}  // namespace cdi::snowflake_mock
