#include "ingest/state/check_log.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/schema.h"
#include "ingest/state/segment_file.h"
#include "ingest/state/sqlite_db.h"
#include "ingest/state/state_directory.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {
namespace {

// A log that is wrong throughout says so in as many lines.
constexpr size_t kViolationsShown = 200;

// An audited change of a sync's place: the watermark after it is what the operator said.
struct PlaceChange {
  uint64_t sequence = 0;
  std::optional<Timestamp> to;
};

class Checker {
 public:
  Checker(std::string directory, const CheckOptions& options, Database& database, CheckReport& report)
      : directory_(std::move(directory)), options_(options), database_(database), report_(report) {}

  absl::Status Run() {
    CDI_RETURN_IF_ERROR(database_.ExecuteScript("BEGIN"));
    CDI_RETURN_IF_ERROR(CheckAudit());
    std::vector<std::pair<int64_t, std::string>> syncs;
    {
      CDI_ASSIGN_OR_RETURN(Statement row, database_.Prepare("SELECT id, name FROM syncs ORDER BY id"));
      while (true) {
        CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
        if (!found) break;
        syncs.emplace_back(row.Int(0), row.Text(1));
      }
    }
    for (const auto& [id, name] : syncs) {
      ++report_.syncs;
      CDI_RETURN_IF_ERROR(CheckSync(ingest::SyncName(name)));
    }
    return database_.ExecuteScript("COMMIT");
  }

 private:
  void Fail(std::string_view invariant, const std::string& run, std::string text) {
    report_.violations.push_back({std::string(invariant), run, 0, std::move(text)});
  }

  absl::Status CheckAudit() {
    const auto collect = [this](const ingest::AuditEntry& entry) {
      if (entry.line.verb == "RewindSync" && entry.line.outcome == ingest::AuditOutcome::kDone) {
        // "to 2026-…Z, from …: reason", as Rewind writes it.
        const size_t end = entry.line.detail.find(", from ");
        const std::string to = entry.line.detail.substr(3, end == std::string::npos ? 0 : end - 3);
        places_[entry.line.name].push_back({entry.sequence, Timestamp::Parse(to)});
      } else if (entry.line.verb == "DeleteSync" && entry.line.outcome == ingest::AuditOutcome::kDone) {
        places_[entry.line.name].push_back({entry.sequence, std::nullopt});
      }
    };
    CDI_ASSIGN_OR_RETURN(const ingest::AuditVerdict verdict, VerifyAuditChain(database_, std::nullopt, collect));
    for (const ingest::AuditFault& fault : verdict.faults) Fail("LOG", "", fault.text);
    return absl::OkStatus();
  }

  absl::Status CheckSync(const ingest::SyncName& name) {
    CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> sync, FindSync(database_, name));
    CDI_ASSIGN_OR_RETURN(std::vector<RunRow> runs, AllRuns(sync->id));
    SyncThread thread;
    uint64_t audit_seen = 0;
    std::optional<int64_t> open_run;
    for (const RunRow& row : runs) {
      if (!ingest::IsTerminal(row.run.state)) {
        if (open_run) Fail("I8", row.run.name.value(), "two runs of one sync are active");
        open_run = row.id;
      }
      CDI_RETURN_IF_ERROR(CheckRun(row, thread, audit_seen));
    }
    if (open_run != sync->active_run) {
      Fail("I8", "", absl::StrCat(name.value(), " names another active run than the one that is open"));
    }
    ApplyPlaceChanges(name.value(), audit_seen, ~uint64_t{0}, thread);
    if (thread.watermark_known && thread.watermark != sync->watermark) {
      Fail("I2", "",
           absl::StrCat("the watermark of ", name.value(), " is ",
                        sync->watermark ? sync->watermark->ToString() : "nothing", ", the run logs leave it at ",
                        thread.watermark ? thread.watermark->ToString() : "nothing"));
    }
    CDI_ASSIGN_OR_RETURN(const DigestCounts boundary, LoadBoundary(database_, sync->id));
    uint64_t rows = 0;
    for (const auto& [digest, count] : boundary) rows += count;
    if (rows != sync->boundary_rows) {
      Fail(
          "I2", "",
          absl::StrCat("the boundary of ", name.value(), " has ", rows, " rows, it should have ", sync->boundary_rows));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<RunRow>> AllRuns(int64_t sync) {
    std::vector<RunRow> runs;
    int64_t below = std::numeric_limits<int64_t>::max();
    constexpr int kPage = 1'000;
    while (true) {
      CDI_ASSIGN_OR_RETURN(std::vector<RunRow> page, ListRunRows(database_, sync, below, kPage));
      if (page.empty()) break;
      below = page.back().id;
      for (RunRow& row : page) runs.push_back(std::move(row));
    }
    std::ranges::reverse(runs);
    return runs;
  }

  // The audited changes of the place after `seen`, up to `until`.
  void ApplyPlaceChanges(const std::string& sync, uint64_t seen, uint64_t until, SyncThread& thread) {
    const auto changes = places_.find(sync);
    if (changes == places_.end()) return;
    for (const PlaceChange& change : changes->second) {
      if (change.sequence > seen && change.sequence <= until) thread.watermark = change.to;
    }
  }

  absl::Status CheckRun(const RunRow& row, SyncThread& thread, uint64_t& audit_seen) {
    CDI_ASSIGN_OR_RETURN(Statement place, database_.Prepare("SELECT r.log_place, p.sequence, p.chain FROM runs r"
                                                            " JOIN run_progress p ON p.run = r.id WHERE r.id = ?"));
    place.Bind(row.id);
    CDI_ASSIGN_OR_RETURN(const bool found, place.Step());
    if (!found) return absl::OkStatus();
    if (place.Int(0) == 3) {
      ++report_.runs_pruned;
      thread = {};
      return absl::OkStatus();
    }
    ++report_.runs;
    const std::optional<ingest::SyncSpec> spec = options_.spec_of ? options_.spec_of(row.run.config) : std::nullopt;
    RunLogChecker checker(row.id, row.run, spec, thread, report_.violations);
    const auto visit = [&](const LogEntry& entry) -> absl::Status {
      ++report_.entries;
      if (entry.kind == LogKind::kOpened && entry.sequence == 1) {
        if (const absl::StatusOr<OpenedBody> body = DecodeOpened(entry.body); body.ok()) {
          ApplyPlaceChanges(row.run.sync.value(), audit_seen, body->audit_sequence, thread);
          audit_seen = body->audit_sequence;
        }
      }
      checker.Add(entry);
      return absl::OkStatus();
    };
    const absl::Status read =
        place.Int(0) == 0 ? ForEachLogEntry(database_, row.id, visit) : VisitSegments(row.id, visit);
    if (!read.ok()) {
      Fail("LOG", row.run.name.value(), std::string(read.message()));
      thread.watermark_known = false;
      return absl::OkStatus();
    }
    checker.Finish();
    if (checker.sequence() != place.Uint(1) && !(checker.sequence() == 0 && place.Uint(1) == 0)) {
      Fail("LOG", row.run.name.value(),
           absl::StrCat("the log has ", checker.sequence(), " entries, ", place.Uint(1), " were written"));
    } else if (checker.chain() != place.Bytes(2)) {
      Fail("LOG", row.run.name.value(), "the last hash of the log is not the one that was recorded");
    }
    report_.batches += checker.batches();
    report_.rows_sent += checker.rows_sent();
    return CheckParked(row, checker.parked_ids());
  }

  absl::Status VisitSegments(int64_t run, const std::function<absl::Status(LogEntry)>& visit) {
    CDI_ASSIGN_OR_RETURN(Statement row, database_.Prepare("SELECT part, sha256 FROM segments WHERE run = ?"
                                                          " ORDER BY part"));
    row.Bind(run);
    while (true) {
      CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) return absl::OkStatus();
      const std::string path = SegmentDirectory(directory_) + "/" + SegmentFileName(run, static_cast<int>(row.Int(0)));
      CDI_RETURN_IF_ERROR(ForEachSegmentEntry(path, row.Text(1), visit));
    }
  }

