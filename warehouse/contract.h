// Does a table or view have what a sync needs? Decided from its columns alone, before a row moves.
//
// The rule (Braze CDI source tables, read 2026-11): the cursor column is a timestamp; PAYLOAD holds the JSON as text
// (or as a semi-structured value); at least one of EXTERNAL_ID, ALIAS_NAME with ALIAS_LABEL, BRAZE_ID, EMAIL, PHONE is
// there. Names must match exactly after the warehouse's folding; extra columns are ignored.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "warehouse/connection_settings.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

inline constexpr std::string_view kDefaultCursorColumn = "UPDATED_AT";

// Attributes, events and purchases share this shape. `cursor_column` is as the user wrote it (quoted or not); empty:
// UPDATED_AT. Errors: COLUMN_MISSING names every missing column at once, and a name that differs only in case;
// COLUMN_TYPE names every column of a wrong type.
absl::StatusOr<SourceColumns> CheckContract(const std::vector<ColumnFacts>& columns, std::string_view cursor_column,
                                            WarehouseKind kind);

// The columns of `columns` that a sync reads, as they were described: compared again when a window is reopened. A
// column that is gone is left out.
std::vector<ColumnFacts> SelectedColumns(const std::vector<ColumnFacts>& columns, const SourceColumns& selected);

}  // namespace cdi::warehouse
