// Where the server is and how to get in: address, TLS files, token. Secrets come from files that only their owner
// reads.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "cli/environment.h"

namespace cdi::cli {

// As the command line gives them; empty: not given.
struct EndpointFlags {
  std::string server = {};
  std::string token_file = {};
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  std::string server_name = {};
  bool tls = false;
};

// Everything read, nothing connected.
struct Endpoint {
  std::string address;  // host:port or unix:/path
  bool tls = false;
  std::string ca_pem;           // authorities of the server's certificate; empty: the system's
  std::string certificate_pem;  // ours, with the key
  Secret key_pem;
  std::string server_name;  // the name that the server's certificate must have; empty: the address's
  Secret token;
};

// Fills what is not given from CDI_SERVER, CDI_TOKEN_FILE and CDI_CA_FILE. TLS is on with any TLS file, --server-name
// or
// --tls. INVALID_ARGUMENT, naming flag and file: a file that cannot be read, a token or key file that others may read,
// a token that would travel in the clear to another machine.
absl::StatusOr<Endpoint> ResolveEndpoint(const EndpointFlags& flags, const Environment& environment);

}  // namespace cdi::cli
