// A real warehouse for tests behind a real ODBC driver, and connections to it through the product's own door. One suite
// of claims (warehouse_suite_*_test.cc) runs at every site: PostgreSQL by psqlODBC, and snowflake-mock by our driver as
// 3.x and as 4.x of Snowflake's.
//
// Servers are started at the first use, one of each per test binary; every test makes tables of its own names. SQL
// given to Run is what the dialects have in common: names in schema `ingest` without quotes, VARCHAR, TIMESTAMP.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/secret.h"
#include "warehouse/contract.h"
#include "warehouse/odbc_warehouse.h"

namespace cdi::test {

// Hands out a list of credentials and remembers what became of them.
class ListedCredentials final : public warehouse::CredentialSource {
 public:
  void AddPassword(const std::string& label, const std::string& password);
  void AddKey(const std::string& label, Secret pem);
  absl::StatusOr<std::vector<warehouse::Credential>> Credentials() override;
  void LoggedIn(const warehouse::Credential& credential) override { logged_in_.push_back(credential.label); }
  const std::vector<std::string>& logged_in() const { return logged_in_; }

 private:
  std::vector<warehouse::Credential> credentials_;
  std::vector<std::string> logged_in_;
};

class WarehouseSite {
 public:
  // "PostgreSQL", "SnowflakeAs3x", "SnowflakeAs4x": those of this build.
  static std::vector<std::string> Names();
  // Aborts with the reason when the warehouse cannot be started: no test of it can mean anything then.
  static WarehouseSite& Get(const std::string& name);
  virtual ~WarehouseSite() = default;

  // As a reader who may use schema `ingest` and read what Grant gave him.
  virtual warehouse::ConnectionSettings Settings() const = 0;
  virtual std::string role() const = 0;
  // A good credential, and one that is refused.
  virtual void AddGood(ListedCredentials& credentials, const std::string& label) const = 0;
  virtual void AddBad(ListedCredentials& credentials, const std::string& label) const = 0;
  // Why that one is refused.
  virtual std::string_view bad_credential_reason() const = 0;

  // Statements as the administrator; abort with the reason when they fail.
  virtual void Run(const std::string& sql) = 0;
  // Lets the reader read a table or view of `ingest`.
  virtual void Grant(const std::string& name, bool view = false) = 0;
  // What Describe says of a table that exists and may not be read: warehouses differ in what they give away.
  virtual std::string_view unreadable_reason() const = 0;

  // The text after FROM that gives a column n from 1 to `count`.
  virtual std::string Series(int count) const = 0;
  // 2026-01-01 and n microseconds, as an expression.
  virtual std::string MicrosecondsLater(const std::string& n) const = 0;
  // JSON text as a value of the semi-structured type.
  virtual std::string AsJson(const std::string& text) const = 0;
  virtual std::string_view json_type() const = 0;
  virtual std::string_view zoned_type() const = 0;
  // The widest whole number that may be an identifier.
  virtual std::string_view number_type() const = 0;
  virtual std::string_view greatest_number() const = 0;
  // The shortest time apart that two cursors can be; 1 ns or 1 µs.
  virtual std::chrono::nanoseconds tick() const = 0;

  // Ends every session with that tag, as a broken network or an administrator would.
  virtual void DropSessions(const std::string& tag) = 0;
  // Makes view `name` of the usual columns, whose reading takes a minute between Stick and Unstick.
  virtual void MakeStickyView(const std::string& name) = 0;
  virtual void Stick() = 0;
  virtual void Unstick() = 0;
  // A statement of that tag is being run.
  virtual bool IsStuck(const std::string& tag) = 0;
  // The warehouse's own view of a session shows the tag.
  virtual bool ShowsTag(const std::string& tag) = 0;

  std::unique_ptr<warehouse::Warehouse> Connection(const warehouse::ConnectionSettings& settings,
                                                   std::shared_ptr<ListedCredentials> credentials = nullptr);
  // Logs in with those settings, and the good credential when none are given.
  absl::Status ConnectStatus(const warehouse::ConnectionSettings& settings,
                             std::shared_ptr<ListedCredentials> credentials = nullptr);
  std::unique_ptr<warehouse::Session> MustConnect(warehouse::SessionRequest request = {});

  // A table of the usual shape in schema `ingest`, readable. `cursor_type` and so on: other types than the usual ones.
  struct Shape {
    std::string cursor = "TIMESTAMP";
    std::string external_id = "VARCHAR";
    std::string payload = "VARCHAR";
  };
  void MakeTable(const std::string& name, const Shape& shape);
  void MakeTable(const std::string& name) { MakeTable(name, Shape()); }
  // The same with `count` rows named 1, 2, …, one microsecond apart; `payload` is an expression of n.
  void FillTable(const std::string& name, int count, const std::string& payload = "'{\"n\":1}'");

  warehouse::CaseFolding folding() const;
  warehouse::Identifier Name(std::string_view text) const;
  warehouse::TableName Table(std::string_view name, std::string_view schema = "ingest",
                             std::string_view database = "") const;
  // The usual columns, those of MakeTable.
  warehouse::SourceColumns Columns() const;
  // Every row of a usual table up to year 2100.
  warehouse::WindowQuery Everything(std::string_view table) const;
  Clock& clock() { return clock_; }
  Logger& logger() { return logger_; }

 protected:
  // The name of the database that holds `ingest`.
  virtual std::string_view database() const = 0;

 private:
  SystemClock clock_;
  NullLogger logger_;
};

// Reads a window to its end. Counts every distinct external id.
struct WindowContent {
  absl::Status status;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  std::map<std::string, int> by_external_id;
};
WindowContent ReadAll(warehouse::WindowReader& reader);
WindowContent ReadWindow(warehouse::Session& session, const warehouse::WindowQuery& query);
// `count` rows came, no id twice.
void ExpectEachOnce(const WindowContent& content, size_t count);
// How often the reader opened a statement.
int StatementsOpened(const warehouse::WindowReader& reader);

}  // namespace cdi::test
