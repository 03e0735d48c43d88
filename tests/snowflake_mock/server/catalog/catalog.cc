#include "tests/snowflake_mock/server/catalog/catalog.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace cdi::snowflake_mock {

std::string ObjectName::Display() const {
  return absl::StrCat(DisplayName(database), ".", DisplayName(schema), ".", DisplayName(object));
}

std::string ObjectName::SchemaDisplay() const {
  return absl::StrCat(DisplayName(database), ".", DisplayName(schema));
}

Catalog::Catalog() {
  for (const char* name : {"ACCOUNTADMIN", "SECURITYADMIN", "USERADMIN", "SYSADMIN", "PUBLIC"}) {
    roles[name] = Role{name, "", "", 0, {}};
  }
  roles["ACCOUNTADMIN"].inherits = {"SECURITYADMIN", "SYSADMIN"};
  roles["SECURITYADMIN"].inherits = {"USERADMIN"};
}

Database* Catalog::FindDatabase(const std::string& name) {
  const auto found = databases.find(name);
  return found == databases.end() ? nullptr : &found->second;
}

Schema* Catalog::FindSchema(const std::string& database, const std::string& schema) {
  Database* const parent = FindDatabase(database);
  if (parent == nullptr) return nullptr;
  const auto found = parent->schemas.find(schema);
  return found == parent->schemas.end() ? nullptr : &found->second;
}

Relation* Catalog::FindRelation(const ObjectName& name) {
  Schema* const parent = FindSchema(name.database, name.schema);
  if (parent == nullptr) return nullptr;
  const auto found = parent->relations.find(name.object);
  return found == parent->relations.end() ? nullptr : &found->second;
}

User* Catalog::FindUserByLogin(const std::string& login_name) {
  for (auto& [name, user] : users) {
    if (absl::EqualsIgnoreCase(user.login_name, login_name)) return &user;
  }
  return nullptr;
}

std::set<std::string> Catalog::RoleClosure(const std::string& role) const {
  std::set<std::string> closure{"PUBLIC"};
  std::vector<std::string> open{role};
  while (!open.empty()) {
    const std::string next = open.back();
    open.pop_back();
    const auto found = roles.find(next);
    if (found == roles.end() || (!closure.insert(next).second && next != "PUBLIC")) continue;
    open.insert(open.end(), found->second.inherits.begin(), found->second.inherits.end());
    if (next == "PUBLIC" && open.empty()) break;
  }
  return closure;
}

std::set<std::string> Catalog::RolesOfUser(const User& user) const {
  std::set<std::string> all{"PUBLIC"};
  for (const std::string& role : user.roles) all.merge(RoleClosure(role));
  return all;
}

void Catalog::ForgetGrants(const std::string& kind, const std::string& object) {
  const std::string inside = absl::StrCat(object, ".");
  const bool container = kind == "DATABASE" || kind == "SCHEMA";
  std::erase_if(grants, [&](const Grant& grant) {
    if (grant.kind == kind && grant.object == object) return true;
    const bool nested =
        grant.kind == "SCHEMA" || grant.kind == "TABLE" || grant.kind == "VIEW" || grant.kind == "SEQUENCE";
    return container && nested && absl::StartsWith(grant.object, inside);
  });
  if (container) {
    std::erase_if(future_grants, [&](const FutureGrant& grant) {
      return grant.container == object || absl::StartsWith(grant.container, inside);
    });
  }
}

void Catalog::ApplyFutureGrants(const std::string& kind, const ObjectName& name, int64_t now_ns) {
  const std::string object = kind == "SCHEMA" ? name.SchemaDisplay() : name.Display();
  // Future grants on a schema replace those on its database, as Snowflake documents.
  const bool schema_level = std::any_of(future_grants.begin(), future_grants.end(), [&](const FutureGrant& grant) {
    return grant.kind == kind && grant.container_kind == "SCHEMA" && grant.container == name.SchemaDisplay();
  });
  for (const FutureGrant& grant : future_grants) {
    if (grant.kind != kind) continue;
    const std::string container = grant.container_kind == "SCHEMA" ? name.SchemaDisplay() : DisplayName(name.database);
    if (grant.container != container || (schema_level && grant.container_kind == "DATABASE")) continue;
    grants.push_back({grant.privilege, kind, object, grant.role, "", grant.grant_option, now_ns});
  }
}

}  // namespace cdi::snowflake_mock
