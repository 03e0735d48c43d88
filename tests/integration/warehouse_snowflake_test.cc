// What only Snowflake has, under both versions of its driver: key pairs and why they are refused, virtual warehouses,
// tokens that expire, results in parts that fail. Claims that hold everywhere are in warehouse_suite_*_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "tests/integration/sites.h"

namespace cdi::test {
namespace {

using testing::HasSubstr;
using warehouse::ConnectionSettings;

class WarehouseSnowflakeTest : public testing::TestWithParam<std::string> {
 protected:
  static SnowflakeSite& Site() { return dynamic_cast<SnowflakeSite&>(WarehouseSite::Get(GetParam())); }
  static const SnowflakeServer& Server() { return Site().server(); }
  // What login and CheckContext say: drivers differ in who notices.
  static absl::Status ContextStatus(const ConnectionSettings& settings) {
    auto session = Site().Connection(settings)->Connect({}, std::stop_token());
    return session.ok() ? (*session)->CheckContext(std::nullopt).status() : session.status();
  }
};
INSTANTIATE_TEST_SUITE_P(At, WarehouseSnowflakeTest, testing::Values("SnowflakeAs3x", "SnowflakeAs4x"),
                         [](const auto& test) { return test.param; });

// §1.5: the driver sees no more than an id; with it an administrator sees the cause.
TEST_P(WarehouseSnowflakeTest, ARefusedKeyComesWithTheStatementThatExplainsIt) {
  auto credentials = std::make_shared<ListedCredentials>();
  Site().AddBad(*credentials, "foreign");
  const absl::Status status = Site().ConnectStatus(Site().Settings(), credentials);
  EXPECT_EQ(ErrorReason(status), "KEY_REFUSED") << status;
  EXPECT_TRUE(absl::IsUnauthenticated(status));
  EXPECT_EQ(ErrorDetailsOf(status)["native"], "390144");
  EXPECT_EQ(ErrorDetailsOf(status)["sqlstate"], "28000");
  const std::string id = ErrorDetailsOf(status)["login_failure"];
  ASSERT_EQ(id.size(), 36U) << status;
  const std::string explain = absl::StrCat("SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('", id, "')");
  EXPECT_THAT(std::string(status.message()), HasSubstr(explain));
  EXPECT_THAT(Server().Control("/__mock/sql", absl::StrCat("{\"sql\": \"", explain, "\"}")),
              HasSubstr("FINGERPRINT_MISMATCH"));
}

struct WrongLogin {
  std::string_view what;
  std::string before;  // statements of the administrator
  void (*change)(ConnectionSettings&);
  std::string_view reason;
  std::string_view words;
  std::string after = "";
};

TEST_P(WarehouseSnowflakeTest, AWrongLoginIsExplained) {
  const std::string key = Server().key().PublicKeyLine();
  const auto user = [&](std::string_view name) {
    return absl::StrCat("CREATE OR REPLACE USER ", std::string(name), " TYPE=SERVICE DEFAULT_ROLE=R RSA_PUBLIC_KEY='",
                        key, "'; GRANT ROLE R TO USER ", std::string(name), "; ");
  };
  const WrongLogin wrongs[] = {
      {"no such user", "", [](ConnectionSettings& s) { s.user = "NOBODY"; }, "KEY_REFUSED", "user NOBODY"},
      {"another account", "", [](ConnectionSettings& s) { s.account = "other-acct"; }, "KEY_REFUSED", "account"},
      {"disabled", user("U1") + "ALTER USER U1 SET DISABLED = TRUE", [](ConnectionSettings& s) { s.user = "U1"; },
       "USER_DISABLED", "ALTER USER U1 SET DISABLED = FALSE"},
      {"locked", user("U2") + "ALTER USER U2 SET MINS_TO_UNLOCK = 15", [](ConnectionSettings& s) { s.user = "U2"; },
       "USER_LOCKED", "ALTER USER U2 SET MINS_TO_UNLOCK = 0"},
      {"network policy",
       user("U3") + "CREATE OR REPLACE NETWORK POLICY NOBODY_HERE ALLOWED_IP_LIST = ('203.0.113.7'); ALTER USER U3 SET "
                    "NETWORK_POLICY = NOBODY_HERE",
       [](ConnectionSettings& s) { s.user = "U3"; }, "NETWORK_POLICY", "DESC USER U3", ""},
      {"role that does not exist", "", [](ConnectionSettings& s) { s.role = "NOTHING"; }, "ROLE_MISSING",
       "GRANT ROLE NOTHING TO USER U"},
      {"role that is not granted", "", [](ConnectionSettings& s) { s.role = "OTHER"; }, "ROLE_MISSING",
       "GRANT ROLE OTHER TO USER U"},
      {"warehouse that does not exist", "", [](ConnectionSettings& s) { s.warehouse = "NOTHING"; }, "WAREHOUSE_MISSING",
       "GRANT USAGE ON WAREHOUSE NOTHING TO ROLE R"}};
  for (const WrongLogin& wrong : wrongs) {
    if (!wrong.before.empty()) Site().Run(wrong.before);
    ConnectionSettings settings = Site().Settings();
    wrong.change(settings);
    const absl::Status status = ContextStatus(settings);
    EXPECT_EQ(ErrorReason(status), wrong.reason) << wrong.what << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(wrong.words))) << wrong.what;
  }
}

TEST_P(WarehouseSnowflakeTest, ADatabaseWithoutGrantsIsNamedWithItsGrant) {
  auto session = Site().MustConnect();
  const absl::Status status = session->CheckContext(Site().Table("t", "s", "shut").schema_name()).status();
  EXPECT_EQ(ErrorReason(status), "DATABASE_MISSING") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("GRANT USAGE ON DATABASE"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("SHUT"));
}

