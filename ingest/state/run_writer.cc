#include "ingest/state/run_writer.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/run_fold.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {

using ingest::Lease;
using ingest::ParkedRow;
using ingest::RowMark;
using ingest::RowVerdict;
using ingest::RunName;
using ingest::RunState;
using ingest::RunWrite;
using ParkedState = ingest::StoredParkedRow::State;

namespace {

constexpr size_t kMessageBytesMax = 300;

absl::Status LeaseLost(const RunName& run, std::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "LEASE_LOST",
                   absl::StrCat("the write for ", run.value(), " was refused: ", std::string(why),
                                "; this holder must stop sending"));
}

std::string EncodeBatches(const std::set<std::pair<uint64_t, int>>& batches) {
  ByteWriter out;
  out.Varint(batches.size());
  for (const auto& [batch, attempt] : batches) {
    out.Varint(batch);
    out.Varint(static_cast<uint64_t>(attempt));
  }
  return out.Take();
}

absl::StatusOr<std::set<std::pair<uint64_t, int>>> DecodeBatches(std::string_view bytes) {
  ByteReader in(bytes);
  std::set<std::pair<uint64_t, int>> batches;
  for (size_t left = in.Count(2); left > 0; --left) {
    const uint64_t batch = in.Varint();
    batches.emplace(batch, static_cast<int>(in.Varint()));
  }
  if (!in.ok() || !in.done()) return Malformed("a list of batches");
  return batches;
}

Cells CellsOf(const ParkedRow& row, uint64_t& oversize_bytes) {
  Cells cells;
  if (row.row.page == nullptr) return cells;
  const warehouse::Page& page = *row.row.page->page;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (const auto cell = page.cell(row.row.index, static_cast<warehouse::ColumnRole>(i)))
      cells[i] = std::string(*cell);
  }
  oversize_bytes = page.oversize_bytes(row.row.index);
  return cells;
}

}  // namespace

std::vector<RowMark> MergeAhead(std::vector<RowMark> a, std::vector<RowMark> b, const std::optional<Timestamp>& above) {
  const auto below = [&](const RowMark& mark) { return above && mark.cursor <= *above; };
  std::erase_if(a, below);
  std::erase_if(b, below);
  const auto order = [](const RowMark& x, const RowMark& y) {
    return std::tie(x.cursor, x.digest) < std::tie(y.cursor, y.digest);
  };
  std::ranges::sort(a, order);
  std::ranges::sort(b, order);
  std::vector<RowMark> merged;
  // The union of sorted multisets has each element max(m, n) times.
  std::ranges::set_union(a, b, std::back_inserter(merged), order);
  return merged;
}

absl::StatusOr<RunWriter::Active*> RunWriter::Load(Database& database, const RunName& run) {
  if (const auto known = active_.find(run.value()); known != active_.end()) return &known->second;
  CDI_ASSIGN_OR_RETURN(
      Statement row,
      database.Prepare("SELECT r.id, r.sync, r.trigger, r.state, s.epoch, s.watermark, s.boundary_rows, p.sequence,"
                       " p.chain, p.sums, p.open_batches, s.active_run FROM runs r JOIN syncs s ON s.id = r.sync"
                       " JOIN run_progress p ON p.run = r.id WHERE r.name = ?"));
  row.Bind(run.value());
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) {
    return MakeError(absl::StatusCode::kNotFound, "RUN_NOT_FOUND", absl::StrCat("there is no run ", run.value()));
  }
  Active active;
  active.run = row.Int(0);
  active.sync = row.Int(1);
  active.replay = row.Int(2) == static_cast<int64_t>(ingest::RunTrigger::kReplay);
  active.running = row.Int(3) == static_cast<int64_t>(RunState::kRunning) && row.Int(11) == active.run;
  active.epoch = row.Uint(4);
  active.watermark = row.OptionalTime(5);
  active.boundary_rows = row.Uint(6);
  active.sequence = row.Uint(7);
  active.chain = row.Text(8);
  CDI_ASSIGN_OR_RETURN(active.sums, DecodeSums(row.Bytes(9)));
  CDI_ASSIGN_OR_RETURN(active.open_batches, DecodeBatches(row.Bytes(10)));
  return &active_.emplace(run.value(), std::move(active)).first->second;
}

