// Rows of single tables that several parts of the store read and write. All of them run inside the caller's transaction
// (or read connection).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ingest/state/log_entry.h"
#include "ingest/state/row_codec.h"
#include "ingest/state/run_fold.h"
#include "ingest/state/sqlite_db.h"
#include "ingest/state_store.h"

namespace cdi::state {

// ---- syncs
struct SyncRow {
  int64_t id = 0;
  uint64_t epoch = 0;
  std::optional<Timestamp> watermark;
  uint64_t boundary_rows = 0;
  std::optional<Timestamp> next_run_time;
  std::optional<int64_t> active_run;
  std::optional<int64_t> last_run;
  uint64_t tested_version = 0;
};
absl::StatusOr<std::optional<SyncRow>> FindSync(Database& database, const ingest::SyncName& sync);
// Makes the row when it is not there yet.
absl::StatusOr<SyncRow> EnsureSync(Database& database, const ingest::SyncName& sync);
absl::StatusOr<bool> ResourceExists(Database& database, ingest::ResourceKind kind, std::string_view name);
// Watermark, boundary and ahead rows, replaced by a bare watermark.
absl::Status ResetPlace(Database& database, int64_t sync, std::optional<Timestamp> to);

// ---- key pairs
// All of a connection's, with a line of audit for each.
absl::Status ForgetKeyPairs(Database& database, const Timestamp& now, std::string_view connection);

// ---- boundary, ahead and doubt
absl::Status AddBoundary(Database& database, int64_t sync, bool replace, const DigestCounts& counts);
absl::StatusOr<DigestCounts> LoadBoundary(Database& database, int64_t sync);
absl::StatusOr<std::vector<ingest::RowMark>> LoadAhead(Database& database, int64_t sync);
absl::Status StoreAhead(Database& database, int64_t sync, const std::vector<ingest::RowMark>& rows);
absl::StatusOr<std::vector<DoubtfulBatch>> LoadDoubt(Database& database, int64_t sync);
absl::Status StoreDoubt(Database& database, int64_t sync, const std::vector<DoubtfulBatch>& batches);

// ---- runs
// id, and the run as the interface shows it.
struct RunRow {
  int64_t id = 0;
  int64_t sync = 0;
  ingest::Run run;
};
absl::StatusOr<std::optional<RunRow>> FindRun(Database& database, const ingest::RunName& name);
absl::StatusOr<RunRow> GetRunRow(Database& database, const ingest::RunName& name);  // kNotFound RUN_NOT_FOUND
absl::StatusOr<std::optional<RunRow>> FindRunById(Database& database, int64_t id);
// Newest first, with ids below `below`.
absl::StatusOr<std::vector<RunRow>> ListRunRows(Database& database, int64_t sync, int64_t below, int limit);
absl::StatusOr<std::vector<RunRow>> ListOpenRunRows(Database& database);

// ---- log
constexpr int64_t LogId(int64_t run, uint64_t sequence) {
  return (run << 32) | static_cast<int64_t>(sequence);
}
absl::Status InsertLogEntry(Database& database, int64_t run, const LogEntry& entry);
// Entries of a run that stand in the table, in order; stops at the first error.
absl::Status ForEachLogEntry(Database& database, int64_t run, const std::function<absl::Status(LogEntry)>& visit);

// ---- meta
absl::StatusOr<uint64_t> NextEpoch(Database& database);

// Page sizes asked for by callers: at most 1000, 100 when none was named.
int CoerceLimit(int limit);
// A page token that is a number; kInvalidArgument PAGE_TOKEN_INVALID. `otherwise` when it is empty.
absl::StatusOr<int64_t> ParsePageToken(std::string_view token, int64_t otherwise);

}  // namespace cdi::state
