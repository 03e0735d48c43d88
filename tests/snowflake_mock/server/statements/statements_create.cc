// CREATE DATABASE, SCHEMA, TABLE, VIEW, ROLE, WAREHOUSE, USER, NETWORK POLICY.
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/statement.h"
#include "tests/snowflake_mock/server/statements/statement_options.h"

namespace cdi::snowflake_mock {
namespace {

struct CreateOptions {
  bool or_replace = false;
  bool if_not_exists = false;
  bool transient = false;
};

std::string EngineColumn(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : EncodeName(name)) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + "\"";
}

void AddOwnership(Execution& run, const std::string& kind, const std::string& object, const std::string& owner) {
  run.account.catalog.grants.push_back({"OWNERSHIP", kind, object, owner, owner, true, run.now_ns});
}

std::string CreatedText(const std::string& kind, const std::string& name) {
  return absl::StrCat(kind, " ", name, " successfully created.");
}

std::string ExistsText(const std::string& name) {
  return absl::StrCat(name, " already exists, statement succeeded.");
}

// ---- databases and schemas ----

absl::Status MakeSchema(Execution& run, const std::string& database, const std::string& schema,
                        const std::string& comment) {
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("CREATE SCHEMA ", PhysicalSchema(database, schema))).status());
  run.account.catalog.databases[database].schemas[schema] = {schema, run.session.role, comment, run.now_ns, {}};
  const ObjectName name{database, schema, ""};
  AddOwnership(run, "SCHEMA", name.SchemaDisplay(), run.session.role);
  run.account.catalog.ApplyFutureGrants("SCHEMA", name, run.now_ns);
  return absl::OkStatus();
}

absl::StatusOr<ResultSet> CreateDatabase(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  CDI_ASSIGN_OR_RETURN(auto properties, ReadOptions(reader, {"COMMENT", "DATA_RETENTION_TIME_IN_DAYS"}));
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
  run.session.database = name;
  run.session.schema = "PUBLIC";
  return StatusResult(CreatedText("Database", name));
}

absl::StatusOr<ResultSet> CreateSchema(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(auto properties, ReadOptions(reader, {"COMMENT", "DATA_RETENTION_TIME_IN_DAYS"}));
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
  run.session.database = database;
  run.session.schema = schema;
  return StatusResult(CreatedText("Schema", schema));
}

// ---- tables and views ----

// Whether the name may be created; takes an old relation away when it is to be replaced. nullopt: go on.
absl::StatusOr<std::optional<ResultSet>> MakeRoom(Execution& run, const ObjectName& name, const std::string& kind,
                                                  const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  if (!HasPrivilege(context, absl::StrCat("CREATE ", kind), "SCHEMA", name.SchemaDisplay())) {
    return InsufficientPrivileges("schema", DisplayName(name.schema));
  }
  const Relation* const old = run.account.catalog.FindRelation(name);
  if (old == nullptr) return std::optional<ResultSet>();
  if (options.if_not_exists) return std::optional<ResultSet>(StatusResult(ExistsText(name.object)));
  if (!options.or_replace || old->is_view != (kind == "VIEW")) return AlreadyExists(name.object);
  if (!IsOwner(context, old->owner))
    return InsufficientPrivileges(old->is_view ? "view" : "table", DisplayName(name.object));
  return std::optional<ResultSet>();
}

void Enter(Execution& run, const ObjectName& name, Relation relation) {
  Catalog& catalog = run.account.catalog;
  const std::string kind = relation.is_view ? "VIEW" : "TABLE";
  catalog.ForgetGrants(kind, name.Display());
  catalog.FindSchema(name.database, name.schema)->relations[name.object] = std::move(relation);
  AddOwnership(run, kind, name.Display(), run.session.role);
  catalog.ApplyFutureGrants(kind, name, run.now_ns);
}

absl::StatusOr<std::string> EngineColumnDefinition(Execution& run, const Column& column) {
  std::string text = absl::StrCat(EngineColumn(column.name), " ", column.type.EngineName());
  if (!column.default_text.empty()) {
    CDI_ASSIGN_OR_RETURN(const std::string engine, EngineDefault(run, column));
    absl::StrAppend(&text, " DEFAULT ", engine);
  }
  if (!column.nullable) text += " NOT NULL";
  return text;
}

// CREATE TABLE t AS SELECT …: columns from the query's description.
absl::StatusOr<std::string> TableFromQuery(Execution& run, size_t query_begin, Relation& table) {
  const std::vector<Token> query_tokens(run.tokens.begin() + static_cast<std::ptrdiff_t>(query_begin),
                                        run.tokens.end());
  CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RewriteQuery(query_tokens, MakeContext(run)));
  const auto columns = run.session.connection->Describe(query.sql);
  if (!columns.ok()) return TranslateEngineError(columns.status(), run.tokens);
  for (const Column& column : query.columns) {
    Column& one = table.columns.emplace_back();
    one.name = column.name;
    one.type = column.type;
  }
  return query.sql;
}

