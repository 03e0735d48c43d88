#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "tests/integration/sites.h"

namespace cdi::test {

PostgresSite& PostgresSiteInstance() {
  static PostgresSite site;  // stopped and removed at exit
  return site;
}

PostgresSite::PostgresSite() {
  UsePrivateDrivers();
  auto server = PostgresServer::Start();
  CDI_CHECK(server.ok(), server.status().ToString());
  server_ = *std::move(server);
  Run("CREATE ROLE reader LOGIN PASSWORD 'reader-secret'; CREATE SCHEMA ingest; CREATE SCHEMA closed;"
      "GRANT USAGE ON SCHEMA ingest TO reader;");
}

warehouse::ConnectionSettings PostgresSite::Settings() const {
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

void PostgresSite::AddGood(ListedCredentials& credentials, const std::string& label) const {
  credentials.AddPassword(label, "reader-secret");
}

void PostgresSite::AddBad(ListedCredentials& credentials, const std::string& label) const {
  credentials.AddPassword(label, "not-registered");
}

void PostgresSite::Run(const std::string& sql) {
  const absl::Status status = server_->Run(sql);
  CDI_CHECK(status.ok(), status.ToString());
}

void PostgresSite::Grant(const std::string& name, bool /*view*/) {
  Run(absl::StrCat("GRANT SELECT ON ingest.", name, " TO reader"));
}

std::string PostgresSite::Series(int count) const {
  return absl::StrCat("generate_series(1, ", count, ") n");
}

std::string PostgresSite::MicrosecondsLater(const std::string& n) const {
  return absl::StrCat("timestamp '2026-01-01' + ", n, " * interval '1 microsecond'");
}

void PostgresSite::DropSessions(const std::string& tag) {
  Run(absl::StrCat("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '", tag,
                   "'"));
}

void PostgresSite::MakeStickyView(const std::string& name) {
  MakeTable(name + "_base");
  Run(absl::StrCat("INSERT INTO ingest.", name,
                   "_base (updated_at, external_id, payload) VALUES ('2026-01-01', 'a', '{}');"
                   "CREATE VIEW ingest.",
                   name,
                   " AS SELECT updated_at, external_id, alias_name, alias_label, braze_id, email, phone, (SELECT "
                   "'x'::text FROM pg_sleep(60)) AS payload FROM ingest.",
                   name, "_base"));
  Grant(name, true);
}

bool PostgresSite::IsStuck(const std::string& tag) {
  return *server_->Query(absl::StrCat("SELECT count(*) FROM pg_stat_activity WHERE application_name = '", tag,
                                      "' AND wait_event = 'PgSleep'")) == "1";
}

bool PostgresSite::ShowsTag(const std::string& tag) {
  return *server_->Query(absl::StrCat("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND "
                                      "application_name = '",
                                      tag, "'")) == "1";
}

}  // namespace cdi::test
