// Enters calls into the audit: what was refused, what failed, and what changed something without a line of the store's
// own.
//
// Most changes get their line in the commit that makes them (StateStore). A change that the store does not audit is
// entered before it is begun, so that none goes unseen whatever crashes, and again with what came of it. Refused calls
// are bounded: nobody can fill the disk by being refused. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "ingest/state_store.h"

namespace cdi::server {

// One call, while it lasts and when it is over.
struct CallRecord {
  std::string method;    // "UpdateSync"
  std::string caller;    // principal; "" when it could not be told
  std::string peer;      // "ipv4:127.0.0.1:51234"
  std::string resource;  // as the request named it, cut; "" for lists and the like
  std::string reason;    // AuditWordsOf the request, cut; "" for requests without any
  // What the handler says of its work: the pair it made, the file it read. Known when the call has ended.
  std::string detail = {};
  bool mutates = false;
  bool admitted = false;  // false: refused before its handler ran
  absl::Status status;
  std::chrono::milliseconds duration{0};
};

class CallAudit {
 public:
  // All must outlive it.
  CallAudit(ingest::StateStore& store, const Clock& clock, Logger& logger)
      : store_(store), clock_(clock), logger_(logger) {}

  // Before the handler of an admitted call. An error refuses the call: what cannot be entered is not done.
  absl::Status Begin(const CallRecord& call);
  // After it, or after the refusal.
  void End(const CallRecord& call);
  // What the service does by itself: `verb` of "server". Durable on return.
  absl::Status Note(std::string_view verb, std::string_view name, std::string_view detail);

 private:
  // Refused calls of one caller within a minute.
  struct Refusals {
    MonoTime begin{};
    int entered = 0;
    int left_out = 0;
  };

  // True when this one may be entered; `left_out`: how many before it were not.
  bool Take(const std::string& caller, int& left_out);
  void Enter(ingest::AuditLine line);

  ingest::StateStore& store_;
  const Clock& clock_;
  Logger& logger_;
  Mutex mutex_;
  std::map<std::string, Refusals> refusals_ CDI_GUARDED_BY(mutex_);
};

}  // namespace cdi::server
