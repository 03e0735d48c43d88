#include "server/status_to_grpc.h"

#include "absl/strings/numbers.h"
#include "base/error.h"
#include "google/rpc/error_details.pb.h"

namespace cdi::server {
namespace {

void AttachInfo(google::rpc::Status& rpc, std::string_view reason, const ErrorDetails& details) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kErrorDomain);
  for (const auto& [key, value] : details) (*info.mutable_metadata())[key] = value;
  rpc.add_details()->PackFrom(info);
}

void AttachSpecifics(google::rpc::Status& rpc, const absl::Status& status, std::string_view reason,
                     const ErrorDetails& details) {
  const std::string message(status.message());
  if (const auto field = details.find("field"); field != details.end()) {
    google::rpc::BadRequest request;
    auto* violation = request.add_field_violations();
    violation->set_field(field->second);
    violation->set_description(message);
    rpc.add_details()->PackFrom(request);
  }
  if (const auto wait = details.find("retry_after_ms"); wait != details.end()) {
    int64_t milliseconds = 0;
    if (absl::SimpleAtoi(wait->second, &milliseconds)) {
      google::rpc::RetryInfo retry;
      retry.mutable_retry_delay()->set_seconds(milliseconds / 1000);
      retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(milliseconds % 1000) * 1'000'000);
      rpc.add_details()->PackFrom(retry);
    }
  }
  if (absl::IsFailedPrecondition(status)) {
    google::rpc::PreconditionFailure failure;
    auto* violation = failure.add_violations();
    violation->set_type(std::string(reason));
    violation->set_description(message);
    rpc.add_details()->PackFrom(failure);
  }
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string reason = ErrorReason(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  const bool ours = status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown;
  const std::string message = ours ? "internal error; the server's log has the details" : std::string(status.message());
  google::rpc::Status rpc;
  rpc.set_code(static_cast<int>(status.code()));
  rpc.set_message(message);
  const ErrorDetails details = ErrorDetailsOf(status);
  AttachInfo(rpc, reason, details);
  AttachSpecifics(rpc, status, reason, details);
  return {static_cast<grpc::StatusCode>(status.code()), message, rpc.SerializeAsString()};
}

google::rpc::Status ToRpcStatus(absl::StatusCode code, std::string_view reason, std::string_view message) {
  google::rpc::Status rpc;
  rpc.set_code(static_cast<int>(code));
  rpc.set_message(std::string(message));
  AttachInfo(rpc, reason, {});
  return rpc;
}

}  // namespace cdi::server
