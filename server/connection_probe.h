// Tests a connection step by step: login, role and warehouse, database and schema, table, columns. Used by
// TestConnection and TestSync. Each step becomes a CheckResult; the first failure ends the list.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cdi/v1/connection.pb.h"
#include "warehouse/contract.h"
#include "warehouse/warehouse.h"

namespace cdi::server {

struct ProbeRequest {
  std::string database;
  std::string schema;
  std::string table;      // empty: only login, role and warehouse (and what of database and schema is given)
  std::string role;       // overrides
  std::string warehouse;  // overrides
  std::string cursor_column;
  bool check_columns = false;
  warehouse::WarehouseKind kind = warehouse::WarehouseKind::kSnowflake;
};

struct ProbeResult {
  bool passed = false;
  std::vector<v1::CheckResult> checks;
  warehouse::SessionFacts facts;
  // What a passing probe leaves open for more: a preview, a count.
  std::unique_ptr<warehouse::Session> session;
  std::optional<warehouse::TableName> table;
  std::vector<warehouse::ColumnFacts> columns;
  std::optional<warehouse::SourceColumns> source;
};

ProbeResult Probe(warehouse::Warehouse& target, const ProbeRequest& request);

v1::CheckResult Passed(std::string_view check, std::string_view message);
v1::CheckResult Failed(std::string_view check, const absl::Status& status);

}  // namespace cdi::server