absl::Status RunWriter::AppendEntry(Database& database, Active& active, uint64_t epoch, LogKind kind,
                                    std::string body) {
  LogEntry entry{active.sequence + 1, epoch, kind, std::move(body), {}};
  CDI_CHECK(entry.sequence < (uint64_t{1} << 32), "a run has less than 2^32 log entries");
  entry.chain = ChainNext(active.chain, static_cast<uint64_t>(active.run), entry);
  CDI_RETURN_IF_ERROR(InsertLogEntry(database, active.run, entry));
  active.sequence = entry.sequence;
  active.chain = std::move(entry.chain);
  active.dirty = true;
  return absl::OkStatus();
}

void RunWriter::KillLease(const Lease& lease) {
  uint64_t& epoch = dead_leases_[lease.run.value()];
  epoch = std::max(epoch, lease.epoch);
}

absl::Status RunWriter::Append(Database& database, const Lease& lease, const RunWrite& write,
                               const std::string& encoded) {
  if (const auto dead = dead_leases_.find(lease.run.value());
      dead != dead_leases_.end() && lease.epoch <= dead->second) {
    return LeaseLost(lease.run, "an earlier write under this lease failed");
  }
  CDI_ASSIGN_OR_RETURN(Active * loaded, Load(database, lease.run));
  Active& active = *loaded;
  if (active.epoch != lease.epoch) return LeaseLost(lease.run, "another holder took the lease of the sync");
  if (!active.running) return LeaseLost(lease.run, "the run has ended");

  // Nothing below may refuse: what is written stays.
  if (write.watermark) NoteMove(active, *write.watermark);
  CDI_ASSIGN_OR_RETURN(const std::vector<LoggedParked> parked, StoreParked(database, active, write.parked));
  CDI_RETURN_IF_ERROR(AppendEntry(database, active, lease.epoch, LogKind::kWrite, encoded + EncodeParkedPart(parked)));
  for (const ingest::SendStarted& started : write.started) {
    active.open_batches.emplace(started.batch.value(), started.attempt);
  }
  for (const ingest::SendFinished& finished : write.finished) {
    active.open_batches.erase({finished.batch.value(), finished.attempt});
  }
  active.sums = write.sums;
  if (write.window) {
    const std::string window = EncodeWindow(*write.window);
    CDI_RETURN_IF_ERROR(database.Execute("UPDATE runs SET window = ? WHERE id = ?", Blob{window}, active.run));
  }
  CDI_RETURN_IF_ERROR(StoreReplayed(database, active, write.replayed));
  if (!write.end) return absl::OkStatus();

  CDI_RETURN_IF_ERROR(FlushOne(database, active));
  CDI_RETURN_IF_ERROR(CloseRun(database, active, write.end->state, write.end->error, write.end->ahead));
  active_.erase(lease.run.value());
  return absl::OkStatus();
}

void RunWriter::NoteMove(Active& active, const ingest::WatermarkMove& move) {
  // Our own bug, never the world's: stopping beats a watermark that lies.
  CDI_CHECK(!active.replay, "a replay moves no watermark");
  CDI_CHECK(move.from == active.watermark, "the watermark moves from where it is");
  CDI_CHECK(!active.watermark || move.to >= *active.watermark, "the watermark never goes back in a run");
  CDI_CHECK(move.replace == (!active.watermark || move.to > *active.watermark),
            "the boundary is replaced exactly when the watermark advances");
  if (move.replace) {
    active.replace_boundary = true;
    active.boundary_added.clear();
    active.boundary_rows = 0;
  }
  for (const auto& [digest, count] : move.finished) {
    active.boundary_rows += count;
    active.boundary_added.emplace_back(digest, count);
  }
  active.watermark = move.to;
  active.moved = true;
  active.dirty = true;
}

absl::StatusOr<std::vector<LoggedParked>> RunWriter::StoreParked(Database& database, const Active& active,
                                                                 const std::vector<ParkedRow>& parked) {
  std::vector<LoggedParked> logged;
  logged.reserve(parked.size());
  for (const ParkedRow& row : parked) {
    const std::string message = CutText(row.message, kMessageBytesMax);
    LoggedParked entry{row.mark.parked_id, row.kind, row.mark, row.reason};
    if (row.mark.parked_id != 0) {
      // A replayed row that was refused or held again: the row it came from is open again, with the new reason.
      CDI_RETURN_IF_ERROR(database.Execute(
          "UPDATE parked SET kind = ?, state = ?, reason = ?, message = ?, replay_run = NULL WHERE id = ? AND sync = ?",
          static_cast<int64_t>(row.kind), static_cast<int64_t>(ParkedState::kOpen), std::string_view(row.reason),
          std::string_view(message), static_cast<int64_t>(row.mark.parked_id), active.sync));
    } else {
      uint64_t oversize_bytes = 0;
      const std::string cells = EncodeCells(CellsOf(row, oversize_bytes));
      CDI_RETURN_IF_ERROR(database.Execute(
          "INSERT INTO parked (sync, run, kind, state, cursor, digest, user, reason, message, content_gone, cells,"
          " oversize_bytes, create_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          active.sync, active.run, static_cast<int64_t>(row.kind), static_cast<int64_t>(ParkedState::kOpen),
          row.mark.cursor, row.mark.digest, row.mark.user, std::string_view(row.reason), std::string_view(message),
          static_cast<int64_t>(row.row.page == nullptr ? 1 : 0), Blob{cells}, static_cast<int64_t>(oversize_bytes),
          clock_.WallNow()));
      entry.id = static_cast<uint64_t>(database.last_insert_id());
    }
    logged.push_back(std::move(entry));
  }
  return logged;
}

