// The same door over Snowflake's protocol: snowflake-mock and its ODBC driver, by key pair, with Snowflake's SQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"
#include "httplib.h"
#include "keys/rsa_key.h"
#include "tests/integration/warehouse_site.h"
#include "warehouse/odbc_window_reader.h"

namespace cdi::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using warehouse::CaseFolding;
using warehouse::ColumnRole;
using warehouse::ConnectionSettings;
using warehouse::WindowQuery;

class KeyCredentials final : public warehouse::CredentialSource {
 public:
  void Add(const std::string& label, const keys::RsaKeyPair& pair) { keys_.emplace_back(label, pair.Pkcs8Pem()); }
  absl::StatusOr<std::vector<warehouse::Credential>> Credentials() override {
    std::vector<warehouse::Credential> credentials;
    for (const auto& [label, pem] : keys_) credentials.push_back({label, pem.Clone(), Secret()});
    return credentials;
  }
  void LoggedIn(const warehouse::Credential& credential) override { logged_in_.push_back(credential.label); }
  const std::vector<std::string>& logged_in() const { return logged_in_; }

 private:
  std::vector<std::pair<std::string, Secret>> keys_;
  std::vector<std::string> logged_in_;
};

constexpr std::string_view kShape =
    "(UPDATED_AT TIMESTAMP_NTZ(9), EXTERNAL_ID VARCHAR, ALIAS_NAME VARCHAR, ALIAS_LABEL VARCHAR, BRAZE_ID VARCHAR, "
    "EMAIL VARCHAR, PHONE VARCHAR, PAYLOAD VARCHAR)";

std::string SetupSql(const std::string& public_key) {
  std::string sql = absl::StrCat(
      "CREATE ROLE R; CREATE ROLE OTHER; CREATE WAREHOUSE WH; CREATE DATABASE D; CREATE SCHEMA D.S; CREATE SCHEMA "
      "D.CLOSED; CREATE DATABASE SHUT;\n"
      "GRANT USAGE ON WAREHOUSE WH TO ROLE R; GRANT USAGE ON DATABASE D TO ROLE R; GRANT USAGE ON SCHEMA D.S TO ROLE "
      "R;\n"
      "CREATE USER U TYPE=SERVICE DEFAULT_ROLE=R DEFAULT_WAREHOUSE=WH RSA_PUBLIC_KEY='",
      public_key, "'; GRANT ROLE R TO USER U;\n", "CREATE USER GONE TYPE=SERVICE DISABLED=TRUE RSA_PUBLIC_KEY='",
      public_key, "';\n");
  for (const std::string table : {"CELLS", "MANY", "WIDE", "TIES", "OVERSIZE", "WAITING", "SECRET"}) {
    absl::StrAppend(&sql, "CREATE TABLE D.S.", table, " ", absl::string_view(kShape.data(), kShape.size()), ";\n");
    if (table != "SECRET") absl::StrAppend(&sql, "GRANT SELECT ON TABLE D.S.", table, " TO ROLE R;\n");
  }
  absl::StrAppend(
      &sql,
      "INSERT INTO D.S.CELLS VALUES ('2026-11-24 02:25:51.123456789', 'e', 'an', 'al', 'b', 'm', 'p', "
      "'{\"emoji\":\"😀\"}'), ('2026-11-24 02:25:52', NULL, '', ' blanks ', NULL, NULL, NULL, 'two\\nlines');\n"
      "INSERT INTO D.S.MANY (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT DATEADD('second', SEQ4(), "
      "'2026-01-01'::TIMESTAMP_NTZ), TO_VARCHAR(SEQ4()), REPEAT('x', 300) FROM TABLE(GENERATOR(ROWCOUNT => 20000));\n"
      "INSERT INTO D.S.WIDE (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT UPDATED_AT, EXTERNAL_ID, CASE WHEN "
      "MOD(TO_NUMBER(EXTERNAL_ID), 700) = 3 THEN REPEAT('y', 20000) ELSE '{}' END FROM D.S.MANY WHERE "
      "TO_NUMBER(EXTERNAL_ID) < 3000;\n"
      "INSERT INTO D.S.TIES (UPDATED_AT, EXTERNAL_ID, PAYLOAD) SELECT '2026-01-02'::TIMESTAMP_NTZ, "
      "TO_VARCHAR(MOD(TO_NUMBER(EXTERNAL_ID), 300)), '{}' FROM D.S.MANY WHERE TO_NUMBER(EXTERNAL_ID) < 3000;\n"
      "INSERT INTO D.S.OVERSIZE (UPDATED_AT, EXTERNAL_ID, PAYLOAD) VALUES ('2026-01-01', '1', REPEAT('ü', 512)), "
      "('2026-01-02', '2', REPEAT('ü', 513));\n"
      "INSERT INTO D.S.WAITING (UPDATED_AT, EXTERNAL_ID) VALUES ('2026-01-01', 'in'), (NULL, 'null'), ('2026-01-02 "
      "00:00:00.000000001', 'out'), ('2026-01-03', 'out');\n"
      "CREATE TABLE D.S.ZONED (UPDATED_AT TIMESTAMP_TZ(9), EXTERNAL_ID NUMBER(38,0), PAYLOAD VARIANT);\n"
      "GRANT SELECT ON TABLE D.S.ZONED TO ROLE R;\n"
      "INSERT INTO D.S.ZONED SELECT '2026-07-01 12:00:00.000000001 +02:00'::TIMESTAMP_TZ, 7, PARSE_JSON('{\"a\":1}');\n"
      "CREATE VIEW D.S.V AS SELECT * FROM D.S.CELLS; GRANT SELECT ON VIEW D.S.V TO ROLE R;\n");
  return sql;
}

