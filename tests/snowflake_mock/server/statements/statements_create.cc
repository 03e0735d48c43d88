// CREATE DATABASE, SCHEMA, TABLE, VIEW, ROLE, WAREHOUSE, USER, NETWORK POLICY.
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/create.h"
#include "tests/snowflake_mock/server/statements/transactions.h"

namespace cdi::snowflake_mock {

void AddOwnership(Execution& run, const std::string& kind, const std::string& object, const std::string& owner) {
  run.account.catalog.grants.push_back({"OWNERSHIP", kind, object, owner, owner, true, run.now_ns});
}

std::string CreatedText(const std::string& kind, const std::string& name) {
  return absl::StrCat(kind, " ", name, " successfully created.");
}

std::string ExistsText(const std::string& name) {
  return absl::StrCat(name, " already exists, statement succeeded.");
}

namespace {

// ---- databases and schemas ----

absl::Status MakeSchema(Execution& run, const std::string& database, const std::string& schema,
                        const std::string& comment) {
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("CREATE SCHEMA ", PhysicalSchema(database, schema))).status());
  run.account.catalog.databases[database].schemas[schema] = {schema, run.session.role, comment, run.now_ns, {}, {}};
  const ObjectName name{database, schema, ""};
  AddOwnership(run, "SCHEMA", name.SchemaDisplay(), run.session.role);
  run.account.catalog.ApplyFutureGrants("SCHEMA", name, run.now_ns);
  return absl::OkStatus();
}

absl::StatusOr<ResultSet> CreateDatabase(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  std::string clone;
  if (reader.TakeWords("CLONE")) {
    CDI_ASSIGN_OR_RETURN(clone, reader.Name());
    if (run.account.catalog.FindDatabase(clone) == nullptr || clone == name ||
        !HasPrivilege(context, "USAGE", "DATABASE", DisplayName(clone)))
      return MissingObject("Database", DisplayName(clone));
  }
  CDI_ASSIGN_OR_RETURN(auto properties, ReadOptions(reader, {"COMMENT", "DATA_RETENTION_TIME_IN_DAYS"}));
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (!IsOwner(context, "SYSADMIN") && !HasPrivilege(context, "CREATE DATABASE", "ACCOUNT", "")) {
    return InsufficientPrivileges("account", run.account.name());
  }
  Catalog& catalog = run.account.catalog;
  if (const Database* const old = catalog.FindDatabase(name)) {
    if (options.if_not_exists) return StatusResult(ExistsText(name));
    if (!options.or_replace) return AlreadyExists(name);
    if (!IsOwner(context, old->owner)) return InsufficientPrivileges("database", name);
    for (const auto& [schema, unused] : old->schemas) {
      CDI_RETURN_IF_ERROR(
          RunEngine(run, absl::StrCat("DROP SCHEMA ", PhysicalSchema(name, schema), " CASCADE")).status());
    }
    catalog.databases.erase(name);
    catalog.ForgetGrants("DATABASE", DisplayName(name));
  }
  catalog.databases[name] = {name, run.session.role, properties["COMMENT"], run.now_ns, {}};
  AddOwnership(run, "DATABASE", DisplayName(name), run.session.role);
  CDI_RETURN_IF_ERROR(MakeSchema(run, name, "PUBLIC", ""));
  if (!clone.empty()) {
    const std::map<std::string, Schema> schemas = catalog.databases[clone].schemas;
    for (const auto& [schema, source] : schemas) {
      if (schema != "PUBLIC") CDI_RETURN_IF_ERROR(MakeSchema(run, name, schema, source.comment));
      CDI_RETURN_IF_ERROR(CloneSchema(run, {clone, schema, ""}, {name, schema, ""}));
    }
  }
  run.session.database = name;
  run.session.schema = "PUBLIC";
  return StatusResult(CreatedText("Database", name));
}

