#include "warehouse/odbc_session.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/match.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"
#include "warehouse/odbc_window_reader.h"
#include "warehouse/preview.h"

namespace cdi::warehouse {
namespace {

// Names in settings are written as in SQL, so `ingest` means INGEST in Snowflake; a quoted one stands as it is.
bool SameName(std::string_view wanted, const std::string& actual, CaseFolding folding) {
  const auto parsed = Identifier::Parse(wanted, folding, "name");
  return (parsed.ok() && parsed->text() == actual) || wanted == actual;
}

// A driver that turns text into another character set would change payloads without a word.
absl::Status CheckTextProbe(const std::optional<std::string>& text) {
  if (text == kTextProbe) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_ENCODING",
                   "the ODBC driver does not hand text over as UTF-8, so that rows would reach Braze altered; check "
                   "DriverManagerEncoding (UTF-16 for unixODBC) in the driver's own ini file, and that the service "
                   "runs in a UTF-8 locale (LC_ALL=C.UTF-8)");
}

}  // namespace

OdbcSession::OdbcSession(OdbcLink::Options options, OdbcLink::Opener opener, std::unique_ptr<OdbcConnection> connection,
                         std::stop_token stop)
    : options_(options),
      link_(std::move(options), std::move(opener), std::move(connection)),
      on_stop_(std::move(stop), [this] { link_.gate().Stop(); }) {}

absl::StatusOr<SessionFacts> OdbcSession::CheckContext(const std::optional<SchemaName>& where) {
  const Dialect& dialect = link_.dialect();
  CDI_ASSIGN_OR_RETURN(const ResultTable result, link_.Query(dialect.ContextQuery(), {}));
  if (result.rows.size() != 1 || result.rows[0].size() != 6) {
    return MakeError(absl::StatusCode::kInternal, "WAREHOUSE_ERROR",
                     "the warehouse did not tell its session's context");
  }
  const auto& row = result.rows[0];
  CDI_RETURN_IF_ERROR(CheckTextProbe(row[5]));
  const SessionFacts facts{row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3].value_or("")};
  CDI_RETURN_IF_ERROR(CheckRoleAndWarehouse(facts));
  if (!where) return facts;

  CDI_RETURN_IF_ERROR(CheckDatabase(where->database));
  const auto schemas =
      link_.Query(dialect.SchemaQuery(where->database, where->schema), {where->database, where->schema});
  if (!schemas.ok()) {
    if (ErrorReason(schemas.status()) != "TABLE_MISSING" && ErrorReason(schemas.status()) != "OBJECT_MISSING") {
      return schemas.status();
    }
    return MakeError(absl::StatusCode::kFailedPrecondition, "DATABASE_MISSING",
                     Concat("database ", where->database.text(),
                            " does not exist or the role may not use it; check its name, and run GRANT USAGE ON "
                            "DATABASE ",
                            where->database.Quoted(), " TO ROLE ", facts.role),
                     ErrorDetailsOf(schemas.status()));
  }
  CDI_RETURN_IF_ERROR(dialect.ReadSchema(*schemas, where->database, where->schema, facts.role));
  return facts;
}

absl::Status OdbcSession::CheckRoleAndWarehouse(const SessionFacts& facts) const {
  const DiagnosticContext& asked = link_.context();
  const CaseFolding folding = link_.dialect().folding();
  if (facts.role.empty() || (!asked.role.empty() && !SameName(asked.role, facts.role, folding))) {
    const std::string_view role = asked.role.empty() ? std::string_view("…") : asked.role;
    return MakeError(absl::StatusCode::kPermissionDenied, "ROLE_MISSING",
                     Concat("the session has ", facts.role.empty() ? "no role" : Concat("role ", facts.role),
                            asked.role.empty() ? "" : Concat(" instead of ", asked.role),
                            "; set the connection's role, and run GRANT ROLE ", role, " TO USER ", asked.user));
  }
  if (options_.kind != WarehouseKind::kSnowflake) return absl::OkStatus();
  if (facts.warehouse.empty() || (!asked.warehouse.empty() && !SameName(asked.warehouse, facts.warehouse, folding))) {
    const std::string_view warehouse = asked.warehouse.empty() ? std::string_view("…") : asked.warehouse;
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "WAREHOUSE_MISSING",
        Concat("the session has ", facts.warehouse.empty() ? "no warehouse" : Concat("warehouse ", facts.warehouse),
               asked.warehouse.empty() ? "" : Concat(" instead of ", asked.warehouse),
               "; check the connection's warehouse, and run GRANT USAGE ON WAREHOUSE ", warehouse, " TO ROLE ",
               facts.role));
  }
  return absl::OkStatus();
}

