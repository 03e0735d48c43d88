// Syncs, runs and their streamed writes.
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/run_fold.h"
#include "ingest/state/store_core.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {

using ingest::Lease;
using ingest::PageOf;
using ingest::Progress;
using ingest::ResourceKind;
using ingest::Run;
using ingest::RunName;
using ingest::RunState;
using ingest::RunTrigger;
using ingest::SyncName;
using ingest::SyncStatus;
using ParkedState = ingest::StoredParkedRow::State;

namespace {

absl::Status NoSync(const SyncName& sync) {
  return MakeError(absl::StatusCode::kNotFound, "SYNC_NOT_FOUND", absl::StrCat("there is no ", sync.value()));
}

// The row of a sync that exists as a resource or has had runs; made when it is not there yet.
absl::StatusOr<SyncRow> ExistingSync(Database& database, const SyncName& sync) {
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> row, FindSync(database, sync));
  if (row) return *row;
  CDI_ASSIGN_OR_RETURN(const bool exists, ResourceExists(database, ResourceKind::kSync, sync.value()));
  if (!exists) return NoSync(sync);
  return EnsureSync(database, sync);
}

absl::Status RunActive(const SyncName& sync, const std::string& active) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ACTIVE",
                   absl::StrCat(sync.value(), " has an active run, ", active, "; wait for its end or cancel it"),
                   {{"run", active}});
}

absl::Status RefuseActive(Database& database, const SyncName& name, const SyncRow& sync) {
  if (!sync.active_run) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(const std::optional<RunRow> active, FindRunById(database, *sync.active_run));
  return RunActive(name, active ? active->run.name.value() : std::string("?"));
}

std::string_view VerbOf(RunTrigger trigger) {
  switch (trigger) {
    case RunTrigger::kSchedule:
      return "ScheduleRun";
    case RunTrigger::kManual:
      return "RunSync";
    case RunTrigger::kReplay:
      return "ReplayDeadRows";
  }
  return "RunSync";
}

// What a repeated CreateRun must repeat.
std::string RequestHash(const Run& run) {
  return absl::StrCat("run:", run.sync.value(), ":", static_cast<int>(run.trigger), ":",
                      run.commit_lag_override ? absl::StrCat(run.commit_lag_override->count()) : "-", ":",
                      Sha256Hex(EncodeIds(run.replay_ids)));
}

absl::StatusOr<std::optional<RunRow>> RunOfRequest(Database& database, const std::string& request_id, const Run& run,
                                                   const Timestamp& now) {
  if (request_id.empty()) return std::optional<RunRow>();
  CDI_ASSIGN_OR_RETURN(Statement row,
                       database.Prepare("SELECT hash, answer FROM requests WHERE id = ? AND expire_time > ?"));
  row.Bind(request_id).Bind(now);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<RunRow>();
  if (row.Text(0) != RequestHash(run)) {
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "request_id was used for another request within 24 h; send a new one", {{"field", "request_id"}});
  }
  return FindRun(database, RunName(row.Text(1)));
}

// The parked rows of a replay are taken by it: all of them, or the run is refused.
absl::Status TakeParkedRows(Database& database, int64_t sync, int64_t run, const std::vector<uint64_t>& ids) {
  for (const uint64_t id : ids) {
    CDI_RETURN_IF_ERROR(
        database.Execute("UPDATE parked SET state = ?, replay_run = ? WHERE id = ? AND sync = ? AND state = ?",
                         static_cast<int64_t>(ParkedState::kReplaying), run, static_cast<int64_t>(id), sync,
                         static_cast<int64_t>(ParkedState::kOpen)));
    if (database.changes() == 1) continue;
    return MakeError(absl::StatusCode::kFailedPrecondition, "ROW_NOT_OPEN",
                     absl::StrCat("row ", id, " cannot be sent again: it is not among the open rows of this sync",
                                  " (delivered, discarded, being sent, or too old). List the rows again"),
                     {{"row", absl::StrCat(id)}});
  }
  return absl::OkStatus();
}

