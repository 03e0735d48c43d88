#include "warehouse/driver_profile.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"
#include "warehouse/driver_library.h"
#include "warehouse/driver_log.h"

namespace cdi::warehouse {
namespace {

struct Known {
  WarehouseKind kind;
  std::string_view name;
};
constexpr Known kKnownDrivers[] = {
    {WarehouseKind::kSnowflake, "Snowflake ODBC"},      {WarehouseKind::kSnowflake, "SnowflakeDSIIDriver"},
    {WarehouseKind::kPostgresql, "PostgreSQL Unicode"}, {WarehouseKind::kPostgresql, "PostgreSQL Unicode(x64)"},
    {WarehouseKind::kPostgresql, "PostgreSQL"},
};

constexpr std::string_view kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

std::string ServerOf(const ConnectionSettings& settings) {
  if (!settings.host.empty()) return settings.host;
  if (settings.kind == WarehouseKind::kPostgresql) return "127.0.0.1";
  return Concat(settings.account, ".snowflakecomputing.com");
}

int PortOf(const ConnectionSettings& settings) {
  if (settings.port != 0) return settings.port;
  return settings.kind == WarehouseKind::kSnowflake ? 443 : 5432;
}

absl::Status DriverMissing(const ConnectionSettings& settings, const InstalledDrivers& installed) {
  const std::string_view fix =
      settings.kind == WarehouseKind::kSnowflake
          ? "install Snowflake's ODBC driver and register it in odbcinst.ini as \"Snowflake ODBC\" or "
            "\"SnowflakeDSIIDriver\", or set the connection's driver to another registered name or to the path of the "
            "library"
          : "install odbc-postgresql, which registers \"PostgreSQL Unicode\", or set the connection's driver to "
            "another registered name or to the path of the library";
  const std::string what = settings.driver.empty()
                               ? Concat("no ODBC driver for ", WarehouseKindName(settings.kind), " is registered")
                               : Concat("ODBC driver ", settings.driver, " is not registered");
  const std::string registered =
      installed.names.empty() ? "none is registered" : Concat("registered are: ", absl::StrJoin(installed.names, ", "));
  return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_MISSING",
                   Concat(what, " (", registered, "; odbcinst -j shows which files are read); ", fix));
}

absl::Status CheckManagerSettings(const std::string& driver, const InstalledDrivers& installed) {
  // unixODBC reads the number as atoi does.
  if (std::atoi(installed.setting(driver, "Threading").c_str()) == 3) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_THREADING",
                     Concat("the section of ODBC driver ", driver,
                            " in odbcinst.ini says Threading=3, which runs one statement at a time in the whole "
                            "process and makes cancelling wait; remove the line or set Threading=0 (odbcinst -j shows "
                            "which file is read)"));
  }
  const std::string pooling = absl::AsciiStrToLower(installed.setting("ODBC", "Pooling"));
  const bool pools = pooling.starts_with('1') || pooling.starts_with('y') || pooling == "on" || pooling == "true";
  if (pools && std::atoi(installed.setting(driver, "CPTimeout").c_str()) > 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_POOLING",
                     Concat("odbcinst.ini pools the connections of ODBC driver ", driver,
                            " (Pooling in section ODBC, CPTimeout in the driver's): a login would be answered by an "
                            "old session and prove no key; remove CPTimeout from the driver's section (odbcinst -j "
                            "shows which file is read)"));
  }
  return absl::OkStatus();
}

// The library of a registered driver, as unixODBC finds it.
std::string LibraryOf(const DriverChoice& choice, const InstalledDrivers& installed) {
  if (absl::StartsWith(choice.driver, "/")) return choice.driver;
  std::string path = installed.setting(choice.driver, "Driver64");
  return path.empty() ? installed.setting(choice.driver, "Driver") : path;
}

absl::Status NotLoadable(const std::string& library, std::string_view why, const ErrorDetails& details = {}) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_MISSING",
                   Concat("the ODBC driver's library ", library, " cannot be loaded: ", why,
                          "; install the driver for this machine with the libraries that it needs, and correct the "
                          "path (section of the driver in odbcinst.ini, or the connection's driver)"),
                   details);
}

void AddSnowflake(const ConnectionSettings& settings, std::string_view role, std::string_view warehouse,
                  std::chrono::seconds login_timeout, ConnectionString& out) {
  out.Add("SERVER", ServerOf(settings));
  out.Add("PORT", Concat(PortOf(settings)));
  out.Add("ACCOUNT", settings.account);
  out.Add("SSL", settings.tls ? "on" : "off");
  out.Add("UID", settings.user);
  out.Add("AUTHENTICATOR", "SNOWFLAKE_JWT");
  out.Add("ROLE", role);
  out.Add("WAREHOUSE", warehouse);
  out.Add("DATABASE", settings.database);
  out.Add("LOGIN_TIMEOUT", Concat(login_timeout.count()));
  out.Add("CLIENT_SESSION_KEEP_ALIVE", "false");
}

