// Reads a whole state directory and says, in plain words, where it breaks a promise: `cdi-server --check_log DIR`.
//
// It uses nothing but the store itself: pages and checksums, chains of hashes, segment files, and every run's log
// (run_log_checker.h). It may look at the directory of a running server: it reads one snapshot and changes nothing.
// Memory is bounded by the rows that one run has in flight or finished above its watermark.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ingest/state/run_log_checker.h"
#include "ingest/sync_spec.h"

namespace cdi::state {

struct CheckOptions {
  // The sync's settings from a run's stored configuration, for the checks that need them (objects per body, hold or
  // resend). Empty, or nullopt: those are checked as far as the log alone can tell.
  std::function<std::optional<ingest::SyncSpec>(const std::string& config)> spec_of;
};

struct CheckReport {
  std::vector<Violation> violations;
  uint64_t syncs = 0;
  uint64_t runs = 0;
  uint64_t runs_pruned = 0;  // their logs are past retention: only counted
  uint64_t entries = 0;
  uint64_t batches = 0;    // requests recorded, repeats included
  uint64_t rows_sent = 0;  // in them

  bool ok() const { return violations.empty(); }
  // One line for each violation, up to 200, and one with the counts, ready to print.
  std::string ToText() const;
};

// Never fails: a directory that cannot be read is a violation.
CheckReport CheckLog(const std::string& state_directory, const CheckOptions& options = {});

}  // namespace cdi::state
