#include "tests/snowflake_mock/server/language/sql_error.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::snowflake_mock {
namespace {

std::string Detail(const absl::Status& status, const std::string& key, std::string_view otherwise) {
  const ErrorDetails details = ErrorDetailsOf(status);
  const auto found = details.find(key);
  return found == details.end() ? std::string(otherwise) : found->second;
}

}  // namespace

absl::Status SqlError(std::string_view code, std::string_view sqlstate, std::string_view message, Place place) {
  ErrorDetails details{{"native", std::string(code)}, {"sqlstate", std::string(sqlstate)}};
  if (place.line > 0) {
    details["line"] = std::to_string(place.line);
    details["pos"] = std::to_string(place.position);
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "SQL", message, details);
}

std::string SqlErrorCode(const absl::Status& status) {
  return Detail(status, "native", "000603");
}
std::string SqlErrorState(const absl::Status& status) {
  return Detail(status, "sqlstate", "XX000");
}

Place SqlErrorPlace(const absl::Status& status) {
  return {std::atoi(Detail(status, "line", "0").c_str()), std::atoi(Detail(status, "pos", "0").c_str())};
}

absl::Status SyntaxError(Place place, std::string_view near) {
  return SqlError("001003", "42000",
                  absl::StrCat("SQL compilation error:\nsyntax error line ", place.line, " at position ",
                               place.position, " unexpected '", std::string(near), "'."),
                  place);
}

absl::Status Unsupported(std::string_view feature) {
  return SqlError("000002", "0A000", absl::StrCat("Unsupported feature '", std::string(feature), "'."));
}

absl::Status MissingObject(std::string_view kind, std::string_view name) {
  const bool table = kind == "Object" || kind == "Table" || kind == "View";
  return SqlError("002003", table ? "42S02" : "02000",
                  absl::StrCat("SQL compilation error:\n", std::string(kind), " '", std::string(name),
                               "' does not exist or not authorized."));
}

absl::Status MissingOrImpossible() {
  return SqlError("002043", "02000",
                  "SQL compilation error:\nObject does not exist, or operation cannot be performed.");
}

absl::Status InsufficientPrivileges(std::string_view kind, std::string_view name) {
  return SqlError("003001", "42501",
                  absl::StrCat("SQL access control error:\nInsufficient privileges to operate on ", std::string(kind),
                               " '", std::string(name), "'"));
}

absl::Status InvalidIdentifier(Place place, std::string_view name) {
  return SqlError("000904", "42000",
                  absl::StrCat("SQL compilation error: error line ", place.line, " at position ", place.position,
                               "\ninvalid identifier '", std::string(name), "'"),
                  place);
}

absl::Status AlreadyExists(std::string_view name) {
  return SqlError("002002", "42710",
                  absl::StrCat("SQL compilation error:\nObject '", std::string(name), "' already exists."));
}

absl::Status NoActiveWarehouse() {
  return SqlError("000606", "57P03",
                  "No active warehouse selected in the current session.  Select an active warehouse with the 'use "
                  "warehouse' command.\n");
}

absl::Status StatementCanceled() {
  return SqlError("000604", "57014", "SQL execution canceled");
}

absl::Status StatementTimedOut(int64_t seconds) {
  return SqlError("000630", "57014",
                  absl::StrCat("Statement reached its statement or warehouse timeout of ", seconds,
                               " second(s) and was canceled."));
}

}  // namespace cdi::snowflake_mock