absl::StatusOr<ResultSet> CreateSchema(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  std::vector<std::string> clone;
  if (reader.TakeWords("CLONE")) {
    CDI_ASSIGN_OR_RETURN(clone, reader.DottedName());
    if (clone.size() == 1) clone.insert(clone.begin(), run.session.database);
    if (clone.size() != 2 || run.account.catalog.FindSchema(clone[0], clone[1]) == nullptr ||
        !HasPrivilege(context, "USAGE", "SCHEMA", ObjectName{clone[0], clone[1], ""}.SchemaDisplay()))
      return MissingObject("Schema", ObjectName{clone[0], clone.back(), ""}.SchemaDisplay());
  }
  if (reader.Peek().IsWord("WITH") && reader.Peek(1).IsWord("MANAGED")) return Unsupported("managed access schemas");
  CDI_ASSIGN_OR_RETURN(auto properties, ReadOptions(reader, {"COMMENT", "DATA_RETENTION_TIME_IN_DAYS"}));
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (parts.size() > 2) return reader.Unexpected();
  const std::string database = parts.size() == 2 ? parts[0] : run.session.database;
  const std::string schema = parts.back();
  Database* const parent = run.account.catalog.FindDatabase(database);
  if (parent == nullptr || !HasPrivilege(context, "USAGE", "DATABASE", DisplayName(database))) {
    return MissingObject("Database", DisplayName(database));
  }
  if (!HasPrivilege(context, "CREATE SCHEMA", "DATABASE", DisplayName(database)))
    return InsufficientPrivileges("database", database);
  if (const auto old = parent->schemas.find(schema); old != parent->schemas.end()) {
    if (options.if_not_exists) return StatusResult(ExistsText(schema));
    if (!options.or_replace) return AlreadyExists(schema);
    if (!IsOwner(context, old->second.owner)) return InsufficientPrivileges("schema", schema);
    CDI_RETURN_IF_ERROR(
        RunEngine(run, absl::StrCat("DROP SCHEMA ", PhysicalSchema(database, schema), " CASCADE")).status());
    parent->schemas.erase(old);
    run.account.catalog.ForgetGrants("SCHEMA", ObjectName{database, schema, ""}.SchemaDisplay());
  }
  CDI_RETURN_IF_ERROR(MakeSchema(run, database, schema, properties["COMMENT"]));
  if (!clone.empty()) CDI_RETURN_IF_ERROR(CloneSchema(run, {clone[0], clone[1], ""}, {database, schema, ""}));
  run.session.database = database;
  run.session.schema = schema;
  return StatusResult(CreatedText("Schema", schema));
}

// ---- account objects ----

absl::StatusOr<ResultSet> CreateRole(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  CDI_ASSIGN_OR_RETURN(auto properties, ReadOptions(reader, {"COMMENT"}));
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (!IsOwner(context, "USERADMIN") && !HasPrivilege(context, "CREATE ROLE", "ACCOUNT", ""))
    return InsufficientPrivileges("account", run.account.name());
  Catalog& catalog = run.account.catalog;
  if (catalog.roles.contains(name)) {
    if (options.if_not_exists) return StatusResult(ExistsText(name));
    if (!options.or_replace) return AlreadyExists(name);
  }
  catalog.roles[name] = {name, run.session.role, properties["COMMENT"], run.now_ns, {}};
  return StatusResult(CreatedText("Role", name));
}

absl::StatusOr<ResultSet> CreateWarehouse(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  reader.TakeWords("WITH");
  if (!IsOwner(context, "SYSADMIN") && !HasPrivilege(context, "CREATE WAREHOUSE", "ACCOUNT", ""))
    return InsufficientPrivileges("account", run.account.name());
  Catalog& catalog = run.account.catalog;
  if (catalog.warehouses.contains(name)) {
    if (options.if_not_exists) return StatusResult(ExistsText(name));
    if (!options.or_replace) return AlreadyExists(name);
  }
  Warehouse warehouse;
  warehouse.name = name;
  warehouse.owner = run.session.role;
  warehouse.created_ns = run.now_ns;
  CDI_RETURN_IF_ERROR(ApplyWarehouseOptions(reader, warehouse));
  if (!warehouse.suspended) StartWarehouse(warehouse, run.now_ns);
  catalog.ForgetGrants("WAREHOUSE", DisplayName(name));
  catalog.warehouses[name] = std::move(warehouse);
  AddOwnership(run, "WAREHOUSE", DisplayName(name), run.session.role);
  run.session.warehouse = name;
  return StatusResult(CreatedText("Warehouse", name));
}

