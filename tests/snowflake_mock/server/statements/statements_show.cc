// SHOW TABLES, VIEWS, SCHEMAS, DATABASES, WAREHOUSES, USERS, ROLES, GRANTS, PARAMETERS: no warehouse needed.
#include <shared_mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/language/show_pattern.h"
#include "tests/snowflake_mock/server/language/time_format.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

using Rows = std::vector<std::vector<std::optional<std::string>>>;

std::string TimeText(int64_t ns) {
  return FormatTime("YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", ns / 1'000'000'000, static_cast<int32_t>(ns % 1'000'000'000),
                    0);
}

// What follows the kind of things shown.
struct Filter {
  std::optional<std::string> like;
  std::string starts_with;
  bool account = false;
  std::string database;  // empty: any
  std::string schema;    // empty: any
  int64_t limit = -1;

  bool Accepts(const std::string& name) const {
    return (!like.has_value() || LikeMatches(absl::AsciiStrToUpper(*like), absl::AsciiStrToUpper(name))) &&
           absl::StartsWith(name, starts_with);
  }
};

absl::Status ReadScope(TokenReader& reader, const RewriteContext& context, Filter& filter) {
  if (reader.TakeWords("ACCOUNT")) {
    filter.account = true;
    filter.database = filter.schema = "";
    return absl::OkStatus();
  }
  const bool database = reader.TakeWords("DATABASE");
  const bool schema = !database && reader.TakeWords("SCHEMA");
  std::vector<std::string> parts;
  if (reader.Peek().IsName()) {
    CDI_ASSIGN_OR_RETURN(parts, reader.DottedName());
  }
  if (parts.empty()) {
    filter.database = context.database;
    filter.schema = schema ? context.schema : "";
  } else if (parts.size() == 2) {
    filter.database = parts[0];
    filter.schema = parts[1];
  } else if (schema) {
    filter.database = context.database;
    filter.schema = parts[0];
  } else {
    filter.database = parts[0];
    filter.schema = "";
  }
  if (context.catalog.FindDatabase(filter.database) == nullptr ||
      !HasPrivilege(context, "USAGE", "DATABASE", DisplayName(filter.database))) {
    return MissingOrImpossible();
  }
  if (!filter.schema.empty() && context.catalog.FindSchema(filter.database, filter.schema) == nullptr)
    return MissingOrImpossible();
  return absl::OkStatus();
}

absl::StatusOr<Filter> ReadFilter(TokenReader& reader, const RewriteContext& context) {
  Filter filter;
  filter.database = context.database;
  filter.schema = context.schema;
  if (reader.TakeWords("LIKE")) {
    CDI_ASSIGN_OR_RETURN(filter.like, reader.OptionValue());
  }
  if (reader.TakeWords("IN")) CDI_RETURN_IF_ERROR(ReadScope(reader, context, filter));
  if (reader.TakeWords("STARTS WITH")) {
    CDI_ASSIGN_OR_RETURN(filter.starts_with, reader.OptionValue());
  }
  if (reader.TakeWords("LIMIT")) {
    CDI_ASSIGN_OR_RETURN(const std::string rows, reader.OptionValue());
    filter.limit = std::atoll(rows.c_str());
  }
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  return filter;
}

ResultSet Shown(const TextColumns& columns, Rows rows, const Filter& filter) {
  if (filter.limit >= 0 && rows.size() > static_cast<size_t>(filter.limit))
    rows.resize(static_cast<size_t>(filter.limit));
  return TextResult(columns, rows, kShow);
}

// The number of rows of a table, as SHOW TABLES tells it.
std::string CountRows(Execution& run, const ObjectName& name) {
  ResultWriter writer;
  const auto done =
      run.session.connection->Run(absl::StrCat("SELECT count(*) FROM ", PhysicalName(name)), run.stop, &writer);
  if (!done.ok()) return "0";
  const nlohmann::json rows = writer.Finish().AllRows();
  return rows[0][0].get<std::string>();
}

