#include "tests/snowflake_mock/server/rewriter/privileges.h"

#include <algorithm>

#include "base/status_macros.h"

namespace cdi::snowflake_mock {
namespace {

std::set<std::string> ActiveRoles(const RewriteContext& context) {
  std::set<std::string> roles = context.catalog.RoleClosure(context.role);
  roles.insert(context.secondary_roles.begin(), context.secondary_roles.end());
  return roles;
}

bool IsAdministrator(const RewriteContext& context) {
  return context.all_privileges || ActiveRoles(context).contains("ACCOUNTADMIN");
}

template <typename Accept>
bool AnyGrant(const RewriteContext& context, const std::string& kind, const std::string& object, Accept accept) {
  if (IsAdministrator(context)) return true;
  const std::set<std::string> roles = ActiveRoles(context);
  return std::any_of(context.catalog.grants.begin(), context.catalog.grants.end(), [&](const Grant& grant) {
    return grant.kind == kind && grant.object == object && roles.contains(grant.role) && accept(grant.privilege);
  });
}

}  // namespace

bool HasPrivilege(const RewriteContext& context, const std::string& privilege, const std::string& kind,
                  const std::string& object) {
  return AnyGrant(context, kind, object,
                  [&](const std::string& held) { return held == privilege || held == "OWNERSHIP"; });
}

bool HasCreatePrivilege(const RewriteContext& context, const std::string& privilege, const std::string& kind,
                        const std::string& object) {
  RewriteContext primary = context;
  primary.secondary_roles.clear();
  return HasPrivilege(primary, privilege, kind, object);
}

bool HasAnyPrivilege(const RewriteContext& context, const std::string& kind, const std::string& object) {
  return AnyGrant(context, kind, object, [](const std::string&) { return true; });
}

bool IsOwner(const RewriteContext& context, const std::string& owner_role) {
  return IsAdministrator(context) || ActiveRoles(context).contains(owner_role);
}

absl::Status CheckContainers(const ObjectName& name, const RewriteContext& context) {
  if (context.catalog.FindDatabase(name.database) == nullptr ||
      !(HasPrivilege(context, "USAGE", "DATABASE", DisplayName(name.database)))) {
    return MissingObject("Database", DisplayName(name.database));
  }
  if (name.schema == "INFORMATION_SCHEMA") return absl::OkStatus();
  if (context.catalog.FindSchema(name.database, name.schema) == nullptr ||
      !HasPrivilege(context, "USAGE", "SCHEMA", name.SchemaDisplay())) {
    return MissingObject("Schema", name.SchemaDisplay());
  }
  return absl::OkStatus();
}

Relation* FindTemporary(const ObjectName& name, const RewriteContext& context) {
  if (context.temporaries == nullptr) return nullptr;
  const auto found = context.temporaries->find(name.Display());
  return found == context.temporaries->end() ? nullptr : &found->second;
}

absl::StatusOr<Relation*> FindWithPrivilege(const ObjectName& name, const std::string& privilege,
                                            const RewriteContext& context) {
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  if (Relation* const temporary = FindTemporary(name, context)) return temporary;
  Relation* const relation = context.catalog.FindRelation(name);
  if (relation == nullptr) return MissingObject("Object", name.Display());
  const std::string kind = relation->is_view ? "VIEW" : "TABLE";
  if (HasPrivilege(context, privilege, kind, name.Display())) return relation;
  if (privilege == "SELECT" && name.Display() == context.write_target &&
      HasPrivilege(context, context.write_privilege, kind, name.Display())) {
    return relation;
  }
  if (!HasAnyPrivilege(context, kind, name.Display())) return MissingObject("Object", name.Display());
  return InsufficientPrivileges(relation->is_view ? "view" : "table", DisplayName(name.object));
}

}  // namespace cdi::snowflake_mock
