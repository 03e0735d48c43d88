// Internal to the tests of keys/: what several of them share; making an RSA pair takes 0.1 s and more.
#pragma once

#include <string>

#include "base/check.h"
#include "keys/rsa_key.h"

namespace cdi::keys {

// A sanitizer's allocator ignores mallopt and keeps freed memory on purpose.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

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