ResultSet ShowRelations(Execution& run, const RewriteContext& context, const Filter& filter, bool views) {
  Rows rows;
  for (const auto& [database_name, database] : context.catalog.databases) {
    if (!filter.database.empty() && database_name != filter.database) continue;
    for (const auto& [schema_name, schema] : database.schemas) {
      if (!filter.schema.empty() && schema_name != filter.schema) continue;
      for (const auto& [name, relation] : schema.relations) {
        const ObjectName full{database_name, schema_name, name};
        if (relation.is_view != views || !filter.Accepts(name) || !CheckContainers(full, context).ok() ||
            !HasAnyPrivilege(context, views ? "VIEW" : "TABLE", full.Display())) {
          continue;
        }
        if (views) {
          rows.push_back({TimeText(relation.created_ns), name, "", database_name, schema_name, relation.owner,
                          relation.comment, relation.ddl, "false", "false", "ROLE",
                          relation.change_tracking ? "ON" : "OFF"});
        } else {
          const std::string count = CountRows(run, full);
          rows.push_back({TimeText(relation.created_ns), name, database_name, schema_name,
                          relation.transient ? "TRANSIENT" : "TABLE", relation.comment, "", count,
                          std::to_string(std::atoll(count.c_str()) * 64), relation.owner, "1", "OFF",
                          relation.change_tracking ? "ON" : "OFF", "ROLE"});
        }
      }
    }
  }
  if (views) {
    return Shown({{"created_on", "name", "reserved", "database_name", "schema_name", "owner", "comment", "text",
                   "is_secure", "is_materialized", "owner_role_type", "change_tracking"}},
                 std::move(rows), filter);
  }
  ResultSet result =
      Shown({{"created_on", "name", "database_name", "schema_name", "kind", "comment", "cluster_by", "rows", "bytes",
              "owner", "retention_time", "automatic_clustering", "change_tracking", "owner_role_type"}},
            std::move(rows), filter);
  for (ResultColumn& column : result.columns) {
    if (column.name == "rows" || column.name == "bytes") column.type = SqlType::Number(38, 0);
  }
  return result;
}

ResultSet ShowSchemas(const RewriteContext& context, const Filter& filter) {
  Rows rows;
  for (const auto& [database_name, database] : context.catalog.databases) {
    if (!filter.database.empty() && database_name != filter.database) continue;
    if (!HasPrivilege(context, "USAGE", "DATABASE", DisplayName(database_name))) continue;
    for (const auto& [name, schema] : database.schemas) {
      if (!filter.Accepts(name) ||
          !HasAnyPrivilege(context, "SCHEMA", ObjectName{database_name, name, ""}.SchemaDisplay()))
        continue;
      rows.push_back({TimeText(schema.created_ns), name, "N",
                      name == context.schema && database_name == context.database ? "Y" : "N", database_name,
                      schema.owner, schema.comment, "", "1", "ROLE"});
    }
  }
  return Shown({{"created_on", "name", "is_default", "is_current", "database_name", "owner", "comment", "options",
                 "retention_time", "owner_role_type"}},
               std::move(rows), filter);
}

ResultSet ShowDatabases(const RewriteContext& context, const Filter& filter) {
  Rows rows;
  for (const auto& [name, database] : context.catalog.databases) {
    if (!filter.Accepts(name) || !HasAnyPrivilege(context, "DATABASE", DisplayName(name))) continue;
    rows.push_back({TimeText(database.created_ns), name, "N", name == context.database ? "Y" : "N", "", database.owner,
                    database.comment, "", "1", "STANDARD", "ROLE"});
  }
  return Shown({{"created_on", "name", "is_default", "is_current", "origin", "owner", "comment", "options",
                 "retention_time", "kind", "owner_role_type"}},
               std::move(rows), filter);
}

ResultSet ShowWarehouses(Execution& run, const RewriteContext& context, const Filter& filter) {
  Rows rows;
  for (const auto& [name, warehouse] : context.catalog.warehouses) {
    if (!filter.Accepts(name) || !HasAnyPrivilege(context, "WAREHOUSE", DisplayName(name))) continue;
    rows.push_back({name, warehouse.suspended ? "SUSPENDED" : "STARTED", "STANDARD", warehouse.size, "0", "0", "N",
                    name == run.session.warehouse ? "Y" : "N", std::to_string(warehouse.auto_suspend_seconds),
                    warehouse.auto_resume ? "true" : "false", TimeText(warehouse.created_ns), warehouse.owner,
                    warehouse.comment});
  }
  return Shown({{"name", "state", "type", "size", "running", "queued", "is_default", "is_current", "auto_suspend",
                 "auto_resume", "created_on", "owner", "comment"}},
               std::move(rows), filter);
}

absl::StatusOr<ResultSet> ShowUsers(const RewriteContext& context, const Filter& filter) {
  if (!IsOwner(context, "USERADMIN")) return InsufficientPrivileges("account", "");
  Rows rows;
  for (const auto& [name, user] : context.catalog.users) {
    if (!filter.Accepts(name)) continue;
    rows.push_back(
        {name, TimeText(user.created_ns), user.login_name, user.Property("DISPLAY_NAME"), user.Property("EMAIL"),
         user.disabled ? "true" : "false", user.Property("COMMENT"), user.Property("DEFAULT_WAREHOUSE"),
         user.Property("DEFAULT_NAMESPACE"), user.Property("DEFAULT_ROLE"), user.owner,
         user.keys[0].public_key.empty() && user.keys[1].public_key.empty() ? "false" : "true", user.Property("TYPE")});
  }
  return Shown({{"name", "created_on", "login_name", "display_name", "email", "disabled", "comment",
                 "default_warehouse", "default_namespace", "default_role", "owner", "has_rsa_public_key", "type"}},
               std::move(rows), filter);
}

