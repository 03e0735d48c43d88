// The login token of Snowflake's key-pair authentication, signed RS256.
//
// For tests, stand-ins and status tools: in production the ODBC driver signs its own, fresh for each login.
// Claims as the drivers make them (docs.snowflake.com, "Key-pair authentication", read 2026-11): sub ACCOUNT.USER, iss
// ACCOUNT.USER.SHA256:..., iat and exp in seconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "keys/rsa_key.h"

namespace cdi::keys {

// Snowflake's bound on exp - iat.
inline constexpr std::chrono::seconds kJwtLifetimeMax = std::chrono::hours(1);

// `user` is the LOGIN_NAME; account and user are upper-cased. `lifetime` is 1 s to one hour.
// kInvalidArgument with the field account, user or lifetime.
absl::StatusOr<std::string> MakeJwt(const RsaKeyPair& key_pair, std::string_view account, std::string_view user,
                                    Timestamp issued_at, std::chrono::seconds lifetime);

// The account as it stands in the claims: upper-cased, without region ("xy12345.us-east-1" gives XY12345), and for
// "org-account-suffix.global" without what follows the first hyphen. Underscores and other hyphens stay.
std::string JwtAccount(std::string_view account);

}  // namespace cdi::keys
