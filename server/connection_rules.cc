#include "server/connection_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "keys/alter_user.h"
#include "server/config.h"
#include "server/resource_name.h"

namespace cdi::server {
namespace {

constexpr size_t kDisplayNameMax = 200;
constexpr size_t kNameMax = 255;

bool IsHostText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_' || c == ':' ||
           c == '[' || c == ']';
  });
}

absl::Status CheckText(std::string_view field, std::string_view text, bool required) {
  if (required && text.empty())
    return InvalidField(field, absl::StrCat(std::string(field), " is empty; it is required"));
  if (text.size() > kNameMax) {
    return InvalidField(field, absl::StrCat(std::string(field), " must be at most 255 bytes; got ", text.size()));
  }
  const bool control =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (control || !IsValidUtf8(text)) {
    return InvalidField(field, absl::StrCat(std::string(field), " has control characters or is not UTF-8"));
  }
  return absl::OkStatus();
}

// `parent`: the field that host, port and plaintext belong to.
absl::Status CheckHost(const std::string& parent, const std::string& host, int port, bool plaintext,
                       bool allow_loopback) {
  const std::string field = parent + ".host";
  if (!IsHostText(host)) {
    return InvalidField(field, absl::StrCat(field, " must be a host name without scheme, user or path; got ",
                                            JsonQuote(CutText(host, 100))));
  }
  if (port < 0 || port > 65535) {
    return InvalidField(parent + ".port", absl::StrCat("port must be 0..65535; got ", port));
  }
  if (IsLoopback(host) && !allow_loopback) {
    return InvalidField(field, absl::StrCat(field, " is this machine itself: only taken with allow_loopback_endpoints ",
                                            "in the server's configuration"));
  }
  if (plaintext && !IsPlainLoopback(host)) {
    return InvalidField(parent + ".plaintext",
                        "plaintext is only taken for a loopback host: everything else is reached by TLS");
  }
  return absl::OkStatus();
}

// A driver's name is looked up in odbcinst.ini, which only an administrator of the machine writes; a path would let a
// caller load any library into the server.
absl::Status CheckDriver(std::string_view field, const std::string& driver, const config::v1::ServerConfig& config) {
  CDI_RETURN_IF_ERROR(CheckText(field, driver, false));
  const auto& paths = config.driver_paths();
  if (driver.find('/') == std::string::npos || std::find(paths.begin(), paths.end(), driver) != paths.end()) {
    return absl::OkStatus();
  }
  return InvalidField(field,
                      absl::StrCat(std::string(field), " is a path that the server does not allow: name a driver of ",
                                   "odbcinst.ini, or add the path to driver_paths in the server's configuration"));
}

absl::Status CheckSnowflake(const v1::Connection::Snowflake& snowflake, const config::v1::ServerConfig& config) {
  const std::string& account = snowflake.account();
  CDI_RETURN_IF_ERROR(CheckText("connection.snowflake.account", account, true));
  if (account.find("://") != std::string::npos || absl::EndsWithIgnoreCase(account, ".snowflakecomputing.com") ||
      !IsHostText(account)) {
    return InvalidField(
        "connection.snowflake.account",
        absl::StrCat("account must be the account identifier alone (orgname-accountname), without scheme and ",
                     "without .snowflakecomputing.com; got ", JsonQuote(CutText(account, 100))));
  }
  CDI_RETURN_IF_ERROR(CheckText("connection.snowflake.user", snowflake.user(), true));
  // Every statement about a key names the user: one that cannot be quoted would be found out when a key is revoked.
  if (const absl::Status user = keys::QuoteUserName(snowflake.user()).status(); !user.ok()) {
    return InvalidField("connection.snowflake.user", std::string(user.message()));
  }
  CDI_RETURN_IF_ERROR(CheckText("connection.snowflake.role", snowflake.role(), false));
  CDI_RETURN_IF_ERROR(CheckText("connection.snowflake.warehouse", snowflake.warehouse(), false));
  CDI_RETURN_IF_ERROR(CheckDriver("connection.snowflake.driver", snowflake.driver(), config));
  return CheckHost("connection.snowflake", snowflake.host(), snowflake.port(), snowflake.plaintext(),
                   config.allow_loopback_endpoints());
}

