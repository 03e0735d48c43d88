// Every failure of the fact sheet (§1.5, §1.6, §2.4) in the forms that 3.x and 4.x of Snowflake's driver give it: the
// same cause and the same fix, which name the field to change and the statement to run.
#include "warehouse/diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace cdi::warehouse {
namespace {

using testing::HasSubstr;
using testing::Not;
using Code = absl::StatusCode;

DiagnosticContext Context(bool login) {
  return {.kind = WarehouseKind::kSnowflake,
          .user = "ING_USER",
          .role = "ING_ROLE",
          .warehouse = "ING_WH",
          .database = "DB",
          .host = "myorg-acct.snowflakecomputing.com:443",
          .object = login ? "" : "DB.SC.T",
          .sql_object = login ? "" : "\"DB\".\"SC\".\"T\"",
          .login = login};
}

struct SnowflakeCase {
  std::string_view name;
  int native;
  std::string_view state;  // the server's own, which 3.x hands on
  std::string_view message;
  Code code;
  std::string_view reason;
  std::string_view words;  // parts of the message for people, apart by '|'
};

// 4.x hides states of completion that the server gave, puts its name before the text and a trace behind it (§2.4).
DiagnosticRecord AsThreeX(const SnowflakeCase& test) {
  return {std::string(test.state), test.native, std::string(test.message)};
}
DiagnosticRecord AsFourX(const SnowflakeCase& test) {
  const std::string_view kind = test.state.substr(0, 2);
  const bool hidden = test.native > 0 && (kind == "00" || kind == "01" || kind == "02");
  return {hidden ? "HY000" : std::string(test.state), test.native,
          "[Snowflake][Snowflake ODBC Driver][Snowflake] " + std::string(test.message) + "\n  at sf_core::query:17"};
}

void ExpectWords(const absl::Status& status, std::string_view words) {
  while (!words.empty()) {
    const size_t end = words.find('|');
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(words.substr(0, end))));
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  for (const char* mark : {"{", "}", "sf_core", "[Snowflake]"}) {
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(mark)));
  }
}

class SnowflakeTest : public testing::TestWithParam<SnowflakeCase> {
 protected:
  static void Check(bool login) {
    const SnowflakeCase& test = GetParam();
    const absl::Status three = StatusFromDiagnostics({AsThreeX(test)}, Context(login));
    const absl::Status four = StatusFromDiagnostics({AsFourX(test)}, Context(login));
    for (const absl::Status& status : {three, four}) {
      EXPECT_EQ(status.code(), test.code) << status;
      EXPECT_EQ(ErrorReason(status), test.reason) << status;
      ExpectWords(status, test.words);
      EXPECT_EQ(ErrorDetailsOf(status)["native"], std::to_string(test.native));
    }
    EXPECT_EQ(three.message(), four.message());
    EXPECT_EQ(ErrorDetailsOf(three)["sqlstate"], test.state);
  }
};
class SnowflakeLoginTest : public SnowflakeTest {};
class SnowflakeStatementTest : public SnowflakeTest {};

TEST_P(SnowflakeLoginTest, GivesCauseAndFix) {
  Check(true);
}
TEST_P(SnowflakeStatementTest, GivesCauseAndFix) {
  Check(false);
}

const auto kName = [](const auto& test) { return std::string(test.param.name); };

constexpr auto kUnauth = Code::kUnauthenticated;
constexpr auto kDenied = Code::kPermissionDenied;
constexpr auto kState = Code::kFailedPrecondition;
constexpr auto kAgain = Code::kUnavailable;

