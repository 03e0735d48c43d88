// Logging in, proving the context, inspecting and previewing, at every site; and what is said when it cannot be.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/integration/warehouse_suite.h"

namespace cdi::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using warehouse::ConnectionSettings;

class WarehouseContextTest : public WarehouseSuite {};
CDI_AT_EVERY_SITE(WarehouseContextTest);

TEST_P(WarehouseContextTest, TellsVersionUserAndRole) {
  Site().MakeTable("context");
  auto session = Site().MustConnect();
  const auto facts = session->CheckContext(Site().Table("context").schema_name());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_FALSE(facts->version.empty());
  EXPECT_EQ(facts->user, Site().Settings().user);
  EXPECT_EQ(facts->role, Site().role());
  EXPECT_EQ(facts->warehouse, Site().Settings().warehouse);
}

TEST_P(WarehouseContextTest, TheSessionIsPinned) {
  auto session = Site().MustConnect({.query_tag = "cdi sync=syncs/pinned"});
  const auto now = session->Now();
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_LT(std::chrono::abs(Distance(*now, Site().clock().WallNow())), std::chrono::minutes(1));
  EXPECT_TRUE(Site().ShowsTag("cdi sync=syncs/pinned"));
}

TEST_P(WarehouseContextTest, TheSecondCredentialIsTriedWhenTheFirstIsRefused) {
  auto credentials = std::make_shared<ListedCredentials>();
  Site().AddBad(*credentials, "new");
  Site().AddGood(*credentials, "old");
  const absl::Status status = Site().ConnectStatus(Site().Settings(), credentials);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(credentials->logged_in(), ElementsAre("old"));
}

TEST_P(WarehouseContextTest, NoMoreThanTwoLoginsAreTried) {
  auto credentials = std::make_shared<ListedCredentials>();
  Site().AddBad(*credentials, "1");
  Site().AddBad(*credentials, "2");
  Site().AddGood(*credentials, "3");
  const absl::Status status = Site().ConnectStatus(Site().Settings(), credentials);
  EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
  EXPECT_EQ(ErrorReason(status), Site().bad_credential_reason());
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("user ", Site().Settings().user)));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("not-registered")));
  EXPECT_TRUE(credentials->logged_in().empty());
}

TEST_P(WarehouseContextTest, NoCredentialIsNamed) {
  const absl::Status status = Site().ConnectStatus(Site().Settings(), std::make_shared<ListedCredentials>());
  EXPECT_EQ(ErrorReason(status), "KEY_PAIR_MISSING") << status;
}

struct Wrong {
  void (*change)(ConnectionSettings&);
  std::string_view reason;
  std::string_view words;
};

// Whichever of login and CheckContext notices it: warehouses and drivers differ.
TEST_P(WarehouseContextTest, AWrongSettingIsNamed) {
  const Wrong wrongs[] = {
      {[](ConnectionSettings& s) { s.user = "nobody"; }, Site().bad_credential_reason(), "user nobody"},
      {[](ConnectionSettings& s) { s.role = "NOTHING"; }, "ROLE_MISSING", "NOTHING"},
      {[](ConnectionSettings& s) { s.port = 1; }, "CONNECT_FAILED", "127.0.0.1:1;"},
      {[](ConnectionSettings& s) { s.driver = "Nonesuch"; }, "DRIVER_MISSING", "registered are: "},
      {[](ConnectionSettings& s) { s.driver = "/nonesuch.so"; }, "DRIVER_MISSING", "/nonesuch.so cannot be loaded"},
      {[](ConnectionSettings& s) { s.driver = "Absent"; }, "DRIVER_MISSING", "the file does not exist"},
      {[](ConnectionSettings& s) { s.driver = "Foreign"; }, "DRIVER_MISSING", "built for machine 22"},
      {[](ConnectionSettings& s) { s.driver = "Serial"; }, "DRIVER_THREADING", "Threading=3"}};
  for (const Wrong& wrong : wrongs) {
    ConnectionSettings settings = Site().Settings();
    wrong.change(settings);
    auto session = Site().Connection(settings)->Connect({}, std::stop_token());
    const absl::Status status = session.ok() ? (*session)->CheckContext(std::nullopt).status() : session.status();
    EXPECT_EQ(ErrorReason(status), wrong.reason) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(wrong.words)));
  }
}

