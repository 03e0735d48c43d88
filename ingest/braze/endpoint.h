// Where a workspace's requests may go: text rules when an endpoint is given, address rules when a connection is made.
//
// Both exist because the API key travels with every request: a wrong or hostile endpoint must get neither the key nor a
// way into the network of the service (SSRF: OWASP ASVS 5.0, 1.3.6 and 13.2.4). The text rules alone are not enough, as
// a name may resolve to any address and may change its mind between two requests.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cdi::ingest::braze {

// What the server's own configuration allows; never set by a request.
struct EndpointPolicy {
  // http or https, any port, on 127.0.0.0/8, ::1 and localhost: for tests, the demo and users' own CI.
  bool allow_loopback = false;
  // A host must end in one of these, with at least one label before it. New Braze clusters appear under these two.
  std::vector<std::string> host_suffixes = {".braze.com", ".braze.eu"};
};

struct Endpoint {
  bool https = true;
  bool loopback = false;  // may connect to loopback addresses, and to nothing else
  std::string host;       // lower case; an IPv6 address in brackets
  uint16_t port = 443;

  std::string Origin() const;  // "https://rest.iad-01.braze.com", the port only where it is not the scheme's own
};

// INVALID_ARGUMENT, reason ENDPOINT_INVALID, detail `field`, for anything but scheme://host[:port] with at most one
// slash after it, within the policy. The message names the fault and the fix. Pure; any thread.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view url, const EndpointPolicy& policy,
                                       std::string_view field = "endpoint");

// Whether a connection for `endpoint` may go to this address: a loopback endpoint only to loopback, any other only to
// public unicast addresses (no private, shared, link-local, metadata, multicast, documentation or mapped ones). Pure.
bool MayConnect(const Endpoint& endpoint, const sockaddr* address, socklen_t size);

// The hosts that Braze documents (API overview, read 2026-11), as hints for people.
const std::vector<std::string_view>& KnownBrazeHosts();

}  // namespace cdi::ingest::braze
