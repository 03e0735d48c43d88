// A Session over ODBC. Its window readers use its connection, so it outlives them, and nothing else is asked of it
// while one is being read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "warehouse/odbc_link.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

class OdbcSession final : public Session {
 public:
  // A stop ends what runs, as Cancel does, and everything after it.
  OdbcSession(OdbcLink::Options options, OdbcLink::Opener opener, std::unique_ptr<OdbcConnection> connection,
              std::stop_token stop);

  absl::StatusOr<SessionFacts> CheckContext(const std::optional<SchemaName>& where) override;
  absl::StatusOr<Timestamp> Now() override;
  absl::StatusOr<std::vector<ColumnFacts>> Describe(const TableName& table) override;
  absl::StatusOr<std::vector<TableEntry>> ListTables(const Identifier& database, const Identifier& schema) override;
  absl::StatusOr<Preview> FetchPreview(const TableName& table, const std::vector<ColumnFacts>& columns,
                                       const Identifier& order_by, int row_limit) override;
  absl::StatusOr<WaitingFacts> CountWaiting(const WindowQuery& query) override;
  absl::StatusOr<std::unique_ptr<WindowReader>> OpenWindow(const WindowQuery& query) override;
  void Cancel() noexcept override;

 private:
  absl::Status CheckRoleAndWarehouse(const SessionFacts& facts) const;
  absl::Status CheckDatabase(const Identifier& database) const;

  const OdbcLink::Options options_;
  OdbcLink link_;
  std::stop_callback<std::function<void()>> on_stop_;  // last: gone before the gate it calls
};

}  // namespace cdi::warehouse
