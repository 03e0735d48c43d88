// What stands between the network and the frame: TLS, and bounds on connections, streams, messages and memory.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "cdi/config/v1/server_config.pb.h"

namespace cdi::server {

// TLS 1.2 or 1.3 with the files of the configuration, which are read again within seconds of a change; or none
// (`plaintext`). FAILED_PRECONDITION, TLS_FILES_UNUSABLE.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ListenerCredentials(const config::v1::ServerConfig& config,
                                                                             const Clock& clock);

void BoundTransport(grpc::ServerBuilder& builder);

// Takes reflection off this server. It would be there otherwise: loading gRPC's library of it is enough to have it in
// every builder (proto_server_reflection_plugin.cc of gRPC 1.51, a static initializer).
void WithoutReflection(grpc::ServerBuilder& builder);

}  // namespace cdi::server
