// Logging in, proving the context, inspecting and previewing, over a real driver; and what is said when it cannot be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/integration/warehouse_site.h"

namespace cdi::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using warehouse::ConnectionSettings;
using warehouse::SessionRequest;

WarehouseSite& Site() {
  return WarehouseSite::Postgres();
}

absl::Status ConnectStatus(const ConnectionSettings& settings,
                           std::shared_ptr<ListedCredentials> credentials = nullptr) {
  return Site().Connection(settings, std::move(credentials))->Connect({}, std::stop_token()).status();
}

TEST(WarehouseContextTest, TellsVersionUserAndRole) {
  Site().MakeTable("context");
  auto session = Site().MustConnect();
  const warehouse::TableName table = Site().Table("context");
  const auto facts = session->CheckContext(table.schema_name());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_THAT(facts->version, HasSubstr("15"));
  EXPECT_EQ(facts->user, "reader");
  EXPECT_EQ(facts->role, "reader");
}

TEST(WarehouseContextTest, TheSessionIsPinned) {
  Site().MakeTable("pinned");
  auto session = Site().MustConnect({.query_tag = "cdi sync=syncs/pinned it's"});
  EXPECT_EQ(*Site().server().Query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cdi "
                                   "sync=syncs/pinned it''s' AND usename = 'reader'"),
            "1");
  const auto now = session->Now();
  ASSERT_TRUE(now.ok()) << now.status();
  const auto theirs = Timestamp::Parse(*Site().server().Query("SELECT clock_timestamp() AT TIME ZONE 'UTC'"));
  ASSERT_TRUE(theirs.has_value());
  EXPECT_LT(*now, *theirs);
  // Nothing is left open that would hold back the warehouse's own housekeeping.
  EXPECT_EQ(*Site().server().Query("SELECT state FROM pg_stat_activity WHERE application_name LIKE 'cdi sync=%'"),
            "idle");
  EXPECT_LT(Distance(*theirs, *now), std::chrono::minutes(1));
}

TEST(WarehouseContextTest, TheSecondCredentialIsTriedWhenTheFirstIsRefused) {
  auto credentials = std::make_shared<ListedCredentials>();
  credentials->AddPassword("new", "not-registered-yet");
  credentials->AddPassword("old", "reader-secret");
  EXPECT_TRUE(ConnectStatus(Site().Settings(), credentials).ok());
  EXPECT_THAT(credentials->logged_in(), ElementsAre("old"));
}

TEST(WarehouseContextTest, NoMoreThanTwoLoginsAreTried) {
  auto credentials = std::make_shared<ListedCredentials>();
  credentials->AddPassword("1", "wrong");
  credentials->AddPassword("2", "wrong-too");
  credentials->AddPassword("3", "reader-secret");
  const absl::Status status = ConnectStatus(Site().Settings(), credentials);
  EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
  EXPECT_EQ(ErrorReason(status), "PASSWORD_REFUSED");
  EXPECT_THAT(std::string(status.message()), HasSubstr("user reader"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("wrong")));
}

TEST(WarehouseContextTest, PasswordsWithEveryOddCharacterLogIn) {
  Site().Run("CREATE ROLE odd LOGIN PASSWORD 'a;b}c{d=e \"f'' g;PWD={x}'");
  ConnectionSettings settings = Site().Settings();
  settings.user = "odd";
  auto credentials = std::make_shared<ListedCredentials>();
  credentials->AddPassword("odd", "a;b}c{d=e \"f' g;PWD={x}");
  const absl::Status status = ConnectStatus(settings, credentials);
  EXPECT_TRUE(status.ok()) << status;
}

struct RefusedLogin {
  std::string_view name;
  void (*change)(ConnectionSettings&);
  std::string_view reason;
  std::string_view words;
};
class RefusedLoginTest : public testing::TestWithParam<RefusedLogin> {};

