// Carries bodies to Braze over HTTPS: one thread for the whole process, hundreds of requests in flight as data.
//
// One loop on libcurl's multi socket interface and epoll; HTTP/1.1, kept-alive connections, shared TLS sessions. Every
// Send puts at most one body on the wire: libcurl's own repeat of a POST, when a kept-alive connection dies before the
// reply, is refused and reported as ambiguous. No redirect is followed, no proxy used, no plain HTTP spoken but to
// loopback endpoints that the server's configuration allows. Certificates and host names are always verified, addresses
// are checked at every connect.
//
// Thread-safe but for construction and destruction. Callbacks come from the loop's thread and must not block; they may
// call Send.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/secret.h"
#include "ingest/braze/endpoint.h"
#include "ingest/sender.h"

namespace cdi::ingest::braze {

struct HttpSenderOptions {
  EndpointPolicy policy;
  // Requests on the wire at once, over all workspaces; more wait in order. Each may take a file descriptor.
  size_t requests_in_flight_max = 1'000;
  // Sum of their bodies; a request that finds no room waits, a single larger one goes alone.
  size_t body_bytes_in_flight_max = 64ULL << 20;
  std::chrono::milliseconds connect_timeout{10'000};
  std::string user_agent = "cdi/0.1";
  // Fixed addresses, "host:port:address" as `curl --resolve` takes them: for closed networks and tests. They pass the
  // same address check as resolved ones.
  std::vector<std::string> resolve;
};

struct WorkspaceEndpoint {
  std::string url;  // https://rest.iad-01.braze.com
  Secret api_key;
  std::string ca_file;  // PEM file of certificate authorities to trust beside the system's; empty: none
};

class HttpSender final : public Sender {
 public:
  // kInternal when libcurl or the system refuses what the loop needs.
  static absl::StatusOr<std::unique_ptr<HttpSender>> Create(HttpSenderOptions options);
  // As Shutdown with a deadline in the past.
  ~HttpSender() override;

  // Adds or replaces a workspace; requests under way keep what they started with. INVALID_ARGUMENT with `field`
  // "endpoint" (ENDPOINT_INVALID), "api_key" or "ca_file" (INVALID_FIELD).
  absl::Status RegisterWorkspace(const WorkspaceName& name, WorkspaceEndpoint workspace);
  void UnregisterWorkspace(const WorkspaceName& name);

  // An unknown workspace, or a Send after Shutdown began: kNotSent. The reply may take `request.timeout` from the
  // moment the request leaves the queue; `duration` counts from there as well.
  void Send(SendRequest request, std::function<void(SendReport)> done) override;

  // Proves endpoint, key and permission with a request that changes nothing: POST /users/track with `{}`. Braze checks
  // the key before the body and answers 400 "Valid data must be provided …", which is success here; no cheaper endpoint
  // needs the permission users.track. Blocks for at most `timeout` and the wait for a slot. Errors: see ClassifyProbe;
  // kNotFound WORKSPACE_UNKNOWN. Not from a callback.
  absl::Status Probe(const WorkspaceName& name, std::chrono::milliseconds timeout);

  // Ends the sender: what waits is reported kNotSent at once, what is on the wire may end until `deadline`
  // (SystemClock's MonoTime) and is then cut (kAmbiguous, or kNotSent where nothing left). Blocks until the last
  // callback returned.
  void Shutdown(MonoTime deadline);

  // Requests on the wire, and waiting for room. For metrics.
  size_t requests_in_flight() const;
  size_t requests_waiting() const;

 private:
  class Core;
  explicit HttpSender(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace cdi::ingest::braze
