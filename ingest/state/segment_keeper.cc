#include "ingest/state/segment_keeper.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/segment_file.h"
#include "ingest/state/state_directory.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {

using ingest::RowMark;
using ingest::RowVerdict;

namespace {

constexpr uint64_t kEntriesPerDelete = 1'000;

// Pairs outcomes with the rows they are about, and tells which were accepted.
class AcceptedRows {
 public:
  absl::Status Add(const LogEntry& entry, const std::function<void(const RowMark&)>& accepted) {
    if (entry.kind == LogKind::kOpened) return absl::OkStatus();
    CDI_ASSIGN_OR_RETURN(WriteBody body, DecodeWrite(entry.body));
    for (ingest::SendStarted& started : body.started) {
      in_flight_[{started.batch.value(), started.attempt}] = std::move(started.rows);
    }
    for (const ingest::SendFinished& finished : body.finished) {
      const auto flying = in_flight_.find({finished.batch.value(), finished.attempt});
      if (flying == in_flight_.end()) continue;
      const size_t count = std::min(flying->second.size(), finished.verdicts.size());
      for (size_t i = 0; i < count; ++i) {
        const RowVerdict verdict = finished.verdicts[i];
        if (verdict == RowVerdict::kAccepted || verdict == RowVerdict::kUnconfirmed) accepted(flying->second[i]);
      }
      in_flight_.erase(flying);
    }
    return absl::OkStatus();
  }

 private:
  std::map<std::pair<uint64_t, int>, std::vector<RowMark>> in_flight_;
};

absl::Status Interrupted() {
  return absl::CancelledError("the store is closing");
}

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open_directory(opendir(directory.c_str()), closedir);
  if (open_directory == nullptr) return names;
  while (const dirent* entry = readdir(open_directory.get())) {
    const std::string name = entry->d_name;
    if (name.ends_with(".seg") || name.ends_with(".seg.tmp")) names.push_back(name);
  }
  return names;
}

}  // namespace

SegmentKeeper::SegmentKeeper(std::string state_directory, const StoreOptions& options, ReaderPool& readers,
                             CommitThread& commit)
    : directory_(SegmentDirectory(state_directory)), options_(options), readers_(readers), commit_(commit) {}

SegmentKeeper::~SegmentKeeper() {
  Stop();
}

void SegmentKeeper::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void SegmentKeeper::Stop() {
  {
    const std::unique_lock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void SegmentKeeper::NoteEnded() {
  const std::unique_lock lock(mutex_);
  ++noted_;
  changed_.notify_all();
}

absl::Status SegmentKeeper::Wait() {
  std::unique_lock lock(mutex_);
  const uint64_t wanted = noted_;
  changed_.wait(lock, [&] { return served_ >= wanted || stop_; });
  return last_;
}

void SegmentKeeper::Loop() {
  while (true) {
    uint64_t serving = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || served_ < noted_; });
      if (stop_) return;
      serving = noted_;
    }
    absl::Status status = MoveEndedRuns();
    const std::unique_lock lock(mutex_);
    served_ = serving;
    last_ = std::move(status);
    changed_.notify_all();
  }
}

absl::Status SegmentKeeper::MoveEndedRuns() {
  struct Ended {
    int64_t run = 0;
    std::string name;
    bool moved = false;
  };
  std::vector<Ended> ended;
  {
    CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, readers_.Take());
    CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare("SELECT id, name, log_place FROM runs"
                                                        " WHERE log_place <= 1 AND state > 2 ORDER BY id"));
    while (true) {
      CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      ended.push_back({row.Int(0), row.Text(1), row.Int(2) == 1});
    }
  }
  absl::Status result;
  for (const Ended& run : ended) {
    absl::Status moved = run.moved ? absl::OkStatus() : MoveRun(run.run, run.name);
    if (moved.ok()) moved = DeleteMovedEntries(run.run);
    // One damaged log must not keep the others in the database.
    if (!moved.ok()) result = std::move(moved);
    {
      const std::unique_lock lock(mutex_);
      if (stop_) return Interrupted();
    }
  }
  return result;
}

absl::Status SegmentKeeper::MoveRun(int64_t run, const std::string& name) {
  std::vector<SegmentFacts> parts;
  {
    CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, readers_.Take());
    std::unique_ptr<SegmentWriter> segment;
    AcceptedRows accepted;
    std::string chain = ChainStart(name);
    CDI_RETURN_IF_ERROR(ForEachLogEntry(*reader, run, [&](const LogEntry& entry) -> absl::Status {
      {
        const std::unique_lock lock(mutex_);
        if (stop_) return Interrupted();
      }
      chain = ChainNext(chain, static_cast<uint64_t>(run), entry);
      // What is damaged stays where the checker and a restore can find it.
      if (chain != entry.chain) return Malformed("a run log that does not match its chain");
      if (segment == nullptr) {
        const int part = static_cast<int>(parts.size()) + 1;
        CDI_ASSIGN_OR_RETURN(segment, SegmentWriter::Create(directory_, SegmentFileName(run, part)));
      }
      CDI_RETURN_IF_ERROR(segment->Add(entry));
      CDI_RETURN_IF_ERROR(
          accepted.Add(entry, [&](const RowMark& mark) { segment->AddAccepted(mark.user, mark.cursor); }));
      if (segment->accepted_rows() < options_.segment_rows_max) return absl::OkStatus();
      CDI_ASSIGN_OR_RETURN(SegmentFacts facts, segment->Finish());
      parts.push_back(std::move(facts));
      segment.reset();
      return absl::OkStatus();
    }));
    if (segment != nullptr) {
      CDI_ASSIGN_OR_RETURN(SegmentFacts facts, segment->Finish());
      parts.push_back(std::move(facts));
    }
  }
  return commit_.Run([&](Database& database) -> absl::Status {
    int64_t number = 0;
    for (const SegmentFacts& facts : parts) {
      CDI_RETURN_IF_ERROR(database.Execute(
          "INSERT OR REPLACE INTO segments (run, part, accepted_rows, accepted_cursor_max, bytes, sha256)"
          " VALUES (?, ?, ?, ?, ?, ?)",
          run, ++number, static_cast<int64_t>(facts.accepted_rows), facts.accepted_cursor_max,
          static_cast<int64_t>(facts.bytes), Blob{facts.sha256}));
    }
    return database.Execute("UPDATE runs SET log_place = 1 WHERE id = ?", run);
  });
}

