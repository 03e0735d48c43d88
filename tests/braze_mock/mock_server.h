// braze-mock as an object: the HTTP face of BrazeModel, with keys, rate limit, faults, ledger and control endpoints.
// Endpoints and their replies are described in docs/braze-mock.md.
//
// Start() returns when the port accepts connections; requests are served by threads of the object until Stop() or its
// destruction. Every public member may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/braze_mock/ledger.h"
#include "tests/braze_mock/rate_limiter.h"
#include "tests/braze_mock/switches.h"
#include "tests/braze_mock/tls_certificate.h"

namespace cdi::braze_mock {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;                              // 0: any free one
  std::vector<std::string> api_keys;         // with the permission users.track
  std::vector<std::string> denied_api_keys;  // known, without it
  std::unique_ptr<TlsIdentity> tls;          // null: plain HTTP
  std::chrono::milliseconds latency{0};      // before each reply of /users/track…
  RateLimit rate_limit;
  LedgerMode ledger = LedgerMode::kFull;
  Switches switches;
  size_t threads = 448;  // a kept-alive connection holds one, idle or not: more than the peak of connections
};

class MockServer {
 public:
  // kInvalidArgument: no key given. kUnavailable: the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<MockServer>> Start(ServerOptions options);
  ~MockServer();
  MockServer(const MockServer&) = delete;
  MockServer& operator=(const MockServer&) = delete;

  int port() const;
  // "http://127.0.0.1:PORT", or https.
  std::string url() const;
  // Closes every connection and waits for the threads.
  void Stop();

 private:
  class Core;
  explicit MockServer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace cdi::braze_mock
