#include "ingest/state/run_fold.h"

#include <algorithm>

#include "base/status_macros.h"

namespace cdi::state {

using ingest::RowMark;
using ingest::RowVerdict;

std::vector<RowMark> ParkedWithoutVerdict(const std::vector<LoggedParked>& parked, std::vector<RowMark> verdicts) {
  std::vector<RowMark> without;
  for (const LoggedParked& row : parked) {
    const auto same = std::ranges::find_if(verdicts, [&](const RowMark& mark) {
      return mark.cursor == row.mark.cursor && mark.digest == row.mark.digest;
    });
    if (same == verdicts.end()) {
      without.push_back(row.mark);
    } else {
      *same = verdicts.back();
      verdicts.pop_back();
    }
  }
  return without;
}

RunFold::RunFold(int64_t run, std::optional<Timestamp> keep_from, std::vector<DoubtfulBatch> earlier)
    : run_(run), keep_from_(keep_from), doubt_(std::move(earlier)) {}

absl::Status RunFold::Add(const LogEntry& entry) {
  if (entry.kind == LogKind::kOpened) {
    CDI_ASSIGN_OR_RETURN(const OpenedBody body, DecodeOpened(entry.body));
    if (entry.sequence == 1) watermark_ = body.watermark;
    AddOpened();
    return absl::OkStatus();
  }
  CDI_ASSIGN_OR_RETURN(const WriteBody body, DecodeWrite(entry.body));
  AddWrite(body);
  return absl::OkStatus();
}

void RunFold::AddOpened() {
  for (auto& [key, rows] : in_flight_) {
    doubt_.push_back({run_, {ingest::BatchId(key.first), key.second, std::move(rows)}});
  }
  in_flight_.clear();
}

void RunFold::AddWrite(const WriteBody& body) {
  for (const ingest::SendStarted& started : body.started) {
    last_batch_ = std::max(last_batch_, started.batch.value());
    in_flight_[{started.batch.value(), started.attempt}] = started.rows;
  }
  std::vector<RowMark> refused;
  for (const ingest::SendFinished& finished : body.finished) {
    std::vector<RowMark> rows;
    if (const auto flying = in_flight_.find({finished.batch.value(), finished.attempt}); flying != in_flight_.end()) {
      rows = std::move(flying->second);
      in_flight_.erase(flying);
    } else if (const auto doubtful = std::ranges::find_if(doubt_,
                                                          [&](const DoubtfulBatch& d) {
                                                            return d.batch.batch == finished.batch &&
                                                                   d.batch.attempt == finished.attempt;
                                                          });
               doubtful != doubt_.end()) {
      // The machine settles a batch in doubt under its old number.
      rows = std::move(doubtful->batch.rows);
      doubt_.erase(doubtful);
    }
    for (size_t i = 0; i < std::min(rows.size(), finished.verdicts.size()); ++i) {
      if (finished.verdicts[i] == RowVerdict::kOpen) continue;
      Finished(rows[i]);
      const bool was_refused =
          finished.verdicts[i] == RowVerdict::kRejected || finished.verdicts[i] == RowVerdict::kHeld;
      if (was_refused) refused.push_back(rows[i]);
    }
  }
  for (const RowMark& mark : ParkedWithoutVerdict(body.parked, std::move(refused))) Finished(mark);
  if (body.watermark) watermark_ = body.watermark->to;
}

void RunFold::Finished(const RowMark& mark) {
  if (!keep_from_ || mark.cursor >= *keep_from_) finished_.push_back(mark);
}

RunFold::Result RunFold::Finish() && {
  AddOpened();
  std::erase_if(doubt_, [](const DoubtfulBatch& batch) { return batch.batch.rows.empty(); });
  uint64_t last = last_batch_;
  for (const DoubtfulBatch& batch : doubt_) last = std::max(last, batch.batch.batch.value());
  return {std::move(finished_), std::move(doubt_), last, watermark_};
}

}  // namespace cdi::state
