// The sites themselves, for tests that know which one they are at; and the registration of drivers that all share.
#pragma once

#include <memory>
#include <string>

#include "keys/rsa_key.h"
#include "tests/integration/warehouse_site.h"
#include "tests/support/child_process.h"
#include "tests/support/postgres_server.h"

namespace cdi::test {

// A private odbcinst.ini (ODBCSYSINI), in place before the first call of ODBC in the process. Registered: "PostgreSQL
// Unicode", "SQLite3", and where the stand-in is built "Snowflake ODBC" and "SnowflakeDSIIDriver" (our driver, which
// takes the version to imitate from that name). Beside them what must be refused: "Serial" and "SerialSnowflake"
// (Threading=3), "Absent" (no file), "Foreign" (built for another processor).
void UsePrivateDrivers();

class PostgresSite final : public WarehouseSite {
 public:
  PostgresSite();
  PostgresServer& server() { return *server_; }

  warehouse::ConnectionSettings Settings() const override;
  std::string role() const override { return "reader"; }
  void AddGood(ListedCredentials& credentials, const std::string& label) const override;
  void AddBad(ListedCredentials& credentials, const std::string& label) const override;
  std::string_view bad_credential_reason() const override { return "PASSWORD_REFUSED"; }
  void Run(const std::string& sql) override;
  void Grant(const std::string& name, bool view) override;
  std::string_view unreadable_reason() const override { return "GRANT_MISSING"; }
  std::string Series(int count) const override;
  std::string MicrosecondsLater(const std::string& n) const override;
  std::string AsJson(const std::string& text) const override { return "'" + text + "'::jsonb"; }
  std::string_view json_type() const override { return "jsonb"; }
  std::string_view zoned_type() const override { return "timestamptz"; }
  std::string_view number_type() const override { return "bigint"; }
  std::string_view greatest_number() const override { return "9223372036854775807"; }
  std::chrono::nanoseconds tick() const override { return std::chrono::microseconds(1); }
  void DropSessions(const std::string& tag) override;
  void MakeStickyView(const std::string& name) override;
  void Stick() override {}
  void Unstick() override {}
  bool IsStuck(const std::string& tag) override;
  bool ShowsTag(const std::string& tag) override;

 protected:
  std::string_view database() const override { return "postgres"; }

 private:
  std::unique_ptr<PostgresServer> server_;
};
PostgresSite& PostgresSiteInstance();

// One stand-in with account MYORG-ACCT, shared by the sites of both versions. User U has role R, warehouse WH and a
// key.
class SnowflakeServer {
 public:
  static SnowflakeServer& Get();
  int port() const { return port_; }
  const keys::RsaKeyPair& key() const { return key_; }
  const keys::RsaKeyPair& foreign_key() const { return foreign_key_; }
  // The control API (docs/snowflake-mock.md): the reply's body; aborts when it is refused.
  std::string Control(const std::string& path, const std::string& body) const;
  std::string Look(const std::string& path) const;
  void Run(const std::string& sql) const;

 private:
  SnowflakeServer();
  ~SnowflakeServer();
  keys::RsaKeyPair key_;
  keys::RsaKeyPair foreign_key_;
  std::string directory_;
  std::unique_ptr<ChildProcess> process_;
  int port_ = 0;
};

class SnowflakeSite final : public WarehouseSite {
 public:
  explicit SnowflakeSite(std::string driver);
  SnowflakeServer& server() const { return server_; }

  warehouse::ConnectionSettings Settings() const override;
  std::string role() const override { return "R"; }
  void AddGood(ListedCredentials& credentials, const std::string& label) const override;
  void AddBad(ListedCredentials& credentials, const std::string& label) const override;
  std::string_view bad_credential_reason() const override { return "KEY_REFUSED"; }
  void Run(const std::string& sql) override;
  void Grant(const std::string& name, bool view) override;
  // Snowflake does not give away that a table exists.
  std::string_view unreadable_reason() const override { return "TABLE_MISSING"; }
  std::string Series(int count) const override;
  std::string MicrosecondsLater(const std::string& n) const override;
  std::string AsJson(const std::string& text) const override { return "PARSE_JSON('" + text + "')"; }
  std::string_view json_type() const override { return "VARIANT"; }
  std::string_view zoned_type() const override { return "TIMESTAMP_TZ"; }
  std::string_view number_type() const override { return "NUMBER(38,0)"; }
  std::string_view greatest_number() const override { return "99999999999999999999999999999999999999"; }
  std::chrono::nanoseconds tick() const override { return std::chrono::nanoseconds(1); }
  void DropSessions(const std::string& tag) override;
  void MakeStickyView(const std::string& name) override;
  void Stick() override;
  void Unstick() override;
  bool IsStuck(const std::string& tag) override;
  bool ShowsTag(const std::string& tag) override;

 protected:
  std::string_view database() const override { return database_; }

 private:
  SnowflakeServer& server_;
  const std::string driver_;
  const std::string database_;  // one for each version, so that their tables do not meet
};
SnowflakeSite& SnowflakeSiteAs(const std::string& driver);

}  // namespace cdi::test
