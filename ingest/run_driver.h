// Performs the actions of one run's machine with threads, the warehouse, the sender and the state store. The machine
// decides; nothing here does.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/logger.h"
#include "ingest/engine.h"
#include "ingest/page_source.h"
#include "ingest/run_machine.h"
#include "ingest/sender.h"
#include "ingest/slot_pacer.h"
#include "ingest/state_store.h"

namespace cdi::ingest {

class RunDriver {
 public:
  struct Dependencies {
    StateStore& store;
    Sender& sender;
    SlotPacer& pacer;
    const Clock& clock;
    Logger& logger;
    EngineObserver* observer = nullptr;  // may be null
  };

  RunDriver(const Dependencies& dependencies, StateStore::Opened opened, RunPlan plan,
            std::unique_ptr<PageSource> source, uint64_t seed, std::chrono::milliseconds send_timeout);
  ~RunDriver();
  RunDriver(const RunDriver&) = delete;
  RunDriver& operator=(const RunDriver&) = delete;

  // Drives the run to its end in the calling thread, with a fetch thread of its own beside it. `on_progress` is called
  // after steps that changed something, from the calling thread.
  Finish Drive(const std::function<void(const RunProgress&)>& on_progress);

  // Any thread, any number of times: the first one counts.
  void RequestStop(StopKind kind, const std::string& reason);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdi::ingest
