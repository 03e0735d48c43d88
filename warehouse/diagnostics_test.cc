// Every code of the fact sheet (§1.5, §1.6, §2.4) and of PostgreSQL that we promise to explain.
#include "warehouse/diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace cdi::warehouse {
namespace {

using testing::HasSubstr;
using testing::Not;
using Code = absl::StatusCode;

constexpr WarehouseKind kSf = WarehouseKind::kSnowflake;
constexpr WarehouseKind kPg = WarehouseKind::kPostgresql;

DiagnosticContext Context(WarehouseKind kind) {
  return {.kind = kind,
          .user = "ING_USER",
          .role = "ING_ROLE",
          .warehouse = "ING_WH",
          .database = "DB",
          .object = "DB.SC.T",
          .login = false};
}

struct Case {
  std::string_view name;
  WarehouseKind kind;
  std::string_view sqlstate;
  int native;
  std::string_view message;
  Code code;
  std::string_view reason;
  std::string_view words = "";  // part of the message for people
};
class DiagnosticsTest : public testing::TestWithParam<Case> {};

TEST_P(DiagnosticsTest, GivesCauseAndFix) {
  const Case& test = GetParam();
  const absl::Status status =
      StatusFromDiagnostics({{std::string(test.sqlstate), test.native, std::string(test.message)}}, Context(test.kind));
  EXPECT_EQ(status.code(), test.code) << status;
  EXPECT_EQ(ErrorReason(status), test.reason);
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(test.words)));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("{")));
  EXPECT_EQ(ErrorDetailsOf(status)["sqlstate"], test.sqlstate);
  EXPECT_EQ(ErrorDetailsOf(status)["native"], std::to_string(test.native));
}

const auto kName = [](const auto& test) { return std::string(test.param.name); };

