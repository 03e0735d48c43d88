// What ran and who came in: the one place that INFORMATION_SCHEMA, RESULT_SCAN, /monitoring/queries and the control API
// read.
//
// Results are kept for 24 hours and within a budget of bytes: the oldest are dropped first, their records stay. The
// newest of each session stays too, for somebody is about to read it, until all take twice the budget. Records are kept
// up to a count and to a size of their texts. Thread-safe; what is handed out never changes.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/snowflake_mock/server/engine/result_set.h"

namespace cdi::snowflake_mock {

struct QueryRecord {
  std::string id;
  std::string parent_id;   // of a statement inside a multi-statement request
  std::string request_id;  // the client's
  std::string text;
  std::string type;  // SELECT, INSERT, CREATE_TABLE …: the statement's first word or words
  std::string user;
  std::string role;
  std::string warehouse;
  std::string database;
  std::string schema;
  std::string tag;
  std::string client;  // CLIENT_APP_ID and version
  // As /monitoring/queries says it: QUEUED, RUNNING, RESUMING_WAREHOUSE, BLOCKED, ABORTING, ABORTED, FAILED_WITH_ERROR,
  // FAILED_WITH_INCIDENT, SUCCESS.
  std::string status = "QUEUED";
  std::string code;  // of the error
  std::string sqlstate;
  std::string message;
  int64_t session_id = 0;
  int statement_type = 0;  // spec/snowflake.md §3.8
  int64_t rows = 0;        // produced, or changed by DML
  int64_t bytes = 0;       // of the result, uncompressed
  int64_t queued_ns = 0;   // when it arrived
  int64_t started_ns = 0;  // when it began to run; 0: not yet
  int64_t ended_ns = 0;    // 0: not yet
  bool result_dropped = false;
  std::shared_ptr<const ResultSet> result;  // of a success, until it is dropped
};

class QueryHistory {
 public:
  // The newest records are kept: `records_max` of them, with at most `text_bytes_max` of SQL.
  explicit QueryHistory(size_t records_max = 10'000, size_t text_bytes_max = size_t{64} * 1024 * 1024)
      : records_max_(records_max), text_bytes_max_(text_bytes_max) {}

  void Add(QueryRecord record);
  // Changes a record in place, under the lock; nothing happens when it is gone. Results over the budget are dropped.
  void Update(const std::string& id, const std::function<void(QueryRecord&)>& change);
  std::optional<QueryRecord> Find(const std::string& id);
  std::vector<std::shared_ptr<const QueryRecord>> Queries();  // oldest first
  std::vector<QueryRecord> Running();                         // those that have not ended, oldest first

  void SetResultBudget(int64_t bytes);
  // Drops results that ended before `before_ns`.
  void DropResults(int64_t before_ns);

 private:
  // Replaced at each change, so that readers keep what they have.
  struct Entry {
    std::shared_ptr<const QueryRecord> record;
  };

  void DropOverBudget();
  void DropDownTo(int64_t bytes, const std::set<const Entry*>& spared);
  void Drop(Entry& entry);

  std::mutex mutex_;
  size_t records_max_;
  size_t text_bytes_max_;
  size_t text_bytes_ = 0;
  int64_t budget_bytes_ = int64_t{512} * 1024 * 1024;
  int64_t kept_bytes_ = 0;
  std::deque<std::shared_ptr<Entry>> entries_;
  std::map<std::string, std::shared_ptr<Entry>> by_id_;
};

struct LoginRecord {
  int64_t time_ns = 0;
  std::string user;  // LOGIN_NAME as the client gave it
  std::string client;
  bool success = false;
  std::string code;   // of the refusal
  std::string cause;  // JWT_TOKEN_INVALID_SIGNATURE and the like
  std::string id;     // the bracketed UUID of the message
  std::string role;
  std::string message;
  std::string client_version;
  std::string peer;           // address of the client
  std::string authenticator;  // SNOWFLAKE_JWT …
  std::string fingerprint;    // of the key that the token names; empty for other ways in
  int64_t session_id = 0;     // of a success
};

}  // namespace cdi::snowflake_mock
