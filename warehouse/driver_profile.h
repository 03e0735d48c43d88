// Which ODBC driver is used and how it must be spoken to: everything that differs between drivers of one warehouse.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "warehouse/connection_settings.h"
#include "warehouse/connection_string.h"
#include "warehouse/credential_source.h"

namespace cdi::warehouse {

// What the driver manager knows. A value, so that the choice can be tested without an odbcinst.ini.
struct InstalledDrivers {
  std::vector<std::string> names;  // sections of odbcinst.ini
  // The value of `key` in the section of a driver, or in the section ODBC; empty when it has none.
  std::function<std::string(const std::string& driver, const std::string& key)> setting;
  std::vector<std::string> log_files = {};  // files of drivers' own settings (driver_log.h)
};

struct DriverChoice {
  std::string driver;  // the value of DRIVER=
  // The private key goes in by a connection attribute, not in the string.
  bool key_by_attribute = false;
};

// Snowflake's attribute for a PEM text in memory (SQL_SF_CONN_ATTR_PRIV_KEY_CONTENT; driver 3.4.0 and newer; read in
// Snowflake's driver source 2026-11).
inline constexpr int kPrivateKeyContentAttribute = 0x4053 + 3;

// "myorg-acct.snowflakecomputing.com:443": where a login goes, defaults filled in.
std::string HostOf(const ConnectionSettings& settings);

// The configured driver, or else the first registered one of the known names: "Snowflake ODBC" (4.x),
// "SnowflakeDSIIDriver" (3.x); "PostgreSQL Unicode". Errors:
//   DRIVER_MISSING    none found, with what is registered and what to install; or its library cannot be loaded
//   DRIVER_THREADING  its section says Threading=3: unixODBC then serialises every call of the process, and a cancel
//                     waits until the statement is over (measured). Threading=2 makes only statements of one connection
//                     wait for each other, of which there is one at a time here
//   DRIVER_POOLING    unixODBC keeps its connections after their end: a login would not prove the key that it is given,
//                     and the key would stay in memory
//   DRIVER_TRACING    unixODBC or the driver writes down what a login hands over (driver_log.h)
absl::StatusOr<DriverChoice> ChooseDriver(const ConnectionSettings& settings, const InstalledDrivers& installed);

// What a failed login says about a driver that cannot be loaded (DRIVER_MISSING), with the cause in the library itself,
// which unixODBC does not tell; every other status as it is.
absl::Status ExplainLoadFailure(const absl::Status& status, const DriverChoice& choice,
                                const InstalledDrivers& installed);

// The whole text for SQLDriverConnect. `role` and `warehouse` are those of the session. The credential's password goes
// in where the driver wants it so; its private key never does.
void BuildConnectionString(const ConnectionSettings& settings, const DriverChoice& choice, const Credential& credential,
                           std::string_view role, std::string_view warehouse, std::chrono::seconds login_timeout,
                           ConnectionString& out);

}  // namespace cdi::warehouse
