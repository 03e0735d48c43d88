// DROP DATABASE, SCHEMA, TABLE, VIEW, ROLE, WAREHOUSE, USER.
#include <mutex>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/cancel_calls.h"
#include "tests/snowflake_mock/server/statements/create.h"
#include "tests/snowflake_mock/server/statements/sequences.h"
#include "tests/snowflake_mock/server/statements/transactions.h"

namespace cdi::snowflake_mock {
namespace {

absl::Status DropDatabase(Execution& run, const std::string& name) {
  Catalog& catalog = run.account.catalog;
  const Database* const database = catalog.FindDatabase(name);
  if (database == nullptr) return MissingObject("Database", DisplayName(name));
  if (!IsOwner(MakeContext(run), database->owner)) return InsufficientPrivileges("database", name);
  for (const auto& [schema, unused] : database->schemas) {
    CDI_RETURN_IF_ERROR(
        RunEngine(run, absl::StrCat("DROP SCHEMA ", PhysicalSchema(name, schema), " CASCADE")).status());
  }
  catalog.databases.erase(name);
  catalog.ForgetGrants("DATABASE", DisplayName(name));
  if (run.session.database == name) run.session.database = run.session.schema = "";
  return absl::OkStatus();
}

absl::Status DropSchema(Execution& run, const std::vector<std::string>& parts) {
  Catalog& catalog = run.account.catalog;
  const ObjectName name{parts.size() > 1 ? parts[0] : run.session.database, parts.back(), ""};
  const Schema* const schema = catalog.FindSchema(name.database, name.schema);
  if (schema == nullptr) return MissingObject("Schema", name.SchemaDisplay());
  if (!IsOwner(MakeContext(run), schema->owner)) return InsufficientPrivileges("schema", name.schema);
  CDI_RETURN_IF_ERROR(
      RunEngine(run, absl::StrCat("DROP SCHEMA ", PhysicalSchema(name.database, name.schema), " CASCADE")).status());
  catalog.FindDatabase(name.database)->schemas.erase(name.schema);
  catalog.ForgetGrants("SCHEMA", name.SchemaDisplay());
  if (run.session.database == name.database && run.session.schema == name.schema) run.session.schema = "";
  return absl::OkStatus();
}

absl::Status DropRelation(Execution& run, const std::vector<std::string>& parts, bool view) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  if (const Relation* const temporary = FindTemporary(name, context); temporary != nullptr && !view) {
    CDI_RETURN_IF_ERROR(DropPhysicalTable(run, name, *temporary));
    run.session.temporaries.erase(name.Display());
    return absl::OkStatus();
  }
  const Relation* const relation = run.account.catalog.FindRelation(name);
  if (relation == nullptr || relation->is_view != view) return MissingObject(view ? "View" : "Table", name.Display());
  if (!IsOwner(context, relation->owner))
    return InsufficientPrivileges(view ? "view" : "table", DisplayName(name.object));
  if (!view) CDI_RETURN_IF_ERROR(DropPhysicalTable(run, name, *relation));
  run.account.catalog.FindSchema(name.database, name.schema)->relations.erase(name.object);
  run.account.catalog.ForgetGrants(view ? "VIEW" : "TABLE", name.Display());
  return absl::OkStatus();
}

absl::Status DropSequence(Execution& run, const std::vector<std::string>& parts) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  auto& sequences = run.account.catalog.FindSchema(name.database, name.schema)->sequences;
  const auto found = sequences.find(name.object);
  if (found == sequences.end()) return MissingObject("Sequence", name.Display());
  if (!IsOwner(context, found->second.owner)) return InsufficientPrivileges("sequence", name.object);
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DROP SEQUENCE ", SequencePhysicalName(name))).status());
  sequences.erase(found);
  run.account.catalog.ForgetGrants("SEQUENCE", name.Display());
  return absl::OkStatus();
}

absl::Status DropRole(Execution& run, const std::string& name) {
  Catalog& catalog = run.account.catalog;
  if (!catalog.roles.contains(name)) return MissingObject("Role", DisplayName(name));
  if (!IsOwner(MakeContext(run), catalog.roles[name].owner) || catalog.roles[name].owner.empty())
    return InsufficientPrivileges("role", name);
  catalog.roles.erase(name);
  for (auto& [user_name, user] : catalog.users) user.roles.erase(name);
  for (auto& [role_name, role] : catalog.roles) role.inherits.erase(name);
  std::erase_if(catalog.grants, [&](const Grant& grant) { return grant.role == name; });
  std::erase_if(catalog.future_grants, [&](const FutureGrant& grant) { return grant.role == name; });
  return absl::OkStatus();
}

