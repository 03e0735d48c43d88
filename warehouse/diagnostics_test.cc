// What PostgreSQL, psqlODBC and unixODBC report; and how a driver's words are cleaned. Snowflake:
// snowflake_faults_test.cc.
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

DiagnosticContext Context(WarehouseKind kind, bool login) {
  return {.kind = kind,
          .user = "ING_USER",
          .role = "ING_ROLE",
          .warehouse = "ING_WH",
          .database = "DB",
          .host = "h:5432",
          .object = "DB.SC.T",
          .sql_object = "\"DB\".\"SC\".\"T\"",
          .login = login};
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
  // psqlODBC gives every failed login this state and code.
  const bool login = test.native == 101;
  const absl::Status status = StatusFromDiagnostics(
      {{std::string(test.sqlstate), test.native, std::string(test.message)}}, Context(test.kind, login));
  EXPECT_EQ(status.code(), test.code) << status;
  EXPECT_EQ(ErrorReason(status), test.reason);
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(test.words)));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("{")));
  EXPECT_EQ(ErrorDetailsOf(status)["sqlstate"], test.sqlstate);
  EXPECT_EQ(ErrorDetailsOf(status)["native"], std::to_string(test.native));
}

const auto kName = [](const auto& test) { return std::string(test.param.name); };

INSTANTIATE_TEST_SUITE_P(
    Manager, DiagnosticsTest,
    testing::Values(Case{"NoSource", kSf, "IM002", 0,
                         "[unixODBC][Driver Manager]Data source name not found and no default driver specified",
                         Code::kFailedPrecondition, "DRIVER_MISSING", "Data source name not found"},
                    Case{"NoDriver", kSf, "IM003", 0, "", Code::kFailedPrecondition, "DRIVER_MISSING", "odbcinst.ini"},
                    Case{"NoHandles", kPg, "IM004", 0, "Driver's SQLAllocHandle on SQL_HANDLE_HENV failed",
                         Code::kFailedPrecondition, "DRIVER_MISSING", "SQL_HANDLE_HENV"},
                    Case{"NoLibrary", kSf, "01000", 0,
                         "[unixODBC][Driver Manager]Can't open lib '/x.so' : file not found", Code::kFailedPrecondition,
                         "DRIVER_MISSING", "Can't open lib '/x.so'"},
                    Case{"NoLibraryForPostgresql", kPg, "01000", 0,
                         "[unixODBC][Driver Manager]Can't open lib '/x.so' : file not found", Code::kFailedPrecondition,
                         "DRIVER_MISSING", "Can't open lib '/x.so'"}),
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
  for (const auto& [state, native] : {std::pair{"42601", 0}, {"22P02", 0}, {"22018", 7}}) {
    const absl::Status status =
        StatusFromDiagnostics({{state, native, "SELECT secret is wrong 'secret'"}}, Context(kPg, false));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret"))) << state;
  }
}

TEST(DiagnosticsTextTest, NoRecordIsStillAnError) {
  EXPECT_EQ(ErrorReason(StatusFromDiagnostics({}, {})), "WAREHOUSE_ERROR");
}

TEST(DiagnosticsTextTest, PrefixesAndFurtherLinesAreCut) {
  EXPECT_EQ(CleanDriverMessage("[Snowflake][Snowflake ODBC Driver][Snowflake] Object gone;\ntrace line"),
            "Object gone");
  EXPECT_EQ(CleanDriverMessage("SQL compilation error: error line 1\ninvalid identifier 'X'\n  at trace"),
            "invalid identifier 'X'");
  EXPECT_EQ(CleanDriverMessage("[Snowflake] SQL access control error:\r\nInsufficient privileges"),
            "Insufficient privileges");
  EXPECT_EQ(CleanDriverMessage("SQL compilation error"), "SQL compilation error");
  EXPECT_EQ(CleanDriverMessage("plain"), "plain");
  EXPECT_EQ(CleanDriverMessage("[unclosed"), "[unclosed");
  EXPECT_EQ(CleanDriverMessage(""), "");
  EXPECT_EQ(CleanDriverMessage(std::string_view("a\0b\x1b[2J\tc", 9)), "a b [2J c");
  EXPECT_LE(CleanDriverMessage(std::string(1000, 'x')).size(), 303U);
}

}  // namespace
}  // namespace cdi::warehouse