// 000606 is the code for a session without a warehouse as well.
TEST_P(WarehouseSnowflakeTest, ASuspendedWarehouseThatMayNotResumeIsToldFromNone) {
  Site().FillTable("sleepy", 10);
  ConnectionSettings settings = Site().Settings();
  settings.warehouse = "ASLEEP";
  auto session = Site().Connection(settings)->Connect({}, std::stop_token());
  ASSERT_TRUE(session.ok()) << session.status();
  const absl::Status status = ReadWindow(**session, Site().Everything("sleepy")).status;
  EXPECT_EQ(ErrorReason(status), "WAREHOUSE_SUSPENDED") << status;
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("ALTER WAREHOUSE ASLEEP SET AUTO_RESUME = TRUE"));
  EXPECT_EQ(ErrorDetailsOf(status)["native"], "606");
  EXPECT_TRUE((*session)->Now().ok());
}

TEST_P(WarehouseSnowflakeTest, AValueThatCannotBeConvertedIsTheSourcesFault) {
  Site().FillTable("inconvertible", 10);
  Site().Run(
      "INSERT INTO ingest.inconvertible (updated_at, external_id) VALUES ('2026-01-02', 'secret'); CREATE VIEW "
      "ingest.inconvertible_view AS SELECT updated_at, TO_NUMBER(external_id) AS external_id, payload FROM "
      "ingest.inconvertible");
  Site().Grant("inconvertible_view", true);
  auto session = Site().MustConnect();
  warehouse::WindowQuery query = Site().Everything("inconvertible_view");
  const auto columns = session->Describe(query.table);
  ASSERT_TRUE(columns.ok()) << columns.status();
  query.columns = *warehouse::CheckContract(*columns, "", warehouse::WarehouseKind::kSnowflake);
  const absl::Status status = ReadWindow(*session, query).status;
  EXPECT_EQ(ErrorReason(status), "DATA_INVALID") << status;
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("secret")));
}

TEST_P(WarehouseSnowflakeTest, WithoutAConfiguredDriverTheNewestRegisteredIsTaken) {
  ConnectionSettings settings = Site().Settings();
  settings.driver.clear();
  const absl::Status status = Site().ConnectStatus(settings);
  EXPECT_TRUE(status.ok()) << status;
  settings.driver = "SerialSnowflake";
  EXPECT_EQ(ErrorReason(Site().ConnectStatus(settings)), "DRIVER_THREADING");
  EXPECT_EQ(ErrorReason(warehouse::CheckDriver(settings)), "DRIVER_THREADING");
}

struct Interruption {
  std::string_view path;
  std::string_view body;
};

// Parts of a result are fetched on the way, and each slice is a statement of its own: all of them meet something.
TEST_P(WarehouseSnowflakeTest, TokensExpireAndPartsFailOnTheWayAndEveryRowComesOnce) {
  Site().FillTable("interrupted", 50'000, "REPEAT('x', 300)");
  const Interruption interruptions[] = {
      {"/__mock/sessions", "{\"expire\": \"session\"}"}, {"/__mock/sessions", "{\"expire\": \"master\"}"},
      {"/__mock/sessions", "{\"expire\": \"drop\"}"},    {"/__mock/faults", "{\"fail_queries\": 1}"},
      {"/__mock/faults", "{\"fail_chunks\": 1}"},        {"/__mock/faults", "{\"forbid_chunks\": 1}"},
      {"/__mock/faults", "{\"truncate_chunks\": 1}"}};
  for (const Interruption& interruption : interruptions) {
    auto session = Site().MustConnect({.query_tag = "interrupted"});
    warehouse::WindowQuery query = Site().Everything("interrupted");
    query.slice_rows_max = 20'000;
    auto reader = session->OpenWindow(query);
    ASSERT_TRUE(reader.ok()) << reader.status();
    const auto first = (*reader)->Next();
    ASSERT_TRUE(first.ok()) << first.status();
    Server().Control(std::string(interruption.path), std::string(interruption.body));
    ExpectEachOnce(ReadAll(**reader), 50'000 - (*first)->size());
    EXPECT_EQ(StatementsOpened(**reader), 3) << interruption.body;  // no slice was read twice
  }
  // Every fault was met.
  const std::string left = Server().Control("/__mock/faults", "{}");
  for (const char* fault : {"fail_queries", "fail_chunks", "forbid_chunks", "truncate_chunks"}) {
    EXPECT_THAT(left, HasSubstr(absl::StrCat("\"", fault, "\": 0"))) << left;
  }
}

// A new login in the middle of a window tells why it was not let in.
TEST_P(WarehouseSnowflakeTest, AUserDisabledOnTheWayEndsTheWindowWithThatCause) {
  Site().FillTable("disabled", 3'000);
  Site().Run(
      absl::StrCat("CREATE OR REPLACE USER FIRED TYPE=SERVICE DEFAULT_ROLE=R DEFAULT_WAREHOUSE=WH RSA_PUBLIC_KEY='",
                   Server().key().PublicKeyLine(), "'; GRANT ROLE R TO USER FIRED"));
  ConnectionSettings settings = Site().Settings();
  settings.user = "FIRED";
  auto session = Site().Connection(settings)->Connect({}, std::stop_token());
  ASSERT_TRUE(session.ok()) << session.status();
  warehouse::WindowQuery query = Site().Everything("disabled");
  query.slice_rows_max = 1'000;
  auto reader = (*session)->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_TRUE((*reader)->Next().ok());
  Site().Run("ALTER USER FIRED SET DISABLED = TRUE");
  Site().DropSessions("");
  EXPECT_EQ(ErrorReason(ReadAll(**reader).status), "USER_DISABLED");
}

}  // namespace
}  // namespace cdi::test