absl::StatusOr<RunRow> CreateInTransaction(Database& database, const Run& wanted, const std::string& request_id,
                                           const std::string& caller, const Timestamp& now,
                                           const Timestamp& request_expiry) {
  CDI_ASSIGN_OR_RETURN(std::optional<RunRow> earlier, RunOfRequest(database, request_id, wanted, now));
  if (earlier) return *std::move(earlier);
  CDI_ASSIGN_OR_RETURN(const SyncRow sync, EnsureSync(database, wanted.sync));
  CDI_RETURN_IF_ERROR(RefuseActive(database, wanted.sync, sync));
  CDI_ASSIGN_OR_RETURN(const std::optional<RunRow> same_name, FindRun(database, wanted.name));
  if (same_name) {
    return MakeError(absl::StatusCode::kAlreadyExists, "RESOURCE_EXISTS",
                     absl::StrCat(wanted.name.value(), " exists already"));
  }
  const std::string replay_ids = EncodeIds(wanted.replay_ids);
  const std::optional<int64_t> lag =
      wanted.commit_lag_override ? std::optional<int64_t>(wanted.commit_lag_override->count()) : std::nullopt;
  CDI_RETURN_IF_ERROR(database.Execute(
      "INSERT INTO runs (name, sync, state, trigger, config_version, config, create_time, commit_lag_seconds,"
      " replay_ids) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      std::string_view(wanted.name.value()), sync.id, static_cast<int64_t>(RunState::kPending),
      static_cast<int64_t>(wanted.trigger), static_cast<int64_t>(wanted.config_version), Blob{wanted.config}, now, lag,
      Blob{replay_ids}));
  const int64_t run = database.last_insert_id();
  const std::string chain = ChainStart(wanted.name.value());
  const std::string sums = EncodeSums({});
  const std::string no_batches = EncodeIds({});
  CDI_RETURN_IF_ERROR(
      database.Execute("INSERT INTO run_progress (run, sequence, chain, sums, open_batches) VALUES (?, 0, ?, ?, ?)",
                       run, Blob{chain}, Blob{sums}, Blob{no_batches}));
  CDI_RETURN_IF_ERROR(database.Execute("UPDATE syncs SET active_run = ?1, last_run = ?1 WHERE id = ?2", run, sync.id));
  CDI_RETURN_IF_ERROR(TakeParkedRows(database, sync.id, run, wanted.replay_ids));
  if (!request_id.empty()) {
    const std::string hash = RequestHash(wanted);
    CDI_RETURN_IF_ERROR(database.Execute(
        "INSERT OR REPLACE INTO requests (id, hash, answer, expire_time) VALUES (?, ?, ?, ?)",
        std::string_view(request_id), std::string_view(hash), Blob{wanted.name.value()}, request_expiry));
  }
  CDI_RETURN_IF_ERROR(state::AppendAudit(
      database, now, caller, VerbOf(wanted.trigger), wanted.sync.value(),
      wanted.replay_ids.empty() ? wanted.name.value()
                                : absl::StrCat(wanted.name.value(), ", ", wanted.replay_ids.size(), " rows")));
  return GetRunRow(database, wanted.name);
}

// Every entry's hash, the last one against what the run says.
class ChainCheck {
 public:
  ChainCheck(const RunRow& row) : row_(row), chain_(ChainStart(row.run.name.value())) {}

  absl::Status Add(const LogEntry& entry) {
    ++sequence_;
    chain_ = ChainNext(chain_, static_cast<uint64_t>(row_.id), entry);
    if (entry.sequence == sequence_ && entry.chain == chain_) return absl::OkStatus();
    return Broken();
  }
  absl::Status End(uint64_t sequence, const std::string& chain) const {
    return sequence == sequence_ && chain == chain_ ? absl::OkStatus() : Broken();
  }

 private:
  absl::Status Broken() const {
    return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED",
                     absl::StrCat("the log of ", row_.run.name.value(), " is damaged at entry ", sequence_,
                                  "; put the last backup of the state directory in its place"));
  }

  const RunRow& row_;
  std::string chain_;
  uint64_t sequence_ = 0;
};

