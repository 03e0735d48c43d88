// The statements an administrator runs in Snowflake so that a public key counts for a user, or no longer does.
//
// Nothing can be injected: the user name is parsed and quoted anew, the key must be the base64 of an RSA public key.
// Pure functions. Source: docs.snowflake.com, ALTER USER and "Identifier requirements", read 2026-11.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "keys/key_slot.h"

namespace cdi::keys {

// `ALTER USER SVC_BRAZE SET RSA_PUBLIC_KEY='MII...'`, without a semicolon.
// kInvalidArgument with the field user or public_key.
absl::StatusOr<std::string> AlterUserSetStatement(std::string_view user, KeySlot slot,
                                                  std::string_view public_key_line);

// `ALTER USER SVC_BRAZE UNSET RSA_PUBLIC_KEY_2`.
absl::StatusOr<std::string> AlterUserUnsetStatement(std::string_view user, KeySlot slot);

// A user name as it stands in SQL. `svc_braze` gives SVC_BRAZE (unquoted names are upper-cased by Snowflake);
// `"Svc Braze"` and `svc.braze@example.com` give a quoted identifier with the case kept; reserved words are quoted.
// kInvalidArgument (field user): empty, more than 255 characters, control characters, not UTF-8, a stray quote.
absl::StatusOr<std::string> QuoteUserName(std::string_view user);

}  // namespace cdi::keys
