// Where the key ring gets new pairs from.
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

// KeyGenerator in the service; the simulator has one that costs nothing.
class KeyMaker {
 public:
  virtual ~KeyMaker() = default;
  // Blocks until the pair is made. Thread-safe. Errors as RsaKeyPair::Generate, and kResourceExhausted
  // (KEY_GENERATION_BUSY).
  virtual absl::StatusOr<MadeKey> Make(int bits) = 0;
};

}  // namespace cdi::keys
