// The state store's semantics in memory, with a line up to which everything is durable.
//
// A write is queued, becomes durable at the next sync, and a crash keeps the durable ones and a prefix of the queued
// ones; a write is kept whole or not at all. Folds the log into what a run needs when it opens or is recovered.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "ingest/run_record.h"

namespace cdi::sim {

class Invariants;

class SimStore {
 public:
  explicit SimStore(Invariants& invariants) : invariants_(invariants) {}

  // A new run of the sync; there must be no open one.
  uint64_t CreateRun();
  bool HasOpenRun() const { return open_run_ != 0; }
  uint64_t open_run() const { return open_run_; }
  uint64_t runs() const { return last_run_; }
  ingest::Progress Open() const;

  void Queue(uint64_t write, ingest::RunWrite content);
  size_t queued() const { return queue_.size(); }
  // Makes everything queued durable; answers the numbers.
  std::vector<uint64_t> Sync();
  // The process is gone; of the queued writes the first `keep` had reached the disk.
  void Crash(size_t keep);

  // Is the request recorded as started, durably, and without an outcome?
  const std::vector<ingest::RowMark>* Started(uint64_t batch, int attempt) const;
  // Started and without an outcome.
  size_t open_requests() const { return started_.size(); }
  const std::optional<Timestamp>& watermark() const { return watermark_; }
  const std::map<Digest128, uint64_t>& boundary() const { return boundary_; }
  const std::vector<ingest::RowMark>& ahead() const { return ahead_; }
  const std::optional<ingest::Window>& window() const { return window_; }
  std::optional<ingest::RunWrite::End> last_end() const { return last_end_; }
  const ingest::RunSums& sums() const { return sums_; }

 private:
  void Apply(const ingest::RunWrite& content);

  Invariants& invariants_;
  std::deque<std::pair<uint64_t, ingest::RunWrite>> queue_;
  uint64_t last_run_ = 0;
  uint64_t open_run_ = 0;
  // Of the sync.
  std::optional<Timestamp> watermark_;
  std::map<Digest128, uint64_t> boundary_;
  std::vector<ingest::RowMark> ahead_;
  // Of the open run.
  std::optional<ingest::Window> window_;
  std::vector<ingest::RowMark> own_finished_;
  std::map<uint64_t, ingest::Progress::InDoubt> started_;  // by batch
  ingest::RunSums sums_;
  uint64_t last_batch_ = 0;
  std::optional<ingest::RunWrite::End> last_end_;
};

}  // namespace cdi::sim