// One stand-in per test binary, with everything the tests read.
class SnowflakeSite {
 public:
  static SnowflakeSite& Get() {
    static SnowflakeSite site;
    return site;
  }

  ConnectionSettings Settings() const {
    ConnectionSettings settings;
    settings.kind = warehouse::WarehouseKind::kSnowflake;
    settings.driver = CDI_SFODBC_LIBRARY;
    settings.account = "myorg-acct";
    settings.host = "127.0.0.1";
    settings.port = port_;
    settings.tls = false;
    settings.user = "U";
    settings.role = "R";
    settings.warehouse = "WH";
    settings.reconnect_backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(5)};
    return settings;
  }
  const keys::RsaKeyPair& key() const { return key_; }

  absl::StatusOr<std::unique_ptr<warehouse::Session>> Connect(const ConnectionSettings& settings,
                                                              warehouse::SessionRequest request = {}) {
    auto credentials = std::make_shared<KeyCredentials>();
    credentials->Add("key", key_);
    return warehouse::MakeOdbcWarehouse(settings, credentials, clock_, logger_)->Connect(request, std::stop_token());
  }
  std::unique_ptr<warehouse::Session> MustConnect(warehouse::SessionRequest request = {}) {
    auto session = Connect(Settings(), std::move(request));
    CDI_CHECK(session.ok(), session.status().ToString());
    return *std::move(session);
  }
  // The stand-in's control API; the reply's body.
  std::string Control(const std::string& path, const std::string& body) {
    httplib::Client client("127.0.0.1", port_);
    const auto reply = client.Post(path, body, "application/json");
    CDI_CHECK(reply && reply->status == 200, "the stand-in takes a control request");
    return reply->body;
  }
  std::string Look(const std::string& path) {
    httplib::Client client("127.0.0.1", port_);
    const auto reply = client.Get(path);
    CDI_CHECK(reply && reply->status == 200, "the stand-in shows its state");
    return reply->body;
  }
  Clock& clock() { return clock_; }
  Logger& logger() { return logger_; }

  static warehouse::TableName Table(std::string_view name, std::string_view schema = "s", std::string_view db = "d") {
    return *warehouse::ParseTableName(db, schema, name, CaseFolding::kUpper);
  }
  // Every row up to year 2100, by the table's own contract.
  static WindowQuery Everything(warehouse::Session& session, std::string_view name) {
    const auto columns = session.Describe(Table(name));
    CDI_CHECK(columns.ok(), columns.status().ToString());
    const auto source = warehouse::CheckContract(*columns, "", warehouse::WarehouseKind::kSnowflake);
    CDI_CHECK(source.ok(), source.status().ToString());
    return {.table = Table(name),
            .columns = *source,
            .lower = std::nullopt,
            .upper = Timestamp::FromCivil(2100, 1, 1, 0, 0, 0, 0)};
  }

 private:
  SnowflakeSite() : key_(*keys::RsaKeyPair::Generate(2048)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdi-snowflake-XXXXXX").string();
    CDI_CHECK(mkdtemp(pattern.data()) != nullptr, "a temporary directory can be made");
    directory_ = pattern;
    const std::string init = pattern + "/init.sql";
    std::ofstream(init) << SetupSql(key_.PublicKeyLine());
    ChildOptions options;
    options.program = CDI_SNOWFLAKE_MOCK;
    options.args = {"--listen", "127.0.0.1:0", "--account", "myorg-acct", "--init", init};
    auto started = StartServer(std::move(options), "snowflake-mock listening on ", std::chrono::seconds(60));
    CDI_CHECK(started.ok(), started.status().ToString());
    process_ = std::make_unique<ChildProcess>(std::move(started->process));
    port_ = std::stoi(started->address.substr(started->address.rfind(':') + 1));
  }
  ~SnowflakeSite() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  keys::RsaKeyPair key_;
  std::string directory_;
  std::unique_ptr<ChildProcess> process_;
  int port_ = 0;
  SystemClock clock_;
  NullLogger logger_;
};

