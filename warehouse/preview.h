// The newest rows of a table as people read them: every column as text, long cells cut by the warehouse itself, so that
// a preview of wide rows costs little.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "warehouse/odbc_link.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

inline constexpr size_t kPreviewCharsMax = 200;
inline constexpr int kPreviewRowsMax = 1000;

// INVALID_ARGUMENT for a row limit outside 1..1000; everything else as Session's errors.
absl::StatusOr<Preview> FetchPreviewRows(OdbcLink& link, const TableName& table,
                                         const std::vector<ColumnFacts>& columns, const Identifier& order_by,
                                         int row_limit);

}  // namespace cdi::warehouse
