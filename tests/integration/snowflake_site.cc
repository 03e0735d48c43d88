#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/check.h"
#include "base/text.h"
#include "httplib.h"
#include "tests/integration/sites.h"

namespace cdi::test {
namespace {

std::string SetupSql(const std::string& public_key) {
  std::string sql = absl::StrCat(
      "CREATE ROLE R; CREATE ROLE OTHER; CREATE WAREHOUSE WH; CREATE DATABASE SHUT;\n"
      "CREATE WAREHOUSE ASLEEP AUTO_RESUME = FALSE INITIALLY_SUSPENDED = TRUE;\n"
      "GRANT USAGE ON WAREHOUSE WH TO ROLE R; GRANT USAGE ON WAREHOUSE ASLEEP TO ROLE R;\n");
  for (const std::string database : {"AS3X", "AS4X"}) {
    absl::StrAppend(&sql, "CREATE DATABASE ", database, "; CREATE SCHEMA ", database, ".INGEST; CREATE SCHEMA ",
                    database, ".CLOSED; GRANT USAGE ON DATABASE ", database, " TO ROLE R; GRANT USAGE ON SCHEMA ",
                    database, ".INGEST TO ROLE R;\n");
  }
  absl::StrAppend(&sql, "CREATE USER U TYPE=SERVICE DEFAULT_ROLE=R DEFAULT_WAREHOUSE=WH RSA_PUBLIC_KEY='", public_key,
                  "'; GRANT ROLE R TO USER U;\nCREATE USER GONE TYPE=SERVICE DISABLED=TRUE RSA_PUBLIC_KEY='",
                  public_key, "';\n");
  return sql;
}

}  // namespace

SnowflakeServer& SnowflakeServer::Get() {
  static SnowflakeServer server;
  return server;
}

SnowflakeServer::SnowflakeServer()
    : key_(*keys::RsaKeyPair::Generate(2048)), foreign_key_(*keys::RsaKeyPair::Generate(2048)) {
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

SnowflakeServer::~SnowflakeServer() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string SnowflakeServer::Control(const std::string& path, const std::string& body) const {
  httplib::Client client("127.0.0.1", port_);
  client.set_read_timeout(60);
  const auto reply = client.Post(path, body, "application/json");
  CDI_CHECK(reply && reply->status == 200, reply ? reply->body : "the stand-in does not answer");
  return reply->body;
}

std::string SnowflakeServer::Look(const std::string& path) const {
  httplib::Client client("127.0.0.1", port_);
  const auto reply = client.Get(path);
  CDI_CHECK(reply && reply->status == 200, "the stand-in shows its state");
  return reply->body;
}

void SnowflakeServer::Run(const std::string& sql) const {
  Control("/__mock/sql", absl::StrCat("{\"sql\": ", JsonQuote(sql), "}"));
}

SnowflakeSite& SnowflakeSiteAs(const std::string& driver) {
  static SnowflakeSite three("SnowflakeDSIIDriver");
  static SnowflakeSite four("Snowflake ODBC");
  return driver == "Snowflake ODBC" ? four : three;
}

SnowflakeSite::SnowflakeSite(std::string driver)
    : server_((UsePrivateDrivers(), SnowflakeServer::Get())),
      driver_(std::move(driver)),
      database_(driver_ == "Snowflake ODBC" ? "as4x" : "as3x") {}

warehouse::ConnectionSettings SnowflakeSite::Settings() const {
  warehouse::ConnectionSettings settings;
  settings.kind = warehouse::WarehouseKind::kSnowflake;
  settings.driver = driver_;
  settings.account = "myorg-acct";
  settings.host = "127.0.0.1";
  settings.port = server_.port();
  settings.tls = false;
  settings.user = "U";
  settings.role = "R";
  settings.warehouse = "WH";
  settings.reconnect_backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(5)};
  return settings;
}

void SnowflakeSite::AddGood(ListedCredentials& credentials, const std::string& label) const {
  credentials.AddKey(label, server_.key().Pkcs8Pem());
}

void SnowflakeSite::AddBad(ListedCredentials& credentials, const std::string& label) const {
  credentials.AddKey(label, server_.foreign_key().Pkcs8Pem());
}

void SnowflakeSite::Run(const std::string& sql) {
  server_.Run(absl::StrCat("USE DATABASE ", database_, "; ", sql));
}

void SnowflakeSite::Grant(const std::string& name, bool view) {
  Run(absl::StrCat("GRANT SELECT ON ", view ? "VIEW" : "TABLE", " ingest.", name, " TO ROLE R"));
}

std::string SnowflakeSite::Series(int count) const {
  return absl::StrCat("(SELECT SEQ4() + 1 AS N FROM TABLE(GENERATOR(ROWCOUNT => ", count, ")))");
}

std::string SnowflakeSite::MicrosecondsLater(const std::string& n) const {
  return absl::StrCat("DATEADD('microsecond', ", n, ", '2026-01-01'::TIMESTAMP_NTZ)");
}

// The stand-in drops all sessions at once; those of other tests are over by then.
void SnowflakeSite::DropSessions(const std::string& /*tag*/) {
  server_.Control("/__mock/sessions", "{\"expire\": \"drop\"}");
}

void SnowflakeSite::MakeStickyView(const std::string& name) {
  FillTable(name + "_base", 1);
  Run(absl::StrCat("CREATE VIEW ingest.", name, " AS SELECT * FROM ingest.", name, "_base"));
  Grant(name, true);
}

void SnowflakeSite::Stick() {
  server_.Control("/__mock/faults", "{\"query_delay_ms\": 60000}");
}

void SnowflakeSite::Unstick() {
  server_.Control("/__mock/faults", "{\"query_delay_ms\": 0}");
}

bool SnowflakeSite::IsStuck(const std::string& tag) {
  const std::string queries = server_.Look("/__mock/queries");
  for (const auto query : absl::StrSplit(queries, "},{")) {
    if (absl::StrContains(query, absl::StrCat("\"", tag, "\"")) && absl::StrContains(query, "RUNNING")) return true;
  }
  return false;
}

bool SnowflakeSite::ShowsTag(const std::string& tag) {
  return absl::StrContains(server_.Look("/__mock/queries"), absl::StrCat("\"", tag, "\""));
}

}  // namespace cdi::test
