// One world of rotations from one seed: the real rotator, machine and key ring in virtual time, against a user of
// Snowflake that answers late, wrongly or not at all, strangers who change its slots, logins of syncs at every moment,
// crashes at and between the steps, clocks that jump, operators who change their minds.
//
// Checked after every change of the outer world and of the store:
//   - a public key in Snowflake has its private half durable and usable here (I11);
//   - the active pair's slot is never unset or overwritten by a statement of ours;
//   - no pair becomes active that no login succeeded with;
//   - nobody's key is overwritten but one that was permitted by its fingerprint, and none is unset;
//   - every login of a sync succeeds with one of the keys it read at its beginning.
// After each rotation, everything healed: it has ended, no key of ours without a usable pair is left in Snowflake, and
// no usable pair is missing there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/mutant_rotation.h"

namespace cdi::sim {

struct RotationSimResult {
  std::string violation;  // empty: all promises were kept
  uint64_t rotations = 0;
  std::map<std::string, uint64_t> hits;
  std::vector<std::string> trace;  // what happened, in order
};

struct RotationSimOptions {
  RotationMutation mutation = RotationMutation::kNone;
  int rotations = 10;
};

RotationSimResult SimulateRotations(uint64_t seed, const RotationSimOptions& options = {});

}  // namespace cdi::sim