TEST_P(WarehouseContextTest, AMissingDatabaseSchemaTableOrGrantIsNamed) {
  Site().Run("CREATE TABLE closed.t (x INT); CREATE TABLE ingest.secret (x INT)");
  auto session = Site().MustConnect();
  const auto context = [&](const warehouse::TableName& table) {
    return session->CheckContext(table.schema_name()).status();
  };
  EXPECT_EQ(ErrorReason(context(Site().Table("t", "s", "nowhere"))), "DATABASE_MISSING");
  EXPECT_EQ(ErrorReason(context(Site().Table("t", "nowhere"))), "SCHEMA_MISSING");
  const absl::Status closed = context(Site().Table("t", "closed"));
  EXPECT_EQ(ErrorReason(closed), "SCHEMA_MISSING");
  EXPECT_THAT(std::string(closed.message()), HasSubstr("GRANT USAGE ON SCHEMA"));
  EXPECT_THAT(std::string(closed.message()), HasSubstr(Site().role()));
  const absl::Status missing = session->Describe(Site().Table("nothing")).status();
  EXPECT_EQ(ErrorReason(missing), "TABLE_MISSING") << missing;
  EXPECT_THAT(std::string(missing.message()), HasSubstr(Site().Table("nothing").ToString()));
  const absl::Status grant = session->Describe(Site().Table("secret")).status();
  EXPECT_EQ(ErrorReason(grant), Site().unreadable_reason()) << grant;
  EXPECT_THAT(std::string(grant.message()), HasSubstr("GRANT SELECT ON "));
  EXPECT_THAT(std::string(grant.message()), HasSubstr(Site().Table("secret").table.Quoted()));
  EXPECT_TRUE(session->Now().ok());  // none of it ends the session
}

TEST_P(WarehouseContextTest, DescribesViewsAndFindsTheContract) {
  Site().MakeTable("described", {.cursor = std::string(Site().zoned_type()),
                                 .external_id = std::string(Site().number_type()),
                                 .payload = std::string(Site().json_type())});
  Site().Run("CREATE VIEW ingest.described_view AS SELECT updated_at, external_id, payload FROM ingest.described");
  Site().Grant("described_view", true);
  auto session = Site().MustConnect();
  const auto columns = session->Describe(Site().Table("described_view"));
  ASSERT_TRUE(columns.ok()) << columns.status();
  ASSERT_EQ(columns->size(), 3U);
  EXPECT_EQ((*columns)[0].name, Site().Name("updated_at").text());
  EXPECT_TRUE((*columns)[0].nullable);
  const auto contract = warehouse::CheckContract(*columns, "", Site().Settings().kind);
  EXPECT_TRUE(contract.ok()) << contract.status();
}

TEST_P(WarehouseContextTest, AllMissingColumnsAreListedInOneMessage) {
  Site().Run("CREATE TABLE ingest.without (updated_at TIMESTAMP, alias_name VARCHAR, body VARCHAR)");
  Site().Grant("without");
  auto session = Site().MustConnect();
  const auto columns = session->Describe(Site().Table("without"));
  ASSERT_TRUE(columns.ok()) << columns.status();
  const absl::Status status = warehouse::CheckContract(*columns, "", Site().Settings().kind).status();
  EXPECT_EQ(ErrorReason(status), "COLUMN_MISSING") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(Site().Name("payload").text()));
  EXPECT_THAT(std::string(status.message()), HasSubstr(Site().Name("alias_label").text()));
  const absl::Status cursor = warehouse::CheckContract(*columns, "alias_name", Site().Settings().kind).status();
  EXPECT_THAT(std::string(cursor.message()), HasSubstr("lacks columns"));
}

