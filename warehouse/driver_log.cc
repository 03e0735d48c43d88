#include "warehouse/driver_log.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"

namespace cdi::warehouse {
namespace {

constexpr int kWarnings = 3;  // 0 off, 1 fatal, 2 error, 3 warning, 4 info, 5 debug, 6 trace

absl::Status Refuse(const std::string& what, const std::string& file, const std::string& fix) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_TRACING",
                   Concat(what, " in ", file, ", so keys and connection data could be written to a log; ", fix));
}

bool IsTalkative(std::string_view level) {
  const std::string word = absl::AsciiStrToLower(absl::string_view(level.data(), level.size()));
  return std::atoi(word.c_str()) > kWarnings || absl::EndsWith(word, "info") || absl::EndsWith(word, "debug") ||
         absl::EndsWith(word, "trace");
}

bool IsYes(std::string_view value) {
  const std::string word = absl::AsciiStrToLower(absl::string_view(value.data(), value.size()));
  return word.starts_with('1') || word.starts_with('y') || word.starts_with("on") || word.starts_with('t');
}

// The driver's own file: sections do not matter, the last `=` text of a key does not either: one loud line is enough.
absl::Status CheckFile(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key(absl::StripAsciiWhitespace(absl::string_view(line).substr(0, equals)));
    const std::string value(absl::StripAsciiWhitespace(absl::string_view(line).substr(equals + 1)));
    const bool level = absl::EqualsIgnoreCase(key, "LogLevel") || absl::EqualsIgnoreCase(key, "Tracing");
    if (level && IsTalkative(value)) {
      return Refuse(Concat("the ODBC driver's log is on (", key, "=", value, ")"), path, Concat("set ", key, "=0"));
    }
    if (absl::EqualsIgnoreCase(key, "CURLVerboseMode") && IsYes(value)) {
      return Refuse("the ODBC driver logs HTTP headers (CURLVerboseMode)", path, "remove the line");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTracing(const ConnectionSettings& settings, const std::string& driver, const std::string& library,
                          const InstalledDrivers& installed) {
  constexpr const char* kManager = "odbcinst.ini (odbcinst -j shows which file is read)";
  if (IsYes(installed.setting("ODBC", "Trace"))) {
    return Refuse("unixODBC's trace is on (Trace in section ODBC)", kManager,
                  "set Trace=No, and delete what the file of TraceFile holds");
  }
  if (!absl::StartsWith(driver, "/")) {
    if (IsTalkative(installed.setting(driver, "Tracing"))) {
      return Refuse(Concat("the log of ODBC driver ", driver, " is on (Tracing)"), kManager, "set Tracing=0");
    }
    if (settings.kind == WarehouseKind::kPostgresql && std::atoi(installed.setting(driver, "Debug").c_str()) > 0) {
      return Refuse(Concat("the log of ODBC driver ", driver, " is on (Debug)"), kManager, "set Debug=0");
    }
  }
  if (settings.kind != WarehouseKind::kSnowflake) return absl::OkStatus();
  if (absl::StartsWith(library, "/")) {
    CDI_RETURN_IF_ERROR(CheckFile((std::filesystem::path(library).parent_path() / "simba.snowflake.ini").string()));
  }
  for (const std::string& file : installed.log_files) CDI_RETURN_IF_ERROR(CheckFile(file));
  return absl::OkStatus();
}

std::vector<std::string> SnowflakeSettingsFiles() {
  std::vector<std::string> files;
  const auto add = [&files](const char* variable, const char* rest) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') files.push_back(Concat(value, rest));
  };
  add("SIMBAINI", "");
  add("SF_ODBC_INI", "");
  add("XDG_CONFIG_HOME", "/snowflake/sf.odbc.ini");
  add("HOME", "/.config/snowflake/sf.odbc.ini");
  add("HOME", "/.snowflake/sf.odbc.ini");
  return files;
}

}  // namespace cdi::warehouse
