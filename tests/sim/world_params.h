// What one simulated world is like: drawn from a seed, faults included. Probabilities themselves are drawn, some of
// them zero ("swarm"), so that seeds differ in kind and not only in luck.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ingest/sync_spec.h"

namespace cdi::sim {

enum class Fault : uint8_t {
  kCrash,   // the process dies at some action and starts again
  kZombie,  // requests of a dead process arrive late
  kNotSent,
  kAmbiguousTaken,  // Braze took it, nobody heard
  kAmbiguousLost,   // Braze did not take it, nobody heard
  kThrottled,
  kUnconfirmed,
  kOutage,  // for a while nothing works
  kAuthRefused,
  kEndpointWrong,
  kNamedRows,     // rows that Braze refuses by index, the rest is taken
  kNamedRows400,  // the same with 400: nothing is taken
  kWholeRefused,  // rows that make Braze refuse the whole request
  kTooLarge,      // Braze's limit of bytes is below ours
  kLocalFaults,   // rows that the decoder refuses
  kFetchFails,
  kWritesFail,  // disk full, lease lost
  kShutdown,
  kCancel,
  kChangedRows,  // rows get a new version under a new timestamp
  kLateCommits,  // rows become visible after newer ones, inside the lag
  kFutureRows,
  kEqualRows,  // rows equal in every column
  kCount,
};
inline constexpr size_t kFaultCount = static_cast<size_t>(Fault::kCount);
std::string_view FaultName(Fault fault);
using FaultSet = std::bitset<kFaultCount>;

struct WorldParams {
  uint64_t seed = 0;
  ingest::SyncSpec spec;
  FaultSet faults;
  uint32_t chance[kFaultCount] = {};  // in 10,000, per occasion

  // Warehouse.
  uint32_t page_size = 3;
  bool real_bodies = false;  // rows are decoded and bodies built as in production, and judged by braze-mock's rules
  uint32_t users = 10;
  bool skewed_users = false;  // half of the rows belong to one user
  uint32_t rows_at_start = 40;
  uint32_t rows_per_round = 8;
  MonoTime cursor_grain{0};  // timestamps are multiples of this: ties
  // World.
  uint32_t rounds = 4;  // scheduled runs while faults are on
  MonoTime period{0};
  MonoTime latency_max{0};  // of every step outside
  MonoTime commit_max{0};   // of the store
  uint32_t braze_bytes_max = 0xffffffff;

  bool Has(Fault fault) const { return faults.test(static_cast<size_t>(fault)); }
  std::string ToString() const;
};

WorldParams DrawWorld(uint64_t seed);
// A world without faults, small enough that every crash point can be visited: 2 pages, 4 batches.
WorldParams SmallWorld(ingest::OnAmbiguous on_ambiguous);

}  // namespace cdi::sim
