// Many worlds, each from one seed. CDI_SIM_SEEDS: how many; CDI_SIM_SEED: only this one; CDI_SIM_SHARD=i/n: every n-th.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/sim/simulation.h"

namespace cdi::sim {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Shard {
  uint64_t index = 0;
  uint64_t count = 1;
};

Shard ShardFromEnvironment() {
  Shard shard;
  const char* text = std::getenv("CDI_SIM_SHARD");
  if (text == nullptr) return shard;
  char* slash = nullptr;
  shard.index = std::strtoull(text, &slash, 10);
  shard.count = slash != nullptr && *slash == '/' ? std::max(1ULL, std::strtoull(slash + 1, nullptr, 10)) : 1;
  return shard;
}

std::string Fails(uint64_t seed, std::map<std::string, uint64_t>* hits) {
  const WorldParams params = DrawWorld(seed);
  const SimResult result = Simulate(params);
  if (hits != nullptr) {
    for (const auto& [what, count] : result.hits) (*hits)[what] += count;
  }
  return result.violation.empty() ? "" : Explain(params, {}, result);
}

TEST(SimulationTest, KeepsItsPromisesInEveryWorld) {
  if (const uint64_t seed = FromEnvironment("CDI_SIM_SEED", 0); seed != 0) {
    EXPECT_EQ(Fails(seed, nullptr), "");
    return;
  }
  const uint64_t seeds = FromEnvironment("CDI_SIM_SEEDS", CDI_SIM_SEEDS_DEFAULT);
  const Shard shard = ShardFromEnvironment();
  std::map<std::string, uint64_t> hits;
  int failures = 0;
  for (uint64_t seed = 1 + shard.index; seed <= seeds && failures < 5; seed += shard.count) {
    const std::string failure = Fails(seed, &hits);
    EXPECT_EQ(failure, "");
    if (!failure.empty()) ++failures;
  }
  for (const auto& [what, count] : hits) RecordProperty(what, std::to_string(count));
  if (std::getenv("CDI_SIM_VERBOSE") != nullptr) {
    for (const auto& [what, count] : hits) std::printf("%10lu  %s\n", static_cast<unsigned long>(count), what.c_str());
  }
}

}  // namespace
}  // namespace cdi::sim
