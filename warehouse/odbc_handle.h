// RAII over unixODBC's three handles: environment, connection, statement. No raw handle leaves odbc_handle.cc, and
// every diagnostic is read there.
//
// Threads: an environment may be shared; a connection and its statements belong to one thread at a time, but
// OdbcStatement::CancelNow, which may come from any thread while the statement lives.
#pragma once

#include <sqltypes.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/timestamp.h"
#include "warehouse/cancel_gate.h"
#include "warehouse/connection_string.h"
#include "warehouse/diagnostics.h"
#include "warehouse/driver_profile.h"

namespace cdi::warehouse {

class OdbcEnvironment {
 public:
  static absl::StatusOr<std::shared_ptr<OdbcEnvironment>> Create();
  ~OdbcEnvironment();
  OdbcEnvironment(const OdbcEnvironment&) = delete;
  OdbcEnvironment& operator=(const OdbcEnvironment&) = delete;

  // Thread-safe.
  InstalledDrivers Drivers();

 private:
  friend class OdbcConnection;
  explicit OdbcEnvironment(void* handle) : handle_(handle) {}
  void* handle_;
  Mutex drivers_;  // the driver manager keeps its place in the list in the handle
};

class OdbcStatement;

class OdbcConnection {
 public:
  // Logs in. The private key, when given, is passed by attribute with its explicit length before connecting. The driver
  // manager keeps an unwiped copy of it for as long as the handle lives, so a connection is closed after its work.
  static absl::StatusOr<std::unique_ptr<OdbcConnection>> Login(std::shared_ptr<OdbcEnvironment> environment,
                                                               const ConnectionString& text,
                                                               std::string_view private_key_pem,
                                                               std::chrono::seconds login_timeout,
                                                               const DiagnosticContext& context);
  // Rolls back, logs out, frees. Statements must be gone.
  ~OdbcConnection();
  OdbcConnection(const OdbcConnection&) = delete;
  OdbcConnection& operator=(const OdbcConnection&) = delete;

  absl::StatusOr<std::unique_ptr<OdbcStatement>> NewStatement(const DiagnosticContext& context);
  // Leaves a failed transaction behind; harmless when there is none.
  void Rollback() noexcept;

 private:
  friend class OdbcStatement;
  OdbcConnection(std::shared_ptr<OdbcEnvironment> environment, void* handle)
      : environment_(std::move(environment)), handle_(handle) {}
  std::shared_ptr<OdbcEnvironment> environment_;
  void* handle_;
  bool connected_ = false;
};

// Must not outlive its connection.
class OdbcStatement final : public Cancellable {
 public:
  ~OdbcStatement() override;
  OdbcStatement(const OdbcStatement&) = delete;
  OdbcStatement& operator=(const OdbcStatement&) = delete;

  // The driver's own limit; ignored by drivers that do not know it.
  void SetQueryTimeout(std::chrono::seconds limit);
  // Blocks of `rows` rows, columns bound one by one; `*fetched` says how many came, and `states` has room for the state
  // of each. Set before Execute.
  absl::Status SetBlock(size_t rows, SQLULEN* fetched, SQLUSMALLINT* states);
  // Column from 1. The buffers hold one cell per row of a block and outlive the statement or its next binding.
  absl::Status BindText(int column, char* cells, size_t cell_bytes, SQLLEN* lengths);
  absl::Status BindTimestamp(int column, SQL_TIMESTAMP_STRUCT* cells, SQLLEN* lengths);

  absl::Status Execute(std::string_view sql);
  // False after the last row.
  absl::StatusOr<bool> Fetch();

  // For results of a few rows, not bound: nullopt is NULL.
  absl::StatusOr<int> ColumnCount();
  absl::StatusOr<std::string> ColumnName(int column);
  absl::StatusOr<std::optional<std::string>> Text(int column);
  absl::StatusOr<std::optional<Timestamp>> Time(int column);

  void CancelNow() noexcept override;

 private:
  friend class OdbcConnection;
  OdbcStatement(void* handle, DiagnosticContext context) : handle_(handle), context_(std::move(context)) {}
  absl::Status Error() const;
  void* handle_;
  const DiagnosticContext context_;
};

// UTC. nullopt for a year outside 1..9999 or a date that no calendar has.
std::optional<Timestamp> TimestampFromOdbc(const SQL_TIMESTAMP_STRUCT& value);

}  // namespace cdi::warehouse
