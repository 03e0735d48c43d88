// What GetKeyStatus answers: a connection's keys here, its user's keys in Snowflake, and what to do next. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "cdi/v1/connection.pb.h"
#include "cdi/v1/rotation.pb.h"
#include "keys/key_store.h"
#include "keys/rotation.h"

namespace cdi::server {

struct KeyFacts {
  v1::Connection connection;
  std::vector<keys::KeyPairRecord> pairs;        // all, oldest first
  std::vector<keys::KeyPairRecord> login_order;  // the live ones
  std::vector<keys::RotationRecord> rotations;   // all, oldest first
  // What DESC USER showed, or why it did not; nullopt: not asked.
  std::optional<absl::StatusOr<keys::SlotFingerprints>> there;
  Timestamp now;
  // The live pairs whose stored public half is not that of their private half (KeyRing::CheckWhole).
  std::vector<std::string> damaged{};
};

v1::KeyStatus MakeKeyStatus(const KeyFacts& facts);

}  // namespace cdi::server