absl::Status SegmentKeeper::DeleteMovedEntries(int64_t run) {
  // In steps: other runs' writes must not wait for a long one.
  int64_t deleted = 1;
  while (deleted > 0) {
    CDI_RETURN_IF_ERROR(commit_.Run([&](Database& database) -> absl::Status {
      CDI_RETURN_IF_ERROR(database.Execute(
          "DELETE FROM log WHERE id IN (SELECT id FROM log WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)",
          LogId(run, 0), LogId(run + 1, 0), static_cast<int64_t>(kEntriesPerDelete)));
      deleted = database.changes();
      if (deleted > 0) return absl::OkStatus();
      return database.Execute("UPDATE runs SET log_place = 2 WHERE id = ?", run);
    }));
    const std::unique_lock lock(mutex_);
    if (stop_) return Interrupted();
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SegmentKeeper::HasLaterAccepted(const ingest::SyncName& sync, const Digest128& user,
                                                     const Timestamp& cursor) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, readers_.Take());
  // One snapshot: a run that is moved meanwhile is seen in one of its places.
  CDI_RETURN_IF_ERROR(reader->ExecuteScript("BEGIN"));
  const auto answer = [&]() -> absl::StatusOr<bool> {
    CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> sync_row, FindSync(*reader, sync));
    if (!sync_row) return false;
    {
      CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare("SELECT g.run, g.part FROM segments g JOIN runs r ON r.id ="
                                                          " g.run WHERE r.sync = ? AND g.accepted_cursor_max > ?"
                                                          " ORDER BY g.run DESC, g.part DESC"));
      row.Bind(sync_row->id).Bind(cursor);
      while (true) {
        CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
        if (!found) break;
        const std::string path = directory_ + "/" + SegmentFileName(row.Int(0), static_cast<int>(row.Int(1)));
        CDI_ASSIGN_OR_RETURN(const std::optional<Timestamp> latest, FindAcceptedUser(path, user));
        if (latest && *latest > cursor) return true;
      }
    }
    std::vector<int64_t> live;
    {
      CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare("SELECT id FROM runs WHERE sync = ? AND log_place = 0"));
      row.Bind(sync_row->id);
      while (true) {
        CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
        if (!found) break;
        live.push_back(row.Int(0));
      }
    }
    bool later = false;
    for (const int64_t run : live) {
      AcceptedRows accepted;
      CDI_RETURN_IF_ERROR(ForEachLogEntry(*reader, run, [&](const LogEntry& entry) {
        return accepted.Add(entry, [&](const RowMark& mark) { later |= mark.user == user && mark.cursor > cursor; });
      }));
      if (later) return true;
    }
    return false;
  }();
  const absl::Status closed = reader->ExecuteScript("COMMIT");
  if (answer.ok() && !closed.ok()) return closed;
  return answer;
}

absl::Status SegmentKeeper::Prune() {
  const Timestamp now = options_.clock->WallNow();
  CDI_RETURN_IF_ERROR(commit_.Run([&](Database& database) -> absl::Status {
    CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM requests WHERE expire_time <= ?", now));
    CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM parked WHERE create_time < ? AND state <> 2",
                                         now.Plus(-options_.parked_retention)));
    const Timestamp oldest = now.Plus(-options_.segment_retention);
    CDI_RETURN_IF_ERROR(database.Execute(
        "DELETE FROM segments WHERE run IN (SELECT id FROM runs WHERE log_place = 2 AND end_time < ?)", oldest));
    return database.Execute("UPDATE runs SET log_place = 3, config = x'' WHERE log_place = 2 AND end_time < ?", oldest);
  }));
  // Only now the files: those that no row names any more, and leftovers of a crash. A run that is being moved has its
  // rows last, so only the files of runs that are settled are looked at.
  std::set<std::string> pruned;
  {
    CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, readers_.Take());
    CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare("SELECT id FROM runs WHERE log_place = 3"));
    while (true) {
      CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      pruned.insert(SegmentFileName(row.Int(0), 1).substr(0, 12));
    }
  }
  for (const std::string& file : FilesIn(directory_)) {
    if (!pruned.contains(file.substr(0, 12))) continue;
    const std::string path = directory_ + "/" + file;
    if (unlink(path.c_str()) != 0) {
      return MakeError(absl::StatusCode::kDataLoss, "STATE_IO_ERROR", absl::StrCat("cannot remove ", path));
    }
  }
  return absl::OkStatus();
}

}  // namespace cdi::state
