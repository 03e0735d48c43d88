// Running statements: a worker pool, and the table by which a client polls, cancels and repeats a request.
//
// The HTTP threads only start jobs and wait; statements run on the pool, those of one session in the order they came.
// Queries that come while another statement of their session runs overlap it, unless a transaction is open or there are
// temporary tables; everything else waits its turn. A requestId seen before finds its first job, so a repeated request
// never runs twice. What a job leaves behind is small: its result is in Account::history.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/snowflake_mock/server/account/account.h"
#include "tests/snowflake_mock/server/http/fault_book.h"
#include "tests/snowflake_mock/server/http/request_decoder.h"

namespace cdi::snowflake_mock {

struct QueryJob {
  using Instant = std::chrono::steady_clock::time_point;

  // Set before the job is shared.
  std::string query_id;
  std::string request_id;
  int64_t session_id = 0;
  std::string user;
  bool describe_only = false;
  bool asynchronous = false;
  StopSignal stop;

  // The runner's alone; emptied when it is done.
  QueryRequest request;
  std::shared_ptr<Session> session;
  bool may_overlap = false;

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  bool done = false;
  int waiters = 0;
  Instant last_waited{};
  bool abort_detached = false;
  std::string tag;
  std::string text;  // of the statement, cut: for faults
  std::string role;
  std::string warehouse;
  std::string database;
  std::string schema;
  std::map<std::string, std::string> parameters;
  size_t binds = 0;
  bool array_bind_supported = false;
  int64_t ended_ns = 0;
  absl::Status error;
  std::vector<std::pair<std::string, int>> children;  // of a multi-statement request: query id, statement type
};

class QueryJobs {
 public:
  QueryJobs(Account& account, FaultBook& faults, size_t workers);
  ~QueryJobs();
  QueryJobs(const QueryJobs&) = delete;
  QueryJobs& operator=(const QueryJobs&) = delete;

  // Starts `request`, or returns the job that already has its session and request id.
  std::shared_ptr<QueryJob> Start(const std::shared_ptr<Session>& session, QueryRequest request);
  std::shared_ptr<QueryJob> FindById(const std::string& query_id);
  std::shared_ptr<QueryJob> FindByRequest(int64_t session_id, const std::string& request_id);
  // False when it has ended already. One that waits for its turn ends at once.
  bool Cancel(const std::shared_ptr<QueryJob>& job);
  // False when it ran nothing.
  bool CancelAllOf(int64_t session_id);
  void CancelAll();
  // Cancels what waits and runs and joins the workers; a statement that comes later is cancelled at once. For the
  // owner's thread only; may be called again.
  void Shutdown();
  // Enters a finished part of a multi-statement request.
  void AddFinished(const std::shared_ptr<QueryJob>& job);

  // True when it is done within `hold`. Gives up early when `client_gone` (may be empty) says so.
  static bool Wait(QueryJob& job, std::chrono::milliseconds hold, const std::function<bool()>& client_gone);

 private:
  void Work();
  void WatchDetached();
  std::vector<std::shared_ptr<QueryJob>> Active();      // the caller holds mutex_
  bool MayStart(QueryJob& job);                         // the caller holds mutex_
  void Remember(const std::shared_ptr<QueryJob>& job);  // the caller holds mutex_

  Account& account_;
  FaultBook& faults_;
  std::mutex mutex_;
  std::condition_variable
      work_;  // a statement waits, or a session has become idle: the workers' alone, as notify_one needs
  std::condition_variable watch_;  // the end
  bool stopping_ = false;
  std::deque<std::shared_ptr<QueryJob>> waiting_;
  std::map<int64_t, std::shared_ptr<QueryJob>> running_;  // by session
  std::set<std::shared_ptr<QueryJob>> overlapping_;       // run beside the one of their session
  std::deque<std::shared_ptr<QueryJob>> known_;           // oldest first
  std::map<std::string, std::shared_ptr<QueryJob>> by_id_;
  std::map<std::pair<int64_t, std::string>, std::shared_ptr<QueryJob>> by_request_;
  std::vector<std::thread> workers_;
};

// Runs the statement or statements of a job and finishes it. query_runner.cc
void RunJob(Account& account, FaultBook& faults, QueryJobs& jobs, QueryJob& job);
// True for statements that leave the session as it is.
bool LeavesSessionAlone(const std::string& sql);
// Ends a job that never ran.
void FinishCanceled(Account& account, QueryJob& job);

// A query id of Snowflake's look: a UUID that begins with 01.
std::string NewQueryId();

}  // namespace cdi::snowflake_mock