  // Rows that the log parked are there, unless retention took them: it takes the oldest first, by age.
  absl::Status CheckParked(const RunRow& row, const std::vector<uint64_t>& ids) {
    uint64_t missing = 0;
    for (const uint64_t id : ids) {
      CDI_ASSIGN_OR_RETURN(Statement parked, database_.Prepare("SELECT 1 FROM parked WHERE id = ?"));
      parked.Bind(static_cast<int64_t>(id));
      CDI_ASSIGN_OR_RETURN(const bool found, parked.Step());
      if (!found) ++missing;
    }
    // A run's log is pruned long before its parked rows: while the log is here, so are they.
    if (missing > 0) {
      Fail("I1", row.run.name.value(),
           absl::StrCat(missing, " rows that the log parked are not in the store: they are lost"));
    }
    return absl::OkStatus();
  }

  const std::string directory_;
  const CheckOptions& options_;
  Database& database_;
  CheckReport& report_;
  std::map<std::string, std::vector<PlaceChange>> places_;  // by sync, in order
};

absl::Status CheckStore(const std::string& directory, const CheckOptions& options, CheckReport& report) {
  CDI_ASSIGN_OR_RETURN(Database database, Database::Open(DatabasePath(directory), {.read_only = true}));
  CDI_RETURN_IF_ERROR(database.QuickCheck());
  {
    CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("PRAGMA user_version"));
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    const int64_t version = found ? row.Int(0) : 0;
    if (version != Migrations().back().to) {
      return absl::FailedPreconditionError(absl::StrCat("the state has schema version ", version,
                                                        ", this release checks version ", Migrations().back().to,
                                                        "; start the server once, or use the release that wrote it"));
    }
  }
  return Checker(directory, options, database, report).Run();
}

}  // namespace

std::string CheckReport::ToText() const {
  std::string text;
  size_t shown = 0;
  for (const Violation& violation : violations) {
    if (++shown > kViolationsShown) {
      absl::StrAppend(&text, "and ", violations.size() - kViolationsShown, " more\n");
      break;
    }
    absl::StrAppend(&text, violation.invariant, " ", violation.run.empty() ? "store" : violation.run);
    if (violation.sequence > 0) absl::StrAppend(&text, " entry ", violation.sequence);
    absl::StrAppend(&text, ": ", violation.text, "\n");
  }
  absl::StrAppend(&text, ok() ? "The log keeps every promise" : absl::StrCat(violations.size(), " violations"), ": ",
                  syncs, " syncs, ", runs, " runs, ", entries, " entries, ", batches, " batches, ", rows_sent,
                  " rows sent");
  if (runs_pruned > 0) absl::StrAppend(&text, "; ", runs_pruned, " runs are past retention");
  absl::StrAppend(&text, ".\n");
  return text;
}

CheckReport CheckLog(const std::string& state_directory, const CheckOptions& options) {
  CheckReport report;
  const absl::Status status = CheckStore(state_directory, options, report);
  if (!status.ok()) report.violations.push_back({"LOG", "", 0, std::string(status.message())});
  return report;
}

}  // namespace cdi::state
