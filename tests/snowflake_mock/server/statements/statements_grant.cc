// GRANT and REVOKE: privileges on objects (also ALL and FUTURE), roles to users and roles, ownership.
#include <algorithm>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {
namespace {

struct Target {
  std::string kind;                  // TABLE, VIEW, SCHEMA, DATABASE, WAREHOUSE, USER, ACCOUNT, ROLE
  std::vector<std::string> objects;  // Display names
  bool future = false;
  std::string container_kind;
  std::string container;
};

struct GrantStatement {
  bool revoke = false;
  std::vector<std::string> privileges;
  Target target;
  std::string role;
  bool grant_option = false;
};

const char* Singular(const std::string& plural) {
  if (plural == "TABLES" || plural == "TABLE") return "TABLE";
  if (plural == "VIEWS" || plural == "VIEW") return "VIEW";
  if (plural == "SCHEMAS" || plural == "SCHEMA") return "SCHEMA";
  if (plural == "DATABASES" || plural == "DATABASE") return "DATABASE";
  return nullptr;
}

const char* AllPrivileges(const std::string& kind) {
  if (kind == "TABLE") return "SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES";
  if (kind == "VIEW") return "SELECT,REFERENCES";
  if (kind == "SCHEMA") return "USAGE,MODIFY,MONITOR,CREATE TABLE,CREATE VIEW";
  if (kind == "DATABASE") return "USAGE,MODIFY,MONITOR,CREATE SCHEMA";
  if (kind == "WAREHOUSE") return "USAGE,OPERATE,MONITOR,MODIFY";
  return "";
}

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

// "SELECT, CREATE TABLE ON": words of each privilege joined by blanks.
absl::StatusOr<std::vector<std::string>> ReadPrivileges(TokenReader& reader) {
  std::vector<std::string> privileges;
  do {
    std::string words;
    while (reader.Peek().kind == TokenKind::kWord && !reader.Peek().IsWord("ON")) {
      absl::StrAppend(&words, words.empty() ? "" : " ", reader.Next().text);
    }
    if (words.empty()) return reader.Unexpected();
    if (words == "ALL PRIVILEGES") words = "ALL";
    privileges.push_back(words);
  } while (reader.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader.ExpectWords("ON"));
  return privileges;
}

absl::Status ReadContainer(TokenReader& reader, const RewriteContext& context, Target& target,
                           std::vector<std::string>& parts) {
  CDI_RETURN_IF_ERROR(reader.ExpectWords("IN"));
  if (reader.TakeWords("DATABASE")) {
    target.container_kind = "DATABASE";
    CDI_ASSIGN_OR_RETURN(parts, reader.DottedName());
    if (context.catalog.FindDatabase(parts[0]) == nullptr || parts.size() > 1)
      return MissingObject("Database", DisplayName(parts[0]));
    target.container = DisplayName(parts[0]);
    return absl::OkStatus();
  }
  CDI_RETURN_IF_ERROR(reader.ExpectWords("SCHEMA"));
  target.container_kind = "SCHEMA";
  CDI_ASSIGN_OR_RETURN(parts, reader.DottedName());
  if (parts.size() == 1) parts.insert(parts.begin(), context.database);
  if (parts.size() != 2 || context.catalog.FindSchema(parts[0], parts[1]) == nullptr) {
    return MissingObject("Schema", absl::StrCat(DisplayName(parts[0]), ".", DisplayName(parts.back())));
  }
  target.container = ObjectName{parts[0], parts[1], ""}.SchemaDisplay();
  return absl::OkStatus();
}

void CollectAll(const RewriteContext& context, const std::vector<std::string>& container, Target& target) {
  const Database& database = *context.catalog.FindDatabase(container[0]);
  for (const auto& [schema_name, schema] : database.schemas) {
    if (container.size() == 2 && schema_name != container[1]) continue;
    if (target.kind == "SCHEMA") target.objects.push_back(ObjectName{container[0], schema_name, ""}.SchemaDisplay());
    for (const auto& [name, relation] : schema.relations) {
      if (relation.is_view != (target.kind == "VIEW") || target.kind == "SCHEMA") continue;
      target.objects.push_back(ObjectName{container[0], schema_name, name}.Display());
    }
  }
}

absl::StatusOr<std::string> NamedObject(TokenReader& reader, const RewriteContext& context, std::string& kind) {
  CDI_ASSIGN_OR_RETURN(auto parts, reader.DottedName());
  Catalog& catalog = context.catalog;
  if (kind == "DATABASE") {
    if (parts.size() != 1 || catalog.FindDatabase(parts[0]) == nullptr)
      return MissingObject("Database", DisplayName(parts[0]));
    return DisplayName(parts[0]);
  }
  if (kind == "SCHEMA") {
    if (parts.size() == 1) parts.insert(parts.begin(), context.database);
    const ObjectName name{parts[0], parts.back(), ""};
    if (catalog.FindSchema(name.database, name.schema) == nullptr) return MissingObject("Schema", name.SchemaDisplay());
    return name.SchemaDisplay();
  }
  if (kind == "TABLE" || kind == "VIEW") {
    CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
    const Relation* const relation = catalog.FindRelation(name);
    if (relation == nullptr) return MissingObject(kind == "TABLE" ? "Table" : "View", name.Display());
    kind = relation->is_view ? "VIEW" : "TABLE";
    return name.Display();
  }
  const bool exists = kind == "WAREHOUSE" ? catalog.warehouses.contains(parts[0])
                      : kind == "USER"    ? catalog.users.contains(parts[0])
                                          : catalog.roles.contains(parts[0]);
  if (!exists)
    return MissingObject(kind == "WAREHOUSE" ? "Warehouse" : kind == "USER" ? "User" : "Role", DisplayName(parts[0]));
  return DisplayName(parts[0]);
}

absl::Status ReadTarget(TokenReader& reader, const RewriteContext& context, Target& target) {
  if (reader.TakeWords("ACCOUNT")) {
    target.kind = "ACCOUNT";
    target.objects = {""};
    return absl::OkStatus();
  }
  const bool all = reader.TakeWords("ALL");
  target.future = !all && reader.TakeWords("FUTURE");
  if (all || target.future) {
    const char* const kind = Singular(reader.Peek().text);
    if (kind == nullptr) return reader.Unexpected();
    reader.Next();
    target.kind = kind;
    std::vector<std::string> container;
    CDI_RETURN_IF_ERROR(ReadContainer(reader, context, target, container));
    if (all) CollectAll(context, container, target);
    return absl::OkStatus();
  }
  target.kind = "TABLE";
  for (const char* kind : {"TABLE", "VIEW", "SCHEMA", "DATABASE", "WAREHOUSE", "USER", "ROLE"}) {
    if (reader.TakeWords(kind)) {
      target.kind = kind;
      break;
    }
  }
  CDI_ASSIGN_OR_RETURN(std::string object, NamedObject(reader, context, target.kind));
  target.objects = {std::move(object)};
  return absl::OkStatus();
}

bool MayGrant(const RewriteContext& context, const GrantStatement& statement, const std::string& object) {
  if (IsOwner(context, "SECURITYADMIN")) return true;  // MANAGE GRANTS
  const std::set<std::string> roles = context.catalog.RoleClosure(context.role);
  return std::any_of(context.catalog.grants.begin(), context.catalog.grants.end(), [&](const Grant& grant) {
    return grant.kind == statement.target.kind && grant.object == object && roles.contains(grant.role) &&
           (grant.privilege == "OWNERSHIP" || grant.grant_option);
  });
}

void SetOwner(Catalog& catalog, const std::string& kind, const std::string& object, const std::string& role) {
  if (kind == "WAREHOUSE" && catalog.warehouses.contains(object)) catalog.warehouses[object].owner = role;
  if (kind == "USER" && catalog.users.contains(object)) catalog.users[object].owner = role;
  for (auto& [database_name, database] : catalog.databases) {
    if (kind == "DATABASE" && DisplayName(database_name) == object) database.owner = role;
    for (auto& [schema_name, schema] : database.schemas) {
      if (kind == "SCHEMA" && ObjectName{database_name, schema_name, ""}.SchemaDisplay() == object) schema.owner = role;
      for (auto& [name, relation] : schema.relations) {
        if (ObjectName{database_name, schema_name, name}.Display() == object) relation.owner = role;
      }
    }
  }
}

void ApplyOne(Execution& run, const GrantStatement& statement, const std::string& privilege,
              const std::string& object) {
  Catalog& catalog = run.account.catalog;
  if (privilege == "OWNERSHIP") {
    std::erase_if(catalog.grants, [&](const Grant& grant) {
      return grant.kind == statement.target.kind && grant.object == object && grant.privilege == "OWNERSHIP";
    });
    SetOwner(catalog, statement.target.kind, object, statement.role);
  } else {
    std::erase_if(catalog.grants, [&](const Grant& grant) {
      return grant.kind == statement.target.kind && grant.object == object && grant.privilege == privilege &&
             grant.role == statement.role;
    });
  }
  if (statement.revoke) return;
  catalog.grants.push_back(
      {privilege, statement.target.kind, object, statement.role, run.session.role, statement.grant_option, run.now_ns});
}

absl::Status ApplyPrivileges(Execution& run, const GrantStatement& statement) {
  Catalog& catalog = run.account.catalog;
  const RewriteContext context = MakeContext(run);
  std::vector<std::string> privileges = statement.privileges;
  if (privileges == std::vector<std::string>{"ALL"}) privileges = Split(AllPrivileges(statement.target.kind));
  if (statement.target.future) {
    if (!IsOwner(context, "SECURITYADMIN")) return InsufficientPrivileges("schema", statement.target.container);
    for (const std::string& privilege : privileges) {
      const FutureGrant grant{privilege, statement.target.kind, statement.target.container_kind,
                              statement.target.container, statement.role};
      std::erase_if(catalog.future_grants, [&](const FutureGrant& old) {
        return old.privilege == grant.privilege && old.kind == grant.kind && old.container == grant.container &&
               old.role == grant.role;
      });
      if (!statement.revoke) catalog.future_grants.push_back(grant);
    }
    return absl::OkStatus();
  }
  for (const std::string& object : statement.target.objects) {
    if (!MayGrant(context, statement, object)) return InsufficientPrivileges(statement.target.kind, object);
    for (const std::string& privilege : privileges) ApplyOne(run, statement, privilege, object);
  }
  return absl::OkStatus();
}

// GRANT ROLE r TO USER u | TO ROLE s
absl::Status ApplyRole(Execution& run, TokenReader& reader, bool revoke) {
  Catalog& catalog = run.account.catalog;
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const std::string role, reader.Name());
  CDI_RETURN_IF_ERROR(reader.ExpectWords(revoke ? "FROM" : "TO"));
  const bool to_user = reader.TakeWords("USER");
  if (!to_user) CDI_RETURN_IF_ERROR(reader.ExpectWords("ROLE"));
  CDI_ASSIGN_OR_RETURN(const std::string receiver, reader.Name());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (!catalog.roles.contains(role)) return MissingObject("Role", DisplayName(role));
  if (to_user && !catalog.users.contains(receiver)) return MissingObject("User", DisplayName(receiver));
  if (!to_user && !catalog.roles.contains(receiver)) return MissingObject("Role", DisplayName(receiver));
  if (!IsOwner(context, "SECURITYADMIN") && !IsOwner(context, catalog.roles[role].owner))
    return InsufficientPrivileges("role", role);
  if (!revoke && !to_user && catalog.RoleClosure(role).contains(receiver)) {
    return SqlError(
        "003009", "22023",
        absl::StrCat("SQL compilation error:\nRole grant would create a loop: ", role, " inherits ", receiver));
  }
  std::set<std::string>& roles = to_user ? catalog.users[receiver].roles : catalog.roles[receiver].inherits;
  if (revoke) {
    roles.erase(role);
  } else {
    roles.insert(role);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ResultSet> RunGrant(Execution& run) {
  TokenReader reader(run.tokens, 1);
  GrantStatement statement;
  statement.revoke = run.tokens[0].IsWord("REVOKE");
  const std::lock_guard write_lock(run.account.write_mutex);
  const std::unique_lock lock(run.account.catalog.mutex);
  if (reader.Peek().IsWord("DATABASE") && reader.Peek(1).IsWord("ROLE")) return Unsupported("database roles");
  if (reader.TakeWords("ROLE")) {
    CDI_RETURN_IF_ERROR(ApplyRole(run, reader, statement.revoke));
  } else {
    if (statement.revoke && reader.TakeWords("GRANT OPTION FOR")) return Unsupported("REVOKE GRANT OPTION FOR");
    CDI_ASSIGN_OR_RETURN(statement.privileges, ReadPrivileges(reader));
    CDI_RETURN_IF_ERROR(ReadTarget(reader, MakeContext(run), statement.target));
    CDI_RETURN_IF_ERROR(reader.ExpectWords(statement.revoke ? "FROM" : "TO"));
    reader.TakeWords("ROLE");
    CDI_ASSIGN_OR_RETURN(statement.role, reader.Name());
    statement.grant_option = reader.TakeWords("WITH GRANT OPTION");
    if (!reader.TakeWords("COPY CURRENT GRANTS") && !reader.TakeWords("REVOKE CURRENT GRANTS") &&
        !reader.TakeWords("CASCADE"))
      reader.TakeWords("RESTRICT");
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    if (!run.account.catalog.roles.contains(statement.role)) return MissingObject("Role", DisplayName(statement.role));
    CDI_RETURN_IF_ERROR(ApplyPrivileges(run, statement));
  }
  CDI_RETURN_IF_ERROR(run.account.Save());
  return StatusResult("Statement executed successfully.");
}

}  // namespace cdi::snowflake_mock
