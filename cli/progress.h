// How a run is shown while it goes and once it has ended. Pure text; cli/follow.h decides when.
#pragma once

#include <chrono>
#include <string>

#include "base/timestamp.h"
#include "cdi/v1/run.pb.h"
#include "cli/exit_code.h"

namespace cdi::cli {

bool HasEnded(const v1::Run& run);

// kOk for SUCCESS, kRunPartial for PARTIAL, kRunFailed for every other end.
ExitCode ExitCodeOf(const v1::Run& run);

// Time at work: until its end, or until `now` while it goes. Zero before it started.
std::chrono::nanoseconds ElapsedOf(const v1::Run& run, const Timestamp& now);

// One line: "running: 12,345 rows read, 12,000 accepted, 3 rejected, 342 waiting, 5,120 rows/s, 0:12".
// Waiting rows are read and without an outcome yet.
std::string ProgressLine(const v1::Run& run, const Timestamp& now);

// How it ended, the sums as a table that adds up, the rows left for later, the error with its cause, and what to do
// next.
std::string RunSummary(const v1::Run& run);

}  // namespace cdi::cli
