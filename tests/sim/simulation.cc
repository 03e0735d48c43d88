#include "tests/sim/simulation.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "absl/strings/str_cat.h"

namespace cdi::sim {
namespace {

using ingest::Finish;
using ingest::RunState;
using std::chrono::seconds;

constexpr uint64_t kEventsMax = 400'000;  // far more than any world needs: a livelock
constexpr uint64_t kRunsToHeal = 10;
constexpr uint64_t kLivesWithFaults = 60;

class World {
 public:
  World(const WorldParams& params, const SimOptions& options)
      : params_(params),
        options_(options),
        table_rng_(params.seed * 5 + 1),
        braze_rng_(params.seed * 5 + 2),
        engine_rng_(params.seed * 5 + 3),
        crash_rng_(params.seed * 5 + 4) {}

  SimResult Run() {
    PlanRows();
    loop_.After(seconds{60}, [this] { StartRun(); });
    uint64_t events = 0;
    while (invariants_.ok() && !at_rest_ && loop_.RunOne()) {
      if (++events > kEventsMax) invariants_.Require(false, "I13", "the world does not come to rest");
    }
    invariants_.Require(at_rest_, "I13", "nothing is planned any more, but the run is not over");
    result_.violation = invariants_.violation();
    result_.rows = warehouse_.rows_ever();
    return result_;
  }

 private:
  void PlanRows() {
    for (uint32_t i = 0; i < params_.rows_at_start; ++i) {
      loop_.After(MonoTime{seconds{1}} * static_cast<int64_t>(table_rng_.Below(50)), [this] { warehouse_.Mutate(1); });
    }
  }

  // The scheduler: one run after the other; what is left open is taken up again.
  void StartRun() {
    if (!store_.HasOpenRun()) {
      store_.CreateRun();
      invariants_.OnRunCreated();
      ++runs_;
      if (healed_) ++runs_healed_;
      // A run keeps its configuration, also over a restart.
      spec_ = params_.spec;
      if (healed_) spec_.limits = ingest::RunLimits{};
      began_healed_ = healed_;
    }
    if (faults_on_) {
      for (uint32_t i = 0; i < params_.rows_per_round; ++i) {
        loop_.After(MonoTime{static_cast<int64_t>(table_rng_.Below(static_cast<uint64_t>(params_.period.count())))},
                    [this] { warehouse_.Mutate(1); });
      }
    }
    retired_.push_back(std::move(driver_));
    driver_ =
        std::make_unique<SimDriver>(Outside{.params = params_,
                                            .loop = loop_,
                                            .warehouse = warehouse_,
                                            .braze = braze_,
                                            .store = store_,
                                            .invariants = invariants_,
                                            .rng = engine_rng_,
                                            .next_crash = [this] { return NextCrash(); },
                                            .on_gone = [this](const std::optional<Finish>& finish) { OnGone(finish); },
                                            .hits = result_.hits,
                                            .faults_on = faults_on_,
                                            .trace = options_.trace,
                                            .trace_hash = result_.trace},
                                    options_.mutation, params_.seed + ++lives_);
    driver_->Open(spec_);
  }

  CrashMode NextCrash() {
    ++result_.actions;
    for (const CrashPoint& point : options_.crashes) {
      if (point.action == result_.actions) return point.mode;
    }
    if (!faults_on_ || !params_.Has(Fault::kCrash) ||
        !crash_rng_.Chance(params_.chance[static_cast<size_t>(Fault::kCrash)], 10'000)) {
      return CrashMode::kNone;
    }
    return static_cast<CrashMode>(1 + crash_rng_.Below(3));
  }

  void OnGone(const std::optional<Finish>& finish) {
    const bool over = finish && !finish->left_open;
    if (over && began_healed_ && (finish->state == RunState::kSuccess || finish->state == RunState::kPartial)) {
      // Requests of dead processes may still be on their way.
      loop_.After(seconds{100}, [this] {
        invariants_.AtRest(store_);
        at_rest_ = true;
      });
      return;
    }
    invariants_.Require(runs_healed_ <= kRunsToHeal, "I13", "no run succeeds although nothing fails any more");
    MonoTime pause = over ? params_.period : MonoTime{seconds{1 + engine_rng_.Below(30)}};
    // However often the process dies, sooner or later the faults stop.
    if (faults_on_ && (runs_ >= params_.rounds || lives_ > kLivesWithFaults)) {
      faults_on_ = false;
      healed_ = true;
      pause = seconds{400};  // rows dated in the future become due
    }
    loop_.After(pause, [this] { StartRun(); });
  }

  const WorldParams params_;
  const SimOptions options_;
  SimResult result_;
  EventLoop loop_;
  SeededRng table_rng_;
  SeededRng braze_rng_;
  SeededRng engine_rng_;
  SeededRng crash_rng_;
  FakeWarehouse warehouse_{params_, loop_, table_rng_};
  Invariants invariants_{params_, warehouse_};
  SimStore store_{invariants_};
  FakeBraze braze_{params_, loop_, braze_rng_, warehouse_};
  ingest::SyncSpec spec_;
  std::unique_ptr<SimDriver> driver_;
  std::vector<std::unique_ptr<SimDriver>> retired_;  // things planned still name them
  bool faults_on_ = true;
  bool healed_ = false;
  bool began_healed_ = false;
  bool at_rest_ = false;
  uint64_t runs_ = 0;
  uint64_t runs_healed_ = 0;
  uint64_t lives_ = 0;
};

}  // namespace

SimResult Simulate(const WorldParams& params, const SimOptions& options) {
  return World(params, options).Run();
}

std::string Explain(const WorldParams& params, const SimOptions& options, const SimResult& result) {
  WorldParams shortest = params;
  for (size_t fault = 0; fault < kFaultCount; ++fault) {
    if (!shortest.faults.test(fault)) continue;
    shortest.faults.reset(fault);
    if (Simulate(shortest, options).violation.empty()) shortest.faults.set(fault);
  }
  std::string text =
      absl::StrCat(result.violation, "\n  world: ", params.ToString(), "\n  still fails with: ", shortest.ToString(),
                   "\n    which says: ", Simulate(shortest, options).violation, "\n  again: CDI_SIM_SEED=", params.seed,
                   " build/<preset>/tests/sim/sim_test --gtest_filter='SimulationTest.KeepsItsPromises*'\n");
  for (const CrashPoint& crash : options.crashes) {
    absl::StrAppend(&text, "  crash at action ", crash.action, " mode ", static_cast<int>(crash.mode), "\n");
  }
  return text;
}

}  // namespace cdi::sim
