// Faults on demand: what shall go wrong, for whom, how often.
//
// A fault is set by POST /__mock/faults, by a comment in a statement, or by the session parameter MOCK_FAULT; it is
// counted down as it strikes. docs/snowflake-mock.md has one example of each kind. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cdi::snowflake_mock {

struct Fault {
  enum class Kind {
    kStatus,    // an HTTP status instead of the reply
    kReset,     // RST, at once or behind `bytes` of the body
    kHang,      // no reply for `seconds`
    kTruncate,  // only `bytes` of the body (half when -1), with a matching length or not
    kSlow,      // the body at `bytes_per_second`
    kError,     // Snowflake's error `code`
    kDelay,     // `milliseconds` later; a statement shows `state` meanwhile
    kSql,       // `statement` runs as the administrator
    kExpire,    // the session's tokens expire, or it is dropped
    kClock,     // the clock is shifted by `seconds` from real time
  };

  int64_t id = 0;
  std::string name;  // of the short forms ("fail_logins"): setting it anew replaces it
  std::string text;  // as it was set
  Kind kind = Kind::kStatus;
  // login, renew, heartbeat, logout, query, result, statement (query and result), abort, monitoring,
  // telemetry, chunk, or any
  std::string route = "query";
  bool after = false;  // strikes when the work is done
  int64_t count = 1;   // strikes left; -1: no end
  int64_t skip = 0;    // requests let through first
  int64_t hits = 0;

  // Whom it strikes; empty: everybody.
  std::string user;
  std::string tag;
  std::string sql;  // a part of the statement's text, letter case aside
  std::string request_id;
  int64_t session_id = 0;

  int64_t status = 503;
  int64_t retry_after = -1;  // seconds; -1: no header
  int64_t bytes = -1;
  bool matching_length = true;
  int64_t bytes_per_second = 1000;
  int64_t seconds = 0;
  int64_t milliseconds = 0;
  std::string state;
  std::string code;
  std::string sqlstate;
  std::string message;
  std::string statement;
  std::string token;  // session, master, drop
};

// What a request is, for matching.
struct FaultTarget {
  std::string route{};
  bool after = false;
  bool running = false;  // asked by the statement's thread: errors and delays of route query strike there
  std::string user{};
  int64_t session_id = 0;
  std::string tag{};
  std::string sql{};
  std::string request_id{};
};

// From key and text, as in `reset,when=after,count=2` and in JSON. The first word may stand without `fault=`.
// kInvalidArgument with what is wrong.
absl::Status SetFaultKey(Fault& fault, const std::string& key, const std::string& value);
absl::StatusOr<Fault> ParseFaultText(const std::string& text);
// The texts of every `/* mock:fault=… */` of a statement.
std::vector<std::string> FaultComments(const std::string& sql);
// A word for people: "reset".
std::string FaultKindName(Fault::Kind kind);

class FaultBook {
 public:
  // Returns the id. A fault of a name that is there already replaces it.
  int64_t Add(Fault fault);
  std::vector<Fault> List();
  bool Remove(int64_t id);
  void RemoveNamed(const std::string& name);
  void Clear();
  int64_t CountOf(const std::string& name);

  // The faults that strike now; each is counted.
  std::vector<Fault> Take(const FaultTarget& target);

  // Enters what a statement's comments ask for, once per request id. kInvalidArgument for a comment that cannot be
  // read.
  absl::Status AddFromStatement(const std::string& sql, int64_t session_id, const std::string& request_id);
  // What ALTER SESSION SET MOCK_FAULT asks for; empty removes it.
  absl::Status SetForSession(int64_t session_id, const std::string& text);

 private:
  std::mutex mutex_;
  int64_t next_id_ = 1;
  std::vector<Fault> faults_;
  std::set<std::string> seen_requests_;
};

}  // namespace cdi::snowflake_mock
