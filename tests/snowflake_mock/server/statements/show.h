// What the SHOW statements share: the filter behind the kind, and results with Snowflake's column types.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

struct ShowFilter {
  std::optional<std::string> like;  // % and _, without regard to case
  std::string starts_with;
  std::string database;  // empty: any
  std::string schema;    // empty: any
  std::string relation;  // IN TABLE, IN VIEW
  int64_t limit = -1;
  std::string from;  // LIMIT … FROM 'name': what comes before is left out
  bool terse = false;
  bool history = false;

  bool Accepts(const std::string& name) const;
};

absl::StatusOr<ShowFilter> ReadShowFilter(TokenReader& reader, const RewriteContext& context);

using ShowRows = std::vector<std::vector<std::optional<std::string>>>;
// Column names with a mark of their type: "@created_on" TIMESTAMP_LTZ(3), "#rows" NUMBER(38,0), else VARCHAR.
ResultSet Shown(const std::vector<std::string>& columns, ShowRows rows, const ShowFilter& filter);
// A time as the value of an "@" column; NULL for 0.
std::optional<std::string> ShowTime(int64_t ns);

// The account's side: nullopt for a kind it does not know. The catalog is locked by the caller.
absl::StatusOr<std::optional<ResultSet>> ShowAccountObjects(Execution& run, const std::string& kind,
                                                            const RewriteContext& context, const ShowFilter& filter);
absl::StatusOr<ResultSet> ShowGrants(Execution& run, TokenReader& reader, const RewriteContext& context, bool future);

}  // namespace cdi::snowflake_mock
