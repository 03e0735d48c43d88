#include "keys/key_maker.h"

#include "base/status_macros.h"
#include "keys/rsa_key.h"

namespace cdi::keys {

absl::StatusOr<PublicHalf> KeyMaker::PublicHalfOf(const Secret& pkcs8_pem) const {
  CDI_ASSIGN_OR_RETURN(const RsaKeyPair pair, RsaKeyPair::FromPkcs8Pem(pkcs8_pem.Expose(), nullptr));
  return PublicHalf{pair.PublicKeyLine(), pair.Fingerprint()};
}

}  // namespace cdi::keys