void AddPostgresql(const ConnectionSettings& settings, const Credential& credential, std::chrono::seconds login_timeout,
                   ConnectionString& out) {
  out.Add("SERVER", ServerOf(settings));
  out.Add("PORT", Concat(PortOf(settings)));
  out.Add("DATABASE", settings.database);
  out.Add("UID", settings.user);
  if (!credential.password.empty()) out.AddBraced("PWD", credential.password.Expose());
  out.Add("SSLmode", settings.tls ? "verify-full" : "disable");
  // A dead peer is noticed within two minutes, also in the middle of a fetch.
  std::string libpq = Concat("connect_timeout=", login_timeout.count(),
                             " keepalives_idle=30 keepalives_interval=15 keepalives_count=4");
  if (settings.tls) {
    AppendTo(libpq, " sslrootcert='", settings.ca_file.empty() ? kSystemAuthorities : settings.ca_file, "'");
  }
  out.AddBraced("pqopt", libpq);
  // Rows come in portions over a cursor. Without it the driver holds the whole result: 330 MB per million rows
  // (measured); 1000 rows per portion is the fastest size.
  out.Add("UseDeclareFetch", "1");
  out.Add("Fetch", "1000");
  out.Add("LFConversion", "0");
}

}  // namespace

std::string HostOf(const ConnectionSettings& settings) {
  return Concat(ServerOf(settings), ":", PortOf(settings));
}

absl::StatusOr<DriverChoice> ChooseDriver(const ConnectionSettings& settings, const InstalledDrivers& installed) {
  DriverChoice choice;
  choice.key_by_attribute = settings.kind == WarehouseKind::kSnowflake;
  choice.driver = settings.driver;
  const auto check_library = [&]() -> absl::Status {
    const std::string library = LibraryOf(choice, installed);
    if (!absl::StartsWith(library, "/")) return absl::OkStatus();  // looked up by the dynamic linker
    const std::string why = WhyNotLoadable(library, /*load=*/false);
    return why.empty() ? absl::OkStatus() : NotLoadable(library, why);
  };
  if (absl::StartsWith(choice.driver, "/")) {  // a library by its path has no section to read
    CDI_RETURN_IF_ERROR(CheckTracing(settings, choice.driver, choice.driver, installed));
    CDI_RETURN_IF_ERROR(check_library());
    return choice;
  }

  const auto find = [&](std::string_view name) {
    return std::find_if(installed.names.begin(), installed.names.end(), [&](const std::string& registered) {
      return absl::EqualsIgnoreCase(registered, absl::string_view(name.data(), name.size()));
    });
  };
  for (const Known& known : kKnownDrivers) {
    if (!choice.driver.empty()) break;
    if (known.kind == settings.kind && find(known.name) != installed.names.end()) choice.driver = known.name;
  }
  if (choice.driver.empty() || find(choice.driver) == installed.names.end()) return DriverMissing(settings, installed);
  CDI_RETURN_IF_ERROR(CheckManagerSettings(choice.driver, installed));
  CDI_RETURN_IF_ERROR(CheckTracing(settings, choice.driver, LibraryOf(choice, installed), installed));
  CDI_RETURN_IF_ERROR(check_library());
  return choice;
}

absl::Status ExplainLoadFailure(const absl::Status& status, const DriverChoice& choice,
                                const InstalledDrivers& installed) {
  if (ErrorReason(status) != "DRIVER_MISSING") return status;
  const std::string library = LibraryOf(choice, installed);
  if (library.empty()) return status;
  const std::string why = WhyNotLoadable(library, /*load=*/true);
  return why.empty() ? status : NotLoadable(library, why, ErrorDetailsOf(status));
}

void BuildConnectionString(const ConnectionSettings& settings, const DriverChoice& choice, const Credential& credential,
                           std::string_view role, std::string_view warehouse, std::chrono::seconds login_timeout,
                           ConnectionString& out) {
  out.AddBraced("DRIVER", choice.driver);
  if (settings.kind == WarehouseKind::kSnowflake) {
    AddSnowflake(settings, role, warehouse, login_timeout, out);
  } else {
    AddPostgresql(settings, credential, login_timeout, out);
  }
}

}  // namespace cdi::warehouse
