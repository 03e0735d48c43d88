// Where a run's pages come from: a frozen window of a table, or parked rows that are sent again. Used by a run's fetch
// thread alone, but for Cancel().
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/logger.h"
#include "ingest/engine.h"
#include "ingest/row.h"
#include "ingest/run_record.h"
#include "ingest/state_store.h"
#include "warehouse/warehouse.h"

namespace cdi::ingest {

class PageSource {
 public:
  virtual ~PageSource() = default;
  // Freezes the window, or opens `keep` again after a crash.
  virtual absl::StatusOr<Window> Open(const std::optional<Timestamp>& lower, const std::optional<Window>& keep) = 0;
  // nullptr after the last page.
  virtual absl::StatusOr<std::shared_ptr<const DecodedPage>> Next() = 0;
  // Any thread: ends what blocks; Open and Next then answer kCancelled.
  virtual void Cancel() = 0;
};

// The table of `plan`, over a login of its own that lasts as long as this object.
std::unique_ptr<PageSource> MakeWarehouseSource(const RunPlan& plan, const RunName& run, Logger& logger);

// The parked rows of a replay, in the order of their ids.
std::unique_ptr<PageSource> MakeReplaySource(const RunPlan& plan, StateStore& store, std::vector<uint64_t> ids);

}  // namespace cdi::ingest
