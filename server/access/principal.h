// Who calls, and what he may do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdi::server {

// Each may do what the one before it may.
enum class Role : uint8_t { kNone = 0, kViewer = 1, kOperator = 2, kAdmin = 3 };

// "viewer", "operator", "admin"; "none" for kNone.
std::string_view RoleName(Role role);
// nullopt for any other text, "none" and "" included.
std::optional<Role> ParseRole(std::string_view text);

// How the name of a principal begins that came with a token, with a client certificate.
inline constexpr std::string_view kTokenCollection = "tokens/";
inline constexpr std::string_view kCertificateCollection = "certificates/";
inline constexpr std::string_view kAnonymous = "anonymous";

struct Principal {
  // `tokens/{token}`, `certificates/{subject}`, `anonymous`; empty while nobody is known to call.
  std::string name;
  Role role = Role::kNone;
  // Resources that this principal is limited to, with all that is below them; empty: no limit.
  std::vector<std::string> scopes;

  bool limited() const { return !scopes.empty(); }
  // True for a resource in scope, or below one: `syncs/shop` covers `syncs/shop/runs/r1`, not `syncs/shop2`.
  bool Sees(std::string_view resource) const;
};

// A principal at the other end of a connection.
struct Caller {
  Principal principal;
  std::string peer;  // "ipv4:127.0.0.1:51234", "unix:"

  // What stands in documents, logs and the audit.
  const std::string& name() const { return principal.name; }
};

}  // namespace cdi::server
