// For the tests of this folder: a store in a directory of its own, a clock that stands still, and short ways to write
// rows, batches and runs.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "ingest/state/sqlite_store.h"

namespace cdi::state {

class FixedClock final : public Clock {
 public:
  Timestamp WallNow() const override { return {seconds_.load(), 0}; }
  MonoTime MonoNow() const override { return MonoTime{0}; }
  void Advance(std::chrono::seconds amount) { seconds_ += amount.count(); }

 private:
  std::atomic<int64_t> seconds_{1'800'000'000};
};

// Removed with everything in it at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "cdi-state-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  // The state directory in it; not there yet.
  std::string state() const { return path_ + "/state"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline const ingest::SyncName kSync("syncs/s");

inline Timestamp At(int64_t second) {
  return {1'700'000'000 + second, 0};
}

// The row of `user` at `second`; equal arguments make equal rows.
inline ingest::RowMark Mark(int64_t second, int user = 0) {
  ingest::RowMark mark;
  mark.cursor = At(second);
  mark.digest = Hash128(absl::StrCat("row ", second, " of ", user));
  mark.user = Hash128(absl::StrCat("user ", user));
  return mark;
}

inline ingest::SendStarted Started(uint64_t batch, std::vector<ingest::RowMark> rows, int attempt = 1) {
  return {ingest::BatchId(batch), attempt, Hash128(absl::StrCat("body ", batch)), std::move(rows)};
}

inline ingest::SendFinished Finished(uint64_t batch, std::vector<ingest::RowVerdict> verdicts,
                                     ingest::SendOutcome outcome = ingest::SendOutcome::kAccepted, int attempt = 1) {
  return {ingest::BatchId(batch), attempt, outcome, 201, "", std::move(verdicts)};
}

inline ingest::WatermarkMove Move(std::optional<Timestamp> from, Timestamp to,
                                  const std::vector<ingest::RowMark>& finished) {
  ingest::WatermarkMove move{from, to, !from || *from != to, {}};
  for (const ingest::RowMark& mark : finished) move.finished.emplace_back(mark.digest, 1);
  return move;
}

inline ingest::ParkedRow Parked(const ingest::RowMark& mark, ingest::ParkedKind kind, const std::string& reason) {
  ingest::ParkedRow row;
  row.kind = kind;
  row.mark = mark;
  row.reason = reason;
  row.message = "because";
  return row;
}

inline ingest::RunWrite End(ingest::RunState state, const ingest::RunSums& sums,
                            std::vector<ingest::RowMark> ahead = {}) {
  ingest::RunWrite write;
  write.sums = sums;
  write.end = ingest::RunWrite::End{state, {}, std::move(ahead)};
  return write;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    options_.clock = &clock_;
    Reopen();
  }

  void Reopen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(directory_.state(), options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  static ingest::Run NewRun(const std::string& id, ingest::RunTrigger trigger = ingest::RunTrigger::kManual) {
    ingest::Run run;
    run.sync = kSync;
    run.name = ingest::RunName(absl::StrCat(kSync.value(), "/runs/", id));
    run.trigger = trigger;
    run.config_version = 1;
    run.config = "the configuration";
    return run;
  }

  ingest::StateStore::Opened Start(const std::string& id, ingest::RunTrigger trigger = ingest::RunTrigger::kManual) {
    const absl::StatusOr<ingest::Run> run = store_->CreateRun(NewRun(id, trigger), "", "tester");
    EXPECT_TRUE(run.ok()) << run.status();
    return Open(id);
  }

  ingest::StateStore::Opened Open(const std::string& id) {
    absl::StatusOr<ingest::StateStore::Opened> opened = store_->OpenRun(NewRun(id).name);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : ingest::StateStore::Opened{};
  }

  // Waits until the write is durable or refused.
  absl::Status Write(const ingest::Lease& lease, ingest::RunWrite write) {
    std::promise<absl::Status> answer;
    store_->Append(lease, std::move(write), [&](absl::Status status) { answer.set_value(std::move(status)); });
    return answer.get_future().get();
  }

  // A whole run that accepts `rows` in one batch and moves the watermark to the last of them.
  void RunThrough(const std::string& id, const std::vector<ingest::RowMark>& rows) {
    const ingest::StateStore::Opened opened = Start(id);
    ingest::RunWrite started;
    started.window = ingest::Window{opened.progress.watermark, At(1'000'000), At(1'000'060), 0, std::nullopt, 0};
    started.started = {Started(1, rows)};
    started.sums.unfinished = rows.size();
    started.sums.batches = 1;
    ASSERT_TRUE(Write(opened.lease, started).ok());
    ingest::RunWrite finished;
    finished.finished = {Finished(1, std::vector<ingest::RowVerdict>(rows.size(), ingest::RowVerdict::kAccepted))};
    finished.sums.accepted = rows.size();
    finished.sums.batches = 1;
    std::vector<ingest::RowMark> last;
    for (const ingest::RowMark& row : rows) {
      if (row.cursor == rows.back().cursor) last.push_back(row);
    }
    finished.watermark = Move(opened.progress.watermark, rows.back().cursor, last);
    ASSERT_TRUE(Write(opened.lease, finished).ok());
    ASSERT_TRUE(Write(opened.lease, End(ingest::RunState::kSuccess, finished.sums)).ok());
  }

  TemporaryDirectory directory_;
  FixedClock clock_;
  StoreOptions options_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace cdi::state
