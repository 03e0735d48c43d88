// Whether something writes down what a login hands over: unixODBC's trace (every call with its arguments, the private
// key among them) or the driver's own log (connection data, HTTP headers with tokens).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "warehouse/connection_settings.h"
#include "warehouse/driver_profile.h"

namespace cdi::warehouse {

// kFailedPrecondition, reason DRIVER_TRACING, naming the file and the line. `library` is the driver's file, as far as
// it is known by a path. Looked at: Trace in section ODBC of odbcinst.ini; Debug and Tracing in the driver's section;
// LogLevel and CURLVerboseMode in Snowflake's own files (simba.snowflake.ini beside the library, and `log_files` of
// `installed`). Levels up to 3 (warnings) are taken.
absl::Status CheckTracing(const ConnectionSettings& settings, const std::string& driver, const std::string& library,
                          const InstalledDrivers& installed);

// Where Snowflake's drivers look for settings of their own, by the environment: SIMBAINI (3.x), SF_ODBC_INI and the two
// directories of the user (4.x). Files that need not exist.
std::vector<std::string> SnowflakeSettingsFiles();

}  // namespace cdi::warehouse
