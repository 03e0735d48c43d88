#include "server/workspaces.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/connection_probe.h"
#include "server/documents.h"

namespace cdi::server {
namespace {

constexpr size_t kDisplayNameMax = 200;
constexpr size_t kApiKeyMax = 1000;
constexpr std::chrono::seconds kProbeTimeout{15};

absl::Status CheckLimit(std::string_view field, int value, int low, int high) {
  if (value == 0 || (value >= low && value <= high)) return absl::OkStatus();
  return InvalidField(absl::StrCat("workspace.limits.", std::string(field)),
                      absl::StrCat(std::string(field), " must be ", low, "..", high, " (0: the default); got ", value));
}

absl::Status CheckLimits(const v1::Workspace::Limits& limits) {
  CDI_RETURN_IF_ERROR(CheckLimit("objects_per_request", limits.objects_per_request(), 1, kObjectsPerRequestMax));
  CDI_RETURN_IF_ERROR(CheckLimit("body_bytes", limits.body_bytes(), 10'000, 4'000'000));
  CDI_RETURN_IF_ERROR(CheckLimit("rate_requests", limits.rate_requests(), 1, 100'000));
  CDI_RETURN_IF_ERROR(CheckLimit("requests_in_flight", limits.requests_in_flight(), 1, 1000));
  if (!limits.has_rate_window()) return absl::OkStatus();
  return FromProto(limits.rate_window(), std::chrono::milliseconds{100}, std::chrono::hours{1},
                   "workspace.limits.rate_window")
      .status();
}

ingest::braze::EndpointPolicy PolicyOf(const config::v1::ServerConfig& config) {
  return {.allow_loopback = config.allow_loopback_endpoints(),
          .host_suffixes = {config.braze_host_suffixes().begin(), config.braze_host_suffixes().end()}};
}

}  // namespace

absl::Status CheckWorkspace(const v1::Workspace& workspace, const config::v1::ServerConfig& config) {
  if (workspace.display_name().size() > kDisplayNameMax) {
    return InvalidField("workspace.display_name", "display_name must be at most 200 bytes");
  }
  CDI_RETURN_IF_ERROR(
      ingest::braze::ParseEndpoint(workspace.endpoint(), PolicyOf(config), "workspace.endpoint").status());
  const std::string& key = workspace.api_key();
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
  if (key.size() > kApiKeyMax || !printable) {
    return InvalidField("workspace.api_key",
                        "api_key must be at most 1000 printable characters without blanks or quotes around it");
  }
  return CheckLimits(workspace.limits());
}

ingest::RatePolicy RateOf(const v1::Workspace& workspace) {
  ingest::RatePolicy rate;
  const v1::Workspace::Limits& limits = workspace.limits();
  if (limits.rate_requests() != 0) rate.requests = static_cast<uint32_t>(limits.rate_requests());
  if (limits.has_rate_window()) {
    rate.per =
        std::chrono::milliseconds{limits.rate_window().seconds() * 1000 + limits.rate_window().nanos() / 1'000'000};
  }
  rate.burst = std::min(rate.burst, rate.requests);
  return rate;
}

ingest::BatchLimits LimitsOf(const v1::Workspace& workspace) {
  ingest::BatchLimits batch;
  const v1::Workspace::Limits& limits = workspace.limits();
  if (limits.objects_per_request() != 0) batch.objects_max = static_cast<uint32_t>(limits.objects_per_request());
  if (limits.body_bytes() != 0) batch.body_bytes_max = static_cast<uint32_t>(limits.body_bytes());
  if (limits.requests_in_flight() != 0)
    batch.requests_in_flight_max = static_cast<uint32_t>(limits.requests_in_flight());
  return batch;
}

std::string ApiKeyName(const std::string& workspace) {
  return absl::StrCat(workspace, "/apiKey");
}

absl::Status RegisterAtSender(ingest::braze::HttpSender& sender, SecretBox& secrets,
                              const config::v1::ServerConfig& config, const v1::Workspace& workspace) {
  CDI_ASSIGN_OR_RETURN(Secret key, secrets.Open(ApiKeyName(workspace.name())));
  return sender.RegisterWorkspace(
      ingest::WorkspaceName(workspace.name()),
      {.url = workspace.endpoint(), .api_key = std::move(key), .ca_file = config.braze_ca_file()});
}

v1::CheckResult ProbeWorkspace(ServiceContext& context, const std::string& workspace) {
  const ingest::WorkspaceName name(workspace);
  if (const absl::Status probed = context.sender.Probe(name, kProbeTimeout); !probed.ok())
    return Failed("workspace", probed);
  context.engine.WorkspaceChanged(name);
  return Passed("workspace", "Braze took the API key");
}

}  // namespace cdi::server
