// Machines that were broken on purpose: if the simulator did not notice them, its silence would mean nothing.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/simulation.h"

namespace cdi::sim {
namespace {

struct Case {
  std::string_view name;
  Mutation mutation;
  uint64_t within_seeds;
};

class MutantsTest : public testing::TestWithParam<Case> {};

TEST_P(MutantsTest, IsCaught) {
  SimOptions options;
  options.mutation = GetParam().mutation;
  for (uint64_t seed = 1; seed <= GetParam().within_seeds; ++seed) {
    const SimResult result = Simulate(DrawWorld(seed), options);
    if (result.violation.empty()) continue;
    std::printf("caught at seed %d: %s\n", static_cast<int>(seed), result.violation.c_str());
    EXPECT_EQ(Simulate(DrawWorld(seed)).violation, "") << "the real machine must pass where the mutant fails";
    return;
  }
  ADD_FAILURE() << "the mutant survived " << GetParam().within_seeds << " worlds";
}

INSTANTIATE_TEST_SUITE_P(All, MutantsTest,
                         testing::Values(Case{"SendBeforeRecord", Mutation::kSendBeforeRecord, 10},
                                         Case{"WatermarkOneTooFar", Mutation::kWatermarkOneTooFar, 10},
                                         Case{"ForgetAhead", Mutation::kForgetAhead, 50},
                                         Case{"DigestsAsSet", Mutation::kDigestsAsSet, 200},
                                         Case{"BoundaryForgotten", Mutation::kBoundaryForgotten, 20}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(DeterminismTest, SameSeedSameHistory) {
  SimOptions options;
  options.trace = true;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const SimResult first = Simulate(DrawWorld(seed), options);
    const SimResult second = Simulate(DrawWorld(seed), options);
    ASSERT_EQ(first.trace, second.trace) << "I14 at seed " << seed;
    ASSERT_EQ(first.actions, second.actions);
    ASSERT_NE(first.trace, Simulate(DrawWorld(seed + 1'000), options).trace);
  }
}

}  // namespace
}  // namespace cdi::sim
