#include "ingest/schedule.h"

namespace cdi::ingest {

SlotDecision DecideSlot(const std::optional<Timestamp>& next, std::chrono::minutes every, const Timestamp& now) {
  if (!next) return {.due = true, .next = now.Plus(every)};
  const std::chrono::nanoseconds late = Distance(now, *next);
  if (late < std::chrono::nanoseconds{0}) {
    const bool set_back = -late > std::chrono::nanoseconds{every};
    return {.due = false, .next = set_back ? now.Plus(every) : *next};
  }
  const int64_t passed = late / std::chrono::nanoseconds{every} + 1;
  return {.due = true, .next = Timestamp{next->seconds + passed * std::chrono::seconds{every}.count(), next->nanos}};
}

}  // namespace cdi::ingest
