#include "tests/snowflake_mock/odbc/diagnostics.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::sfodbc {
namespace {

absl::Status Make(std::string_view sqlstate, int native, std::string_view message, std::string_view origin) {
  return MakeError(
      absl::StatusCode::kUnknown, "ODBC", message,
      {{"sqlstate", std::string(sqlstate)}, {"native", std::to_string(native)}, {"origin", std::string(origin)}});
}

bool IsWarning(const DiagRecord& record) {
  return record.sqlstate.starts_with("01");
}

}  // namespace

absl::Status ServerError(std::string_view sqlstate, int native, std::string_view message) {
  return Make(sqlstate, native, message, "server");
}

absl::Status OdbcError(std::string_view sqlstate, int native, std::string_view message) {
  return Make(sqlstate, native, message, "driver");
}

std::string SqlStateOf(const absl::Status& status) {
  const ErrorDetails details = ErrorDetailsOf(status);
  const auto found = details.find("sqlstate");
  return found == details.end() || found->second.size() != 5 ? "HY000" : found->second;
}

int NativeCodeOf(const absl::Status& status) {
  const ErrorDetails details = ErrorDetailsOf(status);
  const auto found = details.find("native");
  int code = 0;
  if (found != details.end()) std::from_chars(found->second.data(), found->second.data() + found->second.size(), code);
  return code;
}

bool IsServerError(const absl::Status& status) {
  const ErrorDetails details = ErrorDetailsOf(status);
  const auto found = details.find("origin");
  return found != details.end() && found->second == "server";
}

void DiagArea::Add(DiagRecord record) {
  if (records_.size() >= kRecordsMax) return;
  // ODBC: errors stand before warnings, each kind by row.
  const auto place = IsWarning(record) ? records_.end() : std::find_if(records_.begin(), records_.end(), &IsWarning);
  records_.insert(place, std::move(record));
}

void DiagArea::Add(const absl::Status& status) {
  const std::string_view prefix = IsServerError(status) ? personality_.server_prefix : personality_.own_prefix;
  std::string message = absl::StrCat(std::string(prefix), std::string(status.message()));
  const std::string state = SqlStateOf(status);
  if (traces_) absl::StrAppend(&message, "\n\nError trace:\n0: ", state, " (native ", NativeCodeOf(status), ")");
  Add({state, NativeCodeOf(status), std::move(message), row_number_, SQL_NO_COLUMN_NUMBER});
}

void DiagArea::AddOwn(std::string_view sqlstate, std::string_view message, SQLLEN row, SQLINTEGER column) {
  Add({std::string(sqlstate), 0, absl::StrCat(std::string(personality_.own_prefix), std::string(message)), row,
       column});
}

}  // namespace cdi::sfodbc