INSTANTIATE_TEST_SUITE_P(
    SnowflakeLogin, DiagnosticsTest,
    testing::Values(
        Case{"WrongKey", kSf, "28000", 390144, "JWT token is invalid. [0f]", Code::kUnauthenticated, "KEY_REFUSED",
             "RSA_PUBLIC_KEY_2_FP"},
        Case{"NoUser", kSf, "28000", 394300, "", Code::kUnauthenticated, "KEY_REFUSED", "no user of that name"},
        Case{"NoTimes", kSf, "28000", 394301, "", Code::kUnauthenticated, "KEY_REFUSED", "lacks its times"},
        Case{"IssueTime", kSf, "28000", 394302, "", Code::kUnauthenticated, "KEY_REFUSED", "clock is wrong"},
        Case{"Expired", kSf, "28000", 394303, "", Code::kUnauthenticated, "KEY_REFUSED", "expired"},
        Case{"Fingerprint", kSf, "28000", 394304, "", Code::kUnauthenticated, "KEY_REFUSED", "neither public key"},
        Case{"Algorithm", kSf, "28000", 394305, "", Code::kUnauthenticated, "KEY_REFUSED", "RS256"},
        Case{"Signature", kSf, "28000", 394306, "", Code::kUnauthenticated, "KEY_REFUSED", "signature"},
        Case{"Account", kSf, "28000", 394307, "", Code::kUnauthenticated, "KEY_REFUSED", "account in the token"},
        Case{"StateOnly", kSf, "28000", 0, "login refused", Code::kUnauthenticated, "KEY_REFUSED"},
        Case{"BadLocalKey", kSf, "28000", 20032, "cannot read key", Code::kUnauthenticated, "KEY_REFUSED"},
        Case{"Password", kSf, "28000", 390100, "Incorrect username or password was specified.", Code::kUnauthenticated,
             "PASSWORD_REFUSED"},
        Case{"Disabled", kSf, "28000", 390101, "User access disabled.", Code::kUnauthenticated, "USER_DISABLED",
             "SET DISABLED = FALSE"},
        Case{"Locked", kSf, "28000", 390102, "User temporarily locked.", Code::kUnauthenticated, "USER_LOCKED",
             "MINS_TO_UNLOCK"},
        Case{"PolicyOld", kSf, "28000", 390420,
             "IP 1.2.3.4 is not allowed to access Snowflake. Contact your local security administrator.",
             Code::kPermissionDenied, "NETWORK_POLICY", "1.2.3.4"},
        Case{"PolicyNew", kSf, "08004", 390432,
             "Incoming request with IP/Token 1.2.3.4 is not allowed to access "
             "Snowflake.",
             Code::kPermissionDenied, "NETWORK_POLICY", "ING_USER"},
        Case{"PolicyByTextUnderThePasswordCode", kSf, "28000", 390422,
             "Incoming request with IP/Token 1.2.3.4 is not allowed to access Snowflake.", Code::kPermissionDenied,
             "NETWORK_POLICY"},
        Case{"PolicyByCode", kSf, "28000", 390420, "refused", Code::kPermissionDenied, "NETWORK_POLICY"},
        Case{"UnknownUserCode", kSf, "28000", 390422, "Incorrect username or password was specified.",
             Code::kUnauthenticated, "PASSWORD_REFUSED"},
        Case{"RoleNotGranted", kSf, "28000", 390186, "", Code::kPermissionDenied, "ROLE_MISSING",
             "GRANT ROLE ING_ROLE TO USER ING_USER"},
        Case{"RoleUnknown", kSf, "28000", 390189, "", Code::kPermissionDenied, "ROLE_MISSING"},
        Case{"ObjectAtLogin", kSf, "28000", 390201, "Warehouse 'W' does not exist", Code::kFailedPrecondition,
             "WAREHOUSE_MISSING"},
        Case{"OAuth", kSf, "28000", 390303, "", Code::kUnauthenticated, "TOKEN_REFUSED"},
        Case{"OAuthExpired", kSf, "28000", 390318, "", Code::kUnauthenticated, "TOKEN_REFUSED"},
        Case{"ProgrammaticToken", kSf, "28000", 394400, "", Code::kUnauthenticated, "TOKEN_REFUSED"},
        Case{"BadRequest", kSf, "HY000", 390400, "", Code::kInternal, "STATEMENT_REFUSED"},
        Case{"SessionInvalid", kSf, "HY000", 390104, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"SessionGone", kSf, "08003", 390111, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"SessionExpired", kSf, "08003", 390112, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"MasterNotFound", kSf, "08003", 390113, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"MasterExpired", kSf, "08003", 390114, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"MasterInvalid", kSf, "08003", 390115, "", Code::kUnavailable, "CONNECTION_LOST"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    SnowflakeStatement, DiagnosticsTest,
    testing::Values(
        Case{"NoWarehouse", kSf, "57P03", 606, "No active warehouse selected in the current session.",
             Code::kFailedPrecondition, "WAREHOUSE_MISSING", "GRANT USAGE ON WAREHOUSE ING_WH TO ROLE ING_ROLE"},
        Case{"Cancelled", kSf, "HY008", 604, "SQL execution canceled", Code::kCancelled, "CANCELLED"},
        Case{"NotRunning", kSf, "HY000", 605, "", Code::kCancelled, "CANCELLED"},
        Case{"TooMany", kSf, "HY000", 610, "", Code::kUnavailable, "WAREHOUSE_BUSY"},
        Case{"ResultGone", kSf, "HY000", 612, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"Timeout", kSf, "57014", 630, "Statement reached its statement or warehouse timeout",
             Code::kDeadlineExceeded, "STATEMENT_TIMEOUT", "statement_timeout"},
        Case{"QueryUnknown", kSf, "02000", 709, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"Empty", kSf, "42601", 900, "", Code::kInternal, "STATEMENT_REFUSED"},
        Case{"Syntax", kSf, "42000", 1003, "SQL compilation error:\nsyntax error near 'secret'", Code::kInternal,
             "STATEMENT_REFUSED", "report"},
        Case{"Object", kSf, "HY000", 2003, "SQL compilation error:\nObject 'DB.SC.T' does not exist or not authorized.",
             Code::kFailedPrecondition, "TABLE_MISSING", "GRANT SELECT ON TABLE DB.SC.T TO ROLE ING_ROLE"},
        Case{"Table", kSf, "42S02", 2003, "Table 'DB.SC.T' does not exist or not authorized.",
             Code::kFailedPrecondition, "TABLE_MISSING"},
        Case{"Database", kSf, "02000", 2003, "Database 'DB' does not exist or not authorized.",
             Code::kFailedPrecondition, "DATABASE_MISSING", "GRANT USAGE ON DATABASE"},
        Case{"Schema", kSf, "HY000", 2003, "SQL compilation error:\nSchema 'DB.SC' does not exist or not authorized.",
             Code::kFailedPrecondition, "SCHEMA_MISSING", "GRANT USAGE ON SCHEMA"},
        Case{"ObjectOrOperation", kSf, "02000", 2043, "Object does not exist, or operation cannot be performed.",
             Code::kFailedPrecondition, "TABLE_MISSING"},
        Case{"Privileges", kSf, "42501", 3001, "Insufficient privileges to operate on table 'T'",
             Code::kPermissionDenied, "GRANT_MISSING", "Insufficient privileges"},
        Case{"Column", kSf, "42000", 904, "SQL compilation error: error line 1\ninvalid identifier 'X'",
             Code::kFailedPrecondition, "COLUMN_MISSING"},
        Case{"NoDatabase", kSf, "22000", 90105, "", Code::kFailedPrecondition, "DATABASE_MISSING"},
        Case{"Quota", kSf, "HY000", 90073, "", Code::kFailedPrecondition, "WAREHOUSE_SUSPENDED", "quota"},
        Case{"Suspended", kSf, "HY000", 90064, "", Code::kFailedPrecondition, "WAREHOUSE_SUSPENDED", "AUTO_RESUME"},
        Case{"Conversion", kSf, "22018", 100038, "Numeric value 'secret' is not recognized", Code::kFailedPrecondition,
             "DATA_INVALID"},
        Case{"Division", kSf, "22012", 100051, "Division by zero", Code::kFailedPrecondition, "DATA_INVALID"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    DriverAndNetwork, DiagnosticsTest,
    testing::Values(
        Case{"CannotConnect", kSf, "08001", 7, "[Snowflake][Support] could not resolve host", Code::kUnavailable,
             "CONNECT_FAILED", "It said: could not resolve host"},
        Case{"Lost", kSf, "08S01", 0, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"Closed", kSf, "08003", 0, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"QueryTimeout", kSf, "HYT00", 0, "", Code::kDeadlineExceeded, "STATEMENT_TIMEOUT"},
        Case{"ConnectionTimeout", kSf, "HYT01", 0, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"CancelledByState", kSf, "HY008", 0, "", Code::kCancelled, "CANCELLED"},
        Case{"NoSource", kSf, "IM002", 0, "Data source name not found", Code::kFailedPrecondition, "DRIVER_MISSING"},
        Case{"NoDriver", kSf, "IM003", 0, "", Code::kFailedPrecondition, "DRIVER_MISSING", "odbcinst.ini"},
        Case{"NoLibrary", kPg, "01000", 0, "[unixODBC][Driver Manager]Can't open lib '/x.so' : file not found",
             Code::kFailedPrecondition, "DRIVER_MISSING", "Can't open lib '/x.so'"},
        Case{"Unknown", kSf, "HY000", 12345, "something new\nwith details", Code::kUnavailable, "WAREHOUSE_ERROR",
             "It said: something new"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Postgresql, DiagnosticsTest,
    testing::Values(
        Case{"Password", kPg, "28P01", 0, "", Code::kUnauthenticated, "PASSWORD_REFUSED"},
        Case{"Authorization", kPg, "28000", 0, "", Code::kUnauthenticated, "PASSWORD_REFUSED"},
        Case{"PasswordByText", kPg, "08001", 101,
             "connection to server at \"127.0.0.1\", port 1 failed: FATAL:  password authentication failed for user "
             "\"x\"",
             Code::kUnauthenticated, "PASSWORD_REFUSED"},
        Case{"NoSuchUser", kPg, "08001", 101, "FATAL:  role \"x\" does not exist", Code::kUnauthenticated,
             "PASSWORD_REFUSED"},
        Case{"MayNotLogIn", kPg, "08001", 101, "FATAL:  role \"x\" is not permitted to log in", Code::kUnauthenticated,
             "USER_DISABLED"},
        Case{"HostRules", kPg, "08001", 101, "FATAL:  no pg_hba.conf entry for host \"1.2.3.4\"",
             Code::kPermissionDenied, "NETWORK_POLICY"},
        Case{"Database", kPg, "3D000", 0, "", Code::kFailedPrecondition, "DATABASE_MISSING"},
        Case{"DatabaseByText", kPg, "08001", 101, "FATAL:  database \"nowhere\" does not exist",
             Code::kFailedPrecondition, "DATABASE_MISSING", "nowhere"},
        Case{"Schema", kPg, "3F000", 0, "", Code::kFailedPrecondition, "SCHEMA_MISSING"},
        Case{"SchemaDenied", kPg, "42501", 1, "ERROR: permission denied for schema closed", Code::kFailedPrecondition,
             "SCHEMA_MISSING"},
        Case{"Table", kPg, "42P01", 7, "ERROR: relation \"t\" does not exist", Code::kFailedPrecondition,
             "TABLE_MISSING", "DB.SC.T"},
        Case{"TableOdbcState", kPg, "42S02", 7, "", Code::kFailedPrecondition, "TABLE_MISSING"},
        Case{"Column", kPg, "42703", 7, "ERROR: column \"x\" does not exist;\nError while executing the query",
             Code::kFailedPrecondition, "COLUMN_MISSING", "column \"x\" does not exist"},
        Case{"Grant", kPg, "42501", 7, "ERROR: permission denied for table t", Code::kPermissionDenied,
             "GRANT_MISSING"},
        Case{"Role", kPg, "22023", 7, "ERROR: role \"r\" does not exist", Code::kPermissionDenied, "ROLE_MISSING"},
        Case{"SetRole", kPg, "42501", 7, "ERROR: permission denied to set role \"r\"", Code::kPermissionDenied,
             "ROLE_MISSING", "GRANT \"ING_ROLE\" TO \"ING_USER\""},
        Case{"Timeout", kPg, "57014", 1, "ERROR: canceling statement due to statement timeout", Code::kDeadlineExceeded,
             "STATEMENT_TIMEOUT"},
        Case{"Cancelled", kPg, "57014", 1, "ERROR: canceling statement due to user request", Code::kCancelled,
             "CANCELLED"},
        Case{"Terminated", kPg, "57P01", 1, "FATAL: terminating connection due to administrator command",
             Code::kUnavailable, "CONNECTION_LOST"},
        Case{"Refused", kPg, "08001", 101, "connection to server failed: Connection refused", Code::kUnavailable,
             "CONNECT_FAILED", "Connection refused"},
        Case{"Gone", kPg, "08S01", 26, "server closed the connection unexpectedly", Code::kUnavailable,
             "CONNECTION_LOST"},
        Case{"ConnectionState", kPg, "08006", 0, "", Code::kUnavailable, "CONNECTION_LOST"},
        Case{"Starting", kPg, "08001", 101, "FATAL:  the database system is starting up", Code::kUnavailable,
             "WAREHOUSE_BUSY"},
        Case{"Full", kPg, "53300", 0, "FATAL: sorry, too many clients already", Code::kUnavailable, "WAREHOUSE_BUSY"},
        Case{"Data", kPg, "22P02", 7, "ERROR: invalid input syntax for type json: secret", Code::kFailedPrecondition,
             "DATA_INVALID"},
        Case{"Syntax", kPg, "42601", 7, "ERROR: syntax error at or near \"secret\"", Code::kInternal,
             "STATEMENT_REFUSED"}),
    kName);

TEST(DiagnosticsTextTest, NeitherValuesNorSqlAreRepeated) {
  for (const auto& [state, native] : {std::pair{"22018", 100038}, {"42000", 1003}, {"42601", 0}, {"22P02", 0}}) {
    for (const WarehouseKind kind : {kSf, kPg}) {
      const absl::Status status =
          StatusFromDiagnostics({{state, native, "SELECT secret is wrong 'secret'"}}, Context(kind));
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret"))) << state;
    }
  }
}

TEST(DiagnosticsTextTest, TheRecordThatSaysSomethingWins) {
  const absl::Status status = StatusFromDiagnostics(
      {{"01S00", 17, "Invalid connection string attribute"}, {"28000", 390144, "JWT token is invalid."}}, Context(kSf));
  EXPECT_EQ(ErrorReason(status), "KEY_REFUSED");
  EXPECT_EQ(ErrorDetailsOf(status)["native"], "390144");
}

TEST(DiagnosticsTextTest, ATimeOutOfTheLoginIsNoStatements) {
  DiagnosticContext context = Context(kSf);
  context.login = true;
  EXPECT_EQ(ErrorReason(StatusFromDiagnostics({{"HYT00", 0, ""}}, context)), "LOGIN_TIMEOUT");
}

TEST(DiagnosticsTextTest, NoRecordIsStillAnError) {
  EXPECT_EQ(ErrorReason(StatusFromDiagnostics({}, {})), "WAREHOUSE_ERROR");
}

TEST(DiagnosticsTextTest, ContextThatIsEmptyReadsAsWords) {
  const absl::Status status = StatusFromDiagnostics({{"HY000", 606, ""}}, DiagnosticContext());
  EXPECT_THAT(std::string(status.message()), HasSubstr("TO ROLE of the session"));
}

TEST(DiagnosticsTextTest, PrefixesAndFurtherLinesAreCut) {
  EXPECT_EQ(CleanDriverMessage("[Snowflake][Snowflake ODBC Driver][Snowflake] Object gone;\ntrace line"),
            "Object gone");
  EXPECT_EQ(CleanDriverMessage("plain"), "plain");
  EXPECT_EQ(CleanDriverMessage("[unclosed"), "[unclosed");
  EXPECT_EQ(CleanDriverMessage(""), "");
  EXPECT_LE(CleanDriverMessage(std::string(1000, 'x')).size(), 303U);
}

}  // namespace
}  // namespace cdi::warehouse
