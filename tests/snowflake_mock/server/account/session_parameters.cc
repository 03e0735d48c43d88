#include "tests/snowflake_mock/server/account/session_parameters.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/language/sql_error.h"
#include "tests/snowflake_mock/server/language/time_parse.h"

namespace cdi::snowflake_mock {
namespace {

constexpr std::ptrdiff_t kQueryTagMax = 2000;

constexpr std::array<std::string_view, 48> kKnown = {"ABORT_DETACHED_QUERY",
                                                     "AUTOCOMMIT",
                                                     "BINARY_INPUT_FORMAT",
                                                     "BINARY_OUTPUT_FORMAT",
                                                     "CLIENT_APPLICATION_NAME",
                                                     "CLIENT_MEMORY_LIMIT",
                                                     "CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX",
                                                     "CLIENT_PREFETCH_THREADS",
                                                     "CLIENT_REQUEST_MFA_TOKEN",
                                                     "CLIENT_RESULT_CHUNK_SIZE",
                                                     "CLIENT_RESULT_COLUMN_CASE_INSENSITIVE",
                                                     "CLIENT_RESULT_PREFETCH_SLOTS",
                                                     "CLIENT_RESULT_PREFETCH_THREADS",
                                                     "CLIENT_SESSION_KEEP_ALIVE",
                                                     "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY",
                                                     "CLIENT_STORE_TEMPORARY_CREDENTIAL",
                                                     "CLIENT_TELEMETRY_ENABLED",
                                                     "CLIENT_VALIDATE_DEFAULT_PARAMETERS",
                                                     "C_API_QUERY_RESULT_FORMAT",
                                                     "DATE_OUTPUT_FORMAT",
                                                     "DOTNET_QUERY_RESULT_FORMAT",
                                                     "GO_QUERY_RESULT_FORMAT",
                                                     "JDBC_QUERY_RESULT_FORMAT",
                                                     "JDBC_TREAT_DECIMAL_AS_INT",
                                                     "JS_TREAT_INTEGER_AS_BIGINT",
                                                     "ERROR_ON_NONDETERMINISTIC_MERGE",
                                                     "ERROR_ON_NONDETERMINISTIC_UPDATE",
                                                     "LOCK_TIMEOUT",
                                                     "MOCK_FAULT",
                                                     "MULTI_STATEMENT_COUNT",
                                                     "ODBC_QUERY_RESULT_FORMAT",
                                                     "ODBC_TREAT_DECIMAL_AS_INT",
                                                     "ODBC_USE_CUSTOM_SQL_DATA_TYPES",
                                                     "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT",
                                                     "QUERY_RESULT_FORMAT",
                                                     "QUERY_TAG",
                                                     "ROWS_PER_RESULTSET",
                                                     "SERVICE_NAME",
                                                     "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS",
                                                     "STATEMENT_TIMEOUT_IN_SECONDS",
                                                     "TIMESTAMP_LTZ_OUTPUT_FORMAT",
                                                     "TIMESTAMP_NTZ_OUTPUT_FORMAT",
                                                     "TIMESTAMP_OUTPUT_FORMAT",
                                                     "TIMESTAMP_TZ_OUTPUT_FORMAT",
                                                     "TIMESTAMP_TYPE_MAPPING",
                                                     "TIMEZONE",
                                                     "TIME_OUTPUT_FORMAT",
                                                     "USE_CACHED_RESULT"};

// Texts stay texts in replies, whatever they look like; the rest is typed by its value.
bool IsTextParameter(const std::string& name) {
  return absl::EndsWith(name, "_FORMAT") || name == "QUERY_TAG" || name == "TIMEZONE" || name == "MOCK_FAULT" ||
         name == "SERVICE_NAME" || name == "CLIENT_APPLICATION_NAME";
}

}  // namespace

bool IsSessionParameter(const std::string& name) {
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

absl::Status CheckSessionParameter(const std::string& name, const std::string& value) {
  if (name == "TIMEZONE") {
    if (!OffsetOfInstant(value, 0).has_value()) {
      return SqlError("001008", "22023",
                      absl::StrCat("SQL compilation error:\ninvalid value [", value, "] for parameter '", name, "'"));
    }
  }
  if (name == "TIMESTAMP_TYPE_MAPPING") {
    const std::string mapping = absl::AsciiStrToUpper(value);
    if (mapping != "TIMESTAMP_NTZ" && mapping != "TIMESTAMP_LTZ" && mapping != "TIMESTAMP_TZ")
      return SqlError("001008", "22023",
                      absl::StrCat("SQL compilation error:\ninvalid value [", value, "] for parameter '", name, "'"));
  }
  const auto characters =
      std::count_if(value.begin(), value.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (name == "QUERY_TAG" && characters > kQueryTagMax) {
    return SqlError("001008", "22023",
                    absl::StrCat("SQL compilation error:\ninvalid value [", CutText(value, 100),
                                 "] for parameter 'QUERY_TAG': at most ", kQueryTagMax, " characters"));
  }
  if (name == "ROWS_PER_RESULTSET" && value != "0") return Unsupported("ROWS_PER_RESULTSET");
  if (name == "STATEMENT_TIMEOUT_IN_SECONDS") {
    int64_t seconds = 0;
    if (!absl::SimpleAtoi(value, &seconds) || seconds < 0 || seconds > 604800) {
      return SqlError("001008", "22023",
                      absl::StrCat("SQL compilation error:\ninvalid value [", value, "] for parameter '", name, "'"));
    }
  }
  return absl::OkStatus();
}

nlohmann::ordered_json ParametersReply(const std::map<std::string, std::string>& set) {
  std::map<std::string, std::string> all{{"TIMEZONE", "UTC"},
                                         {"TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM"},
                                         {"TIMESTAMP_NTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3"},
                                         {"TIMESTAMP_LTZ_OUTPUT_FORMAT", ""},
                                         {"TIMESTAMP_TZ_OUTPUT_FORMAT", ""},
                                         {"DATE_OUTPUT_FORMAT", "YYYY-MM-DD"},
                                         {"TIME_OUTPUT_FORMAT", "HH24:MI:SS"},
                                         {"BINARY_OUTPUT_FORMAT", "HEX"},
                                         {"CLIENT_SESSION_KEEP_ALIVE", "false"},
                                         {"CLIENT_PREFETCH_THREADS", "4"},
                                         {"CLIENT_RESULT_CHUNK_SIZE", "160"},
                                         {"AUTOCOMMIT", "true"}};
  for (const auto& [name, value] : set) all[name] = value;
  nlohmann::ordered_json reply = nlohmann::ordered_json::array();
  for (const auto& [name, value] : all) {
    nlohmann::ordered_json entry{{"name", name}, {"value", value}};
    if (IsTextParameter(name)) {
      reply.push_back(std::move(entry));
      continue;
    }
    if (value == "true" || value == "false") entry["value"] = value == "true";
    int64_t number = 0;
    if (absl::SimpleAtoi(value, &number)) entry["value"] = number;
    reply.push_back(std::move(entry));
  }
  return reply;
}

}  // namespace cdi::snowflake_mock
