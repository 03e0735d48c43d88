// Where a connection's credentials come from; filled in by the server, which owns the sealed keys.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/secret.h"

namespace cdi::warehouse {

struct Credential {
  std::string label;       // for logs: the key pair's resource name, never a secret
  Secret private_key_pem;  // Snowflake: PKCS#8 PEM, unencrypted, in memory only
  Secret password;         // PostgreSQL
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // In the order to try: the active one, then the one it replaces. Thread-safe.
  virtual absl::StatusOr<std::vector<Credential>> Credentials() = 0;
  // Tells which one logged in, and which were refused before it.
  virtual void LoggedIn(const Credential& credential) = 0;
};

}  // namespace cdi::warehouse
