#include "server/rotation_schedule.h"

#include <gtest/gtest.h>

namespace cdi::server {
namespace {

using keys::KeyPairRecord;
using keys::KeyPairState;
using keys::RotationRecord;
using keys::RotationStep;

Timestamp At(const char* text) {
  return Timestamp::Parse(text).value();
}

KeyPairRecord Pair(KeyPairState state, const char* created) {
  KeyPairRecord pair;
  pair.name = "connections/main/keyPairs/k";
  pair.state = state;
  pair.create_time = At(created);
  return pair;
}

RotationRecord Rotation(const char* id, RotationStep step, const char* asker, const char* reached) {
  RotationRecord rotation;
  rotation.name = std::string("connections/main/rotations/") + id;
  rotation.step = step;
  rotation.requested_by = asker;
  rotation.times.push_back({step, At(reached)});
  return rotation;
}

v1::Connection::KeyRotation Every(int days, int from = 0, int to = 0) {
  v1::Connection::KeyRotation settings;
  settings.set_every_days(days);
  settings.set_window_start_hour(from);
  settings.set_window_end_hour(to);
  return settings;
}

TEST(RotationScheduleTest, AWindowMayGoOverMidnightAndEqualHoursAreTheWholeDay) {
  struct Case {
    const char* time;
    int from;
    int to;
    bool inside;
  };
  for (const Case& test : {Case{"2026-11-26T08:59:59Z", 9, 17, false}, Case{"2026-11-26T09:00:00Z", 9, 17, true},
                           Case{"2026-11-26T16:59:59Z", 9, 17, true}, Case{"2026-11-26T17:00:00Z", 9, 17, false},
                           Case{"2026-11-26T23:00:00Z", 22, 4, true}, Case{"2026-11-26T03:59:59Z", 22, 4, true},
                           Case{"2026-11-26T04:00:00Z", 22, 4, false}, Case{"2026-11-26T12:00:00Z", 0, 0, true},
                           Case{"1969-12-31T23:00:00Z", 22, 4, true}, Case{"1969-12-31T21:59:59Z", 22, 4, false}}) {
    EXPECT_EQ(IsInWindow(At(test.time), test.from, test.to), test.inside) << test.time << " " << test.from;
  }
}

TEST(RotationScheduleTest, StartsAtTheKeysAgeWithinTheWindow) {
  const std::vector<KeyPairRecord> pairs = {Pair(KeyPairState::kActive, "2026-11-01T10:30:00Z")};
  EXPECT_EQ(NextScheduled(Every(30), pairs, {}, At("2026-11-20T00:00:00Z")), At("2026-12-01T10:30:00Z"));
  EXPECT_EQ(NextScheduled(Every(30), pairs, {}, At("2026-12-05T00:00:00Z")), At("2026-12-05T00:00:00Z"));
  EXPECT_EQ(NextScheduled(Every(30, 22, 4), pairs, {}, At("2026-11-20T00:00:00Z")), At("2026-12-01T22:00:00Z"));
  EXPECT_EQ(NextScheduled(Every(30, 9, 17), pairs, {}, At("2026-12-01T18:10:00Z")), At("2026-12-02T09:00:00Z"));
}

TEST(RotationScheduleTest, IsOffWithoutDaysWithoutAnActivePairAndWhileARotationIsOpen) {
  const Timestamp now = At("2027-11-20T00:00:00Z");
  const std::vector<KeyPairRecord> active = {Pair(KeyPairState::kActive, "2026-11-01T10:30:00Z")};
  EXPECT_FALSE(NextScheduled(Every(0), active, {}, now).has_value());
  EXPECT_FALSE(NextScheduled(Every(1), {Pair(KeyPairState::kGenerated, "2026-11-01T10:30:00Z")}, {}, now).has_value());
  const RotationRecord open = Rotation("r1", RotationStep::kDraining, "anonymous", "2027-11-19T00:00:00Z");
  EXPECT_FALSE(NextScheduled(Every(1), active, {open}, now).has_value());
}

TEST(RotationScheduleTest, AScheduledRotationThatDidNotSucceedIsNotRepeatedForADay) {
  const Timestamp now = At("2027-11-20T00:00:00Z");
  const std::vector<KeyPairRecord> active = {Pair(KeyPairState::kActive, "2026-11-01T10:30:00Z")};
  const auto next = [&](RotationStep step, const char* asker) {
    return NextScheduled(Every(1), active, {Rotation("r1", step, asker, "2027-11-19T23:00:00Z")}, now);
  };
  EXPECT_EQ(next(RotationStep::kRolledBack, "schedule"), At("2027-11-20T23:00:00Z"));
  EXPECT_EQ(next(RotationStep::kFailed, "schedule"), At("2027-11-20T23:00:00Z"));
  EXPECT_EQ(next(RotationStep::kDone, "schedule"), now);
  EXPECT_EQ(next(RotationStep::kRolledBack, "tokens/ops"), now);
}

TEST(RotationScheduleTest, ANewIdIsNeverOneThatIsTaken) {
  EXPECT_EQ(NewRotationId({}), "r1");
  const char* when = "2027-11-19T23:00:00Z";
  EXPECT_EQ(NewRotationId({Rotation("r1", RotationStep::kDone, "a", when)}), "r2");
  EXPECT_EQ(NewRotationId({Rotation("r2", RotationStep::kDone, "a", when)}), "r3");
  EXPECT_EQ(NewRotationId({Rotation("spring", RotationStep::kDone, "a", when)}), "r2");
}

}  // namespace
}  // namespace cdi::server
