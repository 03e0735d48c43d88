// The streamed writes of running runs, as the commit thread performs them.
//
// Within one group commit it keeps, per run, what changes with every write (sequence, chain, sums, watermark, batches
// in flight) in memory, so that a group of fifty batches updates these rows once. Only the commit thread may use it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ingest/state/log_entry.h"
#include "ingest/state/row_codec.h"
#include "ingest/state/sqlite_db.h"
#include "ingest/state_store.h"

namespace cdi::state {

class RunWriter {
 public:
  explicit RunWriter(const Clock& clock) : clock_(clock) {}

  // One write under a lease. `encoded` is EncodeWrite(write).
  //   kFailedPrecondition LEASE_LOST   another holder took the lease, or the run has ended; nothing was written
  // After a failure of the store the lease is dead: later writes under it get LEASE_LOST until OpenRun gave a new one,
  // because a watermark must not become durable after the outcomes before it were not.
  absl::Status Append(Database& database, const ingest::Lease& lease, const ingest::RunWrite& write,
                      const std::string& encoded);
  // The write was answered with a failure of the store.
  void KillLease(const ingest::Lease& lease);

  // Takes the lease: new epoch, log entry, state running.
  absl::StatusOr<ingest::Lease> Open(Database& database, const ingest::RunName& run);
  // Ends a run that no driver holds.
  absl::Status EndUnheld(Database& database, const ingest::RunName& run, ingest::RunState state,
                         const ingest::RunError& error);

  // Writes what is in memory and forgets it (an isolated change may alter what it was read from).
  absl::Status Flush(Database& database);
  // Forgets without writing: the transaction was rolled back.
  void Discard() { active_.clear(); }

 private:
  using BatchKey = std::pair<uint64_t, int>;
  struct Active {
    int64_t run = 0;
    int64_t sync = 0;
    bool replay = false;
    bool running = false;
    uint64_t epoch = 0;
    std::optional<Timestamp> watermark;
    uint64_t boundary_rows = 0;
    uint64_t sequence = 0;
    std::string chain;
    ingest::RunSums sums;
    std::set<BatchKey> open_batches;
    // Not yet in the tables.
    bool dirty = false;
    bool moved = false;
    bool replace_boundary = false;
    DigestCounts boundary_added;
  };

  absl::StatusOr<Active*> Load(Database& database, const ingest::RunName& run);
  absl::Status AppendEntry(Database& database, Active& active, uint64_t epoch, LogKind kind, std::string body);
  absl::Status FlushOne(Database& database, Active& active);
  void NoteMove(Active& active, const ingest::WatermarkMove& move);
  absl::StatusOr<std::vector<LoggedParked>> StoreParked(Database& database, const Active& active,
                                                        const std::vector<ingest::ParkedRow>& parked);
  absl::Status StoreReplayed(Database& database, const Active& active,
                             const std::vector<std::pair<uint64_t, ingest::RowVerdict>>& replayed);
  // The tables after a run's last entry; `ahead` are all rows known to be finished above the watermark.
  absl::Status CloseRun(Database& database, const Active& active, ingest::RunState state, const ingest::RunError& error,
                        std::vector<ingest::RowMark> ahead);

  const Clock& clock_;
  std::map<std::string, Active> active_;         // by run name
  std::map<std::string, uint64_t> dead_leases_;  // run name -> epoch
};

// Both multisets in one, each row as often as the one that has it more often: an end that repeats what earlier runs
// left ahead, and one that leaves it out, come to the same.
std::vector<ingest::RowMark> MergeAhead(std::vector<ingest::RowMark> a, std::vector<ingest::RowMark> b,
                                        const std::optional<Timestamp>& above);

}  // namespace cdi::state
