// The read-only door to a warehouse: what the engine and the handlers ask of it. Implemented over ODBC
// (odbc_warehouse.h) and by fakes in tests. Everything here blocks; nothing here sends to Braze.
//
// Errors carry a reason of docs/errors.md (base/error.h) with cause and fix in the message: KEY_REFUSED, USER_DISABLED,
// NETWORK_POLICY, ROLE_MISSING, WAREHOUSE_MISSING, WAREHOUSE_SUSPENDED, DATABASE_MISSING, SCHEMA_MISSING,
// TABLE_MISSING, COLUMN_MISSING, GRANT_MISSING, DRIVER_MISSING, CONNECTION_LOST, STATEMENT_TIMEOUT, CANCELLED, … Codes:
//   kUnauthenticated     key or user refused            kPermissionDenied   known but not allowed
//   kFailedPrecondition  the world's state (missing table, suspended warehouse): repeating does not help
//   kUnavailable         try again as it is             kCancelled          Cancel() or a stop was asked for
//   kDeadlineExceeded    the statement's time-out
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "warehouse/page.h"
#include "warehouse/table_name.h"

namespace cdi::warehouse {

// The columns of one source that a sync reads, by their real names there.
struct SourceColumns {
  Identifier cursor;                                              // UPDATED_AT by default
  std::array<std::optional<Identifier>, kColumnRoleCount> roles;  // by ColumnRole; absent: the table has no such column
};

struct ColumnFacts {
  std::string name;
  std::string type;  // as the warehouse prints it: "TIMESTAMP_NTZ(9)", "VARCHAR(16777216)"
  bool nullable = true;
};

// What the session really has: a login alone proves none of them.
struct SessionFacts {
  std::string version;
  std::string user;
  std::string role;
  std::string warehouse;
};

struct TableEntry {
  std::string name;
  bool is_view = false;
};

struct WindowQuery {
  TableName table;
  SourceColumns columns;
  std::optional<Timestamp> lower;  // inclusive; nullopt: from the beginning
  Timestamp upper;                 // inclusive
  // A cell with more bytes than this is not fetched; its row carries the true size instead. 1 KiB to 16 MiB.
  size_t cell_bytes_max = 1 << 20;
  // A new statement is opened after so many rows (from the last row handed over, which the reader skips by multiset).
  uint64_t slice_rows_max = 5'000'000;
  // And after so long: no statement holds a snapshot of the warehouse for ever while Braze is slow.
  std::chrono::nanoseconds slice_time_max = std::chrono::hours{1};
};

// Rows that the frozen window leaves out.
struct WaitingFacts {
  uint64_t rows_after_upper = 0;
  std::optional<Timestamp> first_after_upper;
  uint64_t rows_null_cursor = 0;
};

struct PreviewRow {
  // One per ColumnFacts of the preview; nullopt is NULL. Cells are cut to 200 characters.
  std::vector<std::optional<std::string>> cells;
  std::vector<bool> cut;  // true where the cell was longer
};

struct Preview {
  std::vector<ColumnFacts> columns;
  std::vector<PreviewRow> rows;
};

// Streams the rows of one frozen window in cursor order, as blocks. Not thread-safe; must not outlive its Session.
class WindowReader {
 public:
  virtual ~WindowReader() = default;
  // nullptr after the last row. Hides widened buffers, slices and up to 3 reconnects per window: every row of the
  // window is handed over exactly once.
  virtual absl::StatusOr<std::shared_ptr<const Page>> Next() = 0;
};

// One login. Not thread-safe but for Cancel().
class Session {
 public:
  virtual ~Session() = default;
  // Proves role and warehouse by asking for them, and database and schema by describing them.
  virtual absl::StatusOr<SessionFacts> CheckContext(const std::optional<SchemaName>& where) = 0;
  // The warehouse's own clock, UTC.
  virtual absl::StatusOr<Timestamp> Now() = 0;
  virtual absl::StatusOr<std::vector<ColumnFacts>> Describe(const TableName& table) = 0;
  virtual absl::StatusOr<std::vector<TableEntry>> ListTables(const Identifier& database, const Identifier& schema) = 0;
  virtual absl::StatusOr<Preview> FetchPreview(const TableName& table, const std::vector<ColumnFacts>& columns,
                                               const Identifier& order_by, int row_limit) = 0;
  virtual absl::StatusOr<WaitingFacts> CountWaiting(const WindowQuery& query) = 0;
  virtual absl::StatusOr<std::unique_ptr<WindowReader>> OpenWindow(const WindowQuery& query) = 0;
  // Ends what runs, from any thread; the blocked call returns kCancelled. Harmless when nothing runs.
  virtual void Cancel() noexcept = 0;
};

struct SessionRequest {
  // Kept with every statement in the warehouse's history: "cdi sync=syncs/a run=syncs/a/runs/b". At most 2,000
  // characters.
  std::string query_tag = {};
  std::chrono::seconds statement_timeout{600};
  std::chrono::seconds login_timeout{30};
  // Override the connection's own; empty: as the connection says.
  std::string role = {};
  std::string warehouse = {};
};

// One configured connection. Thread-safe: sessions may be opened from several threads.
class Warehouse {
 public:
  virtual ~Warehouse() = default;
  virtual CaseFolding folding() const = 0;
  // Logs in (the active key, then the one it replaces) and pins the session: UTC, tag, time-out.
  virtual absl::StatusOr<std::unique_ptr<Session>> Connect(const SessionRequest& request, std::stop_token stop) = 0;
};

}  // namespace cdi::warehouse
