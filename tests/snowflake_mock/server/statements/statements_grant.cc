// GRANT and REVOKE: privileges on objects (also ALL and FUTURE), roles to users and roles, ownership.
#include <algorithm>
#include <mutex>
#include <set>

#include "absl/strings/ascii.h"
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
  bool all = false;
  std::string container_kind;
  std::string container;
};

struct GrantStatement {
  bool revoke = false;
  std::vector<std::string> privileges;
  Target target;
  std::string role;
  bool grant_option = false;
  bool only_option = false;   // REVOKE GRANT OPTION FOR
  bool copy_current = false;  // GRANT OWNERSHIP … COPY CURRENT GRANTS
  bool revoke_current = false;
  bool cascade = false;
};

const char* Singular(const std::string& plural) {
  if (plural == "TABLES" || plural == "TABLE") return "TABLE";
  if (plural == "VIEWS" || plural == "VIEW") return "VIEW";
  if (plural == "SEQUENCES" || plural == "SEQUENCE") return "SEQUENCE";
  if (plural == "SCHEMAS" || plural == "SCHEMA") return "SCHEMA";
  if (plural == "DATABASES" || plural == "DATABASE") return "DATABASE";
  return nullptr;
}

const char* AllPrivileges(const std::string& kind) {
  if (kind == "TABLE") return "SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES";
  if (kind == "VIEW") return "SELECT,REFERENCES";
  if (kind == "SEQUENCE") return "USAGE";
  if (kind == "SCHEMA") return "USAGE,MODIFY,MONITOR,CREATE TABLE,CREATE VIEW,CREATE SEQUENCE";
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
    for (const auto& [name, sequence] : schema.sequences) {
      if (target.kind == "SEQUENCE") target.objects.push_back(ObjectName{container[0], schema_name, name}.Display());
    }
    for (const auto& [name, relation] : schema.relations) {
      if (target.kind == "SEQUENCE") break;
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
  if (kind == "SEQUENCE") {
    CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
    const Schema* const schema = catalog.FindSchema(name.database, name.schema);
    if (schema == nullptr || !schema->sequences.contains(name.object)) return MissingObject("Sequence", name.Display());
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
  const bool all = target.all = reader.TakeWords("ALL");
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
  for (const char* kind : {"TABLE", "VIEW", "SCHEMA", "DATABASE", "WAREHOUSE", "USER", "ROLE", "SEQUENCE"}) {
    if (reader.TakeWords(kind)) {
      target.kind = kind;
      break;
    }
  }
  CDI_ASSIGN_OR_RETURN(std::string object, NamedObject(reader, context, target.kind));
  target.objects = {std::move(object)};
  return absl::OkStatus();
}

// The owner, a holder of MANAGE GRANTS, or a holder of every privilege in question WITH GRANT OPTION.
bool MayGrant(const RewriteContext& context, const GrantStatement& statement,
              const std::vector<std::string>& privileges, const std::string& object) {
  if (IsOwner(context, "SECURITYADMIN") || HasPrivilege(context, "MANAGE GRANTS", "ACCOUNT", "")) return true;
  std::set<std::string> roles = context.catalog.RoleClosure(context.role);
  roles.insert(context.secondary_roles.begin(), context.secondary_roles.end());
  const auto holds = [&](const std::string& privilege, bool with_option) {
    return std::any_of(context.catalog.grants.begin(), context.catalog.grants.end(), [&](const Grant& grant) {
      return grant.kind == statement.target.kind && grant.object == object && roles.contains(grant.role) &&
             grant.privilege == privilege && (!with_option || grant.grant_option);
    });
  };
  if (holds("OWNERSHIP", false)) return true;
  return std::all_of(privileges.begin(), privileges.end(), [&](const std::string& one) { return holds(one, true); });
}

// Privileges that a kind of object has; empty for kinds that take any.
absl::Status CheckPrivilegeOfKind(const std::string& kind, const std::string& privilege) {
  if (privilege == "OWNERSHIP") return absl::OkStatus();
  const std::vector<std::string> known = Split(AllPrivileges(kind));
  const bool open = known.empty() || kind == "SCHEMA" || kind == "DATABASE" || kind == "ACCOUNT" || kind == "WAREHOUSE";
  if (open || std::find(known.begin(), known.end(), privilege) != known.end()) return absl::OkStatus();
  if (kind == "TABLE" && (privilege == "EVOLVE SCHEMA" || privilege == "REBUILD" || privilege == "APPLYBUDGET"))
    return absl::OkStatus();
  return SqlError(
      "003005", "42501",
      absl::StrCat("SQL compilation error:\nInvalid object type '", kind, "' for privilege '", privilege, "'"));
}

void SetOwner(Catalog& catalog, const std::string& kind, const std::string& object, const std::string& role) {
  if (kind == "WAREHOUSE" && catalog.warehouses.contains(object)) catalog.warehouses[object].owner = role;
  if (kind == "USER" && catalog.users.contains(object)) catalog.users[object].owner = role;
  if (kind == "ROLE" && catalog.roles.contains(object)) catalog.roles[object].owner = role;
  for (auto& [database_name, database] : catalog.databases) {
    if (kind == "DATABASE" && DisplayName(database_name) == object) database.owner = role;
    for (auto& [schema_name, schema] : database.schemas) {
      if (kind == "SCHEMA" && ObjectName{database_name, schema_name, ""}.SchemaDisplay() == object) schema.owner = role;
      for (auto& [name, sequence] : schema.sequences) {
        if (kind == "SEQUENCE" && ObjectName{database_name, schema_name, name}.Display() == object)
          sequence.owner = role;
      }
      for (auto& [name, relation] : schema.relations) {
        if (kind == "SEQUENCE") break;
        if (ObjectName{database_name, schema_name, name}.Display() == object) relation.owner = role;
      }
    }
  }
}

absl::Status DependentGrant(const std::string& object, std::string_view remedy) {
  return SqlError("003036", "42501",
                  absl::StrCat("SQL execution error: Dependent grant of privilege on securable '", object,
                               "' exists. It must be revoked first. More than one dependent grant may exist: use "
                               "'SHOW GRANTS' command to view them.",
                               std::string(remedy)));
}

// What the role has passed on by its grant option, and the receivers in turn: it goes with CASCADE and forbids the
// REVOKE without (docs.snowflake.com, REVOKE <privileges>, read 2026-11).
absl::Status RevokeDependents(Catalog& catalog, const GrantStatement& statement, const std::string& privilege,
                              const std::string& object) {
  const auto concerned = [&](const Grant& grant) {
    return grant.kind == statement.target.kind && grant.object == object && grant.privilege == privilege;
  };
  std::set<std::string> givers;
  std::vector<std::string> pending{statement.role};
  while (!pending.empty()) {
    const std::string giver = pending.back();
    pending.pop_back();
    const bool could_give = std::any_of(catalog.grants.begin(), catalog.grants.end(), [&](const Grant& grant) {
      return concerned(grant) && grant.role == giver && grant.grant_option;
    });
    if (!could_give || !givers.insert(giver).second) continue;
    for (const Grant& grant : catalog.grants) {
      if (concerned(grant) && grant.granted_by == giver && grant.role != giver) pending.push_back(grant.role);
    }
  }
  const auto depends = [&](const Grant& grant) {
    return concerned(grant) && grant.role != statement.role && givers.contains(grant.granted_by);
  };
  if (!statement.cascade && std::any_of(catalog.grants.begin(), catalog.grants.end(), depends))
    return DependentGrant(object, "");
  std::erase_if(catalog.grants, depends);
  return absl::OkStatus();
}

absl::Status ApplyOne(Execution& run, const GrantStatement& statement, const std::string& privilege,
                      const std::string& object) {
  Catalog& catalog = run.account.catalog;
  if (statement.revoke) CDI_RETURN_IF_ERROR(RevokeDependents(catalog, statement, privilege, object));
  if (statement.only_option) {
    for (Grant& grant : catalog.grants) {
      if (grant.kind == statement.target.kind && grant.object == object && grant.privilege == privilege &&
          grant.role == statement.role)
        grant.grant_option = false;
    }
    return absl::OkStatus();
  }
  if (privilege == "OWNERSHIP" && statement.revoke_current) {
    std::erase_if(catalog.grants, [&](const Grant& grant) {
      return grant.kind == statement.target.kind && grant.object == object && grant.privilege != "OWNERSHIP";
    });
  }
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
  if (statement.revoke) return absl::OkStatus();
  catalog.grants.push_back(
      {privilege, statement.target.kind, object, statement.role, run.session.role, statement.grant_option, run.now_ns});
  return absl::OkStatus();
}

absl::Status ApplyPrivileges(Execution& run, const GrantStatement& statement) {
  Catalog& catalog = run.account.catalog;
  const RewriteContext context = MakeContext(run);
  std::vector<std::string> privileges = statement.privileges;
  if (privileges == std::vector<std::string>{"ALL"}) privileges = Split(AllPrivileges(statement.target.kind));
  if (statement.target.future) {
    if (!IsOwner(context, "SECURITYADMIN") && !HasPrivilege(context, "MANAGE GRANTS", "ACCOUNT", ""))
      return InsufficientPrivileges(statement.target.container_kind == "SCHEMA" ? "schema" : "database",
                                    statement.target.container);
    for (const std::string& privilege : privileges) {
      const FutureGrant grant{privilege,
                              statement.target.kind,
                              statement.target.container_kind,
                              statement.target.container,
                              statement.role,
                              statement.grant_option,
                              run.now_ns};
      std::erase_if(catalog.future_grants, [&](const FutureGrant& old) {
        return old.privilege == grant.privilege && old.kind == grant.kind && old.container == grant.container &&
               old.role == grant.role;
      });
      if (!statement.revoke) catalog.future_grants.push_back(grant);
    }
    return absl::OkStatus();
  }
  for (const std::string& privilege : privileges)
    CDI_RETURN_IF_ERROR(CheckPrivilegeOfKind(statement.target.kind, privilege));
  for (const std::string& object : statement.target.objects) {
    if (!MayGrant(context, statement, privileges, object)) {
      const bool named = HasAnyPrivilege(context, statement.target.kind, object);
      return named || statement.target.kind == "ACCOUNT"
                 ? InsufficientPrivileges(absl::AsciiStrToLower(statement.target.kind),
                                          object.substr(object.rfind('.') + 1))
                 : MissingObject(statement.target.kind == "WAREHOUSE" ? "Warehouse" : "Object", object);
    }
    // An owner cannot change under grants that others gave, unless it is said what becomes of them.
    const bool others =
        std::any_of(run.account.catalog.grants.begin(), run.account.catalog.grants.end(), [&](const Grant& grant) {
          return grant.kind == statement.target.kind && grant.object == object && grant.privilege != "OWNERSHIP";
        });
    if (privileges[0] == "OWNERSHIP" && others && !statement.copy_current && !statement.revoke_current) {
      return DependentGrant(object,
                            " To revoke all dependent grants while transferring object ownership, use convenience "
                            "command 'GRANT OWNERSHIP ON <target_objects> TO <target_role> REVOKE CURRENT GRANTS'.");
    }
    for (const std::string& privilege : privileges) CDI_RETURN_IF_ERROR(ApplyOne(run, statement, privilege, object));
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

absl::StatusOr<ResultSet> Saved(Execution& run, ResultSet result) {
  CDI_RETURN_IF_ERROR(run.account.Save());
  return result;
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
    statement.only_option = statement.revoke && reader.TakeWords("GRANT OPTION FOR");
    CDI_ASSIGN_OR_RETURN(statement.privileges, ReadPrivileges(reader));
    CDI_RETURN_IF_ERROR(ReadTarget(reader, MakeContext(run), statement.target));
    CDI_RETURN_IF_ERROR(reader.ExpectWords(statement.revoke ? "FROM" : "TO"));
    if (reader.Peek().IsWord("DATABASE") && reader.Peek(1).IsWord("ROLE")) return Unsupported("database roles");
    reader.TakeWords("ROLE");
    CDI_ASSIGN_OR_RETURN(statement.role, reader.Name());
    statement.grant_option = reader.TakeWords("WITH GRANT OPTION");
    statement.copy_current = reader.TakeWords("COPY CURRENT GRANTS");
    statement.revoke_current = reader.TakeWords("REVOKE CURRENT GRANTS");
    statement.cascade = reader.TakeWords("CASCADE");
    if (!statement.cascade) reader.TakeWords("RESTRICT");
    if (reader.Peek().IsWord("DATABASE") || reader.Peek().IsWord("SHARE") || reader.Peek().IsWord("APPLICATION"))
      return Unsupported("grants to other than roles");
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    if (!run.account.catalog.roles.contains(statement.role)) return MissingObject("Role", DisplayName(statement.role));
    CDI_RETURN_IF_ERROR(ApplyPrivileges(run, statement));
    if (statement.target.all) {
      return Saved(run, StatusResult(absl::StrCat("Statement executed successfully. ", statement.target.objects.size(),
                                                  " objects affected.")));
    }
  }
  CDI_RETURN_IF_ERROR(run.account.Save());
  return StatusResult("Statement executed successfully.");
}

}  // namespace cdi::snowflake_mock
