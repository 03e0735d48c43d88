// When the schedule of a connection rotates its key next. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "cdi/v1/connection.pb.h"
#include "keys/key_store.h"
#include "keys/rotation.h"

namespace cdi::server {

// From this age on a key is warned of, with or without a schedule.
inline constexpr std::chrono::hours kKeyOldAge{24 * 90};

// Whether the hour of `time` (UTC) is in [start, end); a window over midnight has its end before its start, equal hours
// are the whole day.
bool IsInWindow(const Timestamp& time, int start_hour, int end_hour);

// The connection's active pair; nullptr: none.
const keys::KeyPairRecord* ActivePair(const std::vector<keys::KeyPairRecord>& pairs);

// The moment from `now` on at which a rotation is to start: `now` itself when it is due. nullopt: no schedule, no
// active pair, or a rotation is open. One that the schedule started and that did not succeed is not repeated before a
// day has passed. `rotations`: of the connection, oldest first.
std::optional<Timestamp> NextScheduled(const v1::Connection::KeyRotation& settings,
                                       const std::vector<keys::KeyPairRecord>& pairs,
                                       const std::vector<keys::RotationRecord>& rotations, const Timestamp& now);

// r1, r2, …: the first that none of the connection's rotations has.
std::string NewRotationId(const std::vector<keys::RotationRecord>& rotations);

}  // namespace cdi::server
