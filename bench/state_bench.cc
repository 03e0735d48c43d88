// What it costs to make batches durable before they are sent and after they were answered.
//
//   state_bench [BATCHES [DIRECTORY]]
//
// Writes BATCHES (default 20,000) batches of 75 accepted rows as a run does: one write when the batch starts, one with
// its outcome, the watermark moving along; at most 192 batches in flight, as many as a run has requests. Then, in the
// same directory and the same minute, the floor: a bare SQLite loop that stores one blob per batch with the same
// settings and fifty batches a transaction. Prints rows per second of both, their ratio, commits per second, and bytes
// per row while the run lasts and after its log has moved to a segment.
#include <sqlite3.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/digest.h"
#include "ingest/state/sqlite_store.h"

namespace {

using cdi::ingest::RowMark;
using cdi::ingest::RowVerdict;
using cdi::ingest::RunWrite;
using cdi::state::SqliteStore;

constexpr size_t kRowsPerBatch = 75;
constexpr uint64_t kInFlight = 192;
constexpr int kFloorBatchesPerCommit = 50;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

uint64_t BytesIn(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

// Prepared before the clock starts: the rows' digests are the fetch's cost, not the store's.
std::vector<std::vector<RowMark>> MakeBatches(uint64_t count) {
  std::vector<std::vector<RowMark>> batches(count);
  uint64_t row = 0;
  for (auto& batch : batches) {
    batch.resize(kRowsPerBatch);
    for (RowMark& mark : batch) {
      ++row;
      mark.cursor = {1'700'000'000 + static_cast<int64_t>(row / 1000), static_cast<int32_t>(row % 1000) * 1'000'000};
      mark.digest = cdi::Hash128(absl::StrCat("row", row));
      mark.user = cdi::Hash128(absl::StrCat("user", row));
    }
  }
  return batches;
}

// Counts what is in flight; waits while it is too much.
class Flight {
 public:
  void Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ < kInFlight; });
    ++in_flight_;
  }
  void Give(const absl::Status& status) {
    if (!status.ok()) {
      std::fprintf(stderr, "write failed: %s\n", std::string(status.message()).c_str());
      std::exit(1);
    }
    const std::unique_lock lock(mutex_);
    --in_flight_;
    changed_.notify_all();
  }
  void WaitForAll() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t in_flight_ = 0;
};

struct Measured {
  double seconds = 0;
  uint64_t commits = 0;
  double bytes_per_row_live = 0;
  double bytes_per_row_moved = 0;
  double move_seconds = 0;
};

Measured MeasureStore(const std::string& directory, const std::vector<std::vector<RowMark>>& batches) {
  const cdi::SystemClock clock;
  cdi::state::StoreOptions options;
  options.clock = &clock;
  auto store = SqliteStore::Open(directory, options);
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", std::string(store.status().message()).c_str());
    std::exit(1);
  }
  cdi::ingest::Run run;
  run.sync = cdi::ingest::SyncName("syncs/bench");
  run.name = cdi::ingest::RunName("syncs/bench/runs/r");
  (*store)->CreateRun(run, "", "bench").status().IgnoreError();
  const auto opened = (*store)->OpenRun(run.name);
  const uint64_t commits_before = (*store)->commit_stats().groups;

  Flight flight;
  const auto start = std::chrono::steady_clock::now();
  RunWrite write;
  std::optional<cdi::Timestamp> watermark;
  for (uint64_t i = 0; i < batches.size(); ++i) {
    flight.Take();
    write = {};
    write.started.push_back({cdi::ingest::BatchId(i + 1), 1, batches[i][0].digest, batches[i]});
    write.sums.batches = i + 1;
    write.sums.accepted = i * kRowsPerBatch;
    (*store)->Append(opened->lease, write, [](const absl::Status&) {});
    write.started.clear();
    write.sums.accepted += kRowsPerBatch;
    write.finished.push_back({cdi::ingest::BatchId(i + 1), 1, cdi::ingest::SendOutcome::kAccepted, 201, "",
                              std::vector<RowVerdict>(kRowsPerBatch, RowVerdict::kAccepted)});
    const RowMark& last = batches[i].back();
    write.watermark = cdi::ingest::WatermarkMove{watermark, last.cursor, true, {{last.digest, 1}}};
    watermark = last.cursor;
    (*store)->Append(opened->lease, write, [&](const absl::Status& status) { flight.Give(status); });
  }
  flight.WaitForAll();
  Measured measured;
  measured.seconds = SecondsSince(start);
  measured.commits = (*store)->commit_stats().groups - commits_before;
  const auto rows = static_cast<double>(batches.size() * kRowsPerBatch);
  measured.bytes_per_row_live = static_cast<double>(std::filesystem::file_size(directory + "/state.db")) / rows;

  const auto move_start = std::chrono::steady_clock::now();
  RunWrite end;
  end.sums = write.sums;
  end.end = RunWrite::End{cdi::ingest::RunState::kSuccess, {}, {}};
  flight.Take();
  (*store)->Append(opened->lease, end, [&](const absl::Status& status) { flight.Give(status); });
  flight.WaitForAll();
  if (const absl::Status moved = (*store)->WaitForSegments(); !moved.ok()) {
    std::fprintf(stderr, "%s\n", std::string(moved.message()).c_str());
    std::exit(1);
  }
  measured.move_seconds = SecondsSince(move_start);
  measured.bytes_per_row_moved = static_cast<double>(BytesIn(directory + "/segments")) / rows;
  return measured;
}

