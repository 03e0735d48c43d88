// One pinned login that can be replaced by a fresh one: runs statements under the cancel gate, for a session and for
// the window that it reads. Used by one thread at a time; the gate is what other threads reach.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/rng.h"
#include "warehouse/cancel_gate.h"
#include "warehouse/dialect.h"
#include "warehouse/odbc_handle.h"
#include "warehouse/result_table.h"

namespace cdi::warehouse {

// What a statement is about, for the message when it fails.
struct StatementSubject {
  std::string name;  // for people: D.S.T
  std::string sql;   // as a statement takes it: "D"."S"."T"
  StatementSubject() = default;
  StatementSubject(const TableName& table) : name(table.ToString()), sql(table.Quoted()) {}
  StatementSubject(const Identifier& database, const Identifier& schema);
};

class OdbcLink {
 public:
  // Logs in and pins the session. Called again for every reconnect, so that keys and tokens are fresh.
  using Opener = std::function<absl::StatusOr<std::unique_ptr<OdbcConnection>>()>;
  struct Options {
    WarehouseKind kind = WarehouseKind::kSnowflake;
    DiagnosticContext context;
    BackoffPolicy backoff;
    // Zero: the session's own limit is enough.
    std::chrono::seconds query_timeout{0};
    const Clock* clock = nullptr;  // how long a statement has been open; outlives the link
  };

  OdbcLink(Options options, Opener opener, std::unique_ptr<OdbcConnection> connection);

  const Dialect& dialect() const { return dialect_; }
  const DiagnosticContext& context() const { return options_.context; }
  CancelGate& gate() { return gate_; }
  const Clock& clock() const { return *options_.clock; }

  absl::StatusOr<std::unique_ptr<OdbcStatement>> NewStatement(const StatementSubject& subject);
  absl::Status Execute(OdbcStatement& statement, std::string_view sql);
  absl::StatusOr<bool> Fetch(OdbcStatement& statement);

  // A whole small result as text.
  absl::StatusOr<ResultTable> Query(std::string_view sql, const StatementSubject& subject);
  absl::StatusOr<std::vector<ColumnFacts>> Describe(const TableName& table);

  // Ends the transaction that a cursor or an error left behind.
  void Rollback() noexcept;

  // Closes the connection, waits (1 s to 30 s with jitter, `attempt` from 0) and logs in again. No statement of the old
  // connection may live. kCancelled when that is asked for meanwhile.
  absl::Status Reconnect(int attempt);

 private:
  // Snowflake has one code for a session without a warehouse and for one whose warehouse may not resume: the session
  // tells which of the two it is.
  absl::Status TellSuspended(const absl::Status& status);

  const Options options_;
  const Dialect& dialect_;
  const Opener opener_;
  CancelGate gate_;
  SystemRng rng_;
  std::unique_ptr<OdbcConnection> connection_;  // null after a failed Reconnect
};

}  // namespace cdi::warehouse
