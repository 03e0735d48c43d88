// Ten thousand rotations in a thousand worlds, each from one seed. CDI_ROTATION_SEED: only this world, with its trace;
// CDI_ROTATION_SEEDS: how many.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/sim/rotation_world.h"

namespace cdi::sim {
namespace {

constexpr uint64_t kSeeds = 1'000;
// A sanitizer makes each of them some times slower; it sees the same code in fewer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeedsDefault = 250;
#else
constexpr uint64_t kSeedsDefault = kSeeds;
#endif
constexpr uint64_t kRotations = 10'000;

// Every step, every turn, every fault.
constexpr std::string_view kMustHit[] = {
    "step PLANNED",
    "step GENERATED",
    "step REGISTERING",
    "step REGISTERED",
    "step PROVEN",
    "step DRAINING",
    "step UNSETTING",
    "step UNSET",
    "step DONE",
    "step RESTORING",
    "step WITHDRAWING",
    "step WITHDRAWN",
    "step ROLLED_BACK",
    "mode ASSISTED",
    "mode AUTOMATIC",
    "mode SCHEDULED",
    "error ROTATION_SLOT_FOREIGN",
    "error ROTATION_KEY_LOST",
    "error ROTATION_STATEMENT_FAILED",
    "error ROTATION_LOGIN_REFUSED",
    "error ROTATION_STEP_FAILED",
    "administrator",
    "clock_jump",
    "crash",
    "emergency_revoke",
    "end_drain",
    "fallback",
    "foreign_overwritten",
    "hand_exchange",
    "leftover",
    "named_pair",
    "named_registered_pair",
    "permit",
    "registered_again",
    "reply_lost_not_run",
    "reply_lost_run",
    "rollback",
    "run_by_first_key",
    "run_by_second_key",
    "run_late",
    "stranger",
    "stranger_attacks",
    "waits_for",
    "write_fails",
};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string Tail(const RotationSimResult& result, size_t lines) {
  const size_t from = result.trace.size() > lines ? result.trace.size() - lines : 0;
  return absl::StrJoin(result.trace.begin() + static_cast<std::ptrdiff_t>(from), result.trace.end(), "\n");
}

TEST(RotationSimTest, TenThousandRotationsKeepEveryPromise) {
  if (const uint64_t seed = FromEnvironment("CDI_ROTATION_SEED", 0); seed != 0) {
    const RotationSimResult result = SimulateRotations(seed);
    std::printf("%s\n", Tail(result, 100'000).c_str());
    EXPECT_EQ(result.violation, "");
    return;
  }
  const uint64_t seeds = FromEnvironment("CDI_ROTATION_SEEDS", kSeedsDefault);
  std::map<std::string, uint64_t> hits;
  uint64_t rotations = 0;
  int failures = 0;
  for (uint64_t seed = 1; seed <= seeds && failures < 5; ++seed) {
    const RotationSimResult result = SimulateRotations(seed);
    rotations += result.rotations;
    for (const auto& [what, count] : result.hits) hits[what] += count;
    if (result.violation.empty()) continue;
    ++failures;
    ADD_FAILURE() << "CDI_ROTATION_SEED=" << seed << ": " << result.violation << "\n" << Tail(result, 40);
  }
  if (std::getenv("CDI_SIM_VERBOSE") != nullptr) {
    std::printf("%10lu  rotations\n", static_cast<unsigned long>(rotations));
    for (const auto& [what, count] : hits) std::printf("%10lu  %s\n", static_cast<unsigned long>(count), what.c_str());
  }
  if (seeds < kSeeds || failures > 0) return;
  EXPECT_GE(rotations, kRotations);
  for (const std::string_view what : kMustHit) {
    EXPECT_GT(hits[std::string(what)], 0u) << "never reached: " << what;
  }
}

TEST(RotationSimTest, SameSeedSameHistory) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const RotationSimResult first = SimulateRotations(seed);
    ASSERT_EQ(first.trace, SimulateRotations(seed).trace) << "I14 at seed " << seed;
    ASSERT_NE(first.trace, SimulateRotations(seed + 1'000).trace);
  }
}

struct Mutant {
  std::string_view name;
  RotationMutation mutation;
};

class RotationMutantsTest : public testing::TestWithParam<Mutant> {};

TEST_P(RotationMutantsTest, IsCaught) {
  constexpr uint64_t kWithin = 200;
  for (uint64_t seed = 1; seed <= kWithin; ++seed) {
    const RotationSimResult result = SimulateRotations(seed, {.mutation = GetParam().mutation});
    if (result.violation.empty()) continue;
    std::printf("caught at seed %d: %s\n", static_cast<int>(seed), result.violation.c_str());
    EXPECT_EQ(SimulateRotations(seed).violation, "") << "the real machine must pass where the mutant fails";
    return;
  }
  ADD_FAILURE() << "the mutant survived " << kWithin << " worlds";
}

INSTANTIATE_TEST_SUITE_P(All, RotationMutantsTest,
                         testing::Values(Mutant{"UnsetWithoutDescribe", RotationMutation::kUnsetWithoutDescribe},
                                         Mutant{"ActivateBeforeProof", RotationMutation::kActivateBeforeProof},
                                         Mutant{"OverwriteForeign", RotationMutation::kOverwriteForeign},
                                         Mutant{"LostReplyIsDone", RotationMutation::kLostReplyIsDone},
                                         Mutant{"NoDrain", RotationMutation::kNoDrain},
                                         Mutant{"WallClockDrain", RotationMutation::kWallClockDrain},
                                         Mutant{"DestroyBeforeUnset", RotationMutation::kDestroyBeforeUnset},
                                         Mutant{"RollBackWithoutRestore", RotationMutation::kRollBackWithoutRestore},
                                         Mutant{"RollBackLeavesKey", RotationMutation::kRollBackLeavesKey},
                                         Mutant{"SlotByNumber", RotationMutation::kSlotByNumber},
                                         Mutant{"TrustAtOnce", RotationMutation::kTrustAtOnce}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::sim
