#include "ingest/watermark_tracker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cdi::ingest {
namespace {

// Joins the counts of equal digests; sorted, so that equal runs give equal records.
void Join(std::vector<std::pair<Digest128, uint32_t>>& counts) {
  std::sort(counts.begin(), counts.end());
  size_t kept = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (kept > 0 && counts[kept - 1].first == counts[i].first) {
      counts[kept - 1].second += counts[i].second;
    } else {
      counts[kept++] = counts[i];
    }
  }
  counts.resize(kept);
}

uint64_t Total(const std::vector<std::pair<Digest128, uint32_t>>& counts) {
  uint64_t total = 0;
  for (const auto& [digest, count] : counts) total += count;
  return total;
}

}  // namespace

void WatermarkTracker::Open(const Progress& progress) {
  watermark_ = progress.watermark;
  boundary_rows_ = Total(progress.boundary);
  skipped_ = progress.sums.skipped;
  settled_skipped_ = progress.sums.skipped;
}

void WatermarkTracker::OnFinished(RowSeq seq) {
  const RowEntry& row = rows_.at(seq);
  if (row.state == RowState::kSkippedEarlier) ++skipped_;
  // Skipped rows are in the boundary of their value already.
  if (row.state == RowState::kFinished && watermark_ && row.mark.cursor == *watermark_) {
    added_.emplace_back(row.mark.digest, 1);
  }
}

void WatermarkTracker::OnFinishedUnread(const std::vector<RowMark>& marks) {
  for (const RowMark& mark : marks) {
    if (watermark_ && mark.cursor == *watermark_) added_.emplace_back(mark.digest, 1);
  }
}

std::optional<WatermarkMove> WatermarkTracker::TakeMove() {
  const std::optional<Timestamp> from = watermark_;
  std::vector<std::pair<Digest128, uint32_t>> at_value;  // finished at the value of the last row passed
  while (!rows_.empty() && IsFinished(rows_.at(rows_.front()).state)) {
    const RowEntry& row = rows_.at(rows_.front());
    CDI_CHECK(!watermark_ || row.mark.cursor >= *watermark_, "the watermark never goes back");
    if (!watermark_ || row.mark.cursor != *watermark_) {
      watermark_ = row.mark.cursor;
      at_value.clear();
      settled_skipped_ += std::exchange(skipped_at_watermark_, 0);
    }
    if (row.state == RowState::kSkippedEarlier) ++skipped_at_watermark_;
    if (row.state == RowState::kFinished) at_value.emplace_back(row.mark.digest, 1);
    rows_.PopFront();
  }
  if (watermark_ != from) {
    // Rows behind the first unfinished one may be finished at the new value too.
    for (RowSeq seq = rows_.front(); seq != rows_.end() && rows_.at(seq).mark.cursor == *watermark_; ++seq) {
      if (rows_.at(seq).state == RowState::kFinished) at_value.emplace_back(rows_.at(seq).mark.digest, 1);
    }
    added_.clear();
    const auto known = skip_.At(*watermark_);
    at_value.insert(at_value.end(), known.begin(), known.end());
    Join(at_value);
    boundary_rows_ = Total(at_value);
    return WatermarkMove{.from = from, .to = *watermark_, .replace = true, .finished = std::move(at_value)};
  }
  if (added_.empty()) return std::nullopt;
  auto added = std::exchange(added_, {});
  Join(added);
  boundary_rows_ += Total(added);
  return WatermarkMove{.from = from, .to = *watermark_, .replace = false, .finished = std::move(added)};
}

std::vector<RowMark> WatermarkTracker::Ahead() const {
  std::vector<RowMark> ahead = skip_.Above(watermark_);
  for (RowSeq seq = rows_.front(); seq != rows_.end(); ++seq) {
    const RowEntry& row = rows_.at(seq);
    if (row.state == RowState::kFinished && (!watermark_ || row.mark.cursor > *watermark_)) ahead.push_back(row.mark);
  }
  return ahead;
}

}  // namespace cdi::ingest
