// The running half of the service: takes up runs, gives them threads, slots and a sender, starts scheduled ones, and
// tells how they go. Decisions of a run are the RunMachine's; this is the driver that performs them.
//
// Threads: one scheduler, one pacer (slots of all workspaces), and per run one fetch and one machine thread. All public
// calls are thread-safe and short: none waits for a run.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/logger.h"
#include "base/rng.h"
#include "ingest/run_machine.h"
#include "ingest/sender.h"
#include "ingest/state_store.h"
#include "ingest/workspace_gate.h"
#include "warehouse/connection_settings.h"
#include "warehouse/warehouse.h"

namespace cdi::ingest {

// Everything a run needs that its recorded configuration names.
struct RunPlan {
  SyncSpec spec;
  RatePolicy rate;
  std::shared_ptr<warehouse::Warehouse> warehouse;  // null in a replay: nothing is read
  std::string database;
  std::string schema;
  std::string table;
  warehouse::WarehouseKind kind = warehouse::WarehouseKind::kSnowflake;
  std::string cursor_column;  // as the sync says; empty: UPDATED_AT
  std::string role;           // overrides; empty: the connection's
  std::string warehouse_name;
  std::string path = "/users/track";
};

// When a sync runs by itself.
struct SchedulePlan {
  SyncName sync;
  std::optional<std::chrono::minutes> every;  // nullopt: manual only
};

// Turns stored documents into plans; implemented by the server, which knows the documents. Thread-safe.
class PlanSource {
 public:
  virtual ~PlanSource() = default;
  // Of a run's own recorded configuration, so that a recovered run keeps it.
  virtual absl::StatusOr<RunPlan> PlanOf(const Run& run) = 0;
  // Every ACTIVE sync.
  virtual absl::StatusOr<std::vector<SchedulePlan>> Schedules() = 0;
  // The run record of a scheduled start: name, configuration, trigger.
  virtual absl::StatusOr<Run> NewRun(const SyncName& sync, RunTrigger trigger) = 0;
  // A run ended; CONFIG_ERROR, API_KEY_REFUSED and the like may pause the sync.
  virtual void RunEnded(const Run& run) = 0;
};

// What the world sees of runs; implemented by the server's metrics. Called from engine threads; must not block.
class EngineObserver {
 public:
  virtual ~EngineObserver() = default;
  virtual void BatchDone(const SyncName& sync, const SendReport& report, uint32_t objects) = 0;
  virtual void PageFetched(const SyncName& sync, size_t rows, size_t bytes, std::chrono::nanoseconds duration) = 0;
  virtual void RunProgressed(const SyncName& sync, const RunProgress& progress) = 0;
  virtual void RunFinished(const Run& run) = 0;
};

struct EngineOptions {
  int runs_max = 8;
  std::chrono::milliseconds send_timeout{30'000};
  // Not OK: the engine is held. It takes up no run and starts none: StartRun answers this, schedules stand still, and
  // the next start with an engine that is not held goes on where this one found things.
  absl::Status held;
};

struct RunSnapshot {
  Run run;
  std::optional<RunProgress> live;  // while this process drives it
  double rows_per_second = 0;
  uint64_t change = 0;  // rises with every visible change
};

class Engine {
 public:
  struct Dependencies {
    StateStore& store;
    Sender& sender;
    PlanSource& plans;
    const Clock& clock;
    Rng& rng;
    Logger& logger;
    EngineObserver* observer = nullptr;  // may be null
  };

  Engine(const Dependencies& dependencies, const EngineOptions& options);
  ~Engine();  // as Stop(0) and Join()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Takes up the runs that a crash or restart left open, then starts the schedule; neither when held.
  absl::Status Start();

  // Records the run (refused with RUN_ACTIVE) and starts it as soon as there is room. Answers what is durable.
  absl::StatusOr<Run> StartRun(const Run& run, const std::string& request_id, const std::string& caller);
  // Durable; the run ends at its next safe point.
  absl::Status CancelRun(const RunName& run);
  absl::StatusOr<RunSnapshot> Snapshot(const RunName& run);
  // Returns when the run's `change` differs from `seen`, or at the deadline (at the latest); then Snapshot() again.
  void WaitForChange(const RunName& run, uint64_t seen, MonoTime deadline);

  // A sync was activated, paused, deleted or its schedule changed: looks at the schedule again.
  void SchedulesChanged();
  // A workspace changed: its gate forgets what it learned (a refused key is tried again).
  void WorkspaceChanged(const WorkspaceName& workspace);

  // No new request; waits for those in flight, leaves open runs for the next start. True: nothing was left ambiguous.
  // False: some requests got no reply in time; shut the sender down, then Join().
  bool Stop(std::chrono::milliseconds patience);
  // After Stop: waits for the threads of runs. They end as soon as the sender has answered for every request.
  void Join();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdi::ingest
