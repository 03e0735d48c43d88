// What every handler works with, and the one frame that every RPC runs in: who calls, whether he may, last-resort
// catch, record of the call, status conversion.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

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
#include "server/access/principal.h"
#include "server/call_audit.h"
#include "server/secret_box.h"
#include "server/status_to_grpc.h"
#include "server/warehouses.h"

namespace cdi::server {

class AccessControl;

struct ServiceContext {
  const config::v1::ServerConfig& config;
  ingest::StateStore& store;
  ingest::Engine& engine;
  ingest::braze::HttpSender& sender;
  keys::KeyRing& keys;
  SecretBox& secrets;
  Warehouses& warehouses;
  AccessControl& access;
  CallAudit& audit;
  const Clock& clock;
  Rng& rng;
  Logger& logger;
};

// The one place that every call passes at its end. Failures of ours are logged with their text; the caller gets none of
// it.
void RecordCall(const ServiceContext& context, const CallRecord& record);

// Serve without its template.
grpc::Status ServeCall(const ServiceContext& context, std::string_view method, const grpc::ServerContext& rpc,
                       const google::protobuf::Message& request,
                       const std::function<absl::Status(const Caller&, std::string& detail)>& handle);

// The only way into a handler: authenticates, counts, authorizes by the table's row of `method` (none: refused), runs
// `handle` and converts what it says. `handle` returns absl::Status and takes the caller, or nothing; or the caller and
// the detail that the audit's line gets at the end, which it fills as soon as it knows it.
template <typename Handle>
grpc::Status Serve(const ServiceContext& context, std::string_view method, const grpc::ServerContext* rpc,
                   const google::protobuf::Message& request, Handle&& handle) {
  return ServeCall(context, method, *rpc, request,
                   [&handle](const Caller& caller, std::string& detail) -> absl::Status {
                     if constexpr (std::is_invocable_v<Handle, const Caller&, std::string&>) {
                       return std::forward<Handle>(handle)(caller, detail);
                     } else if constexpr (std::is_invocable_v<Handle, const Caller&>) {
                       return std::forward<Handle>(handle)(caller);
                     } else {
                       return std::forward<Handle>(handle)();
                     }
                   });
}

// Resources of a kind that the caller sees, by name, after `after`, at most `limit`. `next` names none that he does not
// see.
absl::StatusOr<ingest::PageOf<ingest::Resource>> ListInScope(ingest::StateStore& store, const Caller& caller,
                                                             ingest::ResourceKind kind, const std::string& after,
                                                             int limit);

// Same request, same hash: what a request id is compared by. Passwords and API keys are left out: the hash is kept for
// a day, and whoever takes the disk must not be able to try guesses against it.
std::string RequestHash(const google::protobuf::Message& request);

}  // namespace cdi::server