absl::StatusOr<ResultSet> CreateUser(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  if (!IsOwner(context, "USERADMIN") && !HasPrivilege(context, "CREATE USER", "ACCOUNT", ""))
    return InsufficientPrivileges("account", run.account.name());
  Catalog& catalog = run.account.catalog;
  if (catalog.users.contains(name)) {
    if (options.if_not_exists) return StatusResult(ExistsText(name));
    if (!options.or_replace) return AlreadyExists(name);
  }
  User user;
  user.name = user.login_name = name;
  user.owner = run.session.role;
  user.created_ns = run.now_ns;
  CDI_RETURN_IF_ERROR(ApplyUserOptions(reader, run.now_ns, user));
  for (const auto& [other_name, other] : catalog.users) {
    if (other_name != name && absl::EqualsIgnoreCase(other.login_name, user.login_name))
      return AlreadyExists(user.login_name);
  }
  catalog.users[name] = std::move(user);
  AddOwnership(run, "USER", DisplayName(name), run.session.role);
  return StatusResult(CreatedText("User", name));
}

absl::StatusOr<ResultSet> CreateNetworkPolicy(Execution& run, TokenReader& reader, const CreateOptions& options) {
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  if (!IsOwner(MakeContext(run), "SECURITYADMIN")) return InsufficientPrivileges("account", run.account.name());
  if (run.account.catalog.network_policies.contains(name) && !options.or_replace) return AlreadyExists(name);
  NetworkPolicy policy{name, {}, {}, "", run.now_ns};
  CDI_RETURN_IF_ERROR(ApplyNetworkPolicyOptions(reader, policy));
  run.account.catalog.network_policies[name] = std::move(policy);
  return StatusResult(CreatedText("Network policy", name));
}

}  // namespace

absl::StatusOr<ResultSet> RunCreate(Execution& run) {
  TokenReader reader(run.tokens, 1);
  CreateOptions options;
  options.or_replace = reader.TakeWords("OR REPLACE");
  options.transient = reader.TakeWords("TRANSIENT");
  if (reader.Peek().IsWord("OR") && reader.Peek(1).IsWord("ALTER")) return Unsupported("CREATE OR ALTER");
  if (!reader.TakeWords("LOCAL")) reader.TakeWords("GLOBAL");
  options.temporary = reader.TakeWords("TEMPORARY") || reader.TakeWords("TEMP") || reader.TakeWords("VOLATILE");
  options.secure = reader.TakeWords("SECURE");
  if (reader.Peek().IsWord("RECURSIVE") && reader.Peek(1).IsWord("VIEW")) reader.Next();
  const bool network = reader.TakeWords("NETWORK");
  const Token kind = reader.Next();
  if (network && !kind.IsWord("POLICY")) return SyntaxError(kind.place, kind.text);
  options.if_not_exists = reader.TakeWords("IF NOT EXISTS");
  if (kind.IsWord("TABLE") && options.or_replace && !options.temporary) {
    TokenReader name_reader = reader;
    CDI_ASSIGN_OR_RETURN(const auto parts, name_reader.DottedName());
    CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, MakeContext(run)));
    CDI_RETURN_IF_ERROR(LockTable(run, name));
  }
  const std::lock_guard write_lock(run.account.write_mutex);
  const std::unique_lock lock(run.account.catalog.mutex);
  const auto create = [&]() -> absl::StatusOr<ResultSet> {
    if (network) return CreateNetworkPolicy(run, reader, options);
    if (kind.IsWord("DATABASE")) return CreateDatabase(run, reader, options);
    if (kind.IsWord("SCHEMA")) return CreateSchema(run, reader, options);
    if (kind.IsWord("TABLE")) return CreateTable(run, reader, options);
    if (kind.IsWord("VIEW")) return CreateView(run, reader, options);
    if (kind.IsWord("SEQUENCE")) return CreateSequence(run, reader, options);
    if (kind.IsWord("ROLE")) return CreateRole(run, reader, options);
    if (kind.IsWord("WAREHOUSE")) return CreateWarehouse(run, reader, options);
    if (kind.IsWord("USER")) return CreateUser(run, reader, options);
    if (kind.kind != TokenKind::kWord)
      return SyntaxError(kind.place, kind.kind == TokenKind::kEnd ? "<EOF>" : kind.text);
    return Unsupported(absl::StrCat("CREATE ", kind.text));
  };
  CDI_ASSIGN_OR_RETURN(ResultSet result, create());
  CDI_RETURN_IF_ERROR(run.account.Save());
  return result;
}

}  // namespace cdi::snowflake_mock
