// Snowflake's functions and types that DuckDB does not have, registered with every engine: names begin with SF_, so
// that client SQL reaches them only through the rewriter (function_table.h).
#pragma once

#include "absl/status/status.h"
#include "tests/snowflake_mock/server/engine/engine_values.h"

namespace cdi::snowflake_mock {

// For all connections of the database behind `connection`. Called once after opening.
absl::Status RegisterEngineFunctions(duckdb_connection connection);

}  // namespace cdi::snowflake_mock
