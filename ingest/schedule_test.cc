#include "ingest/schedule.h"

#include <gtest/gtest.h>

namespace cdi::ingest {
namespace {

using std::chrono::minutes;

struct Case {
  std::string_view name;
  std::optional<int64_t> next;  // seconds
  int64_t now;
  bool due;
  int64_t want_next;
};

class ScheduleTest : public testing::TestWithParam<Case> {};

TEST_P(ScheduleTest, DecidesTheSlot) {
  const Case& c = GetParam();
  std::optional<Timestamp> next;
  if (c.next) next = Timestamp{*c.next, 0};
  const SlotDecision decision = DecideSlot(next, minutes{15}, Timestamp{c.now, 0});
  EXPECT_EQ(decision.due, c.due);
  EXPECT_EQ(decision.next.seconds, c.want_next);
}

INSTANTIATE_TEST_SUITE_P(Table, ScheduleTest,
                         testing::Values(Case{"first_slot_is_now", std::nullopt, 1000, true, 1900},
                                         Case{"not_yet", 1900, 1000, false, 1900},
                                         Case{"on_time", 1900, 1900, true, 2800},
                                         Case{"many_missed_slots_start_one_run", 1900, 10'000, true, 10'900},
                                         Case{"clock_set_back_starts_nothing", 1'000'000, 1000, false, 1900}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cdi::ingest
