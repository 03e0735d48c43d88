// Sequences: the engine's, named in the catalog; seq.NEXTVAL in client SQL.
#pragma once

#include <string>
#include <vector>

#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

std::string SequencePhysicalName(const ObjectName& name);
absl::Status CreateEngineSequence(Execution& run, const std::string& engine_name, bool temporary, int64_t start,
                                  int64_t step);
// What NEXTVAL would give, without taking it. `start` when it was never used.
absl::StatusOr<int64_t> NextOfSequence(Execution& run, const std::string& engine_name, int64_t start);
// [[db.]schema.]seq.NEXTVAL becomes engine SQL. The catalog is locked by the caller.
absl::StatusOr<std::vector<Token>> ReplaceNextval(Execution& run, const std::vector<Token>& tokens,
                                                  const RewriteContext& context);

}  // namespace cdi::snowflake_mock
