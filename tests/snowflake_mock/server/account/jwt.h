// Key-pair login: RSA public keys as ALTER USER takes them, and the verification of the JWT a client signs.
//
// Rules and the names of causes: docs.snowflake.com "Key-pair authentication and key-pair rotation" and its
// troubleshooting page, read 2026-11 (spec/snowflake.md §1).
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace cdi::snowflake_mock {

struct PublicKeyFacts {
  std::string base64;       // of the DER SubjectPublicKeyInfo, one line
  std::string fingerprint;  // "SHA256:…"
};

// From base64 with or without PEM lines and line breaks. 001008 unless it is an RSA key of at least 2048 bits.
absl::StatusOr<PublicKeyFacts> ReadPublicKey(const std::string& text);

struct JwtClaims {
  std::string algorithm;
  std::string account;      // from iss, upper case as sent
  std::string user;         // from iss
  std::string fingerprint;  // from iss, with SHA256:
  std::string subject;
  int64_t issued_seconds = 0;
  int64_t expires_seconds = 0;
  bool has_times = false;
  int64_t not_before_seconds = 0;  // 0: none
  std::string signed_text;         // header.payload
  std::string signature;           // raw bytes
};

// Takes a token apart without trusting it. Times in milliseconds (above 10^11) are brought to seconds.
// kInvalidArgument when it is no JWT with an `iss` of the form ACCOUNT.USER.SHA256:….
absl::StatusOr<JwtClaims> ParseJwt(const std::string& token);

// "" when the times are good at `now_seconds`, else the name of the cause. `iat` may lie `skew_seconds` back or ahead;
// a life of more than an hour is refused.
std::string CheckJwtTimes(const JwtClaims& claims, int64_t now_seconds, int64_t skew_seconds);
// The code of a cause (394302 of JWT_TOKEN_INVALID_ISSUE_TIME); 390144 for one without its own.
std::string JwtCauseCode(const std::string& cause);
// RS256 over the signed text with the registered key.
bool VerifyJwtSignature(const JwtClaims& claims, const std::string& public_key_base64);

}  // namespace cdi::snowflake_mock
