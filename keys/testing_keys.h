// Internal to the tests of keys/: one RSA pair of each kind that many tests share (making one takes 0.1 s and more).
#pragma once

#include <string>

#include "base/check.h"
#include "keys/rsa_key.h"

namespace cdi::keys {

// Made once per process.
inline const RsaKeyPair& SharedPair() {
  static const RsaKeyPair pair = [] {
    absl::StatusOr<RsaKeyPair> made = RsaKeyPair::Generate(2048);
    CDI_CHECK(made.ok(), "a test key pair can be made");
    return *std::move(made);
  }();
  return pair;
}

}  // namespace cdi::keys
