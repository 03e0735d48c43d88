// SHOW of what the account holds: WAREHOUSES, USERS, ROLES, GRANTS, PARAMETERS, NETWORK POLICIES, TRANSACTIONS,
// VARIABLES.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/catalog/warehouse_billing.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/show.h"

namespace cdi::snowflake_mock {
namespace {

std::string YesNo(bool yes) {
  return yes ? "Y" : "N";
}
std::string TrueFalse(bool yes) {
  return yes ? "true" : "false";
}

const std::vector<std::string>& WarehouseColumns() {
  static const auto* names = new std::vector<std::string>{"name",
                                                          "state",
                                                          "type",
                                                          "size",
                                                          "#min_cluster_count",
                                                          "#max_cluster_count",
                                                          "#started_clusters",
                                                          "#running",
                                                          "#queued",
                                                          "is_default",
                                                          "is_current",
                                                          "#auto_suspend",
                                                          "auto_resume",
                                                          "available",
                                                          "provisioning",
                                                          "quiescing",
                                                          "other",
                                                          "@created_on",
                                                          "@resumed_on",
                                                          "@updated_on",
                                                          "owner",
                                                          "comment",
                                                          "enable_query_acceleration",
                                                          "#query_acceleration_max_scale_factor",
                                                          "resource_monitor",
                                                          "#actives",
                                                          "#pendings",
                                                          "#failed",
                                                          "#suspended",
                                                          "uuid",
                                                          "scaling_policy",
                                                          "budget",
                                                          "owner_role_type",
                                                          "resource_constraint"};
  return *names;
}

// One cell for each of WarehouseColumns.
std::vector<std::optional<std::string>> WarehouseRow(Execution& run, const std::string& name,
                                                     const Warehouse& warehouse, bool is_default) {
  const bool running = IsRunning(warehouse, run.now_ns);
  const std::optional<std::string> suspend = warehouse.auto_suspend_seconds == 0
                                                 ? std::nullopt
                                                 : std::optional(std::to_string(warehouse.auto_suspend_seconds));
  return {name,
          running ? "STARTED" : "SUSPENDED",
          "STANDARD",
          warehouse.size,
          "1",
          "1",
          running ? "1" : "0",
          std::to_string(warehouse.running_statements),
          "0",
          YesNo(is_default),
          YesNo(name == run.session.warehouse),
          suspend,
          TrueFalse(warehouse.auto_resume),
          running ? "100" : "",
          "",
          "",
          "",
          ShowTime(warehouse.created_ns),
          ShowTime(std::max(warehouse.started_ns, warehouse.created_ns)),
          ShowTime(warehouse.created_ns),
          warehouse.owner,
          warehouse.comment,
          "false",
          "8",
          "null",
          running ? "1" : "0",
          "0",
          "0",
          running ? "0" : "1",
          std::to_string(warehouse.created_ns / 1000),
          "STANDARD",
          std::nullopt,
          "ROLE",
          std::nullopt};
}

ResultSet ShowWarehouses(Execution& run, const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  const auto user = context.catalog.users.find(run.session.user);
  const std::string preferred = user == context.catalog.users.end() ? "" : user->second.Property("DEFAULT_WAREHOUSE");
  for (const auto& [name, warehouse] : context.catalog.warehouses) {
    if (!filter.Accepts(name) || !HasAnyPrivilege(context, "WAREHOUSE", DisplayName(name))) continue;
    rows.push_back(WarehouseRow(run, name, warehouse, name == preferred));
  }
  return Shown(WarehouseColumns(), std::move(rows), filter);
}

absl::StatusOr<ResultSet> ShowUsers(Execution& run, const RewriteContext& context, const ShowFilter& filter) {
  const bool all = IsOwner(context, "USERADMIN") || HasPrivilege(context, "MANAGE GRANTS", "ACCOUNT", "");
  ShowRows rows;
  for (const auto& [name, user] : context.catalog.users) {
    const bool visible = all || name == run.session.user || HasAnyPrivilege(context, "USER", DisplayName(name));
    if (!visible || !filter.Accepts(name)) continue;
    const int64_t locked_ns = user.locked_until_ns - run.now_ns;
    const std::string roles = user.Property("DEFAULT_SECONDARY_ROLES");
    rows.push_back({name,
                    ShowTime(user.created_ns),
                    user.login_name,
                    user.Property("DISPLAY_NAME").empty() ? name : user.Property("DISPLAY_NAME"),
                    user.Property("FIRST_NAME"),
                    user.Property("LAST_NAME"),
                    user.Property("EMAIL"),
                    locked_ns > 0 ? std::to_string(locked_ns / 60'000'000'000 + 1) : "",
                    "",
                    user.Property("COMMENT"),
                    TrueFalse(user.disabled),
                    "false",
                    "false",
                    user.Property("DEFAULT_WAREHOUSE"),
                    user.Property("DEFAULT_NAMESPACE"),
                    user.Property("DEFAULT_ROLE"),
                    roles == "ALL"    ? "[\"ALL\"]"
                    : roles == "NONE" ? "[]"
                                      : "",
                    "false",
                    "",
                    "",
                    user.owner,
                    std::nullopt,
                    std::nullopt,
                    ShowTime(locked_ns > 0 ? user.locked_until_ns : 0),
                    "false",
                    TrueFalse(!user.keys[0].public_key.empty() || !user.keys[1].public_key.empty()),
                    user.Property("TYPE"),
                    "false"});
  }
  return Shown({"name",
                "@created_on",
                "login_name",
                "display_name",
                "first_name",
                "last_name",
                "email",
                "mins_to_unlock",
                "days_to_expiry",
                "comment",
                "disabled",
                "must_change_password",
                "snowflake_lock",
                "default_warehouse",
                "default_namespace",
                "default_role",
                "default_secondary_roles",
                "ext_authn_duo",
                "ext_authn_uid",
                "mins_to_bypass_mfa",
                "owner",
                "@last_success_login",
                "@expires_at_time",
                "@locked_until_time",
                "has_password",
                "has_rsa_public_key",
                "type",
                "has_mfa"},
               std::move(rows), filter);
}

ResultSet ShowRoles(Execution& run, const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  const auto user = context.catalog.users.find(run.session.user);
  const std::string preferred = user == context.catalog.users.end() ? "" : user->second.Property("DEFAULT_ROLE");
  const std::set<std::string> closure = context.catalog.RoleClosure(context.role);
  for (const auto& [name, role] : context.catalog.roles) {
    if (!filter.Accepts(name)) continue;
    int64_t users = 0;
    int64_t roles = 0;
    for (const auto& [other, one] : context.catalog.users) users += one.roles.contains(name) ? 1 : 0;
    for (const auto& [other, one] : context.catalog.roles) roles += one.inherits.contains(name) ? 1 : 0;
    rows.push_back({ShowTime(role.created_ns), name, YesNo(name == preferred), YesNo(name == context.role),
                    YesNo(name != context.role && closure.contains(name)), std::to_string(users), std::to_string(roles),
                    std::to_string(role.inherits.size()), role.owner, role.comment});
  }
  return Shown({"@created_on", "name", "is_default", "is_current", "is_inherited", "#assigned_to_users",
                "#granted_to_roles", "#granted_roles", "owner", "comment"},
               std::move(rows), filter);
}

struct ParameterFact {
  const char* name;
  const char* preset;
  const char* type;
  const char* description;
};

constexpr ParameterFact kParameters[] = {
    {"ABORT_DETACHED_QUERY", "false", "BOOLEAN",
     "If true, Snowflake will automatically abort queries when it detects that the client has disappeared."},
    {"AUTOCOMMIT", "true", "BOOLEAN",
     "The autocommit property determines whether is statement should to be implicitly wrapped within a transaction or "
     "not. If autocommit is set to true, then a statement that requires a transaction is executed within a transaction "
     "implicitly. If autocommit is off then an explicit commit or rollback is required to close a transaction. The "
     "default autocommit value is true."},
    {"BINARY_OUTPUT_FORMAT", "HEX", "STRING", "display format for binary"},
    {"CLIENT_SESSION_KEEP_ALIVE", "false", "BOOLEAN", "If true, client session will not expire automatically"},
    {"DATE_OUTPUT_FORMAT", "YYYY-MM-DD", "STRING", "display format for date"},
    {"ERROR_ON_NONDETERMINISTIC_MERGE", "true", "BOOLEAN",
     "raise an error when attempting to merge-update a row that joins many rows"},
    {"ERROR_ON_NONDETERMINISTIC_UPDATE", "false", "BOOLEAN",
     "raise an error when attempting to update a row that joins many rows"},
    {"LOCK_TIMEOUT", "43200", "NUMBER",
     "Number of seconds to wait while trying to lock a resource, before timing out and aborting the statement. A value "
     "of 0 turns off lock waiting i.e. the statement must acquire the lock immediately or abort. If multiple resources "
     "need to be locked by the statement, the timeout applies separately to each lock attempt."},
    {"QUERY_TAG", "", "STRING", "String (up to 2000 characters) used to tag statements executed by the session"},
    {"ROWS_PER_RESULTSET", "0", "NUMBER", "maximum number of rows in a result set"},
    {"STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "0", "NUMBER",
     "Timeout in seconds for queued statements: statements will automatically be canceled if they are queued on a "
     "warehouse for longer than this amount of time; disabled if set to zero."},
    {"STATEMENT_TIMEOUT_IN_SECONDS", "172800", "NUMBER",
     "Timeout in seconds for statements: statements are automatically canceled if they run for longer; if set to zero, "
     "max value (604800) is enforced."},
    {"TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "STRING",
     "Default display format for all timestamp types."},
    {"TIMEZONE", "UTC", "STRING", "time zone"},
    {"TIME_OUTPUT_FORMAT", "HH24:MI:SS", "STRING", "display format for time"},
    {"USE_CACHED_RESULT", "true", "BOOLEAN",
     "If enabled, query results can be reused between successive invocations of "
     "the same query as long as the original result has not expired"}};

ResultSet ShowParameters(Execution& run, const ShowFilter& filter) {
  std::map<std::string, std::vector<std::optional<std::string>>> rows;
  for (const ParameterFact& fact : kParameters)
    rows[fact.name] = {fact.name, fact.preset, fact.preset, "", fact.description, fact.type};
  for (const auto& [name, value] : run.session.parameters) {
    auto& row = rows[name];
    if (row.empty()) row = {name, value, "", "SESSION", "", "STRING"};
    row[1] = value;
    row[3] = "SESSION";
  }
  ShowRows shown;
  for (auto& [name, row] : rows) {
    if (filter.Accepts(name)) shown.push_back(std::move(row));
  }
  return Shown({"key", "value", "default", "level", "description", "type"}, std::move(shown), filter);
}

ResultSet ShowNetworkPolicies(const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  for (const auto& [name, policy] : context.catalog.network_policies) {
    if (!filter.Accepts(name)) continue;
    rows.push_back({ShowTime(policy.created_ns), name, policy.comment, std::to_string(policy.allowed.size()),
                    std::to_string(policy.blocked.size()), "0", "0"});
  }
  return Shown({"@created_on", "name", "comment", "#entries_in_allowed_ip_list", "#entries_in_blocked_ip_list",
                "#entries_in_allowed_network_rules", "#entries_in_blocked_network_rules"},
               std::move(rows), filter);
}

// The session's own; Snowflake shows those of the user's other sessions too.
ResultSet ShowTransactions(Execution& run, const ShowFilter& filter) {
  ShowRows rows;
  if (run.session.transaction.has_value()) {
    const auto& one = *run.session.transaction;
    rows.push_back({std::to_string(one.id), run.session.user, std::to_string(run.session.id),
                    one.name.empty() ? std::to_string(one.id) : one.name, ShowTime(one.id), "running", "0"});
  }
  return Shown({"#id", "user", "#session", "name", "@started_on", "state", "#scope"}, std::move(rows), filter);
}

ResultSet ShowVariables(Execution& run, const ShowFilter& filter) {
  ShowRows rows;
  for (const auto& [name, variable] : run.session.variables) {
    if (!filter.Accepts(name)) continue;
    const auto literal = Tokenize(variable.literal);
    const bool text = literal.ok() && literal->front().kind == TokenKind::kString;
    const std::string value = text ? literal->front().text : variable.literal;
    rows.push_back({std::to_string(run.session.id), std::nullopt, std::nullopt, name, value,
                    absl::StrCat(variable.type.kind == SqlType::Kind::kNumber ? "fixed" : "text"), ""});
  }
  return Shown({"#session_id", "@created_on", "@updated_on", "name", "value", "type", "comment"}, std::move(rows),
               filter);
}

}  // namespace

absl::StatusOr<std::optional<ResultSet>> ShowAccountObjects(Execution& run, const std::string& kind,
                                                            const RewriteContext& context, const ShowFilter& filter) {
  if (kind == "WAREHOUSES") return std::optional<ResultSet>(ShowWarehouses(run, context, filter));
  if (kind == "USERS") {
    CDI_ASSIGN_OR_RETURN(ResultSet users, ShowUsers(run, context, filter));
    return std::optional<ResultSet>(std::move(users));
  }
  if (kind == "ROLES") return std::optional<ResultSet>(ShowRoles(run, context, filter));
  if (kind == "PARAMETERS") return std::optional<ResultSet>(ShowParameters(run, filter));
  if (kind == "NETWORK POLICIES") return std::optional<ResultSet>(ShowNetworkPolicies(context, filter));
  if (kind == "TRANSACTIONS") return std::optional<ResultSet>(ShowTransactions(run, filter));
  if (kind == "VARIABLES") return std::optional<ResultSet>(ShowVariables(run, filter));
  return std::optional<ResultSet>();
}

namespace {

const std::vector<std::string>& GrantColumns() {
  static const auto* columns = new std::vector<std::string>{
      "@created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"};
  return *columns;
}

// Snowflake names the account itself as the object of global privileges.
std::vector<std::optional<std::string>> GrantRow(const Grant& grant, const std::string& account) {
  return {ShowTime(grant.created_ns),
          grant.privilege,
          grant.kind,
          grant.kind == "ACCOUNT" ? account : grant.object,
          "ROLE",
          grant.role,
          TrueFalse(grant.grant_option),
          grant.granted_by};
}

absl::StatusOr<ResultSet> ShowFutureGrants(TokenReader& reader, const RewriteContext& context) {
  ShowRows rows;
  const bool in = reader.TakeWords("IN");
  if (!in) CDI_RETURN_IF_ERROR(reader.ExpectWords("TO ROLE"));
  std::string wanted;
  std::string kind;
  if (in) {
    kind = reader.Next().text;
    if (kind != "SCHEMA" && kind != "DATABASE") return reader.Unexpected();
    CDI_ASSIGN_OR_RETURN(auto parts, reader.DottedName());
    if (kind == "SCHEMA" && parts.size() == 1) parts.insert(parts.begin(), context.database);
    wanted = kind == "SCHEMA" ? ObjectName{parts[0], parts.back(), ""}.SchemaDisplay() : DisplayName(parts[0]);
  } else {
    CDI_ASSIGN_OR_RETURN(wanted, reader.Name());
  }
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  for (const FutureGrant& grant : context.catalog.future_grants) {
    if (in ? grant.container_kind != kind || grant.container != wanted : grant.role != wanted) continue;
    rows.push_back({ShowTime(grant.created_ns), grant.privilege, grant.kind,
                    absl::StrCat(grant.container, ".<", grant.kind, ">"), "ROLE", grant.role,
                    TrueFalse(grant.grant_option)});
  }
  return Shown({"@created_on", "privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option"},
               std::move(rows), {});
}

// SHOW GRANTS ON kind name | ON ACCOUNT
absl::StatusOr<ResultSet> ShowGrantsOn(Execution& run, TokenReader& reader, const RewriteContext& context) {
  std::string kind = reader.Next().text;
  std::string object;
  if (kind != "ACCOUNT") {
    CDI_ASSIGN_OR_RETURN(auto parts, reader.DottedName());
    if (kind == "TABLE" || kind == "VIEW" || kind == "SEQUENCE") {
      CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
      CDI_RETURN_IF_ERROR(CheckContainers(name, context));
      const Relation* const relation = context.catalog.FindRelation(name);
      if (kind != "SEQUENCE") {
        if (relation == nullptr || !HasAnyPrivilege(context, relation->is_view ? "VIEW" : "TABLE", name.Display()))
          return MissingObject(kind == "VIEW" ? "View" : "Table", name.Display());
        kind = relation->is_view ? "VIEW" : "TABLE";
      }
      object = name.Display();
    } else if (kind == "SCHEMA") {
      if (parts.size() == 1) parts.insert(parts.begin(), context.database);
      if (context.catalog.FindSchema(parts[0], parts[1]) == nullptr)
        return MissingObject("Schema", ObjectName{parts[0], parts[1], ""}.SchemaDisplay());
      object = ObjectName{parts[0], parts[1], ""}.SchemaDisplay();
    } else {
      object = DisplayName(parts[0]);
      const Catalog& catalog = context.catalog;
      const bool exists = kind == "DATABASE"    ? catalog.databases.contains(parts[0])
                          : kind == "WAREHOUSE" ? catalog.warehouses.contains(parts[0])
                          : kind == "USER"      ? catalog.users.contains(parts[0])
                          : kind == "ROLE"      ? catalog.roles.contains(parts[0])
                                                : false;
      if (!exists) return MissingObject(absl::StrCat(kind.substr(0, 1), absl::AsciiStrToLower(kind.substr(1))), object);
    }
  }
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  ShowRows rows;
  for (const Grant& grant : context.catalog.grants) {
    if (grant.kind == kind && grant.object == object) rows.push_back(GrantRow(grant, run.account.name()));
  }
  return Shown(GrantColumns(), std::move(rows), {});
}

absl::StatusOr<ResultSet> ShowGrantsOfRole(TokenReader& reader, const RewriteContext& context) {
  CDI_RETURN_IF_ERROR(reader.ExpectWords("ROLE"));
  CDI_ASSIGN_OR_RETURN(const std::string role, reader.Name());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (!context.catalog.roles.contains(role)) return MissingObject("Role", DisplayName(role));
  ShowRows rows;
  const std::string owner = context.catalog.roles.at(role).owner;
  for (const auto& [name, user] : context.catalog.users) {
    if (user.roles.contains(role)) rows.push_back({ShowTime(user.created_ns), role, "USER", name, owner});
  }
  for (const auto& [name, other] : context.catalog.roles) {
    if (other.inherits.contains(role)) rows.push_back({ShowTime(other.created_ns), role, "ROLE", name, owner});
  }
  return Shown({"@created_on", "role", "granted_to", "grantee_name", "granted_by"}, std::move(rows), {});
}

}  // namespace

absl::StatusOr<ResultSet> ShowGrants(Execution& run, TokenReader& reader, const RewriteContext& context, bool future) {
  if (future) return ShowFutureGrants(reader, context);
  const Catalog& catalog = context.catalog;
  if (reader.TakeWords("ON")) return ShowGrantsOn(run, reader, context);
  if (reader.TakeWords("OF")) return ShowGrantsOfRole(reader, context);
  ShowRows rows;
  const bool to = reader.TakeWords("TO");
  // Alone it lists what the user has.
  if (reader.AtEnd() || reader.TakeWords("USER")) {
    std::string name = run.session.user;
    if (!reader.AtEnd()) {
      CDI_ASSIGN_OR_RETURN(name, reader.Name());
      CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    }
    const auto user = catalog.users.find(name);
    if (user == catalog.users.end()) return MissingObject("User", DisplayName(name));
    for (const std::string& role : user->second.roles) {
      const auto granted = catalog.roles.find(role);
      rows.push_back({ShowTime(user->second.created_ns), role, "USER", name,
                      granted == catalog.roles.end() ? "" : granted->second.owner});
    }
    return Shown({"@created_on", "role", "granted_to", "grantee_name", "granted_by"}, std::move(rows), {});
  }
  if (!to) return reader.Unexpected();
  CDI_RETURN_IF_ERROR(reader.ExpectWords("ROLE"));
  CDI_ASSIGN_OR_RETURN(const std::string role, reader.Name());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (!catalog.roles.contains(role)) return MissingObject("Role", DisplayName(role));
  for (const Grant& grant : catalog.grants) {
    if (grant.role == role) rows.push_back(GrantRow(grant, run.account.name()));
  }
  for (const std::string& inherited : catalog.roles.at(role).inherits) {
    const auto granted = catalog.roles.find(inherited);
    rows.push_back({ShowTime(granted == catalog.roles.end() ? 0 : granted->second.created_ns), "USAGE", "ROLE",
                    inherited, "ROLE", role, "false", granted == catalog.roles.end() ? "" : granted->second.owner});
  }
  return Shown(GrantColumns(), std::move(rows), {});
}

}  // namespace cdi::snowflake_mock
