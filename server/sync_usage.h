// Who uses a connection or a workspace: syncs, and other connections that have their keys rotated over one.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cdi/v1/sync.pb.h"
#include "ingest/state_store.h"

namespace cdi::server {

// FAILED_PRECONDITION, IN_USE, naming the first sync whose `used` is `name`.
absl::Status RefuseIfUsed(ingest::StateStore& store, const std::string& name,
                          const std::function<std::string(const v1::Sync&)>& used);

// The first connection that names `connection` as its rotator; "" when none does.
absl::StatusOr<std::string> RotatedOver(ingest::StateStore& store, const std::string& connection);

}  // namespace cdi::server