absl::Status DropNetworkPolicy(Execution& run, const std::string& name) {
  Catalog& catalog = run.account.catalog;
  if (!IsOwner(MakeContext(run), "SECURITYADMIN") || !catalog.network_policies.contains(name))
    return MissingObject("Network policy", DisplayName(name));
  bool used = catalog.account_parameters["NETWORK_POLICY"] == name;
  for (const auto& [user_name, user] : catalog.users) used = used || user.Property("NETWORK_POLICY") == name;
  if (used) {
    return SqlError("001492", "42601",
                    absl::StrCat("SQL compilation error:\nCannot perform Drop operation on network policy ", name,
                                 ". The policy is attached to ACCOUNT or USER. Unset the network policy and try the "
                                 "operation again."));
  }
  catalog.network_policies.erase(name);
  return absl::OkStatus();
}

// Users and warehouses: a map entry and its grants.
template <typename Map>
absl::Status DropEntry(Execution& run, Map& map, const std::string& name, const std::string& kind,
                       const std::string& shown_kind) {
  const auto found = map.find(name);
  if (found == map.end()) return MissingObject(shown_kind, DisplayName(name));
  if (!IsOwner(MakeContext(run), found->second.owner)) return InsufficientPrivileges(shown_kind, name);
  map.erase(found);
  run.account.catalog.ForgetGrants(kind, DisplayName(name));
  return absl::OkStatus();
}

// Of a dropped user: what runs is cancelled, the tokens are gone (390111).
void EndSessionsOf(Execution& run, const std::string& user) {
  CancelStatementsOf(run, user);
  for (const auto& session : run.account.Sessions()) {
    if (session->user == user && session->id != run.session.id) run.account.RemoveSession(session);
  }
}

}  // namespace

absl::StatusOr<ResultSet> RunDrop(Execution& run) {
  TokenReader reader(run.tokens, 1);
  Token kind = reader.Next();
  if (kind.IsWord("NETWORK")) {
    CDI_RETURN_IF_ERROR(reader.ExpectWords("POLICY"));
    kind.text = "NETWORK POLICY";
  }
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  if (!reader.TakeWords("CASCADE")) reader.TakeWords("RESTRICT");
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (kind.IsWord("TABLE")) {
    CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, MakeContext(run)));
    if (name.physical.empty()) CDI_RETURN_IF_ERROR(LockTable(run, name));
  }
  std::unique_lock write_lock(run.account.write_mutex);
  std::unique_lock lock(run.account.catalog.mutex);
  Catalog& catalog = run.account.catalog;
  absl::Status done = Unsupported(absl::StrCat("DROP ", kind.text));
  if (kind.IsWord("DATABASE")) done = DropDatabase(run, parts.back());
  if (kind.IsWord("SCHEMA")) done = DropSchema(run, parts);
  if (kind.IsWord("TABLE") || kind.IsWord("VIEW")) done = DropRelation(run, parts, kind.IsWord("VIEW"));
  if (kind.IsWord("SEQUENCE")) done = DropSequence(run, parts);
  if (kind.text == "NETWORK POLICY") done = DropNetworkPolicy(run, parts.back());
  if (kind.IsWord("ROLE")) done = DropRole(run, parts.back());
  if (kind.IsWord("USER")) done = DropEntry(run, catalog.users, parts.back(), "USER", "User");
  if (kind.IsWord("WAREHOUSE")) {
    done = DropEntry(run, catalog.warehouses, parts.back(), "WAREHOUSE", "Warehouse");
    if (done.ok() && run.session.warehouse == parts.back()) run.session.warehouse = "";
  }
  if (!done.ok() && !(if_exists && SqlErrorCode(done) == "002003")) return done;
  CDI_RETURN_IF_ERROR(run.account.Save());
  lock.unlock();
  write_lock.unlock();
  if (kind.IsWord("USER") && done.ok()) EndSessionsOf(run, parts.back());
  return StatusResult(done.ok() ? absl::StrCat(parts.back(), " successfully dropped.")
                                : "Drop statement executed successfully (object already dropped).");
}

}  // namespace cdi::snowflake_mock
