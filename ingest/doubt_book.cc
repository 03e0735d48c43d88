#include "ingest/doubt_book.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace cdi::ingest {
namespace {

auto Key(const RowMark& mark) {
  return std::tie(mark.cursor, mark.digest, mark.parked_id);
}

}  // namespace

void DoubtBook::Load(const std::vector<Progress::InDoubt>& in_doubt) {
  for (const Progress::InDoubt& sent : in_doubt) {
    DoubtfulBatch batch{.id = sent.batch, .attempt = sent.attempt, .rows = {}, .missing = sent.rows.size(), .last = {}};
    for (const RowMark& mark : sent.rows) {
      const Place place{.batch = static_cast<uint32_t>(batches_.size()),
                        .row = static_cast<uint32_t>(batch.rows.size())};
      entries_.push_back({.mark = mark, .place = place, .used = false});
      batch.last = batch.rows.empty() ? mark.cursor : std::max(batch.last, mark.cursor);
      batch.rows.push_back({.mark = mark, .seq = kNoRow});
    }
    batches_.push_back(std::move(batch));
  }
  open_ = batches_.size();
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return Key(a.mark) < Key(b.mark); });
}

std::optional<DoubtBook::Place> DoubtBook::Match(const RowMark& mark) {
  if (entries_.empty() || Key(mark) > Key(entries_.back().mark)) return std::nullopt;
  auto entry = std::lower_bound(entries_.begin(), entries_.end(), mark,
                                [](const Entry& e, const RowMark& m) { return Key(e.mark) < Key(m); });
  for (; entry != entries_.end() && Key(entry->mark) == Key(mark); ++entry) {
    if (entry->used || !batches_[entry->place.batch]) continue;
    entry->used = true;
    return entry->place;
  }
  return std::nullopt;
}

void DoubtBook::SetRead(Place place, RowSeq seq) {
  DoubtfulBatch& batch = *batches_[place.batch];
  batch.rows[place.row].seq = seq;
  --batch.missing;
}

std::vector<DoubtBook::DoubtfulBatch> DoubtBook::TakeComplete(const std::optional<Timestamp>& passed) {
  std::vector<DoubtfulBatch> complete;
  for (auto& batch : batches_) {
    if (!batch || (batch->missing > 0 && (!passed || batch->last >= *passed))) continue;
    complete.push_back(std::move(*batch));
    batch.reset();
    --open_;
  }
  return complete;
}

std::vector<DoubtBook::DoubtfulBatch> DoubtBook::TakeAll() {
  std::vector<DoubtfulBatch> all;
  for (auto& batch : batches_) {
    if (batch) all.push_back(std::move(*batch));
    batch.reset();
  }
  open_ = 0;
  return all;
}

}  // namespace cdi::ingest
