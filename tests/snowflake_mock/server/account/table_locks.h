// Locks on tables: writers of one table queue, readers never wait. Held to the end of the transaction, or of the
// statement outside one. Thread-safe.
//
// docs.snowflake.com "Transactions" (resource locking), read 2026-11.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "tests/snowflake_mock/server/engine/engine.h"

namespace cdi::snowflake_mock {

class TableLocks {
 public:
  struct Owner {
    int64_t session = 0;
    int64_t transaction = 0;   // for the message
    std::string statement_id;  // for the message
  };

  // Waits until the table is free. 000625 after `timeout`; 000604/000630 by `stop`; 000626 when waiting would never end
  // because the holder waits for this session.
  absl::Status Acquire(const std::string& table, const Owner& owner, std::chrono::seconds timeout,
                       const StopSignal& stop);
  void ReleaseAll(int64_t session);

 private:
  bool WouldDeadlock(const std::string& table, int64_t session) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Owner> holders_;
  std::map<int64_t, std::string> waiting_;  // session -> table
};

}  // namespace cdi::snowflake_mock
