// When a sync runs by itself: slots on a grid of `every`, at most one start per slot, one start for many missed ones.
#pragma once

#include <chrono>
#include <optional>

#include "base/timestamp.h"

namespace cdi::ingest {

struct SlotDecision {
  bool due = false;
  Timestamp next;  // the slot to wait for from now on
};

// `next` is the stored slot; nullopt: the sync was just activated, and its first slot is now. A slot further away than
// one period means that the wall clock was set back: the grid starts again from now, without a start.
SlotDecision DecideSlot(const std::optional<Timestamp>& next, std::chrono::minutes every, const Timestamp& now);

}  // namespace cdi::ingest
