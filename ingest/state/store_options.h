// Settings of the state store; plain values.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace cdi::state {

struct StoreOptions {
  // Outlives the store; its wall time stands in records and ends retentions.
  const Clock* clock = nullptr;
  // Segments of the row log and parked rows are deleted when they are older; see SqliteStore::Prune.
  std::chrono::hours segment_retention{24 * 30};
  std::chrono::hours parked_retention{24 * 90};
  // The same request id gets the same answer for so long.
  std::chrono::hours request_retention{24};
  // Accepted rows per segment file: bounds the memory for its search index (28 bytes each).
  uint64_t segment_rows_max = 2'000'000;
  uint32_t readers_max = 4;
  // The most pages of 8 KiB that state.db may have; at that size writes fail as on a full disk. 0: as SQLite allows.
  uint32_t pages_max = 0;
};

}  // namespace cdi::state
