// Turns stored syncs into what the engine runs: ingest::PlanSource over the state store.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cdi/v1/sync.pb.h"
#include "cdi/v1/workspace.pb.h"
#include "ingest/engine.h"
#include "server/warehouses.h"

namespace cdi::server {

// The engine's view of a sync delivered to a workspace; both checked before.
ingest::SyncSpec SpecOf(const v1::Sync& sync, const v1::Workspace& workspace);

// What a run's recorded configuration says, for the log checker; nullopt when it cannot be read. Limits of the
// workspace are not recorded with a run: the widest are assumed.
std::optional<ingest::SyncSpec> RecordedSpec(const std::string& config);

class Plans final : public ingest::PlanSource {
 public:
  Plans(ingest::StateStore& store, Warehouses& warehouses, const Clock& clock, Rng& rng, Logger& logger)
      : store_(store), warehouses_(warehouses), clock_(clock), rng_(rng), logger_(logger) {}

  absl::StatusOr<ingest::RunPlan> PlanOf(const ingest::Run& run) override;
  absl::StatusOr<std::vector<ingest::SchedulePlan>> Schedules() override;
  absl::StatusOr<ingest::Run> NewRun(const ingest::SyncName& sync, ingest::RunTrigger trigger) override;
  // Pauses the sync after an error that only somebody can mend, so that it does not hammer a closed door.
  void RunEnded(const ingest::Run& run) override;

 private:
  ingest::StateStore& store_;
  Warehouses& warehouses_;
  const Clock& clock_;
  Rng& rng_;
  Logger& logger_;
};

}  // namespace cdi::server