absl::Status RunWriter::StoreReplayed(Database& database, const Active& active,
                                      const std::vector<std::pair<uint64_t, RowVerdict>>& replayed) {
  for (const auto& [id, verdict] : replayed) {
    const bool delivered = verdict == RowVerdict::kAccepted || verdict == RowVerdict::kUnconfirmed;
    CDI_RETURN_IF_ERROR(database.Execute("UPDATE parked SET state = ?, replay_run = NULL WHERE id = ? AND sync = ?",
                                         static_cast<int64_t>(delivered ? ParkedState::kDelivered : ParkedState::kOpen),
                                         static_cast<int64_t>(id), active.sync));
  }
  return absl::OkStatus();
}

absl::Status RunWriter::FlushOne(Database& database, Active& active) {
  if (!active.dirty) return absl::OkStatus();
  const std::string sums = EncodeSums(active.sums);
  const std::string batches = EncodeBatches(active.open_batches);
  CDI_RETURN_IF_ERROR(database.Execute(
      "UPDATE run_progress SET sequence = ?, chain = ?, sums = ?, open_batches = ? WHERE run = ?",
      static_cast<int64_t>(active.sequence), Blob{active.chain}, Blob{sums}, Blob{batches}, active.run));
  if (active.moved) {
    CDI_RETURN_IF_ERROR(AddBoundary(database, active.sync, active.replace_boundary, active.boundary_added));
    CDI_RETURN_IF_ERROR(database.Execute("UPDATE syncs SET watermark = ?, boundary_rows = ? WHERE id = ?",
                                         active.watermark, static_cast<int64_t>(active.boundary_rows), active.sync));
    CDI_RETURN_IF_ERROR(
        database.Execute("UPDATE runs SET watermark_after = ? WHERE id = ?", active.watermark, active.run));
  }
  active.dirty = false;
  active.moved = false;
  active.replace_boundary = false;
  active.boundary_added.clear();
  return absl::OkStatus();
}

absl::Status RunWriter::Flush(Database& database) {
  for (auto& [name, active] : active_) {
    CDI_RETURN_IF_ERROR(FlushOne(database, active));
  }
  active_.clear();
  return absl::OkStatus();
}

absl::Status RunWriter::CloseRun(Database& database, const Active& active, RunState state,
                                 const ingest::RunError& error, std::vector<RowMark> ahead) {
  CDI_ASSIGN_OR_RETURN(std::vector<RowMark> earlier, LoadAhead(database, active.sync));
  CDI_RETURN_IF_ERROR(
      StoreAhead(database, active.sync, MergeAhead(std::move(earlier), std::move(ahead), active.watermark)));
  CDI_ASSIGN_OR_RETURN(std::vector<DoubtfulBatch> doubt, LoadDoubt(database, active.sync));
  if (!doubt.empty() || !active.open_batches.empty()) {
    RunFold fold(active.run, active.watermark, std::move(doubt));
    CDI_RETURN_IF_ERROR(ForEachLogEntry(database, active.run, [&](const LogEntry& entry) { return fold.Add(entry); }));
    std::vector<DoubtfulBatch> left = std::move(fold).Finish().in_doubt;
    for (DoubtfulBatch& batch : left) {
      // Rows of a replay stay parked: they are open again, not in doubt for the next run of the table.
      std::erase_if(batch.batch.rows, [](const RowMark& mark) { return mark.parked_id != 0; });
    }
    std::erase_if(left, [](const DoubtfulBatch& batch) { return batch.batch.rows.empty(); });
    CDI_RETURN_IF_ERROR(StoreDoubt(database, active.sync, left));
  }
  CDI_RETURN_IF_ERROR(
      database.Execute("UPDATE runs SET state = ?, end_time = ?, error_reason = ?, error_message = ? WHERE id = ?",
                       static_cast<int64_t>(state), clock_.WallNow(), std::string_view(error.reason),
                       std::string_view(error.message), active.run));
  CDI_RETURN_IF_ERROR(database.Execute("UPDATE parked SET state = ?, replay_run = NULL WHERE replay_run = ?",
                                       static_cast<int64_t>(ParkedState::kOpen), active.run));
  return database.Execute("UPDATE syncs SET active_run = NULL WHERE id = ? AND active_run = ?", active.sync,
                          active.run);
}