SnowflakeSite& Site() {
  return SnowflakeSite::Get();
}

TEST(WarehouseSnowflakeTest, AKeyLogsInAndTheContextIsProved) {
  auto session = Site().MustConnect({.query_tag = "cdi test"});
  const warehouse::TableName table = SnowflakeSite::Table("cells");
  const auto facts = session->CheckContext(table.schema_name());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->user, "U");
  EXPECT_EQ(facts->role, "R");
  EXPECT_EQ(facts->warehouse, "WH");
  const auto now = session->Now();
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_LT(std::chrono::abs(Distance(*now, Site().clock().WallNow())), std::chrono::minutes(1));
}

TEST(WarehouseSnowflakeTest, TheReplacedKeyIsTriedAfterTheActiveOne) {
  auto credentials = std::make_shared<KeyCredentials>();
  credentials->Add("active", *keys::RsaKeyPair::Generate(2048));
  credentials->Add("replaced", Site().key());
  const auto door = warehouse::MakeOdbcWarehouse(Site().Settings(), credentials, Site().clock(), Site().logger());
  EXPECT_TRUE(door->Connect({}, std::stop_token()).ok());
  EXPECT_THAT(credentials->logged_in(), ElementsAre("replaced"));
}

TEST(WarehouseSnowflakeTest, AForeignKeyIsRefusedWithTheFix) {
  auto credentials = std::make_shared<KeyCredentials>();
  credentials->Add("foreign", *keys::RsaKeyPair::Generate(2048));
  const auto door = warehouse::MakeOdbcWarehouse(Site().Settings(), credentials, Site().clock(), Site().logger());
  const absl::Status status = door->Connect({}, std::stop_token()).status();
  EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
  EXPECT_EQ(ErrorReason(status), "KEY_REFUSED");
  EXPECT_THAT(std::string(status.message()), HasSubstr("RSA_PUBLIC_KEY_FP"));
}

