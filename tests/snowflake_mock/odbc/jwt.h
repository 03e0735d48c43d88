// The login token of key-pair authentication: a JWT signed with RS256 (spec/snowflake.md §1.4), made from the private
// key.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "tests/snowflake_mock/odbc/settings.h"

namespace cdi::sfodbc {

// An RSA private key inside OpenSSL; copyable by handle, used from any thread.
inline constexpr int kNativeBadKey = 20032;  // what 3.x gives for a missing or unreadable key

// The PEM text of an EVP_PKEY*; empty when it holds no private key.
Secret PemOfEvpKey(void* key);

class PrivateKey {
 public:
  // From the first of key_content (PEM), key_base64 (base64 of a PEM, or of the DER inside one), key_file (PEM).
  // 28000 native 20032 with what is wrong; no message holds any part of the key.
  static absl::StatusOr<PrivateKey> Load(const Settings& settings);

  // "SHA256:" + base64 of the SHA-256 over the public half (SubjectPublicKeyInfo, DER).
  absl::StatusOr<std::string> Fingerprint() const;

  // A token for `account`.`user` (put in upper case here) that was issued at `now` and lives for `lifetime`.
  absl::StatusOr<std::string> MakeToken(std::string_view account, std::string_view user,
                                        std::chrono::system_clock::time_point now, std::chrono::seconds lifetime) const;

 private:
  explicit PrivateKey(std::shared_ptr<void> key) : key_(std::move(key)) {}
  std::shared_ptr<void> key_;  // EVP_PKEY
};

}  // namespace cdi::sfodbc
