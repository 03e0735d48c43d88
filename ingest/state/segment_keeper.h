// Moves the logs of ended runs out of the database into segment files, and searches and prunes these.
//
// A thread of its own: it reads the log over a read-only connection, writes and syncs the file, and only then asks the
// commit thread to record the segment and to delete the entries. A crash at any point leaves the log in at least one
// of the two places; the next start takes it up again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/digest.h"
#include "base/timestamp.h"
#include "ingest/state/commit_thread.h"
#include "ingest/state/reader_pool.h"
#include "ingest/state/store_options.h"
#include "ingest/state_store.h"

namespace cdi::state {

class SegmentKeeper {
 public:
  // All outlive Stop(); none is used before Start().
  SegmentKeeper(std::string state_directory, const StoreOptions& options, ReaderPool& readers, CommitThread& commit);
  ~SegmentKeeper();
  SegmentKeeper(const SegmentKeeper&) = delete;
  SegmentKeeper& operator=(const SegmentKeeper&) = delete;

  // Starts the thread, with what an earlier process left to do.
  void Start();
  // Ends the thread; what is left is taken up at the next start. NoteEnded may still be called, Wait answers at once.
  void Stop();

  // A run has ended: its log may move. Never waits; any thread.
  void NoteEnded();
  // Returns when everything noted so far is done, with the last failure if there was one.
  absl::Status Wait();

  // See StateStore::HasLaterAccepted.
  absl::StatusOr<bool> HasLaterAccepted(const ingest::SyncName& sync, const Digest128& user, const Timestamp& cursor);
  // See SqliteStore::Prune.
  absl::Status Prune();

 private:
  void Loop();
  absl::Status MoveEndedRuns();
  absl::Status MoveRun(int64_t run, const std::string& name);
  absl::Status DeleteMovedEntries(int64_t run);

  const std::string directory_;
  const StoreOptions options_;
  ReaderPool& readers_;
  CommitThread& commit_;

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t noted_ = 1;  // 1: look once at the start
  uint64_t served_ = 0;
  bool stop_ = false;
  absl::Status last_;
  std::thread thread_;
};

}  // namespace cdi::state