absl::Status CheckPostgresql(const v1::Connection::Postgresql& postgresql, const config::v1::ServerConfig& config) {
  CDI_RETURN_IF_ERROR(CheckText("connection.postgresql.host", postgresql.host(), true));
  CDI_RETURN_IF_ERROR(CheckText("connection.postgresql.database", postgresql.database(), true));
  CDI_RETURN_IF_ERROR(CheckText("connection.postgresql.user", postgresql.user(), true));
  CDI_RETURN_IF_ERROR(CheckDriver("connection.postgresql.driver", postgresql.driver(), config));
  return CheckHost("connection.postgresql", postgresql.host(), postgresql.port(), postgresql.plaintext(),
                   config.allow_loopback_endpoints());
}

absl::Status CheckBetween(std::string_view field, int value, int low, int high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(std::string(field), " must be ", low, "..", high, "; got ", value));
}

absl::Status CheckRotation(const v1::Connection& connection) {
  const v1::Connection::KeyRotation& rotation = connection.rotation();
  if (!connection.has_snowflake()) {
    return InvalidField("connection.rotation", "rotation goes with a Snowflake connection: only those have key pairs");
  }
  CDI_RETURN_IF_ERROR(CheckBetween("connection.rotation.every_days", rotation.every_days(), 0, 365));
  CDI_RETURN_IF_ERROR(CheckBetween("connection.rotation.window_start_hour", rotation.window_start_hour(), 0, 23));
  CDI_RETURN_IF_ERROR(CheckBetween("connection.rotation.window_end_hour", rotation.window_end_hour(), 0, 23));
  CDI_RETURN_IF_ERROR(CheckBetween("connection.rotation.drain_hours", rotation.drain_hours(), 0, 168));
  if (!v1::Connection::KeyRotation::Mode_IsValid(rotation.mode())) {
    return InvalidField("connection.rotation.mode", "mode must be ASSISTED or AUTOMATIC");
  }
  if (rotation.rotator_connection().empty()) return absl::OkStatus();
  if (rotation.rotator_connection() == connection.name()) {
    return InvalidField("connection.rotation.rotator_connection",
                        "rotator_connection must be another connection: this one's own role is tried first anyway");
  }
  return CheckName(rotation.rotator_connection(), "connections/*", "connection.rotation.rotator_connection");
}

std::string PlainAccount(std::string_view account) {
  return absl::StrReplaceAll(absl::AsciiStrToUpper(std::string(account)), {{"_", "-"}});
}

}  // namespace

absl::Status CheckConnection(const v1::Connection& connection, const config::v1::ServerConfig& config) {
  if (connection.display_name().size() > kDisplayNameMax) {
    return InvalidField("connection.display_name", "display_name must be at most 200 bytes");
  }
  if (connection.has_rotation()) CDI_RETURN_IF_ERROR(CheckRotation(connection));
  if (connection.has_snowflake()) return CheckSnowflake(connection.snowflake(), config);
  if (connection.has_postgresql()) return CheckPostgresql(connection.postgresql(), config);
  return InvalidField("connection.snowflake", "set exactly one of snowflake and postgresql");
}

bool SameAccount(std::string_view one, std::string_view other) {
  return PlainAccount(one) == PlainAccount(other);
}

std::string UniqueKeyOf(const v1::Connection& connection) {
  if (connection.has_snowflake()) {
    const std::string& user = connection.snowflake().user();
    // Login names differ in more than letter case only: "SVC" in quotes is svc.
    return absl::StrCat("snowflake/", PlainAccount(connection.snowflake().account()), "/",
                        absl::AsciiStrToUpper(keys::QuoteUserName(user).value_or(user)));
  }
  const v1::Connection::Postgresql& postgresql = connection.postgresql();
  return absl::StrCat("postgresql/", absl::AsciiStrToLower(postgresql.host()), ":", postgresql.port(), "/",
                      postgresql.database(), "/", postgresql.user());
}

}  // namespace cdi::server
