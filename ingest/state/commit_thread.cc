#include "ingest/state/commit_thread.h"

#include <future>
#include <utility>

#include "base/error.h"
#include "base/fault_point.h"
#include "base/status_macros.h"

namespace cdi::state {
namespace {

constexpr size_t kQueueCount = 16'384;
constexpr size_t kQueueBytes = size_t{64} << 20;
// Bounds of one transaction: a reader of an answer waits for at most this much.
constexpr size_t kGroupCount = 1'024;

}  // namespace

CommitThread::CommitThread(Database database, Hooks hooks)
    : database_(std::move(database)), hooks_(std::move(hooks)), queue_(kQueueCount, kQueueBytes) {
  thread_ = std::thread([this] { Loop(); });
}

CommitThread::~CommitThread() {
  queue_.Close();
  thread_.join();
  // Best effort: the next start would do it as well.
  database_.Checkpoint().IgnoreError();
}

void CommitThread::Submit(Work work, Done done, size_t bytes) {
  if (queue_.Push(Change{std::move(work), done, false}, bytes)) return;
  done(MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the state store is closing"));
}

absl::Status CommitThread::Run(Work work) {
  std::promise<absl::Status> answer;
  std::future<absl::Status> result = answer.get_future();
  const Done done = [&answer](absl::Status status) { answer.set_value(std::move(status)); };
  if (!queue_.Push(Change{std::move(work), done, true})) {
    return MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the state store is closing");
  }
  return result.get();
}

void CommitThread::Loop() {
  while (std::optional<Change> first = queue_.Pop()) {
    std::vector<Change> group;
    group.push_back(*std::move(first));
    while (group.size() < kGroupCount) {
      std::optional<Change> next = queue_.PopUntil(MonoTime{0});
      if (!next) break;
      group.push_back(*std::move(next));
    }
    CommitGroup(group);
  }
}

void CommitThread::CommitGroup(std::vector<Change>& group) {
  std::vector<absl::Status> results(group.size());
  absl::Status status = RunAll(group, results);
  if (!status.ok()) {
    if (database_.in_transaction()) {
      // A rollback that fails leaves the transaction to be rolled back by the next BEGIN's failure or by recovery.
      database_.ExecuteScript("ROLLBACK").IgnoreError();
    }
    hooks_.discard();
    for (absl::Status& result : results) result = status;
  } else {
    groups_.fetch_add(1);
  }
  changes_.fetch_add(group.size());
  for (size_t i = 0; i < group.size(); ++i) group[i].done(std::move(results[i]));
}

absl::Status CommitThread::RunAll(std::vector<Change>& group, std::vector<absl::Status>& results) {
  CDI_RETURN_IF_ERROR(database_.Execute("BEGIN IMMEDIATE"));
  for (size_t i = 0; i < group.size(); ++i) {
    if (group[i].isolated) {
      CDI_RETURN_IF_ERROR(RunIsolated(group[i], results[i]));
    } else {
      results[i] = group[i].work(database_);
      if (IsStorageFailure(results[i])) return results[i];
    }
  }
  CDI_RETURN_IF_ERROR(hooks_.flush(database_));
  CDI_FAULT_POINT("state_before_commit");
  CDI_RETURN_IF_ERROR(database_.Execute("COMMIT"));
  CDI_FAULT_POINT("state_after_commit");
  return absl::OkStatus();
}

absl::Status CommitThread::RunIsolated(const Change& change, absl::Status& result) {
  CDI_RETURN_IF_ERROR(hooks_.flush(database_));
  CDI_RETURN_IF_ERROR(database_.Execute("SAVEPOINT change"));
  result = change.work(database_);
  if (result.ok()) return database_.Execute("RELEASE change");
  if (IsStorageFailure(result) && !absl::IsAlreadyExists(result)) return result;
  // It may have read into memory what is now undone.
  hooks_.discard();
  CDI_RETURN_IF_ERROR(database_.Execute("ROLLBACK TO change"));
  return database_.Execute("RELEASE change");
}

}  // namespace cdi::state
