#include "tests/snowflake_mock/server/account/table_locks.h"

#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/server/language/sql_error.h"

namespace cdi::snowflake_mock {

bool TableLocks::WouldDeadlock(const std::string& table, int64_t session) const {
  std::string wanted = table;
  for (size_t steps = 0; steps <= waiting_.size(); ++steps) {
    const auto holder = holders_.find(wanted);
    if (holder == holders_.end()) return false;
    if (holder->second.session == session) return true;
    const auto next = waiting_.find(holder->second.session);
    if (next == waiting_.end()) return false;
    wanted = next->second;
  }
  return false;
}

absl::Status TableLocks::Acquire(const std::string& table, const Owner& owner, std::chrono::seconds timeout,
                                 const StopSignal& stop) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(mutex_);
  const auto done = [&](absl::Status status) {
    waiting_.erase(owner.session);
    return status;
  };
  while (true) {
    const auto held = holders_.find(table);
    if (held == holders_.end()) {
      holders_[table] = owner;
      return done(absl::OkStatus());
    }
    if (held->second.session == owner.session) return done(absl::OkStatus());
    if (WouldDeadlock(table, owner.session)) {
      return done(
          SqlError("000626", "40001",
                   absl::StrCat("Statement '", owner.statement_id,
                                "' was aborted because it was involved in a deadlock on table '", table, "'.")));
    }
    if (const absl::Status stopped = stop.Check(); !stopped.ok()) return done(stopped);
    if (std::chrono::steady_clock::now() >= until) {
      return done(
          SqlError("000625", "57014",
                   absl::StrCat("Statement '", held->second.statement_id, "' has locked table '",
                                table.substr(table.rfind('.') + 1), "' in transaction ", held->second.transaction,
                                " and this lock has not yet been released.\nYour statement '", owner.statement_id,
                                "' was aborted because its wait for this lock exceeded the timeout of ",
                                timeout.count(), " second(s).")));
    }
    waiting_[owner.session] = table;
    changed_.wait_for(lock, std::chrono::milliseconds(10));
  }
}

void TableLocks::ReleaseAll(int64_t session) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(holders_, [&](const auto& entry) { return entry.second.session == session; });
  }
  changed_.notify_all();
}

}  // namespace cdi::snowflake_mock
