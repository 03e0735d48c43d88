// USE and ALTER SESSION.
#include <shared_mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/account/session_parameters.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/statement.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"
#include "tests/snowflake_mock/server/statements/transactions.h"

namespace cdi::snowflake_mock {
absl::StatusOr<ResultSet> AlterSession(Execution& run, TokenReader& reader) {
  if (reader.TakeWords("UNSET")) {
    do {
      CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
      run.session.parameters.erase(name);
    } while (reader.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    return StatusResult("Statement executed successfully.", kSessionControl);
  }
  CDI_RETURN_IF_ERROR(reader.ExpectWords("SET"));
  std::map<std::string, std::string> changes;
  while (!reader.AtEnd()) {
    CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
    CDI_RETURN_IF_ERROR(reader.ExpectOperator("="));
    CDI_ASSIGN_OR_RETURN(std::string value, reader.OptionValue());
    reader.TakeOperator(",");
    if (!IsSessionParameter(name))
      return SqlError("001006", "42000", absl::StrCat("SQL compilation error:\ninvalid parameter '", name, "'"));
    const std::string upper = absl::AsciiStrToUpper(value);
    if (upper == "TRUE" || upper == "FALSE") value = absl::AsciiStrToLower(value);
    CDI_RETURN_IF_ERROR(CheckSessionParameter(name, value));
    changes[name] = value;
  }
  if (changes.empty()) return reader.Unexpected();
  // Going back to autocommit commits what was begun without it.
  if (const auto found = changes.find("AUTOCOMMIT"); found != changes.end() && found->second == "true")
    CDI_RETURN_IF_ERROR(CommitTransaction(run));
  for (auto& [name, value] : changes) run.session.parameters[name] = value;
  return StatusResult("Statement executed successfully.", kSessionControl);
}

absl::StatusOr<ResultSet> RunUse(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const RewriteContext context = MakeContext(run);
  Catalog& catalog = run.account.catalog;
  const std::shared_lock lock(catalog.mutex);
  std::string kind;
  if (reader.TakeWords("SECONDARY ROLES")) {
    if (!reader.Peek().IsWord("ALL") && !reader.Peek().IsWord("NONE")) return reader.Unexpected();
    run.session.secondary_roles = reader.Next().text;
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    return StatusResult("Statement executed successfully.", kUse);
  }
  for (const char* word : {"ROLE", "WAREHOUSE", "DATABASE", "SCHEMA"}) {
    if (reader.TakeWords(word)) kind = word;
  }
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (parts.size() > (kind == "SCHEMA" || kind.empty() ? 2U : 1U)) return reader.Unexpected();
  if (kind == "ROLE") {
    const auto user = catalog.users.find(run.session.user);
    const bool granted = run.session.administrator ||
                         (user != catalog.users.end() && catalog.RolesOfUser(user->second).contains(parts[0]));
    if (!catalog.roles.contains(parts[0])) return MissingOrImpossible();
    if (!granted) {
      return SqlError("003013", "42501",
                      absl::StrCat("SQL access control error:\nRequested role '", parts[0],
                                   "' is not assigned to the executing user. Specify another role to activate."));
    }
    run.session.role = parts[0];
    return StatusResult("Statement executed successfully.", kUse);
  }
  if (kind == "WAREHOUSE") {
    if (!catalog.warehouses.contains(parts[0]) || !HasAnyPrivilege(context, "WAREHOUSE", DisplayName(parts[0])))
      return MissingOrImpossible();
    run.session.warehouse = parts[0];
    return StatusResult("Statement executed successfully.", kUse);
  }
  const bool schema_given = kind == "SCHEMA" || parts.size() == 2;
  const std::string database = schema_given && parts.size() == 1 ? run.session.database : parts[0];
  if (catalog.FindDatabase(database) == nullptr || !HasPrivilege(context, "USAGE", "DATABASE", DisplayName(database)))
    return MissingOrImpossible();
  const std::string schema = schema_given ? parts.back() : "PUBLIC";
  const ObjectName name{database, schema, ""};
  const bool schema_usable =
      catalog.FindSchema(database, schema) != nullptr && HasPrivilege(context, "USAGE", "SCHEMA", name.SchemaDisplay());
  if (schema_given && !schema_usable) return MissingOrImpossible();
  run.session.database = database;
  run.session.schema = schema_usable ? schema : "";
  return StatusResult("Statement executed successfully.", kUse);
}

namespace {

// The value of an expression as a Snowflake literal, with its type.
absl::StatusOr<std::vector<Variable>> Evaluate(Execution& run, size_t begin, size_t end) {
  TokenComposer query(run.tokens);
  // SET (a, b) = (SELECT …) takes a row; anything else is a list of expressions.
  if (run.tokens[begin].IsWord("SELECT") || run.tokens[begin].IsWord("WITH")) {
    query.Range(begin, end);
  } else {
    query.Words("SELECT").Range(begin, end);
  }
  CDI_ASSIGN_OR_RETURN(const RewrittenQuery rewritten, RewriteComposed(run, query, nullptr));
  const auto columns = run.session.connection->Describe(rewritten.sql);
  if (!columns.ok()) return TranslateEngineError(columns.status(), run.tokens);
  if (rewritten.needs_warehouse) CDI_RETURN_IF_ERROR(UseWarehouse(run));
  CDI_ASSIGN_OR_RETURN(const auto rows, ReadEngine(run, absl::StrCat("SELECT * FROM (", rewritten.sql, ") LIMIT 2")));
  if (rows.size() != 1) return SqlError("090150", "22000", "Single-row subquery returns more than one row.");
  std::vector<Variable> values;
  for (size_t i = 0; i < columns->size(); ++i) {
    const SqlType& type = (*columns)[i].type;
    const auto& cell = rows[0][i];
    const bool bare = type.kind == SqlType::Kind::kNumber || type.kind == SqlType::Kind::kFloat;
    const bool text = type.kind == SqlType::Kind::kText;
    if (cell.has_value() && !bare && !text && type.kind != SqlType::Kind::kBoolean)
      return Unsupported(absl::StrCat("session variables of type ", type.SnowflakeName()));
    values.push_back({!cell.has_value() ? "NULL"
                      : bare            ? *cell
                      : text            ? StringLiteral(*cell)
                      : *cell == "1"    ? "TRUE"
                                        : "FALSE",
                      type});
  }
  return values;
}

}  // namespace

absl::StatusOr<ResultSet> RunSet(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const bool unset = run.tokens[0].IsWord("UNSET");
  std::vector<std::string> names;
  if (reader.TakeOperator("(")) {
    do {
      CDI_ASSIGN_OR_RETURN(names.emplace_back(), reader.Name());
    } while (reader.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  } else {
    CDI_ASSIGN_OR_RETURN(names.emplace_back(), reader.Name());
  }
  if (unset) {
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    for (const std::string& name : names) run.session.variables.erase(name);
    return StatusResult("Statement executed successfully.", kSessionControl);
  }
  CDI_RETURN_IF_ERROR(reader.ExpectOperator("="));
  size_t begin = reader.position();
  size_t end = run.tokens.size() - 1;
  if (begin == end) return reader.Unexpected();
  if (run.tokens[begin].IsOperator("(") && ClosingParenthesis(run.tokens, begin, end) + 1 == end) {
    ++begin;
    --end;
  }
  CDI_ASSIGN_OR_RETURN(const std::vector<Variable> values, Evaluate(run, begin, end));
  if (values.size() != names.size()) {
    return SqlError("001043", "42601",
                    "SQL compilation error:\nNumber of values in assignment does not match number of variables.");
  }
  for (size_t i = 0; i < names.size(); ++i) run.session.variables[names[i]] = values[i];
  return StatusResult("Statement executed successfully.", kSessionControl);
}

}  // namespace cdi::snowflake_mock
