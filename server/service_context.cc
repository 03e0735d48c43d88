#include "server/service_context.h"

#include "base/error.h"

namespace cdi::server {

void LogCall(const ServiceContext& context, std::string_view method, const std::string& peer, MonoTime begin,
             const absl::Status& status) {
  const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.MonoNow() - begin).count();
  const std::string code = absl::StatusCodeToString(status.code());
  if (absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status)) {
    context.logger.Write(LogLevel::kError, "rpc_failed",
                         {{"method", method},
                          {"code", code},
                          {"reason", ErrorReason(status)},
                          {"detail", std::string(status.message())},
                          {"peer", peer},
                          {"duration_ms", int64_t{duration}}});
    return;
  }
  context.logger.Write(status.ok() ? LogLevel::kDebug : LogLevel::kInfo, status.ok() ? "rpc" : "rpc_refused",
                       {{"method", method},
                        {"code", code},
                        {"reason", ErrorReason(status)},
                        {"peer", peer},
                        {"duration_ms", int64_t{duration}}});
}

}  // namespace cdi::server