absl::StatusOr<Progress> LoadProgress(Database& database, const RunRow& row) {
  const bool replay = row.run.trigger == RunTrigger::kReplay;
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> sync, FindSync(database, row.run.sync));
  if (!sync) return NoSync(row.run.sync);
  Progress progress;
  progress.watermark = sync->watermark;
  progress.window = row.run.window;
  progress.sums = row.run.sums;
  std::vector<DoubtfulBatch> earlier_doubt;
  if (!replay) {
    // A replay moves no watermark, and must not skip a row because the table's run has finished it.
    CDI_ASSIGN_OR_RETURN(progress.boundary, LoadBoundary(database, row.sync));
    CDI_ASSIGN_OR_RETURN(std::vector<ingest::RowMark> ahead, LoadAhead(database, row.sync));
    progress.ahead = MergeAhead(std::move(ahead), {}, sync->watermark);
    CDI_ASSIGN_OR_RETURN(earlier_doubt, LoadDoubt(database, row.sync));
  }
  uint64_t boundary_rows = 0;
  for (const auto& [digest, count] : progress.boundary) boundary_rows += count;
  if (!replay && boundary_rows != sync->boundary_rows) return Malformed("a boundary that does not add up");

  RunFold fold(row.id, replay ? std::nullopt : sync->watermark, std::move(earlier_doubt));
  ChainCheck chain(row);
  CDI_RETURN_IF_ERROR(ForEachLogEntry(database, row.id, [&](const LogEntry& entry) -> absl::Status {
    CDI_RETURN_IF_ERROR(chain.Add(entry));
    return fold.Add(entry);
  }));
  {
    CDI_ASSIGN_OR_RETURN(Statement head, database.Prepare("SELECT sequence, chain FROM run_progress WHERE run = ?"));
    head.Bind(row.id);
    CDI_ASSIGN_OR_RETURN(const bool found, head.Step());
    if (!found) return Malformed("a run without progress");
    CDI_RETURN_IF_ERROR(chain.End(head.Uint(0), head.Text(1)));
  }
  RunFold::Result folded = std::move(fold).Finish();
  // Asserted when it was stored, and again now that it is loaded.
  if (!replay && folded.watermark != sync->watermark) return Malformed("a watermark that differs from the run log");
  progress.own_finished = std::move(folded.finished);
  for (DoubtfulBatch& doubtful : folded.in_doubt) progress.in_doubt.push_back(std::move(doubtful.batch));
  progress.last_batch = folded.last_batch;
  return progress;
}

size_t WeightOf(const ingest::RunWrite& write, size_t encoded) {
  size_t weight = encoded + 256;
  for (const ingest::ParkedRow& row : write.parked) {
    weight += 256;
    // The row keeps its whole page alive.
    if (row.row.page != nullptr && row.row.page->page != nullptr) weight += row.row.page->page->bytes();
  }
  if (write.end) weight += write.end->ahead.size() * sizeof(ingest::RowMark);
  return weight;
}

}  // namespace

absl::StatusOr<SyncStatus> SqliteStore::GetSyncStatus(const SyncName& sync) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> row, FindSync(*reader, sync));
  SyncStatus status;
  status.sync = sync;
  if (!row) {
    CDI_ASSIGN_OR_RETURN(const bool exists, ResourceExists(*reader, ResourceKind::kSync, sync.value()));
    if (!exists) return NoSync(sync);
    return status;
  }
  status.watermark = row->watermark;
  status.boundary_rows = row->boundary_rows;
  status.next_run_time = row->next_run_time;
  status.tested_version = row->tested_version;
  if (row->active_run) {
    CDI_ASSIGN_OR_RETURN(const std::optional<RunRow> run, FindRunById(*reader, *row->active_run));
    if (run) status.active_run = run->run.name;
  }
  if (row->last_run) {
    CDI_ASSIGN_OR_RETURN(const std::optional<RunRow> run, FindRunById(*reader, *row->last_run));
    if (run) status.last_run = run->run.name;
  }
  return status;
}

absl::Status SqliteStore::SetNextRunTime(const SyncName& sync, std::optional<Timestamp> time) {
  return core_->commit.Run([&](Database& database) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const SyncRow row, ExistingSync(database, sync));
    return database.Execute("UPDATE syncs SET next_run_time = ? WHERE id = ?", time, row.id);
  });
}

absl::Status SqliteStore::SetTestedVersion(const SyncName& sync, uint64_t version) {
  return core_->commit.Run([&](Database& database) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const SyncRow row, ExistingSync(database, sync));
    return database.Execute("UPDATE syncs SET tested_version = ? WHERE id = ?", static_cast<int64_t>(version), row.id);
  });
}

absl::Status SqliteStore::Rewind(const SyncName& sync, std::optional<Timestamp> to, const std::string& reason,
                                 const std::string& caller) {
  const Timestamp now = core_->Now();
  return core_->commit.Run([&](Database& database) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const SyncRow row, ExistingSync(database, sync));
    CDI_RETURN_IF_ERROR(RefuseActive(database, sync, row));
    CDI_RETURN_IF_ERROR(ResetPlace(database, row.id, to));
    return state::AppendAudit(database, now, caller, "RewindSync", sync.value(),
                              absl::StrCat("to ", to ? to->ToString() : "nothing", ", from ",
                                           row.watermark ? row.watermark->ToString() : "nothing", ": ", reason));
  });
}