TEST_P(WarehouseContextTest, ListsTablesAndViews) {
  Site().Run("CREATE TABLE ingest.\"Listed 1\" (x INT); CREATE VIEW ingest.listed_view AS SELECT 1 AS x");
  Site().Grant("\"Listed 1\"");
  Site().Grant("listed_view", true);
  auto session = Site().MustConnect();
  const auto table = Site().Table("t");
  const auto tables = session->ListTables(table.database, table.schema);
  ASSERT_TRUE(tables.ok()) << tables.status();
  const auto kind = [&](const std::string& name) -> std::string {
    for (const auto& entry : *tables) {
      if (entry.name == name) return entry.is_view ? "view" : "table";
    }
    return "absent";
  };
  EXPECT_EQ(kind("Listed 1"), "table");
  EXPECT_EQ(kind(Site().Name("listed_view").text()), "view");
  EXPECT_TRUE(
      std::is_sorted(tables->begin(), tables->end(), [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST_P(WarehouseContextTest, APreviewShowsTheNewestRowsCut) {
  Site().MakeTable("previewed");
  Site().Run(
      "INSERT INTO ingest.previewed (updated_at, external_id, payload) VALUES ('2026-01-01', 'old', '{}'), "
      "('2026-01-03', 'new', REPEAT('ü', 201)), ('2026-01-02', 'middle', REPEAT('ü', 200)), (NULL, 'null', NULL)");
  auto session = Site().MustConnect();
  const auto columns = session->Describe(Site().Table("previewed"));
  ASSERT_TRUE(columns.ok()) << columns.status();
  const auto preview = session->FetchPreview(Site().Table("previewed"), *columns, Site().Name("updated_at"), 2);
  ASSERT_TRUE(preview.ok()) << preview.status();
  ASSERT_EQ(preview->rows.size(), 2U);
  EXPECT_EQ(preview->columns.size(), 8U);
  EXPECT_TRUE(preview->rows[0].cells[0]->starts_with("2026-01-03 00:00:00")) << *preview->rows[0].cells[0];
  EXPECT_EQ(preview->rows[0].cells[1], "new");
  EXPECT_EQ(preview->rows[0].cells[2], std::nullopt);
  EXPECT_EQ(preview->rows[0].cells[7]->size(), 400U);
  EXPECT_TRUE(preview->rows[0].cut[7]);
  EXPECT_EQ(preview->rows[1].cells[7]->size(), 400U);
  EXPECT_FALSE(preview->rows[1].cut[7]);
  for (const int limit : {0, -1, 1001}) {
    const auto refused = session->FetchPreview(Site().Table("previewed"), *columns, Site().Name("updated_at"), limit);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << limit;
  }
}

TEST_P(WarehouseContextTest, HundredsOfColumnsAreDescribedAndPreviewed) {
  std::string sql = "CREATE TABLE ingest.broad (updated_at TIMESTAMP, external_id VARCHAR, payload VARCHAR";
  for (int i = 0; i < 300; ++i) absl::StrAppend(&sql, ", extra_", i, " VARCHAR");
  Site().Run(absl::StrCat(sql,
                          "); INSERT INTO ingest.broad (updated_at, external_id, extra_299) VALUES ('2026-01-01', "
                          "'a', 'last')"));
  Site().Grant("broad");
  auto session = Site().MustConnect();
  const auto columns = session->Describe(Site().Table("broad"));
  ASSERT_TRUE(columns.ok()) << columns.status();
  ASSERT_EQ(columns->size(), 303U);
  EXPECT_EQ((*columns)[302].name, Site().Name("extra_299").text());
  const auto preview = session->FetchPreview(Site().Table("broad"), *columns, Site().Name("updated_at"), 5);
  ASSERT_TRUE(preview.ok()) << preview.status();
  ASSERT_EQ(preview->rows.size(), 1U);
  EXPECT_EQ(preview->rows[0].cells[302], "last");
}

TEST_P(WarehouseContextTest, HostileNamesAreOnlyNames) {
  const std::string name = "\"a\"\"; DROP TABLE x; --\"";
  Site().Run(absl::StrCat("CREATE TABLE ingest.", name,
                          " (updated_at TIMESTAMP, external_id VARCHAR, payload VARCHAR); INSERT INTO ingest.", name,
                          " VALUES ('2026-01-01', '1', '?{d x}')"));
  Site().Grant(name);
  auto session = Site().MustConnect();
  const auto columns = session->Describe(Site().Table(name));
  ASSERT_TRUE(columns.ok()) << columns.status();
  const auto contract = warehouse::CheckContract(*columns, "", Site().Settings().kind);
  ASSERT_TRUE(contract.ok()) << contract.status();
  warehouse::WindowQuery query = Site().Everything(name);
  query.columns = *contract;
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ((*page)->cell(0, warehouse::ColumnRole::kPayload), "?{d x}");
  // A tag as hostile as that, and longer than PostgreSQL keeps.
  EXPECT_TRUE(Site()
                  .Connection(Site().Settings())
                  ->Connect({.query_tag = "it's \\' ü; --" + std::string(1000, 'x')}, std::stop_token())
                  .ok());
}

}  // namespace
}  // namespace cdi::test
