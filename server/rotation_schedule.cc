#include "server/rotation_schedule.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cdi::server {
namespace {

constexpr int64_t kHourSeconds = 3600;
constexpr int kDayHours = 24;
constexpr std::chrono::hours kPauseAfterFailure{24};
constexpr std::string_view kSchedule = "schedule";

int64_t HourNumber(const Timestamp& time) {
  // Rounds towards the past, before 1970 too.
  return time.seconds >= 0 ? time.seconds / kHourSeconds : -((-time.seconds + kHourSeconds - 1) / kHourSeconds);
}

}  // namespace

bool IsInWindow(const Timestamp& time, int start_hour, int end_hour) {
  if (start_hour == end_hour) return true;
  const auto hour = static_cast<int>(((HourNumber(time) % kDayHours) + kDayHours) % kDayHours);
  if (start_hour < end_hour) return hour >= start_hour && hour < end_hour;
  return hour >= start_hour || hour < end_hour;
}

const keys::KeyPairRecord* ActivePair(const std::vector<keys::KeyPairRecord>& pairs) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [](const keys::KeyPairRecord& pair) {
    return pair.state == keys::KeyPairState::kActive;
  });
  return found == pairs.end() ? nullptr : &*found;
}

std::optional<Timestamp> NextScheduled(const v1::Connection::KeyRotation& settings,
                                       const std::vector<keys::KeyPairRecord>& pairs,
                                       const std::vector<keys::RotationRecord>& rotations, const Timestamp& now) {
  const keys::KeyPairRecord* active = ActivePair(pairs);
  if (settings.every_days() <= 0 || active == nullptr) return std::nullopt;
  Timestamp due = active->create_time.Plus(std::chrono::hours{24 * settings.every_days()});
  for (const keys::RotationRecord& rotation : rotations) {
    if (!keys::IsEnd(rotation.step)) return std::nullopt;
    const bool failed = rotation.requested_by == kSchedule && rotation.step != keys::RotationStep::kDone;
    if (failed && !rotation.times.empty()) due = std::max(due, rotation.times.back().time.Plus(kPauseAfterFailure));
  }
  Timestamp at = std::max(due, now);
  for (int i = 0; i < kDayHours && !IsInWindow(at, settings.window_start_hour(), settings.window_end_hour()); ++i) {
    at = {(HourNumber(at) + 1) * kHourSeconds, 0};
  }
  return at;
}

std::string NewRotationId(const std::vector<keys::RotationRecord>& rotations) {
  for (size_t number = rotations.size() + 1;; ++number) {
    const std::string id = absl::StrCat("r", number);
    const bool taken = std::any_of(rotations.begin(), rotations.end(), [&](const keys::RotationRecord& rotation) {
      return rotation.name.ends_with(absl::StrCat("/", id));
    });
    if (!taken) return id;
  }
}

}  // namespace cdi::server