// Whichever of login and CheckContext notices it: drivers differ.
struct Wrong {
  std::string_view name;
  void (*change)(ConnectionSettings&);
  std::string_view reason;
};
class WrongContextTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongContextTest, IsNamed) {
  ConnectionSettings settings = Site().Settings();
  GetParam().change(settings);
  auto session = Site().Connect(settings);
  const absl::Status status = session.ok() ? (*session)->CheckContext(std::nullopt).status() : session.status();
  EXPECT_EQ(ErrorReason(status), GetParam().reason) << status;
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongContextTest,
    testing::Values(Wrong{"Role", [](ConnectionSettings& s) { s.role = "NOTHING"; }, "ROLE_MISSING"},
                    Wrong{"RoleNotGranted", [](ConnectionSettings& s) { s.role = "OTHER"; }, "ROLE_MISSING"},
                    Wrong{"Warehouse", [](ConnectionSettings& s) { s.warehouse = "NOTHING"; }, "WAREHOUSE_MISSING"},
                    Wrong{"User", [](ConnectionSettings& s) { s.user = "NOBODY"; }, "KEY_REFUSED"},
                    Wrong{"DisabledUser", [](ConnectionSettings& s) { s.user = "GONE"; }, "USER_DISABLED"},
                    Wrong{"Port", [](ConnectionSettings& s) { s.port = 1; }, "CONNECT_FAILED"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(WarehouseSnowflakeTest, AMissingDatabaseSchemaTableOrGrantIsNamed) {
  auto session = Site().MustConnect();
  const auto context = [&](const warehouse::TableName& table) {
    return ErrorReason(session->CheckContext(table.schema_name()).status());
  };
  EXPECT_EQ(context(SnowflakeSite::Table("t", "s", "nowhere")), "DATABASE_MISSING");
  EXPECT_EQ(context(SnowflakeSite::Table("t", "s", "shut")), "DATABASE_MISSING");
  EXPECT_EQ(context(SnowflakeSite::Table("t", "nowhere")), "SCHEMA_MISSING");
  const absl::Status missing = session->Describe(SnowflakeSite::Table("nothing")).status();
  EXPECT_EQ(ErrorReason(missing), "TABLE_MISSING") << missing;
  const absl::Status grant = session->Describe(SnowflakeSite::Table("secret")).status();
  EXPECT_THAT(std::string(grant.message()), HasSubstr("GRANT SELECT ON TABLE D.S.SECRET TO ROLE R")) << grant;
}

TEST(WarehouseSnowflakeTest, ListsAndPreviews) {
  auto session = Site().MustConnect();
  const auto name = [](std::string_view text) {
    return *warehouse::Identifier::Parse(text, CaseFolding::kUpper, "name");
  };
  const auto tables = session->ListTables(name("d"), name("s"));
  ASSERT_TRUE(tables.ok()) << tables.status();
  bool view_found = false;
  for (const auto& entry : *tables) view_found = view_found || (entry.name == "V" && entry.is_view);
  EXPECT_TRUE(view_found);
  const auto columns = session->Describe(SnowflakeSite::Table("wide"));
  ASSERT_TRUE(columns.ok()) << columns.status();
  const auto preview = session->FetchPreview(SnowflakeSite::Table("wide"), *columns, name("updated_at"), 5);
  ASSERT_TRUE(preview.ok()) << preview.status();
  ASSERT_EQ(preview->rows.size(), 5U);
  EXPECT_EQ(preview->rows[0].cells[1], "2999");
}

TEST(WarehouseSnowflakeTest, CarriesEveryCellToTheNanosecond) {
  auto session = Site().MustConnect();
  WindowQuery query = SnowflakeSite::Everything(*session, "v");
  query.lower = Timestamp::FromCivil(2026, 11, 24, 2, 25, 51, 123'456'789);
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_NE(*page, nullptr);
  ASSERT_EQ((*page)->size(), 2U);
  EXPECT_EQ((*page)->cursor(0), *query.lower);
  EXPECT_EQ((*page)->cell(0, ColumnRole::kPayload), "{\"emoji\":\"😀\"}");
  EXPECT_EQ((*page)->cell(0, ColumnRole::kPhone), "p");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kExternalId), std::nullopt);
  EXPECT_EQ((*page)->cell(1, ColumnRole::kAliasName), "");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kAliasLabel), " blanks ");
  EXPECT_EQ((*page)->cell(1, ColumnRole::kPayload), "two\nlines");
}

TEST(WarehouseSnowflakeTest, ReadsTimesWithZoneNumbersAndVariants) {
  auto session = Site().MustConnect();
  WindowQuery query = SnowflakeSite::Everything(*session, "zoned");
  query.lower = Timestamp::FromCivil(2026, 7, 1, 10, 0, 0, 1);
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_NE(*page, nullptr);
  EXPECT_EQ((*page)->cursor(0), *query.lower);
  EXPECT_EQ((*page)->cell(0, ColumnRole::kExternalId), "7");
  EXPECT_EQ((*page)->cell(0, ColumnRole::kPayload), "{\"a\":1}");
}

