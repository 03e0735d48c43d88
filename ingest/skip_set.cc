#include "ingest/skip_set.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace cdi::ingest {
namespace {

// What makes two rows equal. The user follows from the content.
auto Key(const RowMark& mark) {
  return std::tie(mark.cursor, mark.digest, mark.parked_id);
}

}  // namespace

void SkipSet::Load(const Progress& progress) {
  entries_.reserve(progress.boundary.size() + progress.ahead.size() + progress.own_finished.size());
  for (const auto& [digest, count] : progress.boundary) {
    CDI_CHECK(progress.watermark.has_value(), "a boundary belongs to a watermark");
    const RowMark mark{.cursor = *progress.watermark, .digest = digest, .user = {}, .parked_id = 0};
    entries_.push_back({.mark = mark, .earlier = count, .own = 0, .earlier_left = count, .own_left = 0});
  }
  for (const RowMark& mark : progress.ahead) {
    entries_.push_back({.mark = mark, .earlier = 1, .own = 0, .earlier_left = 1, .own_left = 0});
  }
  Settle();
  // The boundary counts this run's own rows at the watermark as well: they change sides instead of being added.
  std::vector<RowMark> above;
  for (const RowMark& mark : progress.own_finished) {
    if (mark.parked_id == 0 && progress.watermark && mark.cursor == *progress.watermark) {
      const auto entry = std::lower_bound(entries_.begin(), entries_.end(), mark,
                                          [](const Entry& e, const RowMark& m) { return Key(e.mark) < Key(m); });
      CDI_CHECK(entry != entries_.end() && Key(entry->mark) == Key(mark) && entry->earlier > 0,
                "a row finished at the watermark is in the boundary");
      --entry->earlier;
      --entry->earlier_left;
      ++entry->own;
      ++entry->own_left;
    } else {
      above.push_back(mark);
    }
  }
  AddOwn(above);
}

void SkipSet::AddOwn(const std::vector<RowMark>& marks) {
  for (const RowMark& mark : marks) {
    entries_.push_back({.mark = mark, .earlier = 0, .own = 1, .earlier_left = 0, .own_left = 1});
  }
  Settle();
}

std::optional<SkipSet::Origin> SkipSet::Take(const RowMark& row) {
  // Rows come in order, and most are beyond everything known.
  if (entries_.empty() || Key(row) > Key(entries_.back().mark)) return std::nullopt;
  const auto entry = std::lower_bound(entries_.begin(), entries_.end(), row,
                                      [](const Entry& e, const RowMark& m) { return Key(e.mark) < Key(m); });
  if (entry == entries_.end() || Key(entry->mark) != Key(row)) return std::nullopt;
  if (entry->own_left > 0) {
    --entry->own_left;
    return Origin::kThisRun;
  }
  if (entry->earlier_left > 0) {
    --entry->earlier_left;
    return Origin::kEarlierRun;
  }
  return std::nullopt;
}

std::vector<std::pair<Digest128, uint32_t>> SkipSet::At(const Timestamp& cursor) const {
  std::vector<std::pair<Digest128, uint32_t>> found;
  auto entry = std::lower_bound(entries_.begin(), entries_.end(), cursor,
                                [](const Entry& e, const Timestamp& t) { return e.mark.cursor < t; });
  for (; entry != entries_.end() && entry->mark.cursor == cursor; ++entry) {
    found.emplace_back(entry->mark.digest, entry->earlier + entry->own);
  }
  return found;
}

std::vector<RowMark> SkipSet::Above(const std::optional<Timestamp>& cursor) const {
  std::vector<RowMark> found;
  auto entry = entries_.begin();
  if (cursor) {
    entry = std::upper_bound(entries_.begin(), entries_.end(), *cursor,
                             [](const Timestamp& t, const Entry& e) { return t < e.mark.cursor; });
  }
  for (; entry != entries_.end(); ++entry) {
    found.insert(found.end(), entry->earlier + entry->own, entry->mark);
  }
  return found;
}

void SkipSet::Settle() {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return Key(a.mark) < Key(b.mark); });
  size_t kept = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (kept > 0 && Key(entries_[kept - 1].mark) == Key(entries_[i].mark)) {
      entries_[kept - 1].earlier += entries_[i].earlier;
      entries_[kept - 1].own += entries_[i].own;
      entries_[kept - 1].earlier_left += entries_[i].earlier_left;
      entries_[kept - 1].own_left += entries_[i].own_left;
    } else {
      entries_[kept++] = entries_[i];
    }
  }
  entries_.resize(kept);
}

}  // namespace cdi::ingest
