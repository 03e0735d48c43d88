// What Snowflake's codes mean (fact sheet §1.5, §1.6, §2.4, 2026-11). The native code comes first, because 3.x and 4.x
// of the driver give other SQLSTATEs for the same code; one text is asked before it, because the sources disagree about
// the code of a network policy.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "warehouse/faults.h"

namespace cdi::warehouse {
namespace {

using Code = absl::StatusCode;

// ---- Logins by key pair

constexpr Fault kKeyRefused{
    Code::kUnauthenticated, "KEY_REFUSED",
    "Snowflake refused the key of user {user}. Most often neither public key of the user belongs to this key pair: "
    "compare its fingerprint (cdi keys get) with RSA_PUBLIC_KEY_FP and RSA_PUBLIC_KEY_2_FP of DESC USER {user}, and "
    "run its ALTER USER statement. Else the connection's user or account is misspelt, or this machine's clock is "
    "wrong"};
constexpr Fault kKeyOfNobody{
    Code::kUnauthenticated, "KEY_REFUSED",
    "the account has no user {user} that may log in by key pair; check the connection's account and user (it is the "
    "LOGIN_NAME that DESC USER shows)"};
constexpr Fault kKeyWithoutTimes{Code::kUnauthenticated, "KEY_REFUSED",
                                 "the driver's login token lacks its times; install a newer ODBC driver"};
constexpr Fault kKeyClock{
    Code::kUnauthenticated, "KEY_REFUSED",
    "Snowflake got the login token of user {user} more than a minute after the time that this machine wrote into it: "
    "this machine's clock is wrong; set it (timedatectl), and keep it by NTP"};
constexpr Fault kKeyExpired{
    Code::kUnauthenticated, "KEY_REFUSED",
    "the login token of user {user} had expired when it arrived: this machine's clock is wrong (timedatectl), or the "
    "way to Snowflake takes longer than the token lives"};
constexpr Fault kKeyForeign{
    Code::kUnauthenticated, "KEY_REFUSED",
    "neither public key of user {user} belongs to this key pair; compare its fingerprint (cdi keys get) with "
    "RSA_PUBLIC_KEY_FP and RSA_PUBLIC_KEY_2_FP of DESC USER {user}, and run its ALTER USER statement"};
constexpr Fault kKeyAlgorithm{Code::kUnauthenticated, "KEY_REFUSED",
                              "the driver signed the login token by another algorithm than RS256; install a newer ODBC "
                              "driver"};
constexpr Fault kKeySignature{
    Code::kUnauthenticated, "KEY_REFUSED",
    "the signature of the login token does not fit the public key of user {user}; run the key pair's ALTER USER "
    "statement again (cdi keys get --statement-only)"};
constexpr Fault kKeyAccount{
    Code::kUnauthenticated, "KEY_REFUSED",
    "the account that the login token names is not the account at {host}; check the connection's account and host"};
constexpr Fault kLoginRefused{Code::kUnauthenticated, "KEY_REFUSED", "Snowflake refused the login of user {user}",
                              true};
// The driver gave up before it asked Snowflake.
constexpr Fault kKeyNotTaken{
    Code::kFailedPrecondition, "KEY_NOT_TAKEN",
    "the ODBC driver did not take the private key, so Snowflake was not even asked: drivers before 3.4.0 cannot take a "
    "key from memory; install a newer one, and look whether the driver's own ini file names another key or login",
    true};
constexpr Fault kTokenRefused{
    Code::kUnauthenticated, "TOKEN_REFUSED",
    "Snowflake refused an OAuth or programmatic access token, but this service logs in by key pair: look whether the "
    "driver's own ini file or connections.toml sets an authenticator or a token, and remove it"};
constexpr Fault kUserDisabled{
    Code::kUnauthenticated, "USER_DISABLED",
    "user {user} is disabled; as an administrator run ALTER USER {user} SET DISABLED = FALSE"};
constexpr Fault kUserLocked{
    Code::kUnauthenticated, "USER_LOCKED",
    "user {user} is locked for some minutes after failed logins; wait, or as an administrator run ALTER USER {user} "
    "SET MINS_TO_UNLOCK = 0"};
constexpr Fault kNetworkPolicy{
    Code::kPermissionDenied, "NETWORK_POLICY",
    "a network policy refuses this machine's address; allow it in the policy of the account (SHOW PARAMETERS LIKE "
    "'NETWORK_POLICY' IN ACCOUNT) or of the user (DESC USER {user})",
    true};
constexpr Fault kLoginPolicy{
    Code::kPermissionDenied, "LOGIN_POLICY",
    "an authentication policy of the account or of user {user} refuses this login; it must allow "
    "AUTHENTICATION_METHODS = ('KEYPAIR') and CLIENT_TYPES = ('DRIVERS')",
    true};
constexpr Fault kRoleMissing{
    Code::kPermissionDenied, "ROLE_MISSING",
    "role {role} does not exist or is not granted to user {user}; check the connection's role, and run GRANT ROLE "
    "{role} TO USER {user}",
    true};
constexpr Fault kBadRequest{
    Code::kInternal, "STATEMENT_REFUSED",
    "Snowflake did not understand a request of the driver; check the connection's account and host, install a newer "
    "driver, and report it with SQLSTATE and native code",
    true};

// ---- Statements

constexpr Fault kNoWarehouse{
    Code::kFailedPrecondition, "WAREHOUSE_MISSING",
    "no warehouse is active in the session; check the connection's warehouse, and run GRANT USAGE ON WAREHOUSE "
    "{warehouse} TO ROLE {role}"};
constexpr Fault kWarehouseMissing{
    Code::kFailedPrecondition, "WAREHOUSE_MISSING",
    "warehouse {warehouse} does not exist or the role may not use it; check the connection's warehouse, and run GRANT "
    "USAGE ON WAREHOUSE {warehouse} TO ROLE {role}",
    true};
constexpr Fault kWarehouseSuspended{
    Code::kFailedPrecondition, "WAREHOUSE_SUSPENDED",
    "warehouse {warehouse} cannot run now: it is suspended and may not resume by itself, or the quota of its resource "
    "monitor is used up; run ALTER WAREHOUSE {warehouse} SET AUTO_RESUME = TRUE, or raise the quota",
    true};
constexpr Fault kDatabaseMissing{
    Code::kFailedPrecondition, "DATABASE_MISSING",
    "the database of {object} does not exist or the role may not use it; check its name, and run GRANT USAGE ON "
    "DATABASE {named} TO ROLE {role}",
    true};
constexpr Fault kSchemaMissing{
    Code::kFailedPrecondition, "SCHEMA_MISSING",
    "the schema of {object} does not exist or the role may not use it; check its name, and run GRANT USAGE ON SCHEMA "
    "{named} TO ROLE {role}",
    true};
constexpr Fault kTableMissing{
    Code::kFailedPrecondition, "TABLE_MISSING",
    "table or view {object} does not exist or the role may not read it; check its name, and run GRANT SELECT ON TABLE "
    "{sql_object} TO ROLE {role} (ON VIEW for a view), and GRANT USAGE on its database and schema"};
constexpr Fault kObjectMissing{
    Code::kFailedPrecondition, "OBJECT_MISSING",
    "an object does not exist or the role may not use it; check its name and the grants of role {role} (SHOW GRANTS TO "
    "ROLE {role})",
    true};
constexpr Fault kGrantMissing{
    Code::kPermissionDenied, "GRANT_MISSING",
    "role {role} may not read {object}; run GRANT SELECT ON TABLE {sql_object} TO ROLE {role} (ON VIEW for a view), "
    "and GRANT USAGE on its database and schema",
    true};

struct NativeRule {
  int first;
  int last;
  const Fault* fault;
};
// As numbers: 000606 is 606.
constexpr NativeRule kStatementCodes[] = {
    {604, 605, &kCancelled},
    {606, 606, &kNoWarehouse},
    {610, 610, &kBusy},
    {612, 612, &kLost},  // the result is gone: reading again from the last row mends it
    {630, 630, &kStatementTimeout},
    {709, 709, &kLost},
    {900, 900, &kStatementRefused},
    {904, 904, &kColumnMissing},
    {1003, 1003, &kStatementRefused},
    {2003, 2003, &kObjectMissing},
    {2043, 2043, &kObjectMissing},
    {3001, 3001, &kGrantMissing},
    {90064, 90064, &kWarehouseSuspended},
    {90073, 90073, &kWarehouseSuspended},
    {90105, 90106, &kDatabaseMissing},
    {100035, 100100, &kDataInvalid},
};
constexpr NativeRule kLoginCodes[] = {
    {390100, 390100, &kKeyOfNobody},   {390101, 390101, &kUserDisabled}, {390102, 390102, &kUserLocked},
    {390104, 390104, &kLost},          {390111, 390115, &kLost},         {390144, 390144, &kKeyRefused},
    {390186, 390186, &kRoleMissing},   {390189, 390189, &kRoleMissing},  {390201, 390201, &kObjectMissing},
    {390303, 390303, &kTokenRefused},  {390318, 390318, &kTokenRefused}, {390400, 390400, &kBadRequest},
    {390420, 390420, &kNetworkPolicy}, {390422, 390422, &kKeyOfNobody},  // with the policy's text it never gets here
    {390432, 390432, &kNetworkPolicy}, {394300, 394300, &kKeyOfNobody},  {394301, 394301, &kKeyWithoutTimes},
    {394302, 394302, &kKeyClock},      {394303, 394303, &kKeyExpired},   {394304, 394304, &kKeyForeign},
    {394305, 394305, &kKeyAlgorithm},  {394306, 394306, &kKeySignature}, {394307, 394307, &kKeyAccount},
    {394400, 394400, &kTokenRefused},
};

template <typename Rules>
const Fault* FindByNative(const Rules& rules, int native) {
  const auto found = std::find_if(std::begin(rules), std::end(rules),
                                  [&](const NativeRule& rule) { return native >= rule.first && native <= rule.last; });
  return found == std::end(rules) ? nullptr : found->fault;
}

constexpr FaultRule kTexts[] = {
    {"is not allowed to access Snowflake", &kNetworkPolicy},
    {"authentication policy", &kLoginPolicy},
    {"exceeded its quota", &kWarehouseSuspended},
    {"cannot be resumed", &kWarehouseSuspended},
};
// States without a code that is known.
constexpr FaultRule kStates[] = {
    {"57P03", &kNoWarehouse},
    {"42S02", &kTableMissing},
    {"42501", &kGrantMissing},
    {"02000", &kObjectMissing},
};

// Own codes of the 3.x driver for a key that it cannot use; 4.x gives none.
constexpr int kBadLocalKey = 20032;
constexpr int kServerCodesFrom = 100'000;  // of logins

// One code stands for every kind of object; the words tell which.
const Fault* RefineByWords(const Fault* fault, std::string_view text, const DiagnosticContext& context) {
  if (fault != &kObjectMissing && fault != &kGrantMissing) return fault;
  // "Schema 'D.S' does not exist …", "The requested warehouse does not exist …", "… to operate on database 'D'".
  std::string lower(text);
  absl::AsciiStrToLower(&lower);
  const auto names = [&](const std::string& kind) {
    return lower.find(kind + " '") != std::string::npos || lower.find("requested " + kind) != std::string::npos;
  };
  if (names("database")) return &kDatabaseMissing;
  if (names("schema")) return &kSchemaMissing;
  if (names("warehouse")) return &kWarehouseMissing;
  if (names("role")) return &kRoleMissing;
  if (fault == &kObjectMissing && !context.object.empty()) return &kTableMissing;
  return fault;
}

const Fault* FindLoginState(const DiagnosticRecord& record) {
  const bool from_server = record.native >= kServerCodesFrom;
  if (record.sqlstate.starts_with("28")) return from_server ? &kLoginRefused : &kKeyNotTaken;
  // 4.x has this state as well for a key that it cannot use; as a mere warning it has the code 17 and another record
  // beside it.
  if (record.sqlstate == "01S00" && record.native == 0) return &kKeyNotTaken;
  return nullptr;
}

}  // namespace

const Fault* FindSnowflakeFault(const DiagnosticRecord& record, const DiagnosticContext& context) {
  if (const Fault* fault = FindByText(kTexts, record.message)) return fault;
  if (const Fault* fault = FindByNative(kStatementCodes, record.native)) {
    return RefineByWords(fault, record.message, context);
  }
  if (const Fault* fault = FindByNative(kLoginCodes, record.native)) {
    // In the middle of a session they say that it is over; the next login tells the cause.
    const bool about_login = fault->code == Code::kUnauthenticated;
    if (about_login && !context.login) return &kLost;
    return RefineByWords(fault, record.message, context);
  }
  if (record.native == kBadLocalKey) return &kKeyNotTaken;
  if (record.message.find("JWT token is invalid") != std::string::npos) return context.login ? &kKeyRefused : &kLost;
  // libcurl's words, under HY000 as well.
  if (record.message.find("CURLerror") != std::string::npos) return context.login ? &kConnectFailed : &kLost;
  if (context.login) {
    if (const Fault* fault = FindLoginState(record)) return fault;
  }
  if (const Fault* fault = FindByState(kStates, record.sqlstate)) return RefineByWords(fault, record.message, context);
  return nullptr;
}

}  // namespace cdi::warehouse