ResultSet ShowRoles(const RewriteContext& context, const Filter& filter) {
  Rows rows;
  for (const auto& [name, role] : context.catalog.roles) {
    if (filter.Accepts(name))
      rows.push_back({TimeText(role.created_ns), name, name == context.role ? "Y" : "N", role.owner, role.comment});
  }
  return Shown({{"created_on", "name", "is_current", "owner", "comment"}}, std::move(rows), filter);
}

// SHOW GRANTS [TO ROLE r | TO USER u | OF ROLE r | ON kind object]
absl::StatusOr<ResultSet> ShowGrants(Execution& run, TokenReader& reader, const RewriteContext& context) {
  const Catalog& catalog = context.catalog;
  Rows rows;
  const bool to = reader.AtEnd() || reader.TakeWords("TO");
  if (to && reader.TakeWords("USER")) {
    CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
    const auto user = catalog.users.find(name);
    if (user == catalog.users.end()) return MissingObject("User", DisplayName(name));
    for (const std::string& role : user->second.roles)
      rows.push_back({TimeText(user->second.created_ns), role, "USER", name, ""});
    return TextResult({{"created_on", "role", "granted_to", "grantee_name", "granted_by"}}, rows, kShow);
  }
  if (!to) return Unsupported("SHOW GRANTS other than TO ROLE and TO USER");
  std::string role = run.session.role;
  if (!reader.AtEnd()) {
    CDI_RETURN_IF_ERROR(reader.ExpectWords("ROLE"));
    CDI_ASSIGN_OR_RETURN(role, reader.Name());
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  }
  if (!catalog.roles.contains(role)) return MissingObject("Role", DisplayName(role));
  for (const Grant& grant : catalog.grants) {
    if (grant.role != role) continue;
    rows.push_back({TimeText(grant.created_ns), grant.privilege, grant.kind, grant.object, "ROLE", role,
                    grant.grant_option ? "true" : "false", grant.granted_by});
  }
  for (const std::string& inherited : catalog.roles.at(role).inherits)
    rows.push_back({TimeText(0), "USAGE", "ROLE", inherited, "ROLE", role, "false", ""});
  return TextResult(
      {{"created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"}},
      rows, kShow);
}

ResultSet ShowParameters(Execution& run, const Filter& filter) {
  Rows rows;
  for (const auto& [name, value] : run.session.parameters) {
    if (filter.Accepts(name)) rows.push_back({name, value, "", "SESSION", ""});
  }
  return Shown({{"key", "value", "default", "level", "description"}}, std::move(rows), filter);
}

}  // namespace

// SQL LIKE with % and _.
bool LikeMatches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (LikeMatches(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  if (text.empty() || (pattern[0] != '_' && pattern[0] != text[0])) return false;
  return LikeMatches(pattern.substr(1), text.substr(1));
}

absl::StatusOr<ResultSet> RunShow(Execution& run) {
  TokenReader reader(run.tokens, 1);
  reader.TakeWords("TERSE");
  const RewriteContext context = MakeContext(run);
  const std::shared_lock lock(run.account.catalog.mutex);
  const Token kind = reader.Next();
  if (kind.IsWord("GRANTS")) return ShowGrants(run, reader, context);
  CDI_ASSIGN_OR_RETURN(const Filter filter, ReadFilter(reader, context));
  if (kind.IsWord("TABLES") || kind.IsWord("VIEWS")) return ShowRelations(run, context, filter, kind.IsWord("VIEWS"));
  if (kind.IsWord("SCHEMAS")) return ShowSchemas(context, filter);
  if (kind.IsWord("DATABASES")) return ShowDatabases(context, filter);
  if (kind.IsWord("WAREHOUSES")) return ShowWarehouses(run, context, filter);
  if (kind.IsWord("USERS")) return ShowUsers(context, filter);
  if (kind.IsWord("ROLES")) return ShowRoles(context, filter);
  if (kind.IsWord("PARAMETERS")) return ShowParameters(run, filter);
  return Unsupported(absl::StrCat("SHOW ", kind.text));
}

}  // namespace cdi::snowflake_mock