struct Read {
  std::string_view table;
  uint64_t slice;
  uint64_t rows;
  size_t distinct;
};
class SnowflakeReadTest : public testing::TestWithParam<Read> {};

TEST_P(SnowflakeReadTest, EveryRowComesOnce) {
  auto session = Site().MustConnect();
  WindowQuery query = SnowflakeSite::Everything(*session, GetParam().table);
  query.slice_rows_max = GetParam().slice;
  const WindowContent content = ReadWindow(*session, query);
  EXPECT_TRUE(content.status.ok()) << content.status;
  EXPECT_EQ(content.rows, GetParam().rows);
  EXPECT_EQ(content.by_external_id.size(), GetParam().distinct);
  for (const auto& [id, count] : content.by_external_id) {
    ASSERT_EQ(static_cast<uint64_t>(count), GetParam().rows / GetParam().distinct) << id;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SnowflakeReadTest,
                         testing::Values(Read{"many", 5'000'000, 20'000, 20'000}, Read{"many", 7'000, 20'000, 20'000},
                                         Read{"wide", 5'000'000, 3'000, 3'000}, Read{"wide", 1'000, 3'000, 3'000},
                                         Read{"ties", 5'000'000, 3'000, 300}, Read{"ties", 999, 3'000, 300}),
                         [](const auto& test) {
                           return absl::StrCat(std::string(test.param.table), "By", test.param.slice);
                         });

TEST(WarehouseSnowflakeTest, ALostSessionIsReplacedAndEveryRowComesOnce) {
  auto session = Site().MustConnect();
  WindowQuery query = SnowflakeSite::Everything(*session, "many");
  query.slice_rows_max = 5'000;
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto first = (*reader)->Next();
  ASSERT_TRUE(first.ok()) << first.status();
  Site().Control("/__mock/sessions", "{\"expire\": \"drop\"}");
  const WindowContent rest = ReadAll(**reader);
  EXPECT_TRUE(rest.status.ok()) << rest.status;
  EXPECT_EQ(rest.rows, 20'000 - (*first)->size());
  EXPECT_EQ(rest.by_external_id.size(), rest.rows);
}

TEST(WarehouseSnowflakeTest, CancelFromAnotherThreadEndsARunningStatement) {
  auto session = Site().MustConnect({.query_tag = "to be cancelled"});
  auto reader = session->OpenWindow(SnowflakeSite::Everything(*session, "cells"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  Site().Control("/__mock/faults", "{\"query_delay_ms\": 60000}");
  std::thread canceller([&] {
    while (Site().Look("/__mock/queries").find("RUNNING") == std::string::npos) {
    }
    session->Cancel();
  });
  const absl::Status status = (*reader)->Next().status();
  canceller.join();
  Site().Control("/__mock/faults", "{\"query_delay_ms\": 0}");
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  reader->reset();
  EXPECT_TRUE(session->Now().ok());
}

TEST(WarehouseSnowflakeTest, CellsOverTheCapCarryTheirSizeOnly) {
  auto session = Site().MustConnect();
  WindowQuery query = SnowflakeSite::Everything(*session, "oversize");
  query.cell_bytes_max = 1024;
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_NE(*page, nullptr);
  ASSERT_EQ((*page)->size(), 2U);
  EXPECT_EQ((*page)->cell(0, ColumnRole::kPayload)->size(), 1024U);
  EXPECT_EQ((*page)->oversize_bytes(1), 1026U);
  EXPECT_EQ((*page)->cell(1, ColumnRole::kPayload), std::nullopt);
}

TEST(WarehouseSnowflakeTest, RowsOutsideTheWindowAreCounted) {
  auto session = Site().MustConnect();
  WindowQuery query = SnowflakeSite::Everything(*session, "waiting");
  query.upper = Timestamp::FromCivil(2026, 1, 2, 0, 0, 0, 0);
  const auto waiting = session->CountWaiting(query);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->rows_after_upper, 2U);
  EXPECT_EQ(waiting->rows_null_cursor, 1U);
  EXPECT_EQ(waiting->first_after_upper, Timestamp::FromCivil(2026, 1, 2, 0, 0, 0, 1));
}

}  // namespace
}  // namespace cdi::test
