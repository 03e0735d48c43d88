#include "tests/snowflake_mock/odbc/diagnostics.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::sfodbc {

absl::Status ServerError(std::string_view sqlstate, int native, std::string_view message) {
  return MakeError(absl::StatusCode::kUnknown, "ODBC", message,
                   {{"sqlstate", std::string(sqlstate)}, {"native", std::to_string(native)}});
}

absl::Status OdbcError(std::string_view sqlstate, int native, std::string_view message) {
  return ServerError(sqlstate, native, absl::StrCat(std::string(kMessagePrefix), std::string(message)));
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

void DiagArea::Add(DiagRecord record) {
  if (records_.size() < kRecordsMax) records_.push_back(std::move(record));
}

void DiagArea::Warn(std::string_view sqlstate, std::string_view message) {
  Add({std::string(sqlstate), 0, absl::StrCat(std::string(kMessagePrefix), std::string(message))});
}

}  // namespace cdi::sfodbc
