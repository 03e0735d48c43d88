#include "server/access/access_control.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/text.h"

namespace cdi::server {
namespace {

constexpr std::string_view kBearer = "Bearer ";

CallLimitOptions LimitsOf(const config::v1::ServerConfig::Access& access) {
  CallLimitOptions options;
  options.calls_per_minute = access.calls_per_minute();
  options.tests_per_minute = access.tests_per_minute();
  return options;
}

}  // namespace

AccessControl::AccessControl(const config::v1::ServerConfig& config, TokenStore* tokens, const Clock& clock)
    : anonymous_role_(ParseRole(config.access().anonymous_role()).value_or(Role::kNone)),
      tokens_(tokens),
      limits_(clock, LimitsOf(config.access())) {
  for (const auto& entry : config.access().certificates()) {
    certificates_[entry.subject()] = {absl::StrCat(std::string(kCertificateCollection), entry.subject()),
                                      ParseRole(entry.role()).value_or(Role::kNone),
                                      {entry.scopes().begin(), entry.scopes().end()}};
  }
}

absl::StatusOr<Principal> AccessControl::Authenticate(const Credentials& credentials) {
  // A credential that does not hold is never replaced by having none.
  if (!credentials.authorization.empty()) {
    const std::string_view text = credentials.authorization.front();
    if (tokens_ == nullptr || credentials.authorization.size() > 1 || !text.starts_with(kBearer)) {
      return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID",
                       "the metadata `authorization` must be one text, `Bearer cdi_…`");
    }
    return tokens_->Check(text.substr(kBearer.size()));
  }
  if (!credentials.certificate_subject.empty()) {
    const auto known = certificates_.find(credentials.certificate_subject);
    if (known != certificates_.end()) return known->second;
    return MakeError(
        absl::StatusCode::kUnauthenticated, "CERTIFICATE_UNKNOWN",
        absl::StrCat("the client certificate of ", JsonQuote(CutText(credentials.certificate_subject, 200)),
                     " has no role here: list its subject in access.certificates, or give a token"));
  }
  if (anonymous_role_ != Role::kNone) return Principal{std::string(kAnonymous), anonymous_role_, {}};
  return MakeError(absl::StatusCode::kUnauthenticated, "CREDENTIALS_MISSING",
                   "the call names no caller: give a token (cdi --token-file FILE)");
}

absl::Status AccessControl::Authorize(const RpcRow& row, const Principal& principal,
                                      const std::vector<std::string>& resources) const {
  if (principal.role < row.least) {
    return MakeError(absl::StatusCode::kPermissionDenied, "ROLE_TOO_LOW",
                     absl::StrCat(std::string(row.method), " needs the role ", std::string(RoleName(row.least)), "; ",
                                  principal.name, " is ", std::string(RoleName(principal.role))));
  }
  if (!principal.limited() || row.naming == Naming::kCollection) return absl::OkStatus();
  if (row.naming == Naming::kNothing) {
    return MakeError(absl::StatusCode::kPermissionDenied, "OUT_OF_SCOPE",
                     absl::StrCat(principal.name, " is limited to some resources, and ", std::string(row.method),
                                  " is about all: use a token without scopes"));
  }
  for (const std::string& resource : resources) {
    if (resource.empty() && row.naming == Naming::kField) {
      return InvalidField(row.field,
                          absl::StrCat(std::string(row.field), " is empty: it names what the call is about"));
    }
    if (!resource.empty() && principal.Sees(resource)) continue;
    const std::string what = resource.empty() ? std::string("an id made by the server") : CutText(resource, 100);
    return MakeError(absl::StatusCode::kPermissionDenied, "OUT_OF_SCOPE",
                     absl::StrCat(principal.name, " is limited to other resources than ", what,
                                  ": use a token with this one in its scopes"));
  }
  return absl::OkStatus();
}

absl::Status AccessControl::Recheck(const Principal& principal) const {
  if (tokens_ == nullptr || !principal.name.starts_with(kTokenCollection)) return absl::OkStatus();
  return tokens_->Recheck(principal.name);
}

}  // namespace cdi::server
