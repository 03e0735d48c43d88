#include "ingest/state/store_tables.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace cdi::state {

using ingest::RowMark;
using ingest::Run;

namespace {

std::optional<int64_t> OptionalInt(const Statement& row, int column) {
  return row.IsNull(column) ? std::nullopt : std::optional<int64_t>(row.Int(column));
}

#define CDI_RUN_COLUMNS                                                                                       \
  "SELECT r.id, r.sync, r.name, s.name, r.state, r.trigger, r.config_version, r.config, r.create_time,"       \
  " r.start_time, r.end_time, r.window, r.watermark_after, r.commit_lag_seconds, r.replay_ids, r.recoveries," \
  " r.cancel_requested, r.error_reason, r.error_message, p.sums"                                              \
  " FROM runs r JOIN syncs s ON s.id = r.sync JOIN run_progress p ON p.run = r.id "

absl::StatusOr<RunRow> ReadRun(const Statement& row) {
  RunRow result;
  result.id = row.Int(0);
  result.sync = row.Int(1);
  Run& run = result.run;
  run.name = ingest::RunName(row.Text(2));
  run.sync = ingest::SyncName(row.Text(3));
  run.state = static_cast<ingest::RunState>(row.Int(4));
  run.trigger = static_cast<ingest::RunTrigger>(row.Int(5));
  run.config_version = row.Uint(6);
  run.config = row.Text(7);
  run.create_time = row.Time(8);
  run.start_time = row.OptionalTime(9);
  run.end_time = row.OptionalTime(10);
  if (!row.IsNull(11)) {
    CDI_ASSIGN_OR_RETURN(run.window, DecodeWindow(row.Bytes(11)));
  }
  run.watermark_after = row.OptionalTime(12);
  if (!row.IsNull(13)) run.commit_lag_override = std::chrono::seconds(row.Int(13));
  CDI_ASSIGN_OR_RETURN(run.replay_ids, DecodeIds(row.Bytes(14)));
  run.recoveries = static_cast<uint32_t>(row.Int(15));
  run.cancel_requested = row.Int(16) != 0;
  run.error = {row.Text(17), row.Text(18)};
  CDI_ASSIGN_OR_RETURN(run.sums, DecodeSums(row.Bytes(19)));
  return result;
}

absl::StatusOr<std::vector<RunRow>> ReadRuns(Statement& statement) {
  std::vector<RunRow> rows;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, statement.Step());
    if (!found) return rows;
    CDI_ASSIGN_OR_RETURN(RunRow row, ReadRun(statement));
    rows.push_back(std::move(row));
  }
}

absl::StatusOr<std::optional<RunRow>> ReadOneRun(Statement& statement) {
  CDI_ASSIGN_OR_RETURN(const bool found, statement.Step());
  if (!found) return std::optional<RunRow>();
  CDI_ASSIGN_OR_RETURN(RunRow row, ReadRun(statement));
  return std::optional<RunRow>(std::move(row));
}

}  // namespace

// ---- syncs ------------------------------------------------------------------------------------------------------

absl::StatusOr<std::optional<SyncRow>> FindSync(Database& database, const ingest::SyncName& sync) {
  CDI_ASSIGN_OR_RETURN(Statement row,
                       database.Prepare("SELECT id, epoch, watermark, boundary_rows, next_run_time, active_run,"
                                        " last_run, tested_version FROM syncs WHERE name = ?"));
  row.Bind(sync.value());
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<SyncRow>();
  SyncRow result;
  result.id = row.Int(0);
  result.epoch = row.Uint(1);
  result.watermark = row.OptionalTime(2);
  result.boundary_rows = row.Uint(3);
  result.next_run_time = row.OptionalTime(4);
  result.active_run = OptionalInt(row, 5);
  result.last_run = OptionalInt(row, 6);
  result.tested_version = row.Uint(7);
  return std::optional<SyncRow>(result);
}

