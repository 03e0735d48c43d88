#include "warehouse/odbc_link.h"

#include "base/backoff.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"

namespace cdi::warehouse {
namespace {

// SHOW gives at most 10,000 rows; a catalog query of ours hardly more.
constexpr size_t kResultRowsMax = 50'000;

}  // namespace

StatementSubject::StatementSubject(const Identifier& database, const Identifier& schema)
    : name(Concat(database.text(), ".", schema.text())), sql(Concat(database.Quoted(), ".", schema.Quoted())) {}

OdbcLink::OdbcLink(Options options, Opener opener, std::unique_ptr<OdbcConnection> connection)
    : options_(std::move(options)),
      dialect_(Dialect::Of(options_.kind)),
      opener_(std::move(opener)),
      connection_(std::move(connection)) {}

absl::StatusOr<std::unique_ptr<OdbcStatement>> OdbcLink::NewStatement(const StatementSubject& subject) {
  if (connection_ == nullptr) {
    return MakeError(absl::StatusCode::kUnavailable, "CONNECTION_LOST",
                     "the connection to the warehouse was lost; try again");
  }
  DiagnosticContext context = options_.context;
  context.object = subject.name;
  context.sql_object = subject.sql;
  CDI_ASSIGN_OR_RETURN(auto statement, connection_->NewStatement(context));
  if (options_.query_timeout.count() > 0) statement->SetQueryTimeout(options_.query_timeout);
  return statement;
}

absl::Status OdbcLink::Execute(OdbcStatement& statement, std::string_view sql) {
  CDI_RETURN_IF_ERROR(gate_.Enter(&statement));
  const absl::Status executed = statement.Execute(sql);
  const absl::Status asked = gate_.Leave();
  if (!executed.ok()) Rollback();
  if (!asked.ok()) return asked;
  return ErrorReason(executed) == "WAREHOUSE_MISSING" ? TellSuspended(executed) : executed;
}

absl::Status OdbcLink::TellSuspended(const absl::Status& status) {
  // Neither the gate nor Query: this runs inside of a statement's failure, and needs no warehouse.
  const auto statement = NewStatement({});
  if (!statement.ok() || !(*statement)->Execute(dialect_.ContextQuery()).ok()) return status;
  const auto found = (*statement)->Fetch();
  if (!found.ok() || !*found) return status;
  std::optional<std::string> warehouse;
  for (int column = 1; column <= 4; ++column) {
    auto cell = (*statement)->Text(column);
    if (!cell.ok()) return status;
    warehouse = *std::move(cell);
  }
  if (!warehouse || warehouse->empty()) return status;
  return MakeError(absl::StatusCode::kFailedPrecondition, "WAREHOUSE_SUSPENDED",
                   Concat("warehouse ", *warehouse,
                          " does not run for this session: it is suspended and may not resume by itself; run ALTER "
                          "WAREHOUSE ",
                          *warehouse, " SET AUTO_RESUME = TRUE, or ALTER WAREHOUSE ", *warehouse, " RESUME"),
                   ErrorDetailsOf(status));
}

absl::StatusOr<bool> OdbcLink::Fetch(OdbcStatement& statement) {
  CDI_RETURN_IF_ERROR(gate_.Enter(&statement));
  const absl::StatusOr<bool> fetched = statement.Fetch();
  CDI_RETURN_IF_ERROR(gate_.Leave());
  return fetched;
}

absl::StatusOr<ResultTable> OdbcLink::Query(std::string_view sql, const StatementSubject& subject) {
  CDI_ASSIGN_OR_RETURN(auto statement, NewStatement(subject));
  CDI_RETURN_IF_ERROR(Execute(*statement, sql));
  ResultTable table;
  CDI_ASSIGN_OR_RETURN(const int columns, statement->ColumnCount());
  for (int i = 1; i <= columns; ++i) {
    CDI_ASSIGN_OR_RETURN(std::string name, statement->ColumnName(i));
    table.columns.push_back(std::move(name));
  }
  while (table.rows.size() < kResultRowsMax) {
    CDI_ASSIGN_OR_RETURN(const bool more, Fetch(*statement));
    if (!more) break;
    auto& row = table.rows.emplace_back();
    for (int i = 1; i <= columns; ++i) {
      CDI_ASSIGN_OR_RETURN(auto cell, statement->Text(i));
      row.push_back(std::move(cell));
    }
  }
  return table;
}

absl::StatusOr<std::vector<ColumnFacts>> OdbcLink::Describe(const TableName& table) {
  CDI_ASSIGN_OR_RETURN(const ResultTable result, Query(dialect_.DescribeQuery(table), table));
  return dialect_.ReadColumns(result, table, options_.context.role);
}

void OdbcLink::Rollback() noexcept {
  if (connection_ != nullptr) connection_->Rollback();
}

absl::Status OdbcLink::Reconnect(int attempt) {
  connection_.reset();
  // At least a second, as the promise says, and jitter on top of it.
  const auto delay = options_.backoff.base + BackoffDelay(options_.backoff, attempt, rng_);
  CDI_RETURN_IF_ERROR(gate_.WaitFor(std::min(delay, options_.backoff.cap)));
  CDI_ASSIGN_OR_RETURN(connection_, opener_());
  return absl::OkStatus();
}

}  // namespace cdi::warehouse
