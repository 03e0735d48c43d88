// TestSync and PreviewSync: connection, contract, workspace and the newest rows of the table, with what the service
// would say to each of them.
#pragma once

#include "absl/status/status.h"
#include "cdi/v1/sync.pb.h"
#include "server/service_context.h"

namespace cdi::server {

// 1..100; 0 is 10.
absl::StatusOr<int> PreviewRowLimit(int requested);

// Fills checks, preview, estimate and duration. The call fails only when the test could not be tried.
absl::Status ProbeSync(ServiceContext& context, const v1::Sync& sync, int row_limit, v1::TestSyncResponse& response);

absl::Status FetchSyncPreview(ServiceContext& context, const v1::Sync& sync, int row_limit, v1::Preview& preview);

}  // namespace cdi::server
