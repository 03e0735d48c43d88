// The faults that the product explains: their reasons, and the words that tell an operator the cause and the fix. Which
// codes, SQLSTATEs and words of a driver mean which fault: snowflake_faults.cc, postgres_faults.cc.
//
// In a message `{user}`, `{role}`, `{warehouse}`, `{host}` stand for what the connection asked for, `{object}` for the
// table as people write it, `{sql_object}` as a statement wants it, `{named}` for the name that the server's own
// message has in quotes; plain words stand in where there is none. Faults are compared by address.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "warehouse/diagnostics.h"

namespace cdi::warehouse {

struct Fault {
  absl::StatusCode code;
  std::string_view reason;
  std::string_view message;
  bool quote_server = false;  // append the server's own words: they name an object and nothing else
};

// nullptr: the record says nothing that is known. `context.login` tells a refused login from a lost session.
const Fault* FindSnowflakeFault(const DiagnosticRecord& record, const DiagnosticContext& context);
const Fault* FindPostgresFault(const DiagnosticRecord& record, const DiagnosticContext& context);

// The driver manager's own failures and the SQLSTATEs that mean the same everywhere.
const Fault* FindCommonFault(const DiagnosticRecord& record, const DiagnosticContext& context);

// The text between the first two single quotes; empty when there is none.
std::string_view QuotedName(std::string_view message);

// A rule per prefix of the SQLSTATE (two to five characters) or part of the text; the first that fits wins.
struct FaultRule {
  std::string_view key;
  const Fault* fault;
};
template <typename Rules>
const Fault* FindByText(const Rules& rules, std::string_view text) {
  for (const FaultRule& rule : rules) {
    if (text.find(rule.key) != std::string_view::npos) return rule.fault;
  }
  return nullptr;
}
template <typename Rules>
const Fault* FindByState(const Rules& rules, std::string_view sqlstate) {
  for (const FaultRule& rule : rules) {
    if (sqlstate.starts_with(rule.key)) return rule.fault;
  }
  return nullptr;
}

inline constexpr Fault kCancelled{absl::StatusCode::kCancelled, "CANCELLED",
                                  "the statement was cancelled: by this service when it was asked to, or by somebody "
                                  "in the warehouse, whose query history tells who"};
inline constexpr Fault kStatementTimeout{
    absl::StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT",
    "the statement on {object} ran into its time limit; make the source cheaper to read in the order of its cursor "
    "column (a table instead of a view, clustered or indexed by the cursor), or use a larger warehouse"};
inline constexpr Fault kBusy{absl::StatusCode::kUnavailable, "WAREHOUSE_BUSY",
                             "the warehouse has no room for another statement or session now; try again later"};
inline constexpr Fault kLost{absl::StatusCode::kUnavailable, "CONNECTION_LOST",
                             "the connection to the warehouse was lost; try again"};
inline constexpr Fault kConnectFailed{
    absl::StatusCode::kUnavailable, "CONNECT_FAILED",
    "the warehouse could not be reached at {host}; check the connection's account, host and port, TLS, proxies and the "
    "network between",
    true};
inline constexpr Fault kLoginTimeout{
    absl::StatusCode::kUnavailable, "LOGIN_TIMEOUT",
    "the login at {host} was not answered in time; check the connection's account, host and port, proxies and the "
    "network between"};
inline constexpr Fault kDriverMissing{
    absl::StatusCode::kFailedPrecondition, "DRIVER_MISSING",
    "the ODBC driver or a library that it needs could not be loaded; install it, register it in odbcinst.ini, or set "
    "the connection's driver to its name or path",
    true};
inline constexpr Fault kDataInvalid{
    absl::StatusCode::kFailedPrecondition, "DATA_INVALID",
    "a value in {object} cannot be computed or converted; query the view or table by hand to find the row"};
inline constexpr Fault kStatementRefused{
    absl::StatusCode::kInternal, "STATEMENT_REFUSED",
    "the warehouse did not understand a statement of this service; please report it with SQLSTATE and native code"};
inline constexpr Fault kColumnMissing{
    absl::StatusCode::kFailedPrecondition, "COLUMN_MISSING",
    "a column of {object} does not exist any more; compare the source with what the sync reads (cdi syncs test)", true};
inline constexpr Fault kUnknown{absl::StatusCode::kUnavailable, "WAREHOUSE_ERROR", "the warehouse reported an error",
                                true};

}  // namespace cdi::warehouse
