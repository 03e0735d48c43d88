// USE and ALTER SESSION.
#include <shared_mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/account/session_parameters.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/statement.h"
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
    CDI_RETURN_IF_ERROR(reader.Name().status());
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

}  // namespace cdi::snowflake_mock
