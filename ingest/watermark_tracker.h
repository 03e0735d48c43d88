// Where a run may start over after a crash: the watermark, the rows finished at exactly its value, and those ahead.
//
// The watermark is the cursor of the last row of the contiguous finished prefix, in fetch order: never ahead of an
// unfinished row of a smaller cursor. Rows that are finished at exactly its value are the boundary; rows of that value
// that are not are read and sent again, the others skipped. Internal to the run machine; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ingest/row_table.h"
#include "ingest/run_record.h"
#include "ingest/skip_set.h"

namespace cdi::ingest {

class WatermarkTracker {
 public:
  WatermarkTracker(RowTable& rows, const SkipSet& skip) : rows_(rows), skip_(skip) {}

  void Open(const Progress& progress);

  // The row has its terminal state in the RowTable since now.
  void OnFinished(RowSeq seq);
  // Rows that are finished without having been read (they are in the SkipSet already).
  void OnFinishedUnread(const std::vector<RowMark>& marks);

  // Moves over everything finished and says what that means for the store; nullopt when nothing there changes. Must be
  // stored together with the verdicts that caused it.
  std::optional<WatermarkMove> TakeMove();

  // Every finished row above the watermark: own ones, and those of earlier runs, read again or not.
  std::vector<RowMark> Ahead() const;

  const std::optional<Timestamp>& watermark() const { return watermark_; }
  uint64_t boundary_rows() const { return boundary_rows_; }
  // Rows skipped for an earlier run below the watermark: no recovery will read them again.
  uint64_t settled_skipped() const { return settled_skipped_; }
  uint64_t skipped() const { return skipped_; }

 private:
  RowTable& rows_;
  const SkipSet& skip_;
  std::optional<Timestamp> watermark_;
  uint64_t boundary_rows_ = 0;
  std::vector<std::pair<Digest128, uint32_t>> added_;  // finished at exactly the watermark since the last move
  uint64_t skipped_ = 0;
  uint64_t settled_skipped_ = 0;
  uint64_t skipped_at_watermark_ = 0;
};

}  // namespace cdi::ingest
