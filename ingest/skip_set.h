// Rows that are finished already when a run opens: a multiset of (place, content), matched against what is read again.
//
// A re-read skips at most as many equal rows as were finished, so equal rows of one statement are never skipped against
// each other. Two origins are told apart: rows of earlier runs count as `skipped`; rows that this run finished before
// its crash are in its durable sums already. Internal to the run machine; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ingest/run_record.h"

namespace cdi::ingest {

class SkipSet {
 public:
  enum class Origin : uint8_t { kEarlierRun, kThisRun };

  // Everything the store knows to be finished at or above the watermark.
  void Load(const Progress& progress);
  // Rows finished without having been read again (parked without content); also to be skipped if they come after all.
  void AddOwn(const std::vector<RowMark>& marks);

  // Uses up one matching entry. nullopt: the row is new.
  std::optional<Origin> Take(const RowMark& row);

  // All entries, used up or not, at exactly this place: they belong into the boundary there.
  std::vector<std::pair<Digest128, uint32_t>> At(const Timestamp& cursor) const;
  // All entries, used up or not, above this place (everything for nullopt): finished ahead of the watermark.
  std::vector<RowMark> Above(const std::optional<Timestamp>& cursor) const;

 private:
  struct Entry {
    RowMark mark;
    uint32_t earlier = 0;
    uint32_t own = 0;
    uint32_t earlier_left = 0;
    uint32_t own_left = 0;
  };
  // Sorts and joins entries of equal rows.
  void Settle();

  std::vector<Entry> entries_;  // by place, content, parked id
};

}  // namespace cdi::ingest