absl::StatusOr<SyncRow> EnsureSync(Database& database, const ingest::SyncName& sync) {
  CDI_RETURN_IF_ERROR(
      database.Execute("INSERT OR IGNORE INTO syncs (name) VALUES (?)", std::string_view(sync.value())));
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> row, FindSync(database, sync));
  return *row;
}

absl::StatusOr<bool> ResourceExists(Database& database, ingest::ResourceKind kind, std::string_view name) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT 1 FROM resources WHERE kind = ? AND name = ?"));
  row.Bind(static_cast<int64_t>(kind)).Bind(name);
  return row.Step();
}

absl::Status ResetPlace(Database& database, int64_t sync, std::optional<Timestamp> to) {
  CDI_RETURN_IF_ERROR(database.Execute("UPDATE syncs SET watermark = ?, boundary_rows = 0 WHERE id = ?", to, sync));
  CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM boundary WHERE sync = ?", sync));
  return database.Execute("DELETE FROM ahead WHERE sync = ?", sync);
}

// ---- boundary, ahead and doubt ----------------------------------------------------------------------------------

absl::Status AddBoundary(Database& database, int64_t sync, bool replace, const DigestCounts& counts) {
  if (replace) {
    CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM boundary WHERE sync = ?", sync));
  }
  if (counts.empty()) return absl::OkStatus();
  const std::string body = EncodeCounts(counts);
  return database.Execute(
      "INSERT INTO boundary (sync, part, body)"
      " VALUES (?1, (SELECT coalesce(max(part), 0) + 1 FROM boundary WHERE sync = ?1), ?2)",
      sync, Blob{body});
}

absl::StatusOr<DigestCounts> LoadBoundary(Database& database, int64_t sync) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT body FROM boundary WHERE sync = ? ORDER BY part"));
  row.Bind(sync);
  DigestCounts all;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) break;
    CDI_ASSIGN_OR_RETURN(const DigestCounts part, DecodeCounts(row.Bytes(0)));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::ranges::sort(all);
  DigestCounts joined;
  for (const auto& [digest, count] : all) {
    if (!joined.empty() && joined.back().first == digest) {
      joined.back().second += count;
    } else {
      joined.emplace_back(digest, count);
    }
  }
  return joined;
}

absl::StatusOr<std::vector<RowMark>> LoadAhead(Database& database, int64_t sync) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT body FROM ahead WHERE sync = ?"));
  row.Bind(sync);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::vector<RowMark>();
  return DecodeMarks(row.Bytes(0));
}

absl::Status StoreAhead(Database& database, int64_t sync, const std::vector<RowMark>& rows) {
  if (rows.empty()) return database.Execute("DELETE FROM ahead WHERE sync = ?", sync);
  const std::string body = EncodeMarks(rows);
  return database.Execute("INSERT OR REPLACE INTO ahead (sync, body) VALUES (?, ?)", sync, Blob{body});
}

absl::StatusOr<std::vector<DoubtfulBatch>> LoadDoubt(Database& database, int64_t sync) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT run, batch, attempt, body FROM in_doubt WHERE sync = ?"
                                                       " ORDER BY run, batch, attempt"));
  row.Bind(sync);
  std::vector<DoubtfulBatch> batches;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return batches;
    CDI_ASSIGN_OR_RETURN(std::vector<RowMark> rows, DecodeMarks(row.Bytes(3)));
    batches.push_back({row.Int(0), {ingest::BatchId(row.Uint(1)), static_cast<int>(row.Int(2)), std::move(rows)}});
  }
}

absl::Status StoreDoubt(Database& database, int64_t sync, const std::vector<DoubtfulBatch>& batches) {
  CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM in_doubt WHERE sync = ?", sync));
  for (const DoubtfulBatch& doubtful : batches) {
    const std::string body = EncodeMarks(doubtful.batch.rows);
    CDI_RETURN_IF_ERROR(database.Execute(
        "INSERT INTO in_doubt (sync, run, batch, attempt, body) VALUES (?, ?, ?, ?, ?)", sync, doubtful.run,
        static_cast<int64_t>(doubtful.batch.batch.value()), static_cast<int64_t>(doubtful.batch.attempt), Blob{body}));
  }
  return absl::OkStatus();
}

