// What a sync must look like, what of it a test covers, and how its enums map to the engine's.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cdi/v1/connection.pb.h"
#include "cdi/v1/sync.pb.h"
#include "ingest/sync_spec.h"
#include "warehouse/connection_settings.h"

namespace cdi::server {

// Fields that are there must be well-formed; a draft may leave any out but data_type. INVALID_FIELD names the field.
absl::Status CheckDraft(const v1::Sync& sync);

// What a draft lacks before it can be tested or run: FAILED_PRECONDITION, SYNC_INCOMPLETE, naming every missing field.
absl::Status CheckComplete(const v1::Sync& sync);

// Changing one of these calls for a new test.
const std::vector<std::string_view>& TestedPaths();
const std::vector<std::string_view>& MutableSyncPaths();
// Changing one of these changes what is read of the connection's warehouse, or as whom: it takes the connection in
// scope, whoever has named it before.
const std::vector<std::string_view>& SourcePaths();

ingest::DataType DataTypeOf(v1::Sync::DataType type);
warehouse::WarehouseKind KindOf(const v1::Connection& connection);

}  // namespace cdi::server
