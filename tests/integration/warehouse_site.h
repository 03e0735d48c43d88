// A real warehouse for tests: something to put tables into, and connections to it through the product's own door.
//
// One per test binary, started at its first use; every test makes tables of its own names.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "tests/support/postgres_server.h"
#include "warehouse/contract.h"
#include "warehouse/odbc_warehouse.h"

namespace cdi::test {

// Hands out a list of credentials and remembers what became of them.
class ListedCredentials final : public warehouse::CredentialSource {
 public:
  void AddPassword(const std::string& label, const std::string& password);
  absl::StatusOr<std::vector<warehouse::Credential>> Credentials() override;
  void LoggedIn(const warehouse::Credential& credential) override { logged_in_.push_back(credential.label); }
  const std::vector<std::string>& logged_in() const { return logged_in_; }

 private:
  std::vector<std::pair<std::string, std::string>> passwords_;
  std::vector<std::string> logged_in_;
};

class WarehouseSite {
 public:
  // Aborts with the reason when the warehouse cannot be started: no test of it can mean anything then.
  static WarehouseSite& Postgres();

  PostgresServer& server() { return *server_; }
  // As user `reader` with password `reader-secret`, who may use schema `ingest` and read what is granted to him.
  warehouse::ConnectionSettings Settings() const;
  std::unique_ptr<warehouse::Warehouse> Connection(const warehouse::ConnectionSettings& settings,
                                                   std::shared_ptr<ListedCredentials> credentials = nullptr);
  std::unique_ptr<warehouse::Session> MustConnect(warehouse::SessionRequest request = {});

  // Runs statements as the administrator; aborts with the reason when they fail.
  void Run(const std::string& sql);
  // A table of the usual shape in schema `ingest`, readable.
  void MakeTable(const std::string& name);

  warehouse::TableName Table(const std::string& name) const;
  // The usual columns, those of MakeTable.
  warehouse::SourceColumns Columns() const;

 private:
  explicit WarehouseSite(std::unique_ptr<PostgresServer> server);
  std::unique_ptr<PostgresServer> server_;
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

// Every row up to year 2100.
warehouse::WindowQuery EverythingOf(const WarehouseSite& site, const std::string& table);

}  // namespace cdi::test
