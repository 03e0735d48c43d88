// The one converter from our statuses to gRPC's. Attaches google.rpc.Status with exactly one ErrorInfo (reason, domain,
// details) and, where they fit, BadRequest (field), RetryInfo (retry_after_ms) or PreconditionFailure.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace cdi::server {

inline constexpr char kErrorDomain[] = "cdi";

// OK stays OK. Reasonless errors get the name of their code as reason; kInternal and kUnknown keep their text out of
// the reply (it goes to the log), everything else is written for the caller.
grpc::Status ToGrpc(const absl::Status& status);

// The same as a message, for fields such as Run.error.
google::rpc::Status ToRpcStatus(absl::StatusCode code, std::string_view reason, std::string_view message);

}  // namespace cdi::server