absl::StatusOr<Run> SqliteStore::CreateRun(const Run& run, const std::string& request_id, const std::string& caller) {
  if (!run.name.value().starts_with(run.sync.value() + "/runs/") ||
      run.name.value().size() <= run.sync.value().size() + 6) {
    return InvalidField("name", absl::StrCat("name must be ", run.sync.value(), "/runs/{run}; got ", run.name.value()));
  }
  absl::StatusOr<RunRow> result = absl::InternalError("not run");
  const Timestamp now = core_->Now();
  const Timestamp expiry = now.Plus(core_->options.request_retention);
  CDI_RETURN_IF_ERROR(core_->commit.Run([&](Database& database) {
    result = CreateInTransaction(database, run, request_id, caller, now, expiry);
    return result.status();
  }));
  return std::move(result->run);
}

absl::StatusOr<ingest::StateStore::Opened> SqliteStore::OpenRun(const RunName& run) {
  absl::StatusOr<Lease> lease = absl::InternalError("not run");
  CDI_RETURN_IF_ERROR(core_->commit.Run([&](Database& database) {
    lease = core_->writer.Open(database, run);
    return lease.status();
  }));
  // From here on nobody else's writes count for this run: its log stands still.
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(RunRow row, GetRunRow(*reader, run));
  CDI_ASSIGN_OR_RETURN(Progress progress, LoadProgress(*reader, row));
  return Opened{*std::move(lease), std::move(row.run), std::move(progress)};
}

void SqliteStore::Append(const Lease& lease, ingest::RunWrite write, std::function<void(absl::Status)> done) {
  // Encoded here, in the caller's thread: the commit thread has enough to do.
  auto encoded = std::make_shared<const std::string>(EncodeWrite(write));
  const size_t weight = WeightOf(write, encoded->size());
  const bool ends = write.end.has_value();
  Core* core = core_.get();
  core->commit.Submit([core, lease, encoded, kept = std::make_shared<const ingest::RunWrite>(std::move(write))](
                          Database& database) { return core->writer.Append(database, lease, *kept, *encoded); },
                      [core, lease, ends, answer = std::move(done)](absl::Status status) {
                        if (IsStorageFailure(status)) core->writer.KillLease(lease);
                        if (ends && status.ok()) core->keeper.NoteEnded();
                        answer(std::move(status));
                      },
                      weight);
}

absl::StatusOr<Run> SqliteStore::GetRun(const RunName& run) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(RunRow row, GetRunRow(*reader, run));
  return std::move(row.run);
}

absl::StatusOr<PageOf<Run>> SqliteStore::ListRuns(const SyncName& sync, const std::string& after, int limit) {
  limit = CoerceLimit(limit);
  CDI_ASSIGN_OR_RETURN(const int64_t below, ParsePageToken(after, std::numeric_limits<int64_t>::max()));
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  PageOf<Run> page;
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> sync_row, FindSync(*reader, sync));
  if (!sync_row) return page;
  CDI_ASSIGN_OR_RETURN(std::vector<RunRow> rows, ListRunRows(*reader, sync_row->id, below, limit + 1));
  if (rows.size() > static_cast<size_t>(limit)) {
    rows.pop_back();
    page.next = absl::StrCat(rows.back().id);
  }
  for (RunRow& row : rows) page.items.push_back(std::move(row.run));
  return page;
}

absl::StatusOr<std::vector<Run>> SqliteStore::ListOpenRuns() {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(std::vector<RunRow> rows, ListOpenRunRows(*reader));
  std::vector<Run> runs;
  for (RunRow& row : rows) runs.push_back(std::move(row.run));
  return runs;
}

absl::Status SqliteStore::RequestCancel(const RunName& run) {
  return core_->commit.Run([&](Database& database) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const RunRow row, GetRunRow(database, run));
    if (ingest::IsTerminal(row.run.state)) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED",
                       absl::StrCat(run.value(), " has ended as ", std::string(RunStateName(row.run.state))));
    }
    return database.Execute("UPDATE runs SET cancel_requested = 1 WHERE id = ?", row.id);
  });
}

absl::Status SqliteStore::EndRun(const RunName& run, RunState state, const ingest::RunError& error) {
  CDI_RETURN_IF_ERROR(
      core_->commit.Run([&](Database& database) { return core_->writer.EndUnheld(database, run, state, error); }));
  core_->keeper.NoteEnded();
  return absl::OkStatus();
}

}  // namespace cdi::state
