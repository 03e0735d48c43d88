// INFORMATION_SCHEMA views, made from the catalog at the moment of the query.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

// Engine SQL in parentheses with the rows of DB.INFORMATION_SCHEMA.<object> that the role may see. TABLES, COLUMNS,
// SCHEMATA, VIEWS; 000002 for others.
absl::StatusOr<std::string> InformationSchemaRows(const ObjectName& name, const RewriteContext& context);

}  // namespace cdi::snowflake_mock
