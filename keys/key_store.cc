#include "keys/key_store.h"

namespace cdi::keys {

std::string_view KeyPairStateName(KeyPairState state) {
  switch (state) {
    case KeyPairState::kGenerated:
      return "GENERATED";
    case KeyPairState::kRegistered:
      return "REGISTERED";
    case KeyPairState::kActive:
      return "ACTIVE";
    case KeyPairState::kDraining:
      return "DRAINING";
    case KeyPairState::kRevoked:
      return "REVOKED";
  }
  return "UNKNOWN";
}

}  // namespace cdi::keys