// The floor: one blob per batch, the bytes that its rows need, and nothing else.
double MeasureFloor(const std::string& path, const std::vector<std::vector<RowMark>>& batches) {
  sqlite3* raw = nullptr;
  sqlite3_open(path.c_str(), &raw);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, sqlite3_close);
  const auto run = [&](const char* sql) {
    if (sqlite3_exec(db.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
    std::fprintf(stderr, "floor: %s\n", sqlite3_errmsg(db.get()));
    std::exit(1);
  };
  run("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=2000;"
      "CREATE TABLE log (id INTEGER PRIMARY KEY, body BLOB)");
  sqlite3_stmt* raw_insert = nullptr;
  sqlite3_prepare_v2(db.get(), "INSERT INTO log (body) VALUES (?)", -1, &raw_insert, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> insert(raw_insert, sqlite3_finalize);
  const auto start = std::chrono::steady_clock::now();
  int in_commit = 0;
  for (const auto& batch : batches) {
    std::string body;
    body.reserve(batch.size() * 40);
    for (const RowMark& mark : batch) {
      body.append(reinterpret_cast<const char*>(&mark.digest), sizeof mark.digest);
      body.append(reinterpret_cast<const char*>(&mark.user), sizeof mark.user);
      body.append(reinterpret_cast<const char*>(&mark.cursor.nanos), sizeof mark.cursor.nanos);
    }
    if (in_commit == 0) run("BEGIN");
    sqlite3_bind_blob(insert.get(), 1, body.data(), static_cast<int>(body.size()), nullptr);
    sqlite3_step(insert.get());
    sqlite3_reset(insert.get());
    if (++in_commit == kFloorBatchesPerCommit) {
      run("COMMIT");
      in_commit = 0;
    }
  }
  if (in_commit > 0) run("COMMIT");
  return SecondsSince(start);
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000;
  std::string base = argc > 2 ? argv[2] : (std::filesystem::temp_directory_path() / "cdi-state-bench-XXXXXX").string();
  if (count == 0 || (argc > 2 ? false : mkdtemp(base.data()) == nullptr)) {
    std::fprintf(stderr, "usage: state_bench [BATCHES [DIRECTORY]]\n");
    return 2;
  }
  const auto batches = MakeBatches(count);
  const auto rows = static_cast<double>(count * kRowsPerBatch);
  const Measured store = MeasureStore(base + "/state", batches);
  const double floor = MeasureFloor(base + "/floor.db", batches);
  std::printf("rows                        %12.0f\n", rows);
  std::printf("store, rows/s               %12.0f   (%.2f us a row)\n", rows / store.seconds,
              store.seconds / rows * 1e6);
  std::printf("bare SQLite blobs, rows/s   %12.0f   (%.2f us a row)\n", rows / floor, floor / rows * 1e6);
  std::printf("store / bare                %12.2f\n", floor / store.seconds);
  std::printf("commits/s                   %12.0f   (%.0f batches each)\n",
              static_cast<double>(store.commits) / store.seconds,
              static_cast<double>(count) / static_cast<double>(store.commits));
  std::printf("bytes/row in state.db       %12.1f\n", store.bytes_per_row_live);
  std::printf("bytes/row in the segment    %12.1f   (moved in %.2f s)\n", store.bytes_per_row_moved,
              store.move_seconds);
  std::error_code ignored;
  if (argc <= 2) std::filesystem::remove_all(base, ignored);
  return 0;
}
