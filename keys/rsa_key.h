// An RSA key pair for a Snowflake user: made here or read from PKCS#8, shown only by its public half.
//
// Formats are Snowflake's (docs.snowflake.com, "Key-pair authentication and key-pair rotation", read 2026-11): the
// public key line is the base64 of the DER SubjectPublicKeyInfo without line breaks, the fingerprint is `SHA256:` and
// the base64 of SHA-256 over that DER. At least 2048 bits there; 2048, 3072 or 4096 are made here.
//
// Move-only; owns its key. Const methods may be called from several threads at once. A moved-from object may only be
// destroyed or assigned to.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "keys/key_maker.h"

namespace cdi::keys {

inline constexpr int kRsaBitsDefault = 3072;

class RsaKeyPair {
 public:
  // Takes 0.1 s (2048 bits) to 3 s (4096 bits, worst seen) of one core: not for an RPC thread, see KeyGenerator.
  // kInvalidArgument (field key_bits) for other sizes; kCancelled when `stop` was requested; kInternal when OpenSSL
  // fails.
  static absl::StatusOr<RsaKeyPair> Generate(int bits, std::stop_token stop = {});

  // Reads `BEGIN PRIVATE KEY`, or `BEGIN ENCRYPTED PRIVATE KEY` with its passphrase; `passphrase` may be null.
  // kInvalidArgument (field private_key or passphrase) with cause and fix for anything else: PKCS#1 text, a passphrase
  // that is missing or wrong, another kind of key, fewer than 2048 or more than 4096 bits, halves that do not fit.
  static absl::StatusOr<RsaKeyPair> FromPkcs8Pem(std::string_view pem, const Secret* passphrase);

  int bits() const;
  // One line of base64, as ALTER USER ... SET RSA_PUBLIC_KEY wants it.
  std::string PublicKeyLine() const;
  std::string PublicKeyPem() const;
  // "SHA256:" and 44 characters of base64, as DESC USER shows it in RSA_PUBLIC_KEY_FP.
  std::string Fingerprint() const;

  // The unencrypted PKCS#8 PEM. OpenSSL's buffers on the way are wiped.
  Secret Pkcs8Pem() const;
  // All of the above.
  MadeKey Made() const;

  // RSASSA-PKCS1-v1_5 over SHA-256: raw signature bytes.
  absl::StatusOr<std::string> SignRs256(std::string_view message) const;

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept;
  };
  using KeyHandle = std::unique_ptr<EVP_PKEY, FreeKey>;

  explicit RsaKeyPair(KeyHandle key);
  std::string PublicKeyDer() const;

  KeyHandle key_;
};

// The fingerprint of a public key line. kInvalidArgument (field public_key) when it is not the canonical base64 of an
// RSA SubjectPublicKeyInfo of at least 2048 bits: nothing but [A-Za-z0-9+/=] passes, so a line that passed can stand
// between single quotes.
absl::StatusOr<std::string> Fingerprint(std::string_view public_key_line);

// OK when `signature` over `message` was made by the private half of this line; kUnauthenticated when not.
absl::Status VerifyRs256(std::string_view public_key_line, std::string_view message, std::string_view signature);

}  // namespace cdi::keys