absl::StatusOr<Lease> RunWriter::Open(Database& database, const RunName& name) {
  CDI_ASSIGN_OR_RETURN(const RunRow row, GetRunRow(database, name));
  if (ingest::IsTerminal(row.run.state)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED",
                     absl::StrCat(name.value(), " has ended as ", std::string(ingest::RunStateName(row.run.state))));
  }
  CDI_ASSIGN_OR_RETURN(const uint64_t epoch, NextEpoch(database));
  CDI_RETURN_IF_ERROR(
      database.Execute("UPDATE syncs SET epoch = ? WHERE id = ?", static_cast<int64_t>(epoch), row.sync));
  const uint32_t recoveries = row.run.recoveries + (row.run.state == RunState::kRunning ? 1 : 0);
  CDI_RETURN_IF_ERROR(database.Execute(
      "UPDATE runs SET state = ?, recoveries = ?, start_time = coalesce(start_time, ?) WHERE id = ?",
      static_cast<int64_t>(RunState::kRunning), static_cast<int64_t>(recoveries), clock_.WallNow(), row.id));
  active_.erase(name.value());
  CDI_ASSIGN_OR_RETURN(Active * active, Load(database, name));
  OpenedBody body;
  body.time = clock_.WallNow();
  body.watermark = active->watermark;
  body.boundary_rows = active->boundary_rows;
  body.config_version = row.run.config_version;
  body.config_sha256 = Sha256(row.run.config);
  CDI_ASSIGN_OR_RETURN(body.audit_sequence, LastAuditSequence(database));
  body.recoveries = recoveries;
  CDI_RETURN_IF_ERROR(AppendEntry(database, *active, epoch, LogKind::kOpened, EncodeOpened(body)));
  CDI_RETURN_IF_ERROR(FlushOne(database, *active));
  active_.erase(name.value());
  return Lease{row.run.sync, name, epoch};
}

absl::Status RunWriter::EndUnheld(Database& database, const RunName& name, RunState state,
                                  const ingest::RunError& error) {
  CDI_CHECK(ingest::IsTerminal(state), "a run ends in a terminal state");
  CDI_ASSIGN_OR_RETURN(const RunRow row, GetRunRow(database, name));
  if (ingest::IsTerminal(row.run.state)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ENDED",
                     absl::StrCat(name.value(), " has ended as ", std::string(ingest::RunStateName(row.run.state))));
  }
  // A holder that still lives is fenced out.
  CDI_ASSIGN_OR_RETURN(const uint64_t epoch, NextEpoch(database));
  CDI_RETURN_IF_ERROR(
      database.Execute("UPDATE syncs SET epoch = ? WHERE id = ?", static_cast<int64_t>(epoch), row.sync));
  active_.erase(name.value());
  CDI_ASSIGN_OR_RETURN(Active * active, Load(database, name));
  RunFold fold(active->run, active->watermark, {});
  CDI_RETURN_IF_ERROR(ForEachLogEntry(database, active->run, [&](const LogEntry& entry) { return fold.Add(entry); }));
  RunFold::Result folded = std::move(fold).Finish();
  // Rows of a replay are settled in the table of parked rows.
  if (active->replay) folded.finished.clear();
  uint64_t unfinished = 0;
  for (const DoubtfulBatch& batch : folded.in_doubt) unfinished += batch.batch.rows.size();
  RunWrite write;
  active->sums.unfinished = unfinished;
  write.sums = active->sums;
  write.end = RunWrite::End{state, error, MergeAhead(std::move(folded.finished), {}, active->watermark)};
  CDI_RETURN_IF_ERROR(AppendEntry(database, *active, epoch, LogKind::kWrite, EncodeWrite(write, true)));
  CDI_RETURN_IF_ERROR(FlushOne(database, *active));
  CDI_RETURN_IF_ERROR(CloseRun(database, *active, state, error, write.end->ahead));
  active_.erase(name.value());
  return absl::OkStatus();
}

}  // namespace cdi::state
