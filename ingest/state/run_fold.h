// What a run's log adds up to: which rows are finished, which batches nobody knows about.
//
// Used when a run is taken up again and when it ends with batches in doubt. Entries are fed in order. A batch is in
// doubt when it was started, has no outcome, and the process died (a later opening, or the end of the log). It stays so
// until an outcome is recorded for it, whichever run records it: an equal row that was accepted elsewhere settles
// nothing, for equal rows are distinct rows. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "ingest/run_record.h"
#include "ingest/state/log_entry.h"

namespace cdi::state {

// A batch in doubt and the run that sent it.
struct DoubtfulBatch {
  int64_t run = 0;
  ingest::Progress::InDoubt batch;
};

class RunFold {
 public:
  // `keep_from`: finished rows below it are forgotten (the watermark); nullopt keeps all. `earlier`: batches in doubt
  // that earlier runs left.
  RunFold(int64_t run, std::optional<Timestamp> keep_from, std::vector<DoubtfulBatch> earlier);

  absl::Status Add(const LogEntry& entry);

  struct Result {
    std::vector<ingest::RowMark> finished;  // by this run, at or above `keep_from`
    std::vector<DoubtfulBatch> in_doubt;    // of earlier runs and this one
    uint64_t last_batch = 0;
    std::optional<Timestamp> watermark;  // as the log has it
  };
  Result Finish() &&;

 private:
  using Key = std::pair<uint64_t, int>;

  void AddOpened();
  void AddWrite(const WriteBody& body);
  void Finished(const ingest::RowMark& mark);

  const int64_t run_;
  const std::optional<Timestamp> keep_from_;
  std::map<Key, std::vector<ingest::RowMark>> in_flight_;
  std::vector<DoubtfulBatch> doubt_;
  std::vector<ingest::RowMark> finished_;
  uint64_t last_batch_ = 0;
  std::optional<Timestamp> watermark_;
};

// How many parked rows of a write had their verdict in one of its batches (a row refused by Braze), as against rows
// that were finished by being parked (refused before sending, or in doubt since a crash). `verdicts` are the rows of
// the write with verdict kRejected or kHeld; answers the parked rows without one.
std::vector<ingest::RowMark> ParkedWithoutVerdict(const std::vector<LoggedParked>& parked,
                                                  std::vector<ingest::RowMark> verdicts);

}  // namespace cdi::state
