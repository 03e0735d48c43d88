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

// What stands at the place of a table without being one: RESULT_SCAN, the inputs of ->>, table functions of histories.
struct TableSource {
  std::string sql;  // the engine's, in parentheses
  std::vector<Column> columns;
  bool needs_warehouse = false;
};

// Called at the place of a table with `at` on its first token (TABLE, $1, a name before "("). Takes the tokens it
// understands and moves `at` behind them, or answers nullopt.
using TableSourceHook =
    std::function<absl::StatusOr<std::optional<TableSource>>(const std::vector<Token>& tokens, size_t& at)>;

// A session variable: its Snowflake literal and its type.
struct Variable {
  std::string literal;
  SqlType type;
};

// One SYSTEM$CANCEL_QUERY or SYSTEM$CANCEL_ALL_QUERIES.
struct CancelCall {
  size_t place = 0;  // of its first token
  bool whole_session = false;
  std::string id;  // of the query, or of the session
};
// What the call answers, as far as that is known while the query is compiled.
using CancelHook = std::function<std::string(const CancelCall& call)>;

// What a statement is run with. The caller holds the catalog's mutex while rewriting.
struct RewriteContext {
  Catalog& catalog;
  std::string role;  // empty: no role; nothing but PUBLIC's grants
  std::string database;
  std::string schema;
  bool all_privileges = false;  // the mock's own administrator
  int64_t now_ns = 0;
  const std::vector<Binding>* bindings = nullptr;  // nullptr: unknown yet (describeOnly): every ? is NULL
  // Tables of this session only, by ObjectName::Display(): temporary ones, and names of tables that the open
  // transaction has copied. May be null.
  std::map<std::string, Relation>* temporaries = nullptr;
  const std::set<std::string>* copies = nullptr;
  // The table a DML statement writes to, and the privilege that lets it also be read by that statement.
  std::string write_target = {};
  std::string write_privilege = {};
  // USE SECONDARY ROLES: roles whose grants count beside those of `role` (not for creating objects).
  std::set<std::string> secondary_roles = {};
  TableSourceHook table_source = {};
  // seq.NEXTVAL: engine SQL.
  std::function<absl::StatusOr<std::string>(const std::vector<std::string>& sequence)> next_value = {};
  const std::map<std::string, Variable>* variables = nullptr;
  // The columns of an engine query, for rows whose types nobody told. May be empty: INFORMATION_SCHEMA is then refused.
  std::function<absl::StatusOr<std::vector<Column>>(const std::string& engine_sql)> describe = {};
  // Session parameters that change values: TIMEZONE, …_OUTPUT_FORMAT, TIMESTAMP_TYPE_MAPPING.
  std::map<std::string, std::string> parameters = {};
  // CURRENT_ROLE and the like: engine SQL by function name.
  std::map<std::string, std::string> context_functions;
  // SYSTEM$GET_LOGIN_FAILURE_DETAILS; may be empty.
  std::function<std::string(const std::string&)> login_failure_details;
  // Empty: refused, because nobody would cancel anything.
  CancelHook cancel = {};
};

struct RewrittenQuery {
  std::string sql;
  std::vector<ObjectName> relations;  // what it reads; views and what they read included
  std::vector<Column> known_columns;  // of all relations named
  std::vector<Column> columns;        // of the result: Snowflake's names, types, lengths and nullability
  std::vector<bool> nulls;            // of `columns`: nothing but the literal NULL
  std::vector<bool> named;            // of `columns`: false for an expression without an alias
  bool needs_warehouse = false;
  std::map<size_t, int64_t> waits_ms;  // of each SYSTEM$WAIT, by its place among the tokens: before the query runs
};

// "id" -> "~I~D"; names without lower-case letters and tildes stay as they are.
std::string EncodeName(std::string_view name);
std::string DecodeName(std::string_view name);
// The quoted physical name of a table: "DB.SCHEMA"."T".
std::string PhysicalName(const ObjectName& name);
std::string QuoteEngineName(std::string_view encoded_name);
// The engine's name of a column.
std::string EngineColumn(const std::string& name);
// The engine's name of a table that only one session sees; `prefix` keeps kinds of them apart.
std::string PrivateName(const std::string& prefix, const ObjectName& name);
std::string PhysicalSchema(const std::string& database, const std::string& schema);
// An engine literal: 'it''s'.
std::string QuoteLiteral(std::string_view text);

// Completes a one-, two- or three-part name. 090105 when a missing part has no current value.
absl::StatusOr<ObjectName> CompleteName(const std::vector<std::string>& parts, const RewriteContext& context);

// A SELECT, WITH or VALUES statement (tokens end with kEnd).
absl::StatusOr<RewrittenQuery> RewriteQuery(const std::vector<Token>& tokens, const RewriteContext& context);

// An engine error of a statement as the client sees it: engine names decoded, places looked up in `tokens`.
absl::Status TranslateEngineError(const absl::Status& error, const std::vector<Token>& tokens);

}  // namespace cdi::snowflake_mock
