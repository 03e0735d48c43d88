// Key pairs as the API shows them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cdi/v1/key_pair.pb.h"
#include "keys/key_store.h"
#include "keys/rotation.h"

namespace cdi::server {

// What an answer tells of a pair besides its record. Read before a pair is made or revoked: what was done must not be
// answered by an error.
struct KeyPairSurroundings {
  std::string user;                               // as the connection spells it; "" when it is not known
  std::vector<keys::RotationRecord> rotations{};  // of the connection
};

// Cannot fail: a statement that cannot be made is left empty. `whole` is KeyRing::CheckWhole of a live pair.
v1::KeyPair ViewOf(const keys::KeyPairRecord& record, const KeyPairSurroundings& surroundings,
                   const absl::Status& whole = absl::OkStatus());

// The UNSET statement of each pair that is not revoked, in their order; with a condition in a comment where the pair
// was never seen in Snowflake. A user that cannot be quoted has none.
std::vector<std::string> UnregisterStatements(const std::vector<keys::KeyPairRecord>& records, std::string_view user);

}  // namespace cdi::server
