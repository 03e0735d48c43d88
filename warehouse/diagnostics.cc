#include "warehouse/diagnostics.h"

#include "base/error.h"
#include "base/text.h"
#include "warehouse/concat.h"

namespace cdi::warehouse {
namespace {

using Code = absl::StatusCode;

// What a fault means. `{user}`, `{role}`, `{warehouse}`, `{database}`, `{object}` are filled in from the context, or
// with plain words where the context has none.
struct Meaning {
  Code code;
  std::string_view reason;
  std::string_view message;
  bool quote_server = false;  // append the server's own words: they name an object and nothing else
};

constexpr Meaning kNetworkPolicy{
    Code::kPermissionDenied, "NETWORK_POLICY",
    "a network policy of the account refuses this machine's address; allow the address in the network policy of the "
    "account or of user {user}",
    true};
constexpr Meaning kKeyRefused{
    Code::kUnauthenticated, "KEY_REFUSED",
    "Snowflake refused the key of user {user}: no public key of the user fits, or the user or account name is wrong; "
    "compare RSA_PUBLIC_KEY_FP and RSA_PUBLIC_KEY_2_FP in DESC USER with the fingerprint of the key pair, and run its "
    "ALTER USER statement"};
constexpr Meaning kPasswordRefused{
    Code::kUnauthenticated, "PASSWORD_REFUSED",
    "user {user} or its password was refused; check the user name, and set the password again"};
constexpr Meaning kTokenRefused{Code::kUnauthenticated, "TOKEN_REFUSED",
                                "the login token was refused; this service logs in by key pair, check the connection"};
constexpr Meaning kUserDisabled{Code::kUnauthenticated, "USER_DISABLED",
                                "user {user} is disabled; an administrator must run ALTER USER … SET DISABLED = FALSE"};
constexpr Meaning kUserLocked{
    Code::kUnauthenticated, "USER_LOCKED",
    "user {user} is locked for some minutes after failed logins; wait, or set MINS_TO_UNLOCK = 0 as administrator"};
constexpr Meaning kRoleMissing{
    Code::kPermissionDenied, "ROLE_MISSING",
    "role {role} does not exist or is not granted to user {user}; run GRANT ROLE {role} TO USER {user}", true};
constexpr Meaning kPostgresRoleMissing{
    Code::kPermissionDenied, "ROLE_MISSING",
    "role {role} does not exist or is not granted to user {user}; run GRANT \"{role}\" TO \"{user}\"", true};
constexpr Meaning kWarehouseMissing{
    Code::kFailedPrecondition, "WAREHOUSE_MISSING",
    "no warehouse is active in the session; set the connection's warehouse and run GRANT USAGE ON WAREHOUSE "
    "{warehouse} TO ROLE {role}"};
constexpr Meaning kWarehouseSuspended{
    Code::kFailedPrecondition, "WAREHOUSE_SUSPENDED",
    "warehouse {warehouse} cannot run now: it is suspended and cannot be resumed, or its resource monitor's quota is "
    "used up; set AUTO_RESUME = TRUE or raise the quota"};
constexpr Meaning kDatabaseMissing{
    Code::kFailedPrecondition, "DATABASE_MISSING",
    "the database of {object} does not exist or the role may not use it; check its name, and run GRANT USAGE ON "
    "DATABASE … TO ROLE {role}",
    true};
constexpr Meaning kSchemaMissing{
    Code::kFailedPrecondition, "SCHEMA_MISSING",
    "the schema of {object} does not exist or the role may not use it; check its name, and run GRANT USAGE ON SCHEMA "
    "… TO ROLE {role}",
    true};
constexpr Meaning kTableMissing{
    Code::kFailedPrecondition, "TABLE_MISSING",
    "table or view {object} does not exist or the role may not read it; check its name, and run GRANT SELECT ON TABLE "
    "{object} TO ROLE {role}"};
constexpr Meaning kObjectMissing{
    Code::kFailedPrecondition, "OBJECT_MISSING",
    "an object does not exist or the role may not use it; check its name and the grants of role {role}", true};
constexpr Meaning kColumnMissing{Code::kFailedPrecondition, "COLUMN_MISSING",
                                 "a column of {object} does not exist any more; check the source table against the "
                                 "sync",
                                 true};
constexpr Meaning kGrantMissing{
    Code::kPermissionDenied, "GRANT_MISSING",
    "the role may not read {object}; run GRANT SELECT ON {object} TO {role}, and GRANT USAGE on its database and "
    "schema",
    true};
constexpr Meaning kCancelled{Code::kCancelled, "CANCELLED", "the statement was cancelled"};
constexpr Meaning kStatementTimeout{
    Code::kDeadlineExceeded, "STATEMENT_TIMEOUT",
    "the statement ran into its time limit; raise statement_timeout, or make the source cheaper to read in the order "
    "of its cursor column"};
constexpr Meaning kBusy{Code::kUnavailable, "WAREHOUSE_BUSY",
                        "the warehouse has no room for another statement or session now; try again later"};
constexpr Meaning kLost{Code::kUnavailable, "CONNECTION_LOST", "the connection to the warehouse was lost; try again"};
constexpr Meaning kConnectFailed{Code::kUnavailable, "CONNECT_FAILED",
                                 "the warehouse could not be reached; check host, port, TLS and the network between",
                                 true};
constexpr Meaning kLoginTimeout{Code::kUnavailable, "LOGIN_TIMEOUT",
                                "the login was not answered in time; check host, port and the network between"};
constexpr Meaning kDriverMissing{
    Code::kFailedPrecondition, "DRIVER_MISSING",
    "the ODBC driver or a library that it needs could not be loaded; install it, register it in odbcinst.ini, or set "
    "the connection's driver to its name or path",
    true};
constexpr Meaning kDataInvalid{
    Code::kFailedPrecondition, "DATA_INVALID",
    "a value in the source cannot be computed or converted; query the view or table by hand to find the row"};
constexpr Meaning kStatementRefused{
    Code::kInternal, "STATEMENT_REFUSED",
    "the warehouse did not understand a statement of this service; please report it with SQLSTATE and native code"};
constexpr Meaning kUnknown{Code::kUnavailable, "WAREHOUSE_ERROR", "the warehouse reported an error", true};

struct NativeRule {
  int first;
  int last;
  const Meaning* meaning;
};
// Snowflake's codes as numbers (000606 is 606). 2003 and 2043 are refined by text below.
constexpr NativeRule kSnowflakeCodes[] = {
    {604, 605, &kCancelled},
    {606, 606, &kWarehouseMissing},
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
    {90105, 90105, &kDatabaseMissing},
    {100038, 100051, &kDataInvalid},
    {390100, 390100, &kPasswordRefused},
    {390101, 390101, &kUserDisabled},
    {390102, 390102, &kUserLocked},
    {390104, 390104, &kLost},
    {390111, 390115, &kLost},
    {390144, 390144, &kKeyRefused},
    {390186, 390186, &kRoleMissing},
    {390189, 390189, &kRoleMissing},
    {390201, 390201, &kObjectMissing},
    {390303, 390303, &kTokenRefused},
    {390318, 390318, &kTokenRefused},
    {390400, 390400, &kStatementRefused},
    {390420, 390420, &kNetworkPolicy},
    {390422, 390422, &kPasswordRefused},  // with the policy's text it never gets here
    {390432, 390432, &kNetworkPolicy},
    {394300, 394307, &kKeyRefused},
    {394400, 394400, &kTokenRefused},
};

// The public causes of a refused token, where the driver passes them on (docs: key-pair troubleshooting).
struct KeyCause {
  int native;
  std::string_view cause;
};
constexpr KeyCause kKeyCauses[] = {
    {394300, "the account has no user of that name"},
    {394301, "the token lacks its times"},
    {394302, "this machine's clock is wrong by more than a minute"},
    {394303, "the token had expired when it arrived: this machine's clock is wrong, or the way is slow"},
    {394304, "neither public key of the user belongs to this key pair"},
    {394305, "the token's algorithm is not RS256"},
    {394306, "the signature does not fit the public key"},
    {394307, "the account in the token is not the account of the host"},
};

struct StateRule {
  std::string_view prefix;  // of the SQLSTATE, two to five characters; the first that fits wins
  const Meaning* meaning;
};
constexpr StateRule kPostgresStates[] = {
    {"28P01", &kPasswordRefused},
    {"28000", &kPasswordRefused},
    {"3D000", &kDatabaseMissing},
    {"3F000", &kSchemaMissing},
    {"42P01", &kTableMissing},
    {"42S02", &kTableMissing},
    {"42703", &kColumnMissing},
    {"42S22", &kColumnMissing},
    {"42501", &kGrantMissing},
    {"22023", &kUnknown},
    {"22", &kDataInvalid},
    {"53", &kBusy},
    {"57P0", &kLost},
    {"25P03", &kLost},
    {"42", &kStatementRefused},
};
constexpr StateRule kCommonStates[] = {
    {"IM002", &kDriverMissing},
    {"IM003", &kDriverMissing},
    {"IM004", &kDriverMissing},
    {"08001", &kConnectFailed},
    {"08004", &kConnectFailed},
    {"08", &kLost},
    {"HYT01", &kLost},
    {"HYT00", &kStatementTimeout},
    {"HY008", &kCancelled},
    {"57014", &kStatementTimeout},
    {"57P03", &kWarehouseMissing},
    {"28", &kKeyRefused},
    {"42S02", &kTableMissing},
    {"42501", &kGrantMissing},
    {"22", &kDataInvalid},
    {"42", &kStatementRefused},
};

struct TextRule {
  std::string_view part;
  const Meaning* meaning;
};
// psqlODBC reports every failed login as 08001 with libpq's words.
constexpr TextRule kPostgresTexts[] = {
    {"password authentication failed", &kPasswordRefused},
    {"no password supplied", &kPasswordRefused},
    {"no pg_hba.conf entry", &kNetworkPolicy},
    {"is not permitted to log in", &kUserDisabled},
    {"too many connections", &kBusy},
    {"remaining connection slots", &kBusy},
    {"the database system is", &kBusy},
    {"due to statement timeout", &kStatementTimeout},
    {"due to user request", &kCancelled},
    {"terminating connection", &kLost},
    {"server closed the connection", &kLost},
    {"no connection to the server", &kLost},
    {"could not receive data from server", &kLost},
    {"could not send data to server", &kLost},
    {"Could not send query", &kLost},
    {"timeout expired", &kLoginTimeout},
};

template <typename Rules>
const Meaning* FindByText(const Rules& rules, std::string_view text) {
  for (const auto& rule : rules) {
    if (text.find(rule.part) != std::string_view::npos) return rule.meaning;
  }
  return nullptr;
}

template <typename Rules>
const Meaning* FindByState(const Rules& rules, std::string_view sqlstate) {
  for (const auto& rule : rules) {
    if (sqlstate.starts_with(rule.prefix)) return rule.meaning;
  }
  return nullptr;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "Database 'X' does not exist or not authorized.", "Schema …", "Object …": one code for all of them.
const Meaning* RefineMissing(const Meaning* meaning, std::string_view text, const DiagnosticContext& context) {
  if (meaning != &kObjectMissing) return meaning;
  if (Contains(text, "Database '")) return &kDatabaseMissing;
  if (Contains(text, "Schema '")) return &kSchemaMissing;
  if (Contains(text, "Warehouse '")) return &kWarehouseMissing;
  if (Contains(text, "Role '")) return &kRoleMissing;
  if (!context.object.empty()) return &kTableMissing;
  return meaning;
}

const Meaning* ClassifySnowflake(const DiagnosticRecord& record, const DiagnosticContext& context) {
  if (Contains(record.message, "is not allowed to access Snowflake")) return &kNetworkPolicy;
  for (const NativeRule& rule : kSnowflakeCodes) {
    if (record.native >= rule.first && record.native <= rule.last) {
      return RefineMissing(rule.meaning, record.message, context);
    }
  }
  return FindByState(kCommonStates, record.sqlstate);
}

const Meaning* ClassifyPostgres(const DiagnosticRecord& record) {
  // A failed login first: its SQLSTATE is 08001 whatever the server said, and only the words tell.
  if (Contains(record.message, "database \"") && Contains(record.message, "does not exist")) return &kDatabaseMissing;
  if (Contains(record.message, "role \"") && Contains(record.message, "does not exist")) {
    return Contains(record.message, "FATAL") ? &kPasswordRefused : &kPostgresRoleMissing;
  }
  if (Contains(record.message, "permission denied to set role")) return &kPostgresRoleMissing;
  if (Contains(record.message, "permission denied for schema")) return &kSchemaMissing;
  if (Contains(record.message, "permission denied for database")) return &kDatabaseMissing;
  if (const Meaning* meaning = FindByText(kPostgresTexts, record.message)) return meaning;
  if (const Meaning* meaning = FindByState(kPostgresStates, record.sqlstate)) return meaning;
  return FindByState(kCommonStates, record.sqlstate);
}

const Meaning* Classify(const DiagnosticRecord& record, const DiagnosticContext& context) {
  // unixODBC's own words; it gives 01000 as the only state (observed with 2.3.11).
  if (Contains(record.message, "Can't open lib") || Contains(record.message, "Data source name not found")) {
    return &kDriverMissing;
  }
  return context.kind == WarehouseKind::kSnowflake ? ClassifySnowflake(record, context) : ClassifyPostgres(record);
}

std::string FillIn(std::string_view pattern, const DiagnosticContext& context) {
  const struct {
    std::string_view mark;
    const std::string& value;
    std::string_view otherwise;
  } kMarks[] = {
      {"{user}", context.user, "of the connection"}, {"{role}", context.role, "of the session"},
      {"{warehouse}", context.warehouse, "…"},       {"{database}", context.database, "…"},
      {"{object}", context.object, "of the query"},
  };
  std::string text(pattern);
  for (const auto& mark : kMarks) {
    const std::string_view value = mark.value.empty() ? mark.otherwise : std::string_view(mark.value);
    for (size_t at = text.find(mark.mark); at != std::string::npos; at = text.find(mark.mark, at + value.size())) {
      text.replace(at, mark.mark.size(), value);
    }
  }
  return text;
}

}  // namespace

std::string_view WarehouseKindName(WarehouseKind kind) {
  return kind == WarehouseKind::kSnowflake ? "Snowflake" : "PostgreSQL";
}

std::string CleanDriverMessage(std::string_view message) {
  while (!message.empty() && message.front() == '[') {
    const size_t end = message.find(']');
    if (end == std::string_view::npos) break;
    message.remove_prefix(end + 1);
    while (!message.empty() && message.front() == ' ') message.remove_prefix(1);
  }
  message = message.substr(0, message.find_first_of("\r\n"));
  while (!message.empty() && (message.back() == ' ' || message.back() == ';')) message.remove_suffix(1);
  return CutText(message, 300);
}

absl::Status StatusFromDiagnostics(const std::vector<DiagnosticRecord>& records, const DiagnosticContext& context) {
  // The first record that says something: drivers put warnings of other calls around the error.
  const Meaning* meaning = nullptr;
  const DiagnosticRecord* told = records.empty() ? nullptr : &records.front();
  for (const DiagnosticRecord& record : records) {
    const Meaning* const found = Classify(record, context);
    if (found != nullptr && (meaning == nullptr || meaning == &kUnknown)) {
      meaning = found;
      told = &record;
    }
  }
  if (meaning == nullptr) meaning = &kUnknown;
  if (meaning == &kStatementTimeout && context.login) meaning = &kLoginTimeout;

  std::string message = FillIn(meaning->message, context);
  ErrorDetails details;
  if (told != nullptr) {
    details = {{"sqlstate", told->sqlstate}, {"native", Concat(told->native)}};
    for (const KeyCause& known : kKeyCauses) {
      if (meaning == &kKeyRefused && known.native == told->native) AppendTo(message, " (", known.cause, ")");
    }
    const std::string words = CleanDriverMessage(told->message);
    if (meaning->quote_server && !words.empty()) AppendTo(message, ". It said: ", words);
  }
  return MakeError(meaning->code, meaning->reason, message, details);
}

bool IsConnectionLost(const absl::Status& status) {
  return ErrorReason(status) == "CONNECTION_LOST";
}

bool IsCredentialRefused(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == "KEY_REFUSED" || reason == "PASSWORD_REFUSED";
}

}  // namespace cdi::warehouse