INSTANTIATE_TEST_SUITE_P(
    All, SnowflakeLoginTest,
    testing::Values(
        SnowflakeCase{
            "Jwt", 390144, "28000", "JWT token is invalid. [8d9f1c2e-0a1b-4c3d-9e8f-0123456789ab]", kUnauth,
            "KEY_REFUSED",
            "user ING_USER|RSA_PUBLIC_KEY_2_FP of DESC USER ING_USER|ALTER USER statement|cdi keys get|SELECT "
            "SYSTEM$GET_LOGIN_FAILURE_DETAILS('8d9f1c2e-0a1b-4c3d-9e8f-0123456789ab')|MONITOR"},
        SnowflakeCase{"JwtWithoutCode", 0, "28000", "JWT token is invalid.", kUnauth, "KEY_REFUSED",
                      "RSA_PUBLIC_KEY_FP"},
        SnowflakeCase{"NoUser", 394300, "28000", "JWT token is invalid.", kUnauth, "KEY_REFUSED",
                      "no user ING_USER|connection's account and user|LOGIN_NAME"},
        SnowflakeCase{"NoTimes", 394301, "28000", "", kUnauth, "KEY_REFUSED", "lacks its times|newer ODBC driver"},
        SnowflakeCase{"IssueTime", 394302, "28000", "", kUnauth, "KEY_REFUSED", "clock is wrong|timedatectl"},
        SnowflakeCase{"Expired", 394303, "28000", "", kUnauth, "KEY_REFUSED", "had expired|timedatectl"},
        SnowflakeCase{"Fingerprint", 394304, "28000", "", kUnauth, "KEY_REFUSED",
                      "neither public key of user ING_USER|DESC USER ING_USER|ALTER USER"},
        SnowflakeCase{"Algorithm", 394305, "28000", "", kUnauth, "KEY_REFUSED", "RS256"},
        SnowflakeCase{"Signature", 394306, "28000", "", kUnauth, "KEY_REFUSED", "signature|--statement-only"},
        SnowflakeCase{"Account", 394307, "28000", "", kUnauth, "KEY_REFUSED",
                      "account that the login token names|myorg-acct.snowflakecomputing.com"},
        SnowflakeCase{"Password", 390100, "28000", "Incorrect username or password was specified.", kUnauth,
                      "KEY_REFUSED", "no user ING_USER that may log in by key pair"},
        SnowflakeCase{"UnknownUser", 390422, "28000", "Incorrect username or password was specified.", kUnauth,
                      "KEY_REFUSED", "no user ING_USER"},
        SnowflakeCase{"PolicyUnderThatCode", 390422, "28000",
                      "Incoming request with IP/Token 1.2.3.4 is not allowed to access Snowflake.", kDenied,
                      "NETWORK_POLICY", "1.2.3.4|SHOW PARAMETERS LIKE 'NETWORK_POLICY' IN ACCOUNT|DESC USER ING_USER"},
        SnowflakeCase{"PolicyOld", 390420, "28000",
                      "IP 1.2.3.4 is not allowed to access Snowflake. Contact your local security administrator.",
                      kDenied, "NETWORK_POLICY", "1.2.3.4"},
        SnowflakeCase{"PolicyNew", 390432, "08004",
                      "Incoming request with IP/Token 1.2.3.4 is not allowed to access Snowflake.", kDenied,
                      "NETWORK_POLICY", "1.2.3.4"},
        SnowflakeCase{"PolicyByCode", 390420, "28000", "refused", kDenied, "NETWORK_POLICY", "network policy"},
        SnowflakeCase{"PolicyByCode2", 390432, "08004", "refused", kDenied, "NETWORK_POLICY", "network policy"},
        SnowflakeCase{"LoginPolicy", 390202, "28000",
                      "Authentication attempt rejected by the current authentication policy.", kDenied, "LOGIN_POLICY",
                      "AUTHENTICATION_METHODS = ('KEYPAIR')|CLIENT_TYPES = ('DRIVERS')"},
        SnowflakeCase{"Disabled", 390101, "28000", "User access disabled. Contact your local system administrator.",
                      kUnauth, "USER_DISABLED", "ALTER USER ING_USER SET DISABLED = FALSE"},
        SnowflakeCase{"Locked", 390102, "28000", "User temporarily locked. Try again later, or contact …", kUnauth,
                      "USER_LOCKED", "ALTER USER ING_USER SET MINS_TO_UNLOCK = 0"},
        SnowflakeCase{"RoleNotGranted", 390186, "28000", "Role 'ING_ROLE' is not granted to this user.", kDenied,
                      "ROLE_MISSING",
                      "connection's role|GRANT ROLE ING_ROLE TO USER ING_USER|not granted to this user"},
        SnowflakeCase{"RoleUnknown", 390189, "28000",
                      "Role 'ING_ROLE' specified in the connect string does not exist or not authorized.", kDenied,
                      "ROLE_MISSING", "GRANT ROLE ING_ROLE TO USER ING_USER"},
        SnowflakeCase{"WarehouseAtLogin", 390201, "28000", "The requested warehouse does not exist or not authorized.",
                      kState, "WAREHOUSE_MISSING",
                      "connection's warehouse|GRANT USAGE ON WAREHOUSE ING_WH TO ROLE ING_ROLE"},
        SnowflakeCase{"DatabaseAtLogin", 390201, "28000", "The requested database does not exist or not authorized.",
                      kState, "DATABASE_MISSING", "GRANT USAGE ON DATABASE"},
        SnowflakeCase{"SchemaAtLogin", 390201, "28000", "The requested schema does not exist or not authorized.",
                      kState, "SCHEMA_MISSING", "GRANT USAGE ON SCHEMA"},
        SnowflakeCase{"RoleAtLogin", 390201, "28000", "The requested role does not exist or not authorized.", kDenied,
                      "ROLE_MISSING", "GRANT ROLE ING_ROLE"},
        SnowflakeCase{"ObjectAtLogin", 390201, "28000", "The object does not exist.", kState, "OBJECT_MISSING",
                      "SHOW GRANTS TO ROLE ING_ROLE"},
        SnowflakeCase{"OAuth", 390303, "28000", "Invalid OAuth access token.", kUnauth, "TOKEN_REFUSED",
                      "logs in by key pair|connections.toml"},
        SnowflakeCase{"OAuthExpired", 390318, "28000", "OAuth access token expired.", kUnauth, "TOKEN_REFUSED",
                      "OAuth"},
        SnowflakeCase{"ProgrammaticToken", 394400, "28000", "Programmatic access token is invalid.", kUnauth,
                      "TOKEN_REFUSED", "programmatic access token"},
        SnowflakeCase{"BadRequest", 390400, "HY000", "Bad request", Code::kInternal, "STATEMENT_REFUSED",
                      "account and host|report it"},
        SnowflakeCase{"ACodeOfTomorrow", 390999, "28000", "Something new about logins.", kUnauth, "KEY_REFUSED",
                      "It said: Something new about logins."},
        SnowflakeCase{"KeyNotTaken3x", 20032, "28000", "PRIV_KEY_FILE is not specified", kState, "KEY_NOT_TAKEN",
                      "3.4.0|It said: PRIV_KEY_FILE is not specified"},
        SnowflakeCase{"KeyNotTaken4x", 0, "28000", "private key is missing", kState, "KEY_NOT_TAKEN", "own ini file"},
        SnowflakeCase{"KeyNotTaken4xOtherState", 0, "01S00", "private key cannot be decoded", kState, "KEY_NOT_TAKEN",
                      "private key cannot be decoded"},
        SnowflakeCase{"NoAddress", 6, "08001", "Could not resolve host: myorg-acct.snowflakecomputing.com", kAgain,
                      "CONNECT_FAILED", "at myorg-acct.snowflakecomputing.com:443|connection's account|It said: Could"},
        SnowflakeCase{"NetworkUnderHY000", 7, "HY000",
                      "REST request for URL https://h/session/v1/login-request failed: CURLerror - code=7", kAgain,
                      "CONNECT_FAILED", "TLS, proxies"},
        SnowflakeCase{"CutAtLogin", 0, "08S01", "Connection reset", kAgain, "CONNECT_FAILED", "Connection reset"},
        SnowflakeCase{"LoginTimeout", 0, "HYT00", "", kAgain, "LOGIN_TIMEOUT",
                      "myorg-acct.snowflakecomputing.com:443"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    All, SnowflakeStatementTest,
    testing::Values(
        SnowflakeCase{"NoWarehouse", 606, "57P03", "No active warehouse selected in the current session.", kState,
                      "WAREHOUSE_MISSING", "connection's warehouse|GRANT USAGE ON WAREHOUSE ING_WH TO ROLE ING_ROLE"},
        SnowflakeCase{"Cancelled", 604, "HY008", "SQL execution canceled", Code::kCancelled, "CANCELLED",
                      "query history"},
        SnowflakeCase{"CancelledByItsOwnState", 604, "57014", "SQL execution canceled", Code::kCancelled, "CANCELLED",
                      ""},
        SnowflakeCase{"NotRunning", 605, "HY000", "", Code::kCancelled, "CANCELLED", ""},
        SnowflakeCase{"TooMany", 610, "HY000", "Too many concurrent requests", kAgain, "WAREHOUSE_BUSY", "later"},
        SnowflakeCase{"ResultGone", 612, "02000", "Result not found", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"Timeout", 630, "57014", "Statement reached its statement or warehouse timeout of 600 second(s)",
                      Code::kDeadlineExceeded, "STATEMENT_TIMEOUT", "DB.SC.T|cursor column|larger warehouse"},
        SnowflakeCase{"DriversOwnTimeout", 0, "HYT00", "", Code::kDeadlineExceeded, "STATEMENT_TIMEOUT", "DB.SC.T"},
        SnowflakeCase{"QueryUnknown", 709, "02000", "Statement 01… not found", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"Empty", 900, "42601", "Empty SQL statement.", Code::kInternal, "STATEMENT_REFUSED", "report"},
        SnowflakeCase{"Syntax", 1003, "42000", "SQL compilation error:\nsyntax error line 1 at position 5",
                      Code::kInternal, "STATEMENT_REFUSED", "report"},
        SnowflakeCase{"Object", 2003, "42S02",
                      "SQL compilation error:\nObject 'DB.SC.T' does not exist or not authorized.", kState,
                      "TABLE_MISSING",
                      "table or view DB.SC.T|GRANT SELECT ON TABLE \"DB\".\"SC\".\"T\" TO ROLE ING_ROLE"},
        SnowflakeCase{"Table", 2003, "42S02", "Table 'DB.SC.T' does not exist or not authorized.", kState,
                      "TABLE_MISSING", "ON VIEW for a view"},
        SnowflakeCase{"Database", 2003, "02000",
                      "SQL compilation error:\nDatabase 'DB' does not exist or not authorized.", kState,
                      "DATABASE_MISSING",
                      "GRANT USAGE ON DATABASE DB TO ROLE ING_ROLE|It said: Database 'DB' does not exist"},
        SnowflakeCase{"Schema", 2003, "02000",
                      "SQL compilation error:\nSchema 'DB.SC' does not exist or not authorized.", kState,
                      "SCHEMA_MISSING", "GRANT USAGE ON SCHEMA DB.SC TO ROLE ING_ROLE"},
        SnowflakeCase{"Warehouse", 2043, "02000",
                      "SQL compilation error:\nWarehouse 'ING_WH' does not exist or not authorized.", kState,
                      "WAREHOUSE_MISSING", "GRANT USAGE ON WAREHOUSE ING_WH"},
        SnowflakeCase{"ObjectOrOperation", 2043, "02000",
                      "SQL compilation error:\nObject does not exist, or operation cannot be performed.", kState,
                      "TABLE_MISSING", "DB.SC.T"},
        SnowflakeCase{"StateAlone", 0, "42S02", "gone", kState, "TABLE_MISSING", "DB.SC.T"},
        SnowflakeCase{"Privileges", 3001, "42501",
                      "SQL access control error:\nInsufficient privileges to operate on table 'T'", kDenied,
                      "GRANT_MISSING",
                      "GRANT SELECT ON TABLE \"DB\".\"SC\".\"T\" TO ROLE ING_ROLE|It said: Insufficient privileges"},
        SnowflakeCase{"PrivilegesOnSchema", 3001, "42501",
                      "SQL access control error:\nInsufficient privileges to operate on schema 'SC'", kState,
                      "SCHEMA_MISSING", "GRANT USAGE ON SCHEMA SC TO ROLE ING_ROLE"},
        SnowflakeCase{"PrivilegesOnWarehouse", 3001, "42501",
                      "SQL access control error:\nInsufficient privileges to operate on warehouse 'ING_WH'", kState,
                      "WAREHOUSE_MISSING", "GRANT USAGE ON WAREHOUSE ING_WH"},
        SnowflakeCase{"Column", 904, "42000",
                      "SQL compilation error: error line 1 at position 7\ninvalid identifier 'X'", kState,
                      "COLUMN_MISSING", "DB.SC.T|cdi syncs test|It said: invalid identifier 'X'"},
        SnowflakeCase{"NoDatabase", 90105, "22000",
                      "Cannot perform SELECT. This session does not have a current database.", kState,
                      "DATABASE_MISSING", "DB.SC.T"},
        SnowflakeCase{"Quota", 90073, "22000",
                      "Warehouse 'ING_WH' cannot be resumed because resource monitor 'M' has exceeded its quota.",
                      kState, "WAREHOUSE_SUSPENDED", "resource monitor 'M'|raise the quota|AUTO_RESUME = TRUE"},
        SnowflakeCase{"Suspended", 90064, "22000", "", kState, "WAREHOUSE_SUSPENDED", "ALTER WAREHOUSE ING_WH"},
        SnowflakeCase{"QuotaByItsWords", 90088, "22000", "Warehouse 'ING_WH' cannot be resumed because …", kState,
                      "WAREHOUSE_SUSPENDED", "ING_WH"},
        SnowflakeCase{"Conversion", 100038, "22018", "Numeric value 'secret' is not recognized", kState, "DATA_INVALID",
                      "DB.SC.T|by hand"},
        SnowflakeCase{"Division", 100051, "22012", "Division by zero", kState, "DATA_INVALID", "DB.SC.T"},
        SnowflakeCase{"SessionInvalid", 390104, "HY000", "", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"SessionGone", 390111, "08003", "", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"SessionExpired", 390112, "08003", "", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"MasterNotFound", 390113, "08003", "", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"MasterExpired", 390114, "08003", "", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"MasterInvalid", 390115, "08003", "", kAgain, "CONNECTION_LOST", ""},
        // A refusal in the middle of a session: the next login tells its cause.
        SnowflakeCase{"DisabledMeanwhile", 390101, "28000", "User access disabled.", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"KeyRemovedMeanwhile", 390144, "28000", "JWT token is invalid.", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"Lost", 0, "08S01", "", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"LostUnderTheOtherState", 56, "08001", "recv failure", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"LostUnderHY000", 56, "HY000", "REST request for URL https://h/x failed: CURLerror - code=56",
                      kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"ConnectionTimeout", 0, "HYT01", "", kAgain, "CONNECTION_LOST", ""},
        SnowflakeCase{"CancelledByState", 0, "HY008", "", Code::kCancelled, "CANCELLED", ""},
        SnowflakeCase{"Unknown", 370001, "XX000", "Internal error", kAgain, "WAREHOUSE_ERROR",
                      "It said: Internal error"}),
    kName);

TEST(SnowflakeFaultsTest, TheIdOfARefusedLoginIsADetail) {
  const std::string uuid = "8d9f1c2e-0a1b-4c3d-9e8f-0123456789ab";
  absl::Status status =
      StatusFromDiagnostics({{"28000", 390144, "JWT token is invalid. [" + uuid + "]"}}, Context(true));
  EXPECT_EQ(ErrorDetailsOf(status)["login_failure"], uuid);
  // Nothing but a UUID gets into a statement that an administrator is to run.
  for (const char* other :
       {"[8d9f]", "[x'); DROP TABLE T; --                ]", "]8d9f1c2e-0a1b-4c3d-9e8f-0123456789ab[", "[", ""}) {
    status = StatusFromDiagnostics({{"28000", 390144, std::string("JWT token is invalid. ") + other}}, Context(true));
    EXPECT_EQ(ErrorDetailsOf(status).count("login_failure"), 0U) << other;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("SYSTEM$"))) << other;
  }
}

