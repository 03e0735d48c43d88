// Where the key ring gets new pairs from, and what tells it which public half belongs to a private one.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"

namespace cdi::keys {

// A pair as it is stored: RsaKeyPair's texts.
struct MadeKey {
  int bits = 0;
  std::string public_key_line;
  std::string fingerprint;
  Secret pkcs8_pem;  // unencrypted
};

struct PublicHalf {
  std::string public_key_line;
  std::string fingerprint;
};

// KeyGenerator in the service; the simulator has one that costs nothing.
class KeyMaker {
 public:
  virtual ~KeyMaker() = default;
  // Blocks until the pair is made. Thread-safe. Errors as RsaKeyPair::Generate, and kResourceExhausted
  // (KEY_GENERATION_BUSY).
  virtual absl::StatusOr<MadeKey> Make(int bits) = 0;
  // Computed from an unencrypted private half. Errors as RsaKeyPair::FromPkcs8Pem.
  virtual absl::StatusOr<PublicHalf> PublicHalfOf(const Secret& pkcs8_pem) const;
};

}  // namespace cdi::keys
