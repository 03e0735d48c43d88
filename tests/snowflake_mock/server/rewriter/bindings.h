// Values of `?` as typed engine SQL.
#pragma once

#include "tests/snowflake_mock/server/rewriter/typed.h"

namespace cdi::snowflake_mock {

// 100038 for a value that its type does not have, 000002 for a type the mock does not take.
absl::StatusOr<Typed> BindingValue(const Binding& binding, const Conversions& convert);

}  // namespace cdi::snowflake_mock
