#include "tests/integration/warehouse_site.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace cdi::test {
namespace {

using warehouse::CaseFolding;
using warehouse::ColumnRole;

std::string Words(const absl::Status& status) {
  return status.ToString();
}

}  // namespace

void ListedCredentials::AddPassword(const std::string& label, const std::string& password) {
  passwords_.emplace_back(label, password);
}

absl::StatusOr<std::vector<warehouse::Credential>> ListedCredentials::Credentials() {
  std::vector<warehouse::Credential> credentials;
  for (const auto& [label, password] : passwords_) credentials.push_back({label, Secret(), Secret(password)});
  return credentials;
}

WarehouseSite& WarehouseSite::Postgres() {
  // Stopped and removed at exit, by the destructor.
  static WarehouseSite site([] {
    auto server = PostgresServer::Start();
    CDI_CHECK(server.ok(), Words(server.status()));
    return *std::move(server);
  }());
  return site;
}

WarehouseSite::WarehouseSite(std::unique_ptr<PostgresServer> server) : server_(std::move(server)) {
  Run("CREATE ROLE reader LOGIN PASSWORD 'reader-secret'; CREATE SCHEMA ingest; CREATE SCHEMA closed;"
      "GRANT USAGE ON SCHEMA ingest TO reader;");
}

warehouse::ConnectionSettings WarehouseSite::Settings() const {
  warehouse::ConnectionSettings settings;
  settings.kind = warehouse::WarehouseKind::kPostgresql;
  settings.host = "127.0.0.1";
  settings.port = server_->port();
  settings.tls = false;
  settings.user = "reader";
  settings.database = "postgres";
  settings.reconnect_backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(5)};
  return settings;
}

std::unique_ptr<warehouse::Warehouse> WarehouseSite::Connection(const warehouse::ConnectionSettings& settings,
                                                                std::shared_ptr<ListedCredentials> credentials) {
  if (credentials == nullptr) {
    credentials = std::make_shared<ListedCredentials>();
    credentials->AddPassword("password", "reader-secret");
  }
  return warehouse::MakeOdbcWarehouse(settings, std::move(credentials), clock_, logger_);
}

std::unique_ptr<warehouse::Session> WarehouseSite::MustConnect(warehouse::SessionRequest request) {
  if (request.query_tag.empty()) request.query_tag = "cdi test";
  auto session = Connection(Settings())->Connect(request, std::stop_token());
  CDI_CHECK(session.ok(), Words(session.status()));
  return *std::move(session);
}

void WarehouseSite::Run(const std::string& sql) {
  const absl::Status status = server_->Run(sql);
  CDI_CHECK(status.ok(), Words(status));
}

void WarehouseSite::MakeTable(const std::string& name) {
  Run(absl::StrCat("DROP TABLE IF EXISTS ingest.", name, " CASCADE; CREATE TABLE ingest.", name,
                   " (updated_at timestamp, external_id text, alias_name text, alias_label text, braze_id text, email "
                   "text, phone text, payload text); GRANT SELECT ON ingest.",
                   name, " TO reader"));
}

warehouse::TableName WarehouseSite::Table(const std::string& name) const {
  return *warehouse::ParseTableName("postgres", "ingest", name, CaseFolding::kLower);
}

warehouse::SourceColumns WarehouseSite::Columns() const {
  const auto name = [](std::string_view text) {
    return *warehouse::Identifier::Parse(text, CaseFolding::kLower, "column");
  };
  warehouse::SourceColumns columns{name("updated_at"), {}};
  for (size_t i = 0; i < warehouse::kColumnRoleCount; ++i) {
    columns.roles[i] = name(warehouse::ColumnRoleName(static_cast<ColumnRole>(i)));
  }
  return columns;
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

warehouse::WindowQuery EverythingOf(const WarehouseSite& site, const std::string& table) {
  return {.table = site.Table(table),
          .columns = site.Columns(),
          .lower = std::nullopt,
          .upper = Timestamp::FromCivil(2100, 1, 1, 0, 0, 0, 0)};
}

}  // namespace cdi::test
