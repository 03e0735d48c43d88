// A small world is visited once for every place where the process can die, and for every way of dying there.
#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"
#include "tests/sim/simulation.h"

namespace cdi::sim {
namespace {

constexpr CrashMode kModes[] = {CrashMode::kBefore, CrashMode::kAfter, CrashMode::kTorn};

struct Case {
  std::string_view name;
  ingest::OnAmbiguous on_ambiguous;
};

class CrashPointsTest : public testing::TestWithParam<Case> {};

TEST_P(CrashPointsTest, EveryCrashPointRecovers) {
  const WorldParams params = SmallWorld(GetParam().on_ambiguous);
  const SimResult calm = Simulate(params);
  ASSERT_EQ(calm.violation, "");
  ASSERT_GT(calm.actions, 40u);
  ASSERT_EQ(calm.hits.count("crash"), 0u);
  for (uint64_t action = 1; action <= calm.actions; ++action) {
    for (const CrashMode mode : kModes) {
      SimOptions options;
      options.crashes = {{action, mode}};
      const SimResult result = Simulate(params, options);
      ASSERT_EQ(result.violation, "") << Explain(params, options, result);
    }
  }
}

TEST_P(CrashPointsTest, CrashingAgainInRecoveryRecovers) {
  const WorldParams params = SmallWorld(GetParam().on_ambiguous);
  const uint64_t actions = Simulate(params).actions;
  SeededRng rng(7);
  for (int i = 0; i < 1'000; ++i) {
    SimOptions options;
    uint64_t action = 1 + rng.Below(actions);
    for (int crash = 0; crash < 3; ++crash) {
      options.crashes.push_back({action, kModes[rng.Below(3)]});
      action += 1 + rng.Below(15);
    }
    const SimResult result = Simulate(params, options);
    ASSERT_EQ(result.violation, "") << Explain(params, options, result);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, CrashPointsTest,
                         testing::Values(Case{"Resend", ingest::OnAmbiguous::kResend},
                                         Case{"Hold", ingest::OnAmbiguous::kHold}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::sim
