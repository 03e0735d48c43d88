#include "tests/snowflake_mock/server/http/query_jobs.h"

#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

constexpr size_t kHistoryMax = 500;

}  // namespace

std::string NewQueryId() {
  return absl::StrCat("01", RandomUuid().substr(2));
}

QueryJobs::QueryJobs(Account& account, size_t workers) : account_(account) {
  for (size_t i = 0; i < workers; ++i) workers_.emplace_back([this] { Work(); });
}

QueryJobs::~QueryJobs() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& job : history_) job->stop.Cancel();
  }
  work_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

std::shared_ptr<QueryJob> QueryJobs::Start(const std::shared_ptr<QueryJob>& job) {
  {
    const std::lock_guard lock(mutex_);
    if (!job->request_id.empty()) {
      const auto [found, is_new] = by_request_.try_emplace({job->session.get(), job->request_id}, job);
      if (!is_new) return found->second;
    }
    by_id_[job->query_id] = job;
    history_.push_back(job);
    if (history_.size() > kHistoryMax) {
      const std::shared_ptr<QueryJob> oldest = history_.front();
      history_.pop_front();
      by_id_.erase(oldest->query_id);
      by_request_.erase({oldest->session.get(), oldest->request_id});
    }
    waiting_.push_back(job);
  }
  work_.notify_one();
  return job;
}

std::shared_ptr<QueryJob> QueryJobs::FindById(const std::string& query_id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(query_id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::shared_ptr<QueryJob> QueryJobs::FindByRequest(const Session* session, const std::string& request_id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_request_.find({session, request_id});
  return found == by_request_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<QueryJob>> QueryJobs::History() {
  const std::lock_guard lock(mutex_);
  return {history_.begin(), history_.end()};
}

void QueryJobs::CancelAllOf(const Session* session) {
  const std::lock_guard lock(mutex_);
  for (const auto& job : history_) {
    if (job->session.get() == session) job->stop.Cancel();
  }
}

bool QueryJobs::Wait(QueryJob& job, std::chrono::milliseconds hold) {
  std::unique_lock lock(job.mutex);
  return job.changed.wait_for(lock, hold, [&] { return job.done; });
}

void QueryJobs::Work() {
  while (true) {
    std::shared_ptr<QueryJob> job;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      job = waiting_.front();
      waiting_.pop_front();
    }
    RunJob(*job);
  }
}

void QueryJobs::RunJob(QueryJob& job) {
  int delay_ms = 0;
  {
    const std::lock_guard lock(account_.mutex);
    delay_ms = account_.faults.query_delay_ms;
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms);
  while (std::chrono::steady_clock::now() < until && !job.stop.canceled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Session& session = *job.session;
  const std::lock_guard statement_lock(session.statement_mutex);
  auto result = job.stop.canceled()
                    ? absl::StatusOr<ResultSet>(StatementCanceled())
                    : RunStatement(account_, session, job.sql, job.has_bindings ? &job.bindings : nullptr,
                                   job.describe_only, job.stop);
  if (!job.describe_only) session.last_query_id = job.query_id;
  ++account_.counters.statements;
  if (result.ok()) {
    account_.counters.rows_out += result->row_count;
  } else {
    ++account_.counters.statements_failed;
  }
  {
    const std::lock_guard lock(job.mutex);
    job.done = true;
    job.ended_ns = account_.Now();
    job.role = session.role;
    job.warehouse = session.warehouse;
    job.database = session.database;
    job.schema = session.schema;
    job.parameters = session.parameters;
    if (result.ok()) {
      job.result = std::make_shared<const ResultSet>(*std::move(result));
    } else {
      job.error = result.status();
    }
  }
  job.changed.notify_all();
}

}  // namespace cdi::snowflake_mock
