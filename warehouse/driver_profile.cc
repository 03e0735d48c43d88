#include "warehouse/driver_profile.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "base/error.h"
#include "warehouse/concat.h"

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

absl::Status DriverMissing(const ConnectionSettings& settings) {
  const std::string_view fix =
      settings.kind == WarehouseKind::kSnowflake
          ? "install Snowflake's ODBC driver and register it in odbcinst.ini as \"Snowflake ODBC\" or "
            "\"SnowflakeDSIIDriver\", or set the connection's driver to another registered name or to the path of the "
            "library"
          : "install odbc-postgresql, which registers \"PostgreSQL Unicode\", or set the connection's driver to "
            "another "
            "registered name or to the path of the library";
  const std::string what = settings.driver.empty()
                               ? Concat("no ODBC driver for ", WarehouseKindName(settings.kind), " is registered")
                               : Concat("ODBC driver ", settings.driver, " is not registered");
  return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_MISSING", Concat(what, "; ", fix));
}

void AddSnowflake(const ConnectionSettings& settings, std::string_view role, std::string_view warehouse,
                  std::chrono::seconds login_timeout, ConnectionString& out) {
  const std::string host = settings.host.empty() ? Concat(settings.account, ".snowflakecomputing.com") : settings.host;
  out.Add("SERVER", host);
  out.Add("PORT", Concat(settings.port == 0 ? 443 : settings.port));
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
  out.Add("SERVER", settings.host.empty() ? "127.0.0.1" : settings.host);
  out.Add("PORT", Concat(settings.port == 0 ? 5432 : settings.port));
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

absl::StatusOr<DriverChoice> ChooseDriver(const ConnectionSettings& settings, const InstalledDrivers& installed) {
  DriverChoice choice;
  choice.key_by_attribute = settings.kind == WarehouseKind::kSnowflake;
  choice.driver = settings.driver;
  if (absl::StartsWith(choice.driver, "/")) return choice;  // a library by its path has no section to read

  const auto find = [&](std::string_view name) {
    return std::find_if(installed.names.begin(), installed.names.end(), [&](const std::string& registered) {
      return absl::EqualsIgnoreCase(registered, absl::string_view(name.data(), name.size()));
    });
  };
  for (const Known& known : kKnownDrivers) {
    if (!choice.driver.empty()) break;
    if (known.kind == settings.kind && find(known.name) != installed.names.end()) choice.driver = known.name;
  }
  if (choice.driver.empty() || find(choice.driver) == installed.names.end()) return DriverMissing(settings);
  if (installed.setting(choice.driver, "Threading") == "3") {
    return MakeError(absl::StatusCode::kFailedPrecondition, "DRIVER_THREADING",
                     Concat("the section of ODBC driver ", choice.driver,
                            " in odbcinst.ini says Threading=3, which runs one statement at a time in the whole "
                            "process and makes cancelling wait; remove the line or set Threading=0"));
  }
  return choice;
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
