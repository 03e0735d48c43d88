#include "tests/snowflake_mock/server/account/login.h"

#include <arpa/inet.h>

#include <algorithm>
#include <shared_mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/account/jwt.h"
#include "tests/snowflake_mock/server/account/session_parameters.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"

namespace cdi::snowflake_mock {
namespace {

constexpr std::string_view kLoginState = "08001";

// A refusal with the name of its cause for the login log.
struct Refusal {
  std::string code;
  std::string message;
  std::string cause;
};

std::optional<Refusal> CheckToken(Account& account, const User* user, const LoginRequest& request,
                                  int64_t now_seconds) {
  const auto refuse = [](const std::string& cause) { return Refusal{"390144", "JWT token is invalid.", cause}; };
  const auto claims = ParseJwt(request.token);
  if (!claims.ok()) return refuse("JWT_TOKEN_INVALID");
  if (claims->algorithm != "RS256") return refuse("JWT_TOKEN_INVALID_ALGORITHM");
  if (!account.IsNamed(claims->account)) return refuse("JWT_TOKEN_ACCOUNT_MISMATCH");
  if (!absl::EqualsIgnoreCase(claims->user, request.login_name) || user == nullptr ||
      !absl::EqualsIgnoreCase(claims->subject, absl::StrCat(claims->account, ".", claims->user))) {
    return refuse("JWT_TOKEN_INVALID_USER_IN_ISSUER");
  }
  if (const std::string cause = CheckJwtTimes(*claims, now_seconds, account.CurrentSettings().jwt_skew_seconds);
      !cause.empty()) {
    return refuse(cause);
  }
  for (const KeySlot& slot : user->keys) {
    if (slot.public_key.empty() || slot.fingerprint != claims->fingerprint) continue;
    if (!VerifyJwtSignature(*claims, slot.public_key)) return refuse("JWT_TOKEN_INVALID_SIGNATURE");
    return std::nullopt;
  }
  return refuse("JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH");
}

// What is not a key pair: refused as Snowflake refuses wrong credentials of that kind.
std::optional<Refusal> CheckAuthenticator(const LoginRequest& request) {
  const std::string way = absl::AsciiStrToUpper(request.authenticator);
  if (way == "SNOWFLAKE_JWT") return std::nullopt;
  if (way == "OAUTH" || absl::StartsWith(way, "OAUTH_"))
    return Refusal{"390303", "Invalid OAuth access token.", "OAUTH_ACCESS_TOKEN_INVALID"};
  if (way == "PROGRAMMATIC_ACCESS_TOKEN")
    return Refusal{"394400", "Programmatic access token is invalid.", "PROGRAMMATIC_ACCESS_TOKEN_INVALID"};
  if (way == "EXTERNALBROWSER") {
    return Refusal{"390190",
                   "There was an error related to the SAML Identity Provider account parameter. Contact "
                   "Snowflake support.",
                   "SAML_IDP_NOT_CONFIGURED"};
  }
  return Refusal{"390100", "Incorrect username or password was specified.", "INCORRECT_USERNAME_PASSWORD"};
}

std::optional<Refusal> CheckNetwork(const Catalog& catalog, const User* user, const LoginRequest& request) {
  std::string policy_name = user == nullptr ? "" : user->Property("NETWORK_POLICY");
  if (policy_name.empty() || policy_name == "null") {
    const auto found = catalog.account_parameters.find("NETWORK_POLICY");
    if (found != catalog.account_parameters.end()) policy_name = found->second;
  }
  const auto policy = catalog.network_policies.find(absl::AsciiStrToUpper(policy_name));
  if (policy == catalog.network_policies.end()) return std::nullopt;
  const auto matches = [&](const std::string& block) { return AddressMatches(request.peer, block); };
  const auto& [name, rules] = *policy;
  const bool allowed = std::any_of(rules.allowed.begin(), rules.allowed.end(), matches) &&
                       std::none_of(rules.blocked.begin(), rules.blocked.end(), matches);
  if (allowed) return std::nullopt;
  return Refusal{"390432",
                 absl::StrCat("Incoming request with IP/Token ", request.peer, " is not allowed to access Snowflake."),
                 "INCOMING_IP_BLOCKED"};
}

// A name as a connection option gives it: "quoted" kept, else upper case.
std::string OptionName(const std::string& text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return absl::StrReplaceAll(text.substr(1, text.size() - 2), {{"\"\"", "\""}});
  }
  return absl::AsciiStrToUpper(text);
}

std::optional<Refusal> ChooseRole(const Catalog& catalog, const User& user, const LoginRequest& request,
                                  std::string& role) {
  const std::set<std::string> usable = catalog.RolesOfUser(user);
  if (request.role.empty()) {
    const std::string by_default = OptionName(user.Property("DEFAULT_ROLE"));
    role = usable.contains(by_default) ? by_default : "PUBLIC";
    return std::nullopt;
  }
  role = OptionName(request.role);
  if (usable.contains(role)) return std::nullopt;
  const bool exists = catalog.roles.contains(role);
  constexpr std::string_view kAdvice =
      " Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.";
  return Refusal{
      exists ? "390186" : "390189",
      absl::StrCat("Role '", role, "' specified in the connect string ",
                   exists ? "is not granted to this user." : "does not exist or not authorized.", std::string(kAdvice)),
      exists ? "ROLE_NOT_GRANTED" : "ROLE_DOES_NOT_EXIST"};
}

// What does not exist or may not be used leaves the session without it, as Snowflake does by default; with
// CLIENT_VALIDATE_DEFAULT_PARAMETERS it refuses the login (390201).
std::optional<Refusal> ChooseDefaults(Catalog& catalog, const User& user, const LoginRequest& request,
                                      Session& session) {
  const auto wish = request.parameters.find("CLIENT_VALIDATE_DEFAULT_PARAMETERS");
  const bool strict = wish != request.parameters.end() && absl::EqualsIgnoreCase(wish->second, "true");
  const auto missing = [&](const char* kind) -> std::optional<Refusal> {
    if (!strict) return std::nullopt;
    return Refusal{"390201", absl::StrCat("The requested ", kind, " does not exist or not authorized."),
                   "OBJECT_DOES_NOT_EXIST"};
  };
  const RewriteContext context{.catalog = catalog,
                               .role = session.role,
                               .database = "",
                               .schema = "",
                               .context_functions = {},
                               .login_failure_details = {}};
  const std::string warehouse =
      OptionName(request.warehouse.empty() ? user.Property("DEFAULT_WAREHOUSE") : request.warehouse);
  if (catalog.warehouses.contains(warehouse) && HasAnyPrivilege(context, "WAREHOUSE", DisplayName(warehouse)))
    session.warehouse = warehouse;
  else if (!warehouse.empty() && strict)
    return missing("warehouse");
  std::string database = request.database;
  std::string schema = request.schema;
  if (const std::string space = user.Property("DEFAULT_NAMESPACE"); database.empty() && !space.empty()) {
    const size_t dot = space.find('.');
    database = space.substr(0, dot);
    if (schema.empty() && dot != std::string::npos) schema = space.substr(dot + 1);
  }
  if (database.empty()) return std::nullopt;
  database = OptionName(database);
  const bool schema_given = !schema.empty();
  schema = schema_given ? OptionName(schema) : "PUBLIC";
  if (catalog.FindDatabase(database) == nullptr || !HasPrivilege(context, "USAGE", "DATABASE", DisplayName(database)))
    return missing("database");
  session.database = database;
  const ObjectName name{database, schema, ""};
  if (catalog.FindSchema(database, schema) != nullptr && HasPrivilege(context, "USAGE", "SCHEMA", name.SchemaDisplay()))
    session.schema = schema;
  else if (schema_given)
    return missing("schema");
  return std::nullopt;
}

// Decides, and fills the session when the answer is yes.
std::optional<Refusal> Decide(Account& account, const LoginRequest& request, int64_t now_ns, Session& session) {
  const std::shared_lock lock(account.catalog.mutex);
  Catalog& catalog = account.catalog;
  const User* const user = catalog.FindUserByLogin(request.login_name);
  if (auto refusal = CheckAuthenticator(request)) return refusal;
  if (!account.IsNamed(request.account))
    return Refusal{"390144", "JWT token is invalid.", "JWT_TOKEN_ACCOUNT_MISMATCH"};
  if (auto refusal = CheckNetwork(catalog, user, request)) return refusal;
  if (auto refusal = CheckToken(account, user, request, now_ns / 1'000'000'000)) return refusal;
  if (user->disabled)
    return Refusal{"390101", "User access disabled. Contact your local system administrator.", "USER_ACCESS_DISABLED"};
  if (user->locked_until_ns > now_ns) {
    return Refusal{"390102", "User temporarily locked. Try again later, or contact your local system administrator.",
                   "USER_LOCKED_TEMP"};
  }
  if (auto refusal = ChooseRole(catalog, *user, request, session.role)) return refusal;
  session.user = user->name;
  return ChooseDefaults(catalog, *user, request, session);
}

}  // namespace

bool AddressMatches(const std::string& address, const std::string& block) {
  const size_t slash = block.find('/');
  int bits = 32;
  if (slash != std::string::npos && (!absl::SimpleAtoi(block.substr(slash + 1), &bits) || bits < 0 || bits > 32))
    return false;
  in_addr left{};
  in_addr right{};
  if (inet_pton(AF_INET, address.c_str(), &left) != 1 ||
      inet_pton(AF_INET, block.substr(0, slash).c_str(), &right) != 1)
    return false;
  const uint32_t mask = bits == 0 ? 0 : ~uint32_t{0} << (32 - bits);
  return (ntohl(left.s_addr) & mask) == (ntohl(right.s_addr) & mask);
}

absl::StatusOr<std::shared_ptr<Session>> Login(Account& account, const LoginRequest& sent) {
  const int64_t now_ns = account.Now();
  LoginRequest request = sent;
  // Snowflake's driver for Go names the user in the token alone (gosnowflake 1.19.1).
  if (request.login_name.empty()) {
    if (const auto claims = ParseJwt(request.token); claims.ok()) request.login_name = claims->user;
  }
  CDI_ASSIGN_OR_RETURN(auto session, account.NewSession());
  const std::optional<Refusal> refusal = Decide(account, request, now_ns, *session);
  LoginRecord record;
  record.time_ns = now_ns;
  record.user = request.login_name;
  record.client = request.client;
  record.client_version = request.client_version;
  record.peer = request.peer;
  record.authenticator = request.authenticator;
  if (const auto claims = ParseJwt(request.token); claims.ok()) record.fingerprint = claims->fingerprint;
  record.success = !refusal.has_value();
  record.id = RandomUuid();
  record.role = session->role;
  if (refusal.has_value()) {
    const bool by_token = refusal->code == "390144";
    record.code =
        by_token && account.CurrentSettings().specific_jwt_codes != 0 ? JwtCauseCode(refusal->cause) : refusal->code;
    record.cause = refusal->cause;
    const bool with_id = by_token || refusal->code == "390303" || refusal->code == "394400";
    record.message = with_id ? absl::StrCat(refusal->message, " [", record.id, "]") : refusal->message;
  } else {
    record.session_id = session->id;
    session->client = absl::StrCat(request.client, " ", request.client_version);
    for (const auto& [name, value] : request.parameters) {
      if (IsSessionParameter(name) && CheckSessionParameter(name, value).ok()) session->parameters[name] = value;
    }
  }
  ++(refusal.has_value() ? account.counters.logins_refused : account.counters.logins_ok);
  {
    const std::lock_guard lock(account.mutex);
    account.logins.push_back(record);
    if (account.logins.size() > 1000) account.logins.pop_front();
  }
  if (refusal.has_value()) return SqlError(record.code, kLoginState, record.message);
  account.AddSession(session);
  return session;
}

}  // namespace cdi::snowflake_mock
