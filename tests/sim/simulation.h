// One world from its first row to its rest: rounds with faults, then everything healed, then the truth.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/mutant_machine.h"
#include "tests/sim/sim_driver.h"
#include "tests/sim/world_params.h"

namespace cdi::sim {

struct CrashPoint {
  uint64_t action = 0;  // actions are counted from 1 over the whole world
  CrashMode mode = CrashMode::kBefore;
};

struct SimResult {
  std::string violation;  // empty: all promises were kept
  uint64_t actions = 0;
  uint64_t rows = 0;
  std::map<std::string, uint64_t> hits;
  Digest128 trace;  // over every input, state and action, when asked for
};

struct SimOptions {
  Mutation mutation = Mutation::kNone;
  std::vector<CrashPoint> crashes;  // beside those that the world draws
  bool trace = false;
};

SimResult Simulate(const WorldParams& params, const SimOptions& options = {});

// For a failing world: drops one fault after the other as long as it still fails, and says how to see it again.
std::string Explain(const WorldParams& params, const SimOptions& options, const SimResult& result);

}  // namespace cdi::sim
