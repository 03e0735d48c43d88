// Which syncs use a connection or a workspace.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "cdi/v1/sync.pb.h"
#include "ingest/state_store.h"

namespace cdi::server {

// FAILED_PRECONDITION, IN_USE, naming the first sync whose `used` is `name`.
absl::Status RefuseIfUsed(ingest::StateStore& store, const std::string& name,
                          const std::function<std::string(const v1::Sync&)>& used);

}  // namespace cdi::server
