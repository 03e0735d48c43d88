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

// Every outcome class, every way of a run to end, every branch of recovery.
constexpr std::string_view kMustHit[] = {
    "outcome ACCEPTED",
    "outcome ACCEPTED_UNCONFIRMED",
    "outcome ROWS_REJECTED",
    "outcome WHOLE_REJECTED",
    "outcome TOO_LARGE",
    "outcome THROTTLED",
    "outcome AUTH_REFUSED",
    "outcome ENDPOINT_WRONG",
    "outcome AMBIGUOUS",
    "outcome NOT_SENT",
    "named_2xx",
    "named_400",
    "parked AMBIGUOUS",
    "parked BRAZE_REJECTED",
    "parked CRASH_IN_FLIGHT",
    "parked CRASH_IN_FLIGHT without content",
    "parked PAYLOAD_NOT_JSON",
    "parked TOO_LARGE",
    "end SUCCESS ",
    "end PARTIAL ROWS_REFUSED",
    "end PARTIAL ROWS_HELD",
    "end ERROR BRAZE_UNAVAILABLE",
    "end ERROR REJECT_RATIO",
    "end ERROR WAREHOUSE_UNREACHABLE",
    "end CONFIG_ERROR API_KEY_REFUSED",
    "end CONFIG_ERROR ENDPOINT_WRONG",
    "end CONFIG_ERROR BOUNDARY_TOO_WIDE",
    "end CONFIG_ERROR TABLE_NOT_FOUND",
    "end LIMIT_EXCEEDED LIMIT_EXCEEDED",
    "end CANCELLED CANCELLED",
    "left_open LEASE_LOST",
    "left_open SHUTDOWN",
    "recovered",
    "recovered_in_doubt",
    "recovered_own_finished",
    "opened_with_ahead",
    "opened_with_wide_boundary",
    "end_with_ahead",
    "watermark_advanced",
    "boundary_grew",
    "batches_repeated",
    "recorded_unsent",
    "slot_returned",
    "real_body",
    "crash",
    "zombie",
};

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
  if (std::getenv("CDI_SIM_VERBOSE") != nullptr) {
    for (const auto& [what, count] : hits) std::printf("%10lu  %s\n", static_cast<unsigned long>(count), what.c_str());
  }
  // What was never reached is not proved. A few hundred worlds may miss some.
  if (seeds / shard.count < 2'000) return;
  for (const std::string_view what : kMustHit) {
    EXPECT_GT(hits[std::string(what)], 0u) << "never reached: " << what;
  }
}

// Worlds that once showed a bug; docs/bugs-found.md has the stories.
TEST(SimulationTest, OldBugsStayFixed) {
  std::ifstream seeds(CDI_SIM_SEEDS_FILE);
  ASSERT_TRUE(seeds.is_open()) << CDI_SIM_SEEDS_FILE;
  std::string line;
  while (std::getline(seeds, line)) {
    if (line.empty() || line.front() == '#') continue;
    EXPECT_EQ(Fails(std::strtoull(line.c_str(), nullptr, 10), nullptr), "");
  }
}

}  // namespace
}  // namespace cdi::sim
