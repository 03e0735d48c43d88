// Running statements: a worker pool, and the table by which a client polls, cancels and repeats a request.
//
// The HTTP threads only start jobs and wait; statements run on the pool. A requestId seen before finds its first job,
// so a repeated request never runs twice. Finished jobs are kept until newer ones push them out.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/snowflake_mock/server/account/account.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

struct QueryJob {
  // Set before the job is shared.
  std::string query_id;
  std::string request_id;
  std::string chunk_token;  // part of the chunk URLs of this result
  std::shared_ptr<Session> session;
  std::string user;
  std::string sql;
  std::string tag;
  std::vector<Binding> bindings;
  bool has_bindings = false;
  bool describe_only = false;
  int64_t started_ns = 0;
  StopSignal stop;

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  bool done = false;
  int64_t ended_ns = 0;
  std::string role;
  std::string warehouse;
  std::string database;
  std::string schema;
  std::map<std::string, std::string> parameters;
  absl::Status error;
  std::shared_ptr<const ResultSet> result;  // when done without error
};

class QueryJobs {
 public:
  QueryJobs(Account& account, size_t workers);
  // Cancels what runs and joins the workers.
  ~QueryJobs();
  QueryJobs(const QueryJobs&) = delete;
  QueryJobs& operator=(const QueryJobs&) = delete;

  // Starts `job`, or returns the one that already has its session and request id.
  std::shared_ptr<QueryJob> Start(const std::shared_ptr<QueryJob>& job);
  std::shared_ptr<QueryJob> FindById(const std::string& query_id);
  std::shared_ptr<QueryJob> FindByRequest(const Session* session, const std::string& request_id);
  // Newest last.
  std::vector<std::shared_ptr<QueryJob>> History();
  void CancelAllOf(const Session* session);

  // True when it is done within `hold`.
  static bool Wait(QueryJob& job, std::chrono::milliseconds hold);

 private:
  void Work();
  void RunJob(QueryJob& job);

  Account& account_;
  std::mutex mutex_;
  std::condition_variable work_;
  bool stopping_ = false;
  std::deque<std::shared_ptr<QueryJob>> waiting_;
  std::deque<std::shared_ptr<QueryJob>> history_;
  std::map<std::string, std::shared_ptr<QueryJob>> by_id_;
  std::map<std::pair<const Session*, std::string>, std::shared_ptr<QueryJob>> by_request_;
  std::vector<std::thread> workers_;
};

// A query id of Snowflake's look: a UUID that begins with 01.
std::string NewQueryId();

}  // namespace cdi::snowflake_mock
