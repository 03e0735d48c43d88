// Performs the actions of one machine in virtual time: one life of the process, from its start to its end or its death.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/rng.h"
#include "ingest/run_machine.h"
#include "ingest/workspace_gate.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/fake_braze.h"
#include "tests/sim/fake_warehouse.h"
#include "tests/sim/invariants.h"
#include "tests/sim/mutant_machine.h"
#include "tests/sim/sim_store.h"

namespace cdi::sim {

enum class CrashMode : uint8_t { kNone, kBefore, kAfter, kTorn };

// What the driver acts on; lives longer than it.
struct Outside {
  const WorldParams& params;
  EventLoop& loop;
  FakeWarehouse& warehouse;
  FakeBraze& braze;
  SimStore& store;
  Invariants& invariants;
  Rng& rng;
  // Asked before every action: shall the process die at it?
  std::function<CrashMode()> next_crash;
  // The process died, or the run is over.
  std::function<void(const std::optional<ingest::Finish>&)> on_gone;
  // What was reached, for the must-hit counters.
  std::map<std::string, uint64_t>& hits;
  bool& faults_on;
  bool trace = false;
  Digest128& trace_hash;
};

class SimDriver {
 public:
  SimDriver(Outside outside, Mutation mutation, uint64_t seed);
  void Open(const ingest::SyncSpec& spec);
  // From outside: a shutdown or a cancel.
  void Stop(ingest::StopKind kind);

 private:
  void Input(ingest::Input input);
  // An input that comes later, if the process still lives then.
  void InputAfter(MonoTime delay, ingest::Input input);
  void Later(MonoTime delay, std::function<void()> what);
  MonoTime Latency() { return MonoTime{1 + static_cast<int64_t>(out_.rng.Below(Nanos(out_.params.latency_max)))}; }
  static uint64_t Nanos(MonoTime time) { return static_cast<uint64_t>(time.count()); }
  bool Hit(Fault fault);
  void Hit(std::string_view what) { ++out_.hits[std::string(what)]; }
  void Die(size_t queued_kept);

  void Perform(const ingest::OpenWindow& action);
  void Perform(const ingest::FetchPages& action);
  void Perform(const ingest::Append& action);
  void Perform(const ingest::StartBatch& action);
  void Perform(const ingest::Send& action);
  void Perform(const ingest::WantSlots& action);
  void Perform(const ingest::ReturnSlot& action);
  void Perform(const ingest::WakeAt& action);
  void Perform(const ingest::Finish& action);
  template <typename T>
  void PerformOrDie(const T& action);

  void Queue(uint64_t write, ingest::RunWrite content);
  void PlanSync();
  void NextPage();
  void GrantSlots();
  void CountHits(const ingest::RunWrite& content);

  Outside out_;
  MutantMachine machine_;
  ingest::WorkspaceGate gate_;
  const uint64_t seed_;
  ingest::RunLimits limits_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // seen by everything planned; false: too late

  // Fetching.
  std::optional<Timestamp> lower_;
  Timestamp upper_;
  std::optional<std::vector<TableRow>> snapshot_;
  size_t next_row_ = 0;
  uint32_t credit_ = 0;
  bool fetching_ = false;
  bool fetch_over_ = false;

  bool stopped_ = false;
  bool sync_planned_ = false;
  bool grant_planned_ = false;
  ingest::WantSlots want_;
  struct Body {
    std::vector<ingest::RowMark> rows;
    uint64_t bytes = 0;
  };
  std::map<std::pair<uint64_t, int>, Body> bodies_;
};

}  // namespace cdi::sim
