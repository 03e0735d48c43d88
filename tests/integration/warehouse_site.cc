#include "tests/integration/warehouse_site.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "tests/integration/sites.h"
#include "warehouse/odbc_window_reader.h"

namespace cdi::test {

using warehouse::ColumnRole;

void ListedCredentials::AddPassword(const std::string& label, const std::string& password) {
  credentials_.push_back({label, Secret(), Secret(password)});
}

void ListedCredentials::AddKey(const std::string& label, Secret pem) {
  credentials_.push_back({label, std::move(pem), Secret()});
}

absl::StatusOr<std::vector<warehouse::Credential>> ListedCredentials::Credentials() {
  std::vector<warehouse::Credential> copies;
  for (const warehouse::Credential& c : credentials_) {
    copies.push_back({c.label, c.private_key_pem.Clone(), c.password.Clone()});
  }
  return copies;
}

std::vector<std::string> WarehouseSite::Names() {
  std::vector<std::string> names = {"PostgreSQL"};
#ifdef CDI_SNOWFLAKE_MOCK
  names.insert(names.end(), {"SnowflakeAs3x", "SnowflakeAs4x"});
#endif
  return names;
}

WarehouseSite& WarehouseSite::Get(const std::string& name) {
#ifdef CDI_SNOWFLAKE_MOCK
  if (name == "SnowflakeAs3x") return SnowflakeSiteAs("SnowflakeDSIIDriver");
  if (name == "SnowflakeAs4x") return SnowflakeSiteAs("Snowflake ODBC");
#endif
  CDI_CHECK(name == "PostgreSQL", name);
  return PostgresSiteInstance();
}

std::unique_ptr<warehouse::Warehouse> WarehouseSite::Connection(const warehouse::ConnectionSettings& settings,
                                                                std::shared_ptr<ListedCredentials> credentials) {
  if (credentials == nullptr) {
    credentials = std::make_shared<ListedCredentials>();
    AddGood(*credentials, "good");
  }
  return warehouse::MakeOdbcWarehouse(settings, std::move(credentials), clock_, logger_);
}

absl::Status WarehouseSite::ConnectStatus(const warehouse::ConnectionSettings& settings,
                                          std::shared_ptr<ListedCredentials> credentials) {
  return Connection(settings, std::move(credentials))->Connect({}, std::stop_token()).status();
}

std::unique_ptr<warehouse::Session> WarehouseSite::MustConnect(warehouse::SessionRequest request) {
  if (request.query_tag.empty()) request.query_tag = "cdi test";
  auto session = Connection(Settings())->Connect(request, std::stop_token());
  CDI_CHECK(session.ok(), session.status().ToString());
  return *std::move(session);
}

void WarehouseSite::MakeTable(const std::string& name, const Shape& shape) {
  Run(absl::StrCat(
      "CREATE TABLE ingest.", name, " (updated_at ", shape.cursor, ", external_id ", shape.external_id,
      ", alias_name VARCHAR, alias_label VARCHAR, braze_id VARCHAR, email VARCHAR, phone VARCHAR, payload ",
      shape.payload, ")"));
  Grant(name);
}

void WarehouseSite::FillTable(const std::string& name, int count, const std::string& payload) {
  MakeTable(name);
  Run(absl::StrCat("INSERT INTO ingest.", name, " (updated_at, external_id, payload) SELECT ", MicrosecondsLater("n"),
                   ", CAST(n AS VARCHAR), ", payload, " FROM ", Series(count)));
}

warehouse::CaseFolding WarehouseSite::folding() const {
  return Settings().kind == warehouse::WarehouseKind::kSnowflake ? warehouse::CaseFolding::kUpper
                                                                 : warehouse::CaseFolding::kLower;
}

warehouse::Identifier WarehouseSite::Name(std::string_view text) const {
  return *warehouse::Identifier::Parse(text, folding(), "name");
}

warehouse::TableName WarehouseSite::Table(std::string_view name, std::string_view schema, std::string_view db) const {
  return {Name(db.empty() ? database() : db), Name(schema), Name(name)};
}

warehouse::SourceColumns WarehouseSite::Columns() const {
  warehouse::SourceColumns columns{Name("updated_at"), {}};
  for (size_t i = 0; i < warehouse::kColumnRoleCount; ++i) {
    columns.roles[i] = Name(warehouse::ColumnRoleName(static_cast<ColumnRole>(i)));
  }
  return columns;
}

warehouse::WindowQuery WarehouseSite::Everything(std::string_view table) const {
  return {.table = Table(table),
          .columns = Columns(),
          .lower = std::nullopt,
          .upper = Timestamp::FromCivil(2100, 1, 1, 0, 0, 0, 0)};
}

WindowContent ReadAll(warehouse::WindowReader& reader) {
  WindowContent content;
  for (;;) {
    const auto page = reader.Next();
    content.status = page.status();
    if (!page.ok() || *page == nullptr) return content;
    content.rows += (*page)->size();
    content.bytes += (*page)->bytes();
    for (size_t row = 0; row < (*page)->size(); ++row) {
      const auto id = (*page)->cell(row, ColumnRole::kExternalId);
      ++content.by_external_id[std::string(id.value_or("NULL"))];
    }
  }
}

WindowContent ReadWindow(warehouse::Session& session, const warehouse::WindowQuery& query) {
  auto reader = session.OpenWindow(query);
  if (!reader.ok()) return {reader.status(), 0, 0, {}};
  return ReadAll(**reader);
}

void ExpectEachOnce(const WindowContent& content, size_t count) {
  EXPECT_TRUE(content.status.ok()) << content.status;
  EXPECT_EQ(content.rows, count);
  EXPECT_EQ(content.by_external_id.size(), count);
}

int StatementsOpened(const warehouse::WindowReader& reader) {
  return dynamic_cast<const warehouse::OdbcWindowReader&>(reader).statements_opened();
}

}  // namespace cdi::test