// ---- runs -------------------------------------------------------------------------------------------------------

absl::StatusOr<std::optional<RunRow>> FindRun(Database& database, const ingest::RunName& name) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare(CDI_RUN_COLUMNS "WHERE r.name = ?"));
  row.Bind(name.value());
  return ReadOneRun(row);
}

absl::StatusOr<RunRow> GetRunRow(Database& database, const ingest::RunName& name) {
  CDI_ASSIGN_OR_RETURN(std::optional<RunRow> row, FindRun(database, name));
  if (row) return *std::move(row);
  return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", absl::StrCat("there is no run ", name.value()));
}

absl::StatusOr<std::optional<RunRow>> FindRunById(Database& database, int64_t id) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare(CDI_RUN_COLUMNS "WHERE r.id = ?"));
  row.Bind(id);
  return ReadOneRun(row);
}

absl::StatusOr<std::vector<RunRow>> ListRunRows(Database& database, int64_t sync, int64_t below, int limit) {
  CDI_ASSIGN_OR_RETURN(Statement row,
                       database.Prepare(CDI_RUN_COLUMNS "WHERE r.sync = ? AND r.id < ? ORDER BY r.id DESC LIMIT ?"));
  row.Bind(sync).Bind(below).Bind(static_cast<int64_t>(limit));
  return ReadRuns(row);
}

absl::StatusOr<std::vector<RunRow>> ListOpenRunRows(Database& database) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare(CDI_RUN_COLUMNS "WHERE r.state <= 2 ORDER BY r.id"));
  return ReadRuns(row);
}

// ---- log --------------------------------------------------------------------------------------------------------

absl::Status InsertLogEntry(Database& database, int64_t run, const LogEntry& entry) {
  return database.Execute("INSERT INTO log (id, epoch, kind, body, chain) VALUES (?, ?, ?, ?, ?)",
                          LogId(run, entry.sequence), static_cast<int64_t>(entry.epoch),
                          static_cast<int64_t>(entry.kind), Blob{entry.body}, Blob{entry.chain});
}

absl::Status ForEachLogEntry(Database& database, int64_t run, const std::function<absl::Status(LogEntry)>& visit) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT id, epoch, kind, body, chain FROM log"
                                                       " WHERE id >= ? AND id < ? ORDER BY id"));
  row.Bind(LogId(run, 0)).Bind(LogId(run + 1, 0));
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return absl::OkStatus();
    LogEntry entry;
    entry.sequence = row.Uint(0) & 0xffffffff;
    entry.epoch = row.Uint(1);
    entry.kind = static_cast<LogKind>(row.Int(2));
    entry.body = row.Text(3);
    entry.chain = row.Text(4);
    CDI_RETURN_IF_ERROR(visit(std::move(entry)));
  }
}

// ---- meta -------------------------------------------------------------------------------------------------------

absl::StatusOr<uint64_t> NextEpoch(Database& database) {
  CDI_RETURN_IF_ERROR(database.Execute("UPDATE meta SET epoch = epoch + 1"));
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT epoch FROM meta"));
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return Malformed("no epoch");
  return row.Uint(0);
}

int CoerceLimit(int limit) {
  constexpr int kDefault = 100;
  constexpr int kMax = 1000;
  return limit <= 0 ? kDefault : std::min(limit, kMax);
}

absl::StatusOr<int64_t> ParsePageToken(std::string_view token, int64_t otherwise) {
  int64_t value = 0;
  if (token.empty()) return otherwise;
  if (absl::SimpleAtoi(std::string(token), &value) && value > 0) return value;
  return MakeError(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
                   "page_token is not one that this list gave out; leave it empty to start over");
}

}  // namespace cdi::state
