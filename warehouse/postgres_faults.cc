// What PostgreSQL 15 (appendix A of its manual) and psqlODBC (as observed) mean.
#include "warehouse/faults.h"

namespace cdi::warehouse {
namespace {

using Code = absl::StatusCode;

constexpr Fault kPasswordRefused{
    Code::kUnauthenticated, "PASSWORD_REFUSED",
    "user {user} or its password was refused; check the connection's user, and set its password again"};
constexpr Fault kMayNotLogIn{Code::kUnauthenticated, "USER_DISABLED",
                             "user {user} may not log in; as an administrator run ALTER ROLE \"{user}\" LOGIN"};
constexpr Fault kHostRules{Code::kPermissionDenied, "NETWORK_POLICY",
                           "the server takes no login of user {user} from this machine's address; add it to "
                           "pg_hba.conf",
                           true};
constexpr Fault kRoleMissing{Code::kPermissionDenied, "ROLE_MISSING",
                             "role {role} does not exist or is not granted to user {user}; check the connection's "
                             "role, and run GRANT \"{role}\" TO \"{user}\"",
                             true};
constexpr Fault kDatabaseMissing{
    Code::kFailedPrecondition, "DATABASE_MISSING",
    "the connection's database does not exist or user {user} may not use it; check its name, and run GRANT CONNECT ON "
    "DATABASE to the user",
    true};
constexpr Fault kSchemaMissing{
    Code::kFailedPrecondition, "SCHEMA_MISSING",
    "the schema of {object} does not exist or the role may not use it; check its name, and run GRANT USAGE ON SCHEMA "
    "to the role",
    true};
constexpr Fault kTableMissing{Code::kFailedPrecondition, "TABLE_MISSING",
                              "table or view {object} does not exist; check schema and table of the sync", true};
constexpr Fault kGrantMissing{
    Code::kPermissionDenied, "GRANT_MISSING",
    "the role may not read {object}; run GRANT SELECT ON {sql_object} to the role, and GRANT USAGE on its schema",
    true};

constexpr FaultRule kStates[] = {
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

// psqlODBC reports every failed login as 08001 with libpq's words.
constexpr FaultRule kTexts[] = {
    {"password authentication failed", &kPasswordRefused},
    {"no password supplied", &kPasswordRefused},
    {"no pg_hba.conf entry", &kHostRules},
    {"is not permitted to log in", &kMayNotLogIn},
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

}  // namespace

const Fault* FindPostgresFault(const DiagnosticRecord& record, const DiagnosticContext& /*context*/) {
  const auto says = [&](std::string_view part) { return record.message.find(part) != std::string::npos; };
  // A failed login first: its SQLSTATE is 08001 whatever the server said, and only the words tell.
  if (says("database \"") && says("does not exist")) return &kDatabaseMissing;
  if (says("role \"") && says("does not exist")) return says("FATAL") ? &kPasswordRefused : &kRoleMissing;
  if (says("permission denied to set role")) return &kRoleMissing;
  if (says("permission denied for schema")) return &kSchemaMissing;
  if (says("permission denied for database")) return &kDatabaseMissing;
  if (const Fault* fault = FindByText(kTexts, record.message)) return fault;
  return FindByState(kStates, record.sqlstate);
}

}  // namespace cdi::warehouse