absl::Status OdbcSession::CheckDatabase(const Identifier& database) const {
  if (options_.kind != WarehouseKind::kPostgresql || database.text() == options_.context.database) {
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "DATABASE_MISSING",
      Concat("this connection is logged in to database ", options_.context.database,
             " and PostgreSQL reads no other; give the sync that database, or make a connection to ", database.text()));
}

absl::StatusOr<Timestamp> OdbcSession::Now() {
  CDI_ASSIGN_OR_RETURN(auto statement, link_.NewStatement({}));
  CDI_RETURN_IF_ERROR(link_.Execute(*statement, link_.dialect().NowQuery()));
  CDI_ASSIGN_OR_RETURN(const bool found, link_.Fetch(*statement));
  std::optional<Timestamp> now;
  if (found) {
    CDI_ASSIGN_OR_RETURN(now, statement->Time(1));
    CDI_ASSIGN_OR_RETURN(const std::optional<std::string> probe, statement->Text(2));
    CDI_RETURN_IF_ERROR(CheckTextProbe(probe));
  }
  if (!now) {
    return MakeError(absl::StatusCode::kInternal, "WAREHOUSE_ERROR", "the warehouse did not tell its time");
  }
  return *now;
}

absl::StatusOr<std::vector<ColumnFacts>> OdbcSession::Describe(const TableName& table) {
  CDI_RETURN_IF_ERROR(CheckDatabase(table.database));
  return link_.Describe(table);
}

absl::StatusOr<std::vector<TableEntry>> OdbcSession::ListTables(const Identifier& database, const Identifier& schema) {
  CDI_RETURN_IF_ERROR(CheckDatabase(database));
  std::vector<TableEntry> tables;
  for (const ListStatement& list : link_.dialect().ListQueries(database, schema)) {
    CDI_ASSIGN_OR_RETURN(const ResultTable result, link_.Query(list.sql, {database, schema}));
    for (size_t i = 0; i < result.rows.size(); ++i) tables.push_back({result.At(i, "name"), list.views});
  }
  std::sort(tables.begin(), tables.end(), [](const TableEntry& a, const TableEntry& b) { return a.name < b.name; });
  return tables;
}

absl::StatusOr<Preview> OdbcSession::FetchPreview(const TableName& table, const std::vector<ColumnFacts>& columns,
                                                  const Identifier& order_by, int row_limit) {
  CDI_RETURN_IF_ERROR(CheckDatabase(table.database));
  return FetchPreviewRows(link_, table, columns, order_by, row_limit);
}

absl::StatusOr<WaitingFacts> OdbcSession::CountWaiting(const WindowQuery& query) {
  CDI_ASSIGN_OR_RETURN(const std::vector<ColumnFacts> columns, Describe(query.table));
  std::optional<TypedColumn> cursor;
  for (const ColumnFacts& column : columns) {
    if (column.name == query.columns.cursor.text()) cursor = TypedColumn{query.columns.cursor, column.type};
  }
  if (!cursor) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "COLUMN_MISSING",
        Concat("the source has no column ", query.columns.cursor.text(), "; add it, or set the sync's cursor_column"));
  }
  CDI_ASSIGN_OR_RETURN(auto statement, link_.NewStatement(query.table));
  CDI_RETURN_IF_ERROR(link_.Execute(*statement, link_.dialect().WaitingQuery(query.table, *cursor, query.upper)));
  CDI_ASSIGN_OR_RETURN(const bool found, link_.Fetch(*statement));
  WaitingFacts facts;
  if (!found) return facts;
  const auto count = [&](int column, uint64_t& value) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const std::optional<std::string> text, statement->Text(column));
    if (text) std::from_chars(text->data(), text->data() + text->size(), value);
    return absl::OkStatus();
  };
  CDI_RETURN_IF_ERROR(count(1, facts.rows_after_upper));
  CDI_ASSIGN_OR_RETURN(facts.first_after_upper, statement->Time(2));
  CDI_RETURN_IF_ERROR(count(3, facts.rows_null_cursor));
  return facts;
}

absl::StatusOr<std::unique_ptr<WindowReader>> OdbcSession::OpenWindow(const WindowQuery& query) {
  CDI_ASSIGN_OR_RETURN(const std::vector<ColumnFacts> columns, Describe(query.table));
  CDI_ASSIGN_OR_RETURN(std::unique_ptr<WindowReader> reader, OdbcWindowReader::Create(link_, query, columns));
  return reader;
}

void OdbcSession::Cancel() noexcept {
  link_.gate().Cancel();
}

}  // namespace cdi::warehouse
