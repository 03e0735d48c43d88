// Decides about each call: who it is, whether the table lets him, whether he asks too much. Default: refused.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "cdi/config/v1/server_config.pb.h"
#include "server/access/call_limits.h"
#include "server/access/principal.h"
#include "server/access/rpc_table.h"
#include "server/access/token_store.h"

namespace cdi::server {

// What a call brings along to show who makes it.
struct Credentials {
  std::vector<std::string> authorization = {};  // values of the metadata key `authorization`
  std::string certificate_subject = {};         // of a verified client certificate, RFC 2253; empty: none
};

// Thread-safe.
class AccessControl {
 public:
  // `tokens` outlives it; nullptr: there are none.
  AccessControl(const config::v1::ServerConfig& config, TokenStore* tokens, const Clock& clock);

  // A token counts before a certificate, and either before none. UNAUTHENTICATED: CREDENTIALS_MISSING, and what
  // TokenStore::Check says.
  absl::StatusOr<Principal> Authenticate(const Credentials& credentials);

  // PERMISSION_DENIED: ROLE_TOO_LOW, OUT_OF_SCOPE; INVALID_FIELD when the caller is limited and nothing is named.
  // `resources`: what the request names.
  absl::Status Authorize(const RpcRow& row, const Principal& principal,
                         const std::vector<std::string>& resources) const;

  // For as long as a call lasts: UNAUTHENTICATED once the principal would not be let in any more.
  absl::Status Recheck(const Principal& principal) const;

  CallLimits& limits() { return limits_; }

 private:
  const Role anonymous_role_;
  std::map<std::string, Principal, std::less<>> certificates_;  // by subject; not changed once made
  TokenStore* const tokens_;
  CallLimits limits_;
};

}  // namespace cdi::server