absl::StatusOr<ResultSet> CreateTable(Execution& run, TokenReader& reader, const CreateOptions& options) {
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, MakeContext(run)));
  CDI_ASSIGN_OR_RETURN(auto early, MakeRoom(run, name, "TABLE", options));
  if (early.has_value()) return *std::move(early);
  Relation table{.name = name.object,
                 .owner = run.session.role,
                 .comment = "",
                 .created_ns = run.now_ns,
                 .changed_ns = run.now_ns,
                 .transient = options.transient,
                 .columns = {},
                 .view_query = "",
                 .ddl = run.sql};
  std::string fill;
  if (reader.Peek().IsWord("CLONE") || reader.Peek().IsWord("LIKE"))
    return Unsupported(absl::StrCat("CREATE TABLE ", reader.Peek().text));
  if (reader.TakeOperator("(")) {
    CDI_ASSIGN_OR_RETURN(table.columns, ReadColumns(reader));
  }
  CDI_ASSIGN_OR_RETURN(auto properties,
                       ReadOptions(reader, {"COMMENT", "CHANGE_TRACKING", "DATA_RETENTION_TIME_IN_DAYS"}));
  table.comment = properties["COMMENT"];
  table.change_tracking = properties["CHANGE_TRACKING"] == "TRUE";
  if (reader.TakeWords("AS")) {
    Relation from_query;
    CDI_ASSIGN_OR_RETURN(fill, TableFromQuery(run, reader.position(), from_query));
    if (table.columns.empty()) table.columns = from_query.columns;
    if (table.columns.size() != from_query.columns.size()) {
      return SqlError("002026", "42601", "SQL compilation error:\nInvalid column definition list");
    }
  } else {
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  }
  if (table.columns.empty()) return reader.Unexpected();
  std::string columns;
  for (const Column& column : table.columns) {
    CDI_ASSIGN_OR_RETURN(const std::string definition, EngineColumnDefinition(run, column));
    absl::StrAppend(&columns, columns.empty() ? "" : ", ", definition);
  }
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("CREATE ", options.or_replace ? "OR REPLACE " : "", "TABLE ",
                                                  PhysicalName(name), " (", columns, ")"))
                          .status());
  if (!fill.empty())
    CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("INSERT INTO ", PhysicalName(name), " ", fill)).status());
  Enter(run, name, std::move(table));
  return StatusResult(CreatedText("Table", name.object));
}

absl::StatusOr<ResultSet> CreateView(Execution& run, TokenReader& reader, const CreateOptions& options) {
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, MakeContext(run)));
  CDI_ASSIGN_OR_RETURN(auto early, MakeRoom(run, name, "VIEW", options));
  if (early.has_value()) return *std::move(early);
  std::vector<std::string> names;
  if (reader.TakeOperator("(")) {
    do {
      CDI_ASSIGN_OR_RETURN(names.emplace_back(), reader.Name());
      if (reader.TakeWords("COMMENT")) reader.Next();
    } while (reader.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  }
  CDI_ASSIGN_OR_RETURN(auto properties, ReadOptions(reader, {"COMMENT", "CHANGE_TRACKING"}));
  CDI_RETURN_IF_ERROR(reader.ExpectWords("AS"));
  Relation view{.name = name.object,
                .is_view = true,
                .owner = run.session.role,
                .comment = properties["COMMENT"],
                .created_ns = run.now_ns,
                .changed_ns = run.now_ns,
                .columns = {},
                .view_query = run.sql.substr(reader.Peek().begin),
                .ddl = run.sql};
  // Names inside are those of the view's own schema.
  const std::string database = std::exchange(run.session.database, name.database);
  const std::string schema = std::exchange(run.session.schema, name.schema);
  const auto described = TableFromQuery(run, reader.position(), view);
  run.session.database = database;
  run.session.schema = schema;
  CDI_RETURN_IF_ERROR(described.status());
  if (!names.empty() && names.size() != view.columns.size()) {
    return SqlError("002026", "42601", "SQL compilation error:\nInvalid column definition list");
  }
  for (size_t i = 0; i < names.size(); ++i) view.columns[i].name = names[i];
  Enter(run, name, std::move(view));
  return StatusResult(CreatedText("View", name.object));
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
  NetworkPolicy policy{name, {}, {}};
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
  if (reader.Peek().IsWord("TEMPORARY") || reader.Peek().IsWord("TEMP")) return Unsupported("TEMPORARY objects");
  reader.TakeWords("SECURE");
  const bool network = reader.TakeWords("NETWORK");
  const Token kind = reader.Next();
  if (network && !kind.IsWord("POLICY")) return SyntaxError(kind.place, kind.text);
  options.if_not_exists = reader.TakeWords("IF NOT EXISTS");
  const std::lock_guard write_lock(run.account.write_mutex);
  const std::unique_lock lock(run.account.catalog.mutex);
  const auto create = [&]() -> absl::StatusOr<ResultSet> {
    if (network) return CreateNetworkPolicy(run, reader, options);
    if (kind.IsWord("DATABASE")) return CreateDatabase(run, reader, options);
    if (kind.IsWord("SCHEMA")) return CreateSchema(run, reader, options);
    if (kind.IsWord("TABLE")) return CreateTable(run, reader, options);
    if (kind.IsWord("VIEW")) return CreateView(run, reader, options);
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