TEST(SnowflakeFaultsTest, NeitherValuesNorSqlAreRepeated) {
  for (const auto& [state, native] : {std::pair{"22018", 100038}, {"42000", 1003}, {"42601", 0}, {"42601", 900}}) {
    const absl::Status status =
        StatusFromDiagnostics({{state, native, "SELECT secret is wrong 'secret'"}}, Context(false));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret"))) << state;
  }
}

TEST(SnowflakeFaultsTest, TheRecordThatSaysSomethingWins) {
  const absl::Status status = StatusFromDiagnostics(
      {{"01S00", 17, "Invalid connection string attribute"}, {"28000", 390144, "JWT token is invalid."}},
      Context(true));
  EXPECT_EQ(ErrorReason(status), "KEY_REFUSED");
  EXPECT_EQ(ErrorDetailsOf(status)["native"], "390144");
}

TEST(SnowflakeFaultsTest, ContextThatIsEmptyReadsAsWords) {
  const absl::Status status = StatusFromDiagnostics({{"HY000", 606, ""}}, DiagnosticContext());
  EXPECT_THAT(std::string(status.message()), HasSubstr("TO ROLE of the session"));
}

// What a server says may look like one of our marks, and must not be filled in.
TEST(SnowflakeFaultsTest, NamesAreNotFilledInTwice) {
  DiagnosticContext context = Context(false);
  context.object = "{role}.S.T";
  const absl::Status status = StatusFromDiagnostics({{"42S02", 2003, "Object '{user}' does not exist"}}, context);
  EXPECT_THAT(std::string(status.message()), HasSubstr("table or view {role}.S.T does not exist"));
}

}  // namespace
}  // namespace cdi::warehouse
