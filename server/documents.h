// Stored resources and the messages of the API: one is the other without what the store keeps apart (name, etag, times)
// and without secrets, which never are in a document.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "cdi/v1/connection.pb.h"
#include "cdi/v1/sync.pb.h"
#include "cdi/v1/workspace.pb.h"
#include "ingest/state_store.h"

namespace cdi::server {

std::string EtagOf(uint64_t version);
// 0 for the empty etag (any version). INVALID_ARGUMENT for text that never was one.
absl::StatusOr<uint64_t> VersionOf(const std::string& etag);

// kDataLoss when the document is not one.
absl::StatusOr<v1::Connection> ConnectionOf(const ingest::Resource& resource);
absl::StatusOr<v1::Workspace> WorkspaceOf(const ingest::Resource& resource);
// Without what SyncStatus knows: see sync_view.h.
absl::StatusOr<v1::Sync> SyncOf(const ingest::Resource& resource);

std::string DocumentOf(v1::Connection connection);
std::string DocumentOf(v1::Workspace workspace);
std::string DocumentOf(v1::Sync sync);

google::protobuf::Timestamp ToProto(const Timestamp& time);
Timestamp FromProto(const google::protobuf::Timestamp& time);
google::protobuf::Duration ToProto(std::chrono::milliseconds duration);
// INVALID_FIELD outside low..high.
absl::StatusOr<std::chrono::milliseconds> FromProto(const google::protobuf::Duration& duration,
                                                    std::chrono::milliseconds low, std::chrono::milliseconds high,
                                                    std::string_view field);

}  // namespace cdi::server
