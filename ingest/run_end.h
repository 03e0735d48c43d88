// How a run ends: the state and the reason that people and programs read. Pure tables.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "ingest/run_record.h"
#include "ingest/send_outcome.h"

namespace cdi::ingest {

struct RunEnd {
  RunState state = RunState::kError;
  RunError error;
  bool left_open = false;  // no end is recorded: the run is recovered at the next start
};

// Everything was fetched and is finished.
RunEnd EndOfCompleteRun(const RunSums& sums, bool rows_max_reached, uint64_t rows_max);
// The fetch failed for good: CONFIG_ERROR where only somebody's action helps, else ERROR.
RunEnd EndByFetchFailure(const absl::Status& status);
// The store took no more writes.
RunEnd EndByWriteFailure(const absl::Status& status);
// A reply after which no request of this run can succeed (kAuthRefused, kEndpointWrong), or one ambiguous too often.
RunEnd EndByReply(const SendReport& report);

}  // namespace cdi::ingest
