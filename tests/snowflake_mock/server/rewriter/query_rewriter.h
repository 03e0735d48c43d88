// Snowflake queries and DML into engine SQL: names resolved and checked against the catalog and the role's grants,
// literals, casts, functions and clauses rewritten, views expanded.
//
// Every name the client writes is resolved here; the engine sees physical names only. Quoted identifiers with
// lower-case letters are encoded (EncodeName), because the engine compares names without case and Snowflake does not.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/catalog/catalog.h"
#include "tests/snowflake_mock/server/language/tokenizer.h"

namespace cdi::snowflake_mock {

// A value for a `?`: type as the protocol names it (FIXED, TEXT, TIMESTAMP_NTZ …); no value: NULL.
struct Binding {
  std::string type;
  std::optional<std::string> value;
};

// What a statement is run with. The caller holds the catalog's mutex while rewriting.
struct RewriteContext {
  Catalog& catalog;
  std::string role;  // empty: no role; nothing but PUBLIC's grants
  std::string database;
  std::string schema;
  bool all_privileges = false;  // the mock's own administrator
  int64_t now_ns = 0;
  const std::vector<Binding>* bindings = nullptr;  // nullptr: unknown yet (describeOnly): every ? is NULL
  // CURRENT_ROLE and the like: engine SQL by function name.
  std::map<std::string, std::string> context_functions;
  // SYSTEM$GET_LOGIN_FAILURE_DETAILS; may be empty.
  std::function<std::string(const std::string&)> login_failure_details;
};

struct RewrittenQuery {
  std::string sql;
  std::vector<ObjectName> relations;  // what it reads; views and what they read included
  std::vector<Column> known_columns;  // of all relations named, for lengths and nullability of the result
  bool needs_warehouse = false;
};

// "id" -> "~I~D"; names without lower-case letters and tildes stay as they are.
std::string EncodeName(std::string_view name);
std::string DecodeName(std::string_view name);
// The quoted physical name of a table: "DB.SCHEMA"."T".
std::string PhysicalName(const ObjectName& name);
std::string PhysicalSchema(const std::string& database, const std::string& schema);
// An engine literal: 'it''s'.
std::string QuoteLiteral(std::string_view text);

// Completes a one-, two- or three-part name. 090105 when a missing part has no current value.
absl::StatusOr<ObjectName> CompleteName(const std::vector<std::string>& parts, const RewriteContext& context);

// A SELECT, WITH or VALUES statement (tokens end with kEnd).
absl::StatusOr<RewrittenQuery> RewriteQuery(const std::vector<Token>& tokens, const RewriteContext& context);
// INSERT, UPDATE or DELETE; `target` receives the table written to.
absl::StatusOr<RewrittenQuery> RewriteDml(const std::vector<Token>& tokens, const RewriteContext& context,
                                          ObjectName& target);

// An engine error of a statement as the client sees it: engine names decoded, places looked up in `tokens`.
absl::Status TranslateEngineError(const absl::Status& error, const std::vector<Token>& tokens);

}  // namespace cdi::snowflake_mock
