// Rules of a workspace, and its registration at the sender.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "cdi/v1/connection.pb.h"
#include "cdi/v1/workspace.pb.h"
#include "ingest/braze/http_sender.h"
#include "ingest/engine.h"
#include "server/secret_box.h"
#include "server/service_context.h"

namespace cdi::server {

// What a legacy contract allows: 75 in each of three arrays.
inline constexpr int kObjectsPerRequestMax = 225;

// INVALID_FIELD or ENDPOINT_INVALID naming the field.
absl::Status CheckWorkspace(const v1::Workspace& workspace, const config::v1::ServerConfig& config);

ingest::RatePolicy RateOf(const v1::Workspace& workspace);
ingest::BatchLimits LimitsOf(const v1::Workspace& workspace);

// "workspaces/w/apiKey".
std::string ApiKeyName(const std::string& workspace);

// Tells the sender endpoint and key; again after every change.
absl::Status RegisterAtSender(ingest::braze::HttpSender& sender, SecretBox& secrets,
                              const config::v1::ServerConfig& config, const v1::Workspace& workspace);

// A request that changes nothing; on success the workspace's gate forgets a refused key.
v1::CheckResult ProbeWorkspace(ServiceContext& context, const std::string& workspace);

}  // namespace cdi::server
