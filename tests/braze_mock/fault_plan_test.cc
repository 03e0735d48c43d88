#include "tests/braze_mock/fault_plan.h"

#include <gtest/gtest.h>

namespace cdi::braze_mock {
namespace {

FaultPlan PlanOf(std::string_view faults) {
  FaultPlan plan;
  const absl::Status status = plan.Replace("{\"faults\":" + std::string(faults) + "}");
  EXPECT_TRUE(status.ok()) << status;
  return plan;
}

// One character for each request: x for a hit.
std::string Hits(FaultPlan& plan, int requests) {
  std::string hits;
  for (int i = 0; i < requests; ++i) hits += plan.Hit({}) ? 'x' : '.';
  return hits;
}

TEST(FaultPlanTest, HitsTheNextCountRequestsAfterThoseLetPass) {
  FaultPlan plan = PlanOf(R"([{"kind":"status","count":2,"after":1}])");
  EXPECT_EQ(Hits(plan, 5), ".xx..");
}

TEST(FaultPlanTest, HitsOnceWhereNothingIsSaid) {
  FaultPlan plan = PlanOf(R"([{"kind":"auth"}])");
  EXPECT_EQ(Hits(plan, 3), "x..");
}

TEST(FaultPlanTest, TheSameSeedHitsTheSameRequests) {
  FaultPlan one = PlanOf(R"([{"kind":"status","rate":0.5,"seed":7}])");
  FaultPlan same = PlanOf(R"([{"kind":"status","rate":0.5,"seed":7}])");
  FaultPlan other = PlanOf(R"([{"kind":"status","rate":0.5,"seed":8}])");
  const std::string hits = Hits(one, 64);
  EXPECT_EQ(Hits(same, 64), hits);
  EXPECT_NE(Hits(other, 64), hits);
  EXPECT_NE(hits.find('x'), std::string::npos);
  EXPECT_NE(hits.find('.'), std::string::npos);
}

TEST(FaultPlanTest, RateOneHitsAlwaysAndRateZeroNever) {
  FaultPlan always = PlanOf(R"([{"kind":"status","rate":1}])");
  FaultPlan never = PlanOf(R"([{"kind":"status","rate":0}])");
  EXPECT_EQ(Hits(always, 4), "xxxx");
  EXPECT_EQ(Hits(never, 4), "....");
}

TEST(FaultPlanTest, MatchesTheUserItNames) {
  FaultPlan plan = PlanOf(R"([{"kind":"status","match_user":"u7"}])");
  EXPECT_TRUE(plan.NeedsUsers());
  EXPECT_FALSE(plan.Hit({{IdentifierKind::kExternalId, "u1"}}).has_value());
  EXPECT_TRUE(plan.Hit({{IdentifierKind::kExternalId, "u1"}, {IdentifierKind::kExternalId, "u7"}}).has_value());
}

TEST(FaultPlanTest, OnlyClosingBeforeTheBodyHitsBeforeTheBody) {
  FaultPlan plan = PlanOf(R"([{"kind":"close_before_body_read"},{"kind":"status"}])");
  EXPECT_EQ(plan.Hit({})->kind, FaultKind::kStatus);
  EXPECT_EQ(plan.HitBeforeBody()->kind, FaultKind::kCloseBeforeBodyRead);
  EXPECT_FALSE(plan.HitBeforeBody().has_value());
}

TEST(FaultPlanTest, RefusesWhatItDoesNotUnderstandAndKeepsTheOldPlan) {
  struct Case {
    std::string_view body;
    std::string_view message;
  };
  const Case cases[] = {
      {"[]", "the body must be {\"faults\":[{\"kind\":…}, …]}"},
      {R"({"faults":[1]})", "faults[0]: must be an object"},
      {R"({"faults":[{"kind":"auth"},{"kind":"auth","rate":2}]})", "faults[1]: rate must be from 0 to 1"},
      {R"({"faults":[{"kind":"auth","cuont":2}]})", "faults[0]: unknown member 'cuont'; docs/braze-mock.md lists them"},
      {R"({"faults":[{"kind":"status","status":99}]})", "faults[0]: status must be a whole number from 200 to 599"},
      {R"({"faults":[{"kind":"throttle","headers":"x"}]})", "faults[0]: headers must be epoch, seconds or none"},
      {R"({"faults":[{"kind":"close_before_body_read","match_user":"u"}]})",
       "faults[0]: match_user needs the body, which close_before_body_read does not read"},
  };
  FaultPlan plan = PlanOf(R"([{"kind":"redirect"}])");
  for (const Case& c : cases) {
    EXPECT_EQ(plan.Replace(c.body).message(), c.message.data()) << c.body;
  }
  EXPECT_EQ(plan.Hit({})->kind, FaultKind::kRedirect);
}

}  // namespace
}  // namespace cdi::braze_mock
