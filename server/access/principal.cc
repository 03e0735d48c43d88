#include "server/access/principal.h"

#include <algorithm>

namespace cdi::server {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kNone:
      return "none";
    case Role::kViewer:
      return "viewer";
    case Role::kOperator:
      return "operator";
    case Role::kAdmin:
      return "admin";
  }
  return "none";
}

std::optional<Role> ParseRole(std::string_view text) {
  for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin}) {
    if (text == RoleName(role)) return role;
  }
  return std::nullopt;
}

bool Principal::Sees(std::string_view resource) const {
  if (scopes.empty()) return true;
  return std::any_of(scopes.begin(), scopes.end(), [&](const std::string& scope) {
    return resource.starts_with(scope) && (resource.size() == scope.size() || resource[scope.size()] == '/');
  });
}

}  // namespace cdi::server