TEST_P(RefusedLoginTest, SaysWhatIsWrong) {
  ConnectionSettings settings = Site().Settings();
  GetParam().change(settings);
  const absl::Status status = ConnectStatus(settings);
  EXPECT_EQ(ErrorReason(status), GetParam().reason) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedLoginTest,
    testing::Values(
        RefusedLogin{"Database", [](ConnectionSettings& s) { s.database = "nowhere"; }, "DATABASE_MISSING", "nowhere"},
        RefusedLogin{"User", [](ConnectionSettings& s) { s.user = "nobody"; }, "PASSWORD_REFUSED", "nobody"},
        RefusedLogin{"Role", [](ConnectionSettings& s) { s.role = "nothing"; }, "ROLE_MISSING", "nothing"},
        RefusedLogin{"RoleNotGranted", [](ConnectionSettings& s) { s.role = "admin"; }, "ROLE_MISSING",
                     "run GRANT \"admin\" TO \"reader\""},
        RefusedLogin{"Port", [](ConnectionSettings& s) { s.port = 1; }, "CONNECT_FAILED", "check host, port"},
        RefusedLogin{"Driver", [](ConnectionSettings& s) { s.driver = "Nonesuch"; }, "DRIVER_MISSING",
                     "is not registered"},
        RefusedLogin{"DriverPath", [](ConnectionSettings& s) { s.driver = "/nonesuch.so"; }, "DRIVER_MISSING",
                     "nonesuch"},
        RefusedLogin{"Tls", [](ConnectionSettings& s) { s.tls = true; }, "CONNECT_FAILED", "SSL"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(WarehouseContextTest, ARoleOfTheConnectionIsTaken) {
  Site().Run("CREATE ROLE \"Odd \"\"Role\" ; GRANT \"Odd \"\"Role\" TO reader");
  auto session = Site().MustConnect({.query_tag = "role", .role = "Odd \"Role"});
  const auto facts = session->CheckContext(std::nullopt);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->role, "Odd \"Role");
}

TEST(WarehouseContextTest, AMissingSchemaOrGrantIsNamed) {
  Site().Run("CREATE TABLE IF NOT EXISTS closed.t (x int); CREATE TABLE IF NOT EXISTS ingest.secret (x int)");
  auto session = Site().MustConnect();
  const auto in_schema = [](std::string_view schema, std::string_view table) {
    return *warehouse::ParseTableName("postgres", schema, table, warehouse::CaseFolding::kLower);
  };
  const warehouse::TableName nowhere = in_schema("nowhere", "t");
  EXPECT_EQ(ErrorReason(session->CheckContext(nowhere.schema_name()).status()), "SCHEMA_MISSING");
  EXPECT_EQ(ErrorReason(session->Describe(nowhere).status()), "TABLE_MISSING");
  const warehouse::TableName closed = in_schema("closed", "t");
  const absl::Status schema = session->CheckContext(closed.schema_name()).status();
  EXPECT_EQ(ErrorReason(schema), "SCHEMA_MISSING");
  EXPECT_THAT(std::string(schema.message()), HasSubstr("GRANT USAGE ON SCHEMA \"closed\" TO \"reader\""));
  EXPECT_EQ(ErrorReason(session->Describe(closed).status()), "SCHEMA_MISSING");
  const absl::Status grant = session->Describe(in_schema("ingest", "secret")).status();
  EXPECT_EQ(ErrorReason(grant), "GRANT_MISSING");
  EXPECT_THAT(std::string(grant.message()), HasSubstr("GRANT SELECT ON \"ingest\".\"secret\" TO \"reader\""));
  const warehouse::TableName other = *warehouse::ParseTableName("other", "s", "t", warehouse::CaseFolding::kLower);
  EXPECT_EQ(ErrorReason(session->CheckContext(other.schema_name()).status()), "DATABASE_MISSING");
  EXPECT_EQ(ErrorReason(session->Describe(other).status()), "DATABASE_MISSING");
}

TEST(WarehouseContextTest, DescribesTablesAndViewsAndFindsTheContract) {
  Site().MakeTable("described");
  Site().Run(
      "CREATE OR REPLACE VIEW ingest.described_view AS SELECT now() AS updated_at, 7 AS external_id, "
      "'{}'::jsonb AS payload, 'x'::bytea AS extra; GRANT SELECT ON ingest.described_view TO reader");
  auto session = Site().MustConnect();
  const auto view = session->Describe(Site().Table("described_view"));
  ASSERT_TRUE(view.ok()) << view.status();
  ASSERT_EQ(view->size(), 4U);
  EXPECT_EQ((*view)[0].name, "updated_at");
  EXPECT_EQ((*view)[0].type, "timestamp with time zone");
  EXPECT_TRUE((*view)[0].nullable);
  const auto columns = warehouse::CheckContract(*view, "", warehouse::WarehouseKind::kPostgresql);
  ASSERT_TRUE(columns.ok()) << columns.status();
  auto reader = session->OpenWindow({.table = Site().Table("described_view"),
                                     .columns = *columns,
                                     .lower = std::nullopt,
                                     .upper = Timestamp::FromCivil(2100, 1, 1, 0, 0, 0, 0)});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ((*page)->cell(0, warehouse::ColumnRole::kExternalId), "7");
  EXPECT_EQ((*page)->cell(0, warehouse::ColumnRole::kPayload), "{}");
}

TEST(WarehouseContextTest, ListsTablesAndViews) {
  Site().Run(
      "CREATE SCHEMA listed; GRANT USAGE ON SCHEMA listed TO reader; CREATE TABLE listed.\"T 1\" (x int); CREATE VIEW "
      "listed.v AS SELECT 1 AS x");
  auto session = Site().MustConnect();
  const auto name = [](std::string_view text) {
    return *warehouse::Identifier::Parse(text, warehouse::CaseFolding::kLower, "name");
  };
  const auto tables = session->ListTables(name("postgres"), name("listed"));
  ASSERT_TRUE(tables.ok()) << tables.status();
  ASSERT_EQ(tables->size(), 2U);
  EXPECT_EQ((*tables)[0].name, "T 1");
  EXPECT_FALSE((*tables)[0].is_view);
  EXPECT_EQ((*tables)[1].name, "v");
  EXPECT_TRUE((*tables)[1].is_view);
}

TEST(WarehouseContextTest, APreviewShowsTheNewestRowsCut) {
  Site().MakeTable("previewed");
  Site().Run(
      "INSERT INTO ingest.previewed (updated_at, external_id, payload) VALUES ('2026-01-01', 'old', '{}'), "
      "('2026-01-03', 'new', repeat('ü', 201)), ('2026-01-02', 'middle', repeat('ü', 200)), (NULL, 'null', NULL)");
  auto session = Site().MustConnect();
  const auto columns = session->Describe(Site().Table("previewed"));
  ASSERT_TRUE(columns.ok()) << columns.status();
  const auto preview = session->FetchPreview(Site().Table("previewed"), *columns, Site().Columns().cursor, 2);
  ASSERT_TRUE(preview.ok()) << preview.status();
  ASSERT_EQ(preview->rows.size(), 2U);
  EXPECT_EQ(preview->columns.size(), 8U);
  EXPECT_EQ(preview->rows[0].cells[0], "2026-01-03 00:00:00");
  EXPECT_EQ(preview->rows[0].cells[1], "new");
  EXPECT_EQ(preview->rows[0].cells[2], std::nullopt);
  EXPECT_EQ(preview->rows[0].cells[7]->size(), 400U);
  EXPECT_TRUE(preview->rows[0].cut[7]);
  EXPECT_EQ(preview->rows[1].cells[7]->size(), 400U);
  EXPECT_FALSE(preview->rows[1].cut[7]);
  for (const int limit : {0, -1, 1001}) {
    const auto refused = session->FetchPreview(Site().Table("previewed"), *columns, Site().Columns().cursor, limit);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << limit;
  }
}

TEST(WarehouseContextTest, HostileNamesAreOnlyNames) {
  Site().Run(
      "CREATE TABLE ingest.\"a\"\"; DROP TABLE x; --\" (\"updated_at\" timestamp, \"external_id\" text, \"payload\" "
      "text); GRANT SELECT ON ingest.\"a\"\"; DROP TABLE x; --\" TO reader; INSERT INTO ingest.\"a\"\"; DROP TABLE x; "
      "--\" VALUES ('2026-01-01', '1', '?{d x}')");
  auto session = Site().MustConnect();
  const warehouse::TableName table =
      *warehouse::ParseTableName("postgres", "ingest", "\"a\"\"; DROP TABLE x; --\"", warehouse::CaseFolding::kLower);
  const auto columns = session->Describe(table);
  ASSERT_TRUE(columns.ok()) << columns.status();
  const auto contract = warehouse::CheckContract(*columns, "", warehouse::WarehouseKind::kPostgresql);
  ASSERT_TRUE(contract.ok()) << contract.status();
  const WindowContent content = ReadWindow(*session, {.table = table,
                                                      .columns = *contract,
                                                      .lower = std::nullopt,
                                                      .upper = Timestamp::FromCivil(2100, 1, 1, 0, 0, 0, 0)});
  EXPECT_EQ(content.rows, 1U) << content.status;
}

}  // namespace
}  // namespace cdi::test
