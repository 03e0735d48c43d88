// What every handler works with, and the one frame that every RPC runs in: last-resort catch, log line, status
// conversion.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <exception>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/logger.h"
#include "base/rng.h"
#include "base/text.h"
#include "cdi/config/v1/server_config.pb.h"
#include "ingest/braze/http_sender.h"
#include "ingest/engine.h"
#include "ingest/state_store.h"
#include "keys/key_ring.h"
#include "server/secret_box.h"
#include "server/status_to_grpc.h"
#include "server/warehouses.h"

namespace cdi::server {

struct ServiceContext {
  const config::v1::ServerConfig& config;
  ingest::StateStore& store;
  ingest::Engine& engine;
  ingest::braze::HttpSender& sender;
  keys::KeyRing& keys;
  SecretBox& secrets;
  Warehouses& warehouses;
  const Clock& clock;
  Rng& rng;
  Logger& logger;
};

// The log line of one RPC. Failures of ours are logged with their text; the caller gets none of it.
void LogCall(const ServiceContext& context, std::string_view method, const std::string& peer, MonoTime begin,
             const absl::Status& status);

// Runs `handle` (returning absl::Status) and converts what it says.
template <typename Handle>
grpc::Status Serve(const ServiceContext& context, std::string_view method, const grpc::ServerContext* rpc,
                   Handle&& handle) {
  const MonoTime begin = context.clock.MonoNow();
  absl::Status status;
  try {
    status = handle();
  } catch (const std::exception& error) {
    status = absl::InternalError(CutText(error.what(), 300));
  }
  LogCall(context, method, rpc->peer(), begin, status);
  return ToGrpc(status);
}

// Same request, same hash: what a request id is compared by.
template <typename Request>
std::string RequestHash(const Request& request) {
  return Sha256Hex(request.SerializeAsString());
}

}  // namespace cdi::server
