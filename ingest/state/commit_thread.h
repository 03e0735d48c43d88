// The one writer of state.db: takes changes from every thread and commits many of them in one transaction.
//
// Whatever waits while a commit is being synced goes into the next one, so that the number of fsyncs follows the disk
// and not the load. Changes are done, and answered, in the order of their submission, from this thread, after the
// commit is durable. A failure of the store (disk full, I/O) rolls the whole group back: everybody in it gets the
// error, and nothing of it is kept. Queue bounded by count and bytes: Submit waits while it is full.
//
// Submit and Run may come from any thread but this one (a `done` must not submit: it could wait for itself).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/bounded_queue.h"
#include "ingest/state/sqlite_db.h"

namespace cdi::state {

class CommitThread {
 public:
  // Runs inside the transaction. A refusal in words of ours (not IsStorageFailure) only ends this one.
  using Work = std::function<absl::Status(Database&)>;
  using Done = std::function<void(absl::Status)>;

  // Called from the commit thread.
  struct Hooks {
    // Writes what streamed changes have left in memory and forgets it; before each commit and each isolated change.
    std::function<absl::Status(Database&)> flush;
    // The transaction was rolled back: what is in memory is no longer true.
    std::function<void()> discard;
  };

  struct Stats {
    uint64_t groups = 0;   // commits
    uint64_t changes = 0;  // committed or refused
  };

  CommitThread(Database database, Hooks hooks);
  // Commits what was submitted, then ends; the WAL is moved into the file.
  ~CommitThread();
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  // A streamed change: `work` checks everything it may refuse before it writes anything.
  void Submit(Work work, Done done, size_t bytes);
  // An isolated change, in a savepoint of its own, waited for. Called before or after the thread's life: kUnavailable.
  absl::Status Run(Work work);

  Stats stats() const { return {groups_.load(), changes_.load()}; }

 private:
  struct Change {
    Work work;
    Done done;
    bool isolated = false;
  };

  void Loop();
  void CommitGroup(std::vector<Change>& group);
  // Fills `results`; an error is the store's, and ends the group.
  absl::Status RunAll(std::vector<Change>& group, std::vector<absl::Status>& results);
  absl::Status RunIsolated(const Change& change, absl::Status& result);

  Database database_;
  const Hooks hooks_;
  BoundedQueue<Change> queue_;
  std::atomic<uint64_t> groups_{0};
  std::atomic<uint64_t> changes_{0};
  std::thread thread_;  // last: everything above lives when it starts
};

}  // namespace cdi::state
