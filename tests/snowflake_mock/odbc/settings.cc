#include "tests/snowflake_mock/odbc/settings.h"

#include <odbcinst.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"

namespace cdi::sfodbc {
namespace {

constexpr int kNativeBadKeyConfig = 20032;  // what 3.x gives for a missing or unreadable key

constexpr std::array kSecretKeywords = {"PWD", "PRIV_KEY_BASE64", "PRIV_KEY_PWD", "PRIV_KEY_FILE_PWD"};

// Keywords of the official driver that are taken. Those without an effect here (they concern logs, revocation,
// telemetry or prefetch inside the official driver) are accepted, so that one string serves both drivers.
constexpr std::array kKnownKeywords = {
    "DRIVER", "DSN", "SERVER", "PORT", "ACCOUNT", "SSL", "PROTOCOL", "UID", "PWD", "AUTHENTICATOR", "PRIV_KEY_FILE",
    "PRIV_KEY_FILE_PWD", "PRIV_KEY_BASE64", "PRIV_KEY_PWD", "JWT_TIME_OUT", "DATABASE", "SCHEMA", "WAREHOUSE", "ROLE",
    "LOGIN_TIMEOUT", "NETWORK_TIMEOUT", "QUERY_TIMEOUT", "RETRYTIMEOUT", "MAXHTTPRETRIES", "PROXY", "NO_PROXY",
    "QUERY_TAG", "APPLICATION", "DEFAULT_VARCHAR_SIZE", "DEFAULT_BINARY_SIZE", "TLS_CUSTOM_ROOT_STORE_PATH",
    "CLIENT_PREFETCH_THREADS",
    // accepted without effect
    "TRACING", "DESCRIPTION", "SECONDARYROLES", "CLIENT_SESSION_KEEP_ALIVE",
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "MAPTOLONGVARCHAR", "ODBC_USE_STANDARD_TIMESTAMP_COLUMNSIZE",
    "NOEXECUTEINSQLPREPARE", "VALIDATEDEFAULTPARAMETERS", "VALIDATE_DEFAULT_PARAMETERS", "DISABLEOCSPCHECK",
    "CRL_CHECK", "CRL_MODE", "DISABLETELEMETRY", "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED", "DISABLEPLATFORMDETECTION",
    "USE_PROXY_ENV", "DRIVERMANAGERENCODING", "KEEPLEADINGTRAILINGZEROS", "ERRORTRACEENABLED", "CLIENT_MEMORY_LIMIT"};

absl::Status BadValue(std::string_view keyword, std::string_view fault) {
  return OdbcError("HY000", 0, absl::StrCat(std::string(keyword), ": ", std::string(fault)));
}

absl::Status BadLogin(std::string_view message) {
  return OdbcError("28000", kNativeBadKeyConfig, message);
}

// Leaves `out` alone when the keyword is absent.
template <typename Number>
absl::Status ReadNumber(const Keywords& keywords, std::string_view keyword, int64_t least, int64_t most, Number& out) {
  if (!keywords.Has(keyword)) return absl::OkStatus();
  const std::string_view text = keywords.Get(keyword);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return BadValue(keyword, absl::StrCat("must be a whole number from ", least, " to ", most));
  }
  out = static_cast<Number>(value);
  return absl::OkStatus();
}

absl::Status ReadSeconds(const Keywords& keywords, std::string_view keyword, int64_t least, std::chrono::seconds& out) {
  int64_t seconds = out.count();
  CDI_RETURN_IF_ERROR(ReadNumber(keywords, keyword, least, 604'800, seconds));
  out = std::chrono::seconds(seconds);
  return absl::OkStatus();
}

absl::Status ReadProtocol(const Keywords& keywords, Settings& settings) {
  if (keywords.Has("SSL")) {
    const std::string value = UpperAscii(keywords.Get("SSL"));
    const std::set<std::string> on = {"ON", "TRUE", "1", "YES"};
    const std::set<std::string> off = {"OFF", "FALSE", "0", "NO"};
    if (!on.contains(value) && !off.contains(value)) return BadValue("SSL", "must be on or off");
    settings.tls = on.contains(value);
  }
  if (keywords.Has("PROTOCOL")) {
    const std::string value = UpperAscii(keywords.Get("PROTOCOL"));
    if (value != "HTTP" && value != "HTTPS") return BadValue("PROTOCOL", "must be http or https");
    settings.tls = value == "HTTPS";
  }
  settings.port = settings.tls ? 443 : 80;
  return ReadNumber(keywords, "PORT", 1, 65'535, settings.port);
}

absl::Status ReadAddress(const Keywords& keywords, Settings& settings) {
  CDI_RETURN_IF_ERROR(ReadProtocol(keywords, settings));
  settings.host = keywords.Get("SERVER");
  settings.account = keywords.Get("ACCOUNT");
  if (settings.host.empty() && !settings.account.empty()) {
    settings.host = absl::StrCat(absl::AsciiStrToLower(settings.account), ".snowflakecomputing.com");
  }
  if (settings.host.empty()) return BadValue("SERVER", "missing; give the account's host name");
  const bool is_host = std::all_of(settings.host.begin(), settings.host.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_' || c == ':' ||
           c == '[' || c == ']';
  });
  if (!is_host) return BadValue("SERVER", "must be a host name alone, without https://, path or blanks");
  if (settings.account.empty()) {
    const bool numeric = settings.host.find_first_not_of("0123456789.:[]") == std::string::npos;
    if (numeric) return BadValue("ACCOUNT", "missing; it cannot be taken from a SERVER that is an IP address");
    settings.account = settings.host;
  }
  return absl::OkStatus();
}

absl::Status ReadLogin(const Keywords& keywords, PresetAttributes& preset, Settings& settings) {
  settings.user = keywords.Get("UID");
  if (settings.user.empty()) return BadLogin("UID: missing; give the login name of the Snowflake user");
  const std::string authenticator = UpperAscii(keywords.Get("AUTHENTICATOR"));
  if (authenticator != "SNOWFLAKE_JWT") {
    return BadLogin("AUTHENTICATOR: this driver logs in by key pair only; give AUTHENTICATOR=SNOWFLAKE_JWT");
  }
  settings.key_content = std::move(preset.key_content);
  settings.key_base64 = std::move(preset.key_base64);
  settings.key_password = std::move(preset.key_password);
  if (settings.key_content.empty() && settings.key_base64.empty()) {
    settings.key_base64 = Secret(keywords.Get("PRIV_KEY_BASE64"));
    settings.key_file = keywords.Get("PRIV_KEY_FILE");
  }
  if (settings.key_password.empty()) {
    const std::string_view file_password = keywords.Get("PRIV_KEY_FILE_PWD");
    settings.key_password = Secret(file_password.empty() ? keywords.Get("PRIV_KEY_PWD") : file_password);
  }
  if (settings.key_content.empty() && settings.key_base64.empty() && settings.key_file.empty()) {
    return BadLogin(
        "no private key: set the connection attribute PRIV_KEY_CONTENT, or give PRIV_KEY_FILE or PRIV_KEY_BASE64");
  }
  return ReadSeconds(keywords, "JWT_TIME_OUT", 1, settings.jwt_lifetime);
}

absl::Status ReadLimits(const Keywords& keywords, const PresetAttributes& preset, Settings& settings) {
  CDI_RETURN_IF_ERROR(ReadSeconds(keywords, "LOGIN_TIMEOUT", 0, settings.login_timeout));
  CDI_RETURN_IF_ERROR(ReadSeconds(keywords, "NETWORK_TIMEOUT", 0, settings.network_timeout));
  CDI_RETURN_IF_ERROR(ReadSeconds(keywords, "QUERY_TIMEOUT", 0, settings.query_timeout));
  CDI_RETURN_IF_ERROR(ReadSeconds(keywords, "RETRYTIMEOUT", 0, settings.retry_timeout));
  CDI_RETURN_IF_ERROR(ReadNumber(keywords, "MAXHTTPRETRIES", 0, 1'000, settings.http_retries_max));
  CDI_RETURN_IF_ERROR(ReadNumber(keywords, "CLIENT_PREFETCH_THREADS", 1, 16, settings.prefetch_threads));
  CDI_RETURN_IF_ERROR(ReadNumber(keywords, "DEFAULT_VARCHAR_SIZE", 1, 134'217'728, settings.varchar_size));
  CDI_RETURN_IF_ERROR(ReadNumber(keywords, "DEFAULT_BINARY_SIZE", 1, 67'108'864, settings.binary_size));
  if (preset.login_timeout.has_value()) settings.login_timeout = *preset.login_timeout;
  if (preset.network_timeout.has_value()) settings.network_timeout = *preset.network_timeout;
  return absl::OkStatus();
}

}  // namespace

std::string Settings::BaseUrl() const {
  return absl::StrCat(tls ? "https://" : "http://", host, ":", port);
}

std::string Settings::AccountName() const {
  const std::string first = account.substr(0, account.find('.'));
  if (account.find(".global") != std::string::npos) return first.substr(0, first.find('-'));
  return first;
}

absl::StatusOr<SettingsResult> ReadSettings(const Keywords& keywords, PresetAttributes preset) {
  SettingsResult result;
  Settings& settings = result.settings;
  CDI_RETURN_IF_ERROR(ReadAddress(keywords, settings));
  CDI_RETURN_IF_ERROR(ReadLimits(keywords, preset, settings));
  CDI_RETURN_IF_ERROR(ReadLogin(keywords, preset, settings));
  settings.database = keywords.Get("DATABASE");
  if (settings.database.empty()) settings.database = preset.catalog;
  settings.schema = keywords.Get("SCHEMA");
  settings.warehouse = keywords.Get("WAREHOUSE");
  settings.role = keywords.Get("ROLE");
  settings.application = preset.application.empty() ? std::string(keywords.Get("APPLICATION")) : preset.application;
  settings.query_tag = keywords.Get("QUERY_TAG");
  settings.ca_file = keywords.Get("TLS_CUSTOM_ROOT_STORE_PATH");
  settings.proxy = keywords.Get("PROXY");
  settings.no_proxy = keywords.Get("NO_PROXY");
  settings.autocommit = preset.autocommit;
  for (const auto& [keyword, value] : keywords.all()) {
    const bool known = std::find(kKnownKeywords.begin(), kKnownKeywords.end(), keyword) != kKnownKeywords.end();
    if (!known) result.unknown_keywords.push_back(keyword);
  }
  return result;
}

void AddDsnKeywords(Keywords& keywords) {
  const std::string dsn(keywords.Get("DSN"));
  if (dsn.empty()) return;
  for (const std::string_view keyword : kKnownKeywords) {
    if (keyword == "DSN" || keyword == "DRIVER" || keywords.Has(keyword)) continue;
    std::string buffer(8192, '\0');   // an unencrypted RSA key of 4096 bits in base64 has about 3200 characters
    const std::string name(keyword);  // libodbcinst compares names without regard to letter case
    const int length = SQLGetPrivateProfileString(dsn.c_str(), name.c_str(), "", buffer.data(),
                                                  static_cast<int>(buffer.size()), "odbc.ini");
    if (length > 0) keywords.Add(keyword, std::string_view(buffer.c_str()));
    WipeString(buffer);
  }
}

std::string CompletedConnectionString(const Keywords& keywords) {
  std::string text;
  for (const auto& [keyword, value] : keywords.all()) {
    const bool secret = std::find(kSecretKeywords.begin(), kSecretKeywords.end(), keyword) != kSecretKeywords.end();
    if (!secret) absl::StrAppend(&text, keyword, "=", QuoteConnectionValue(value), ";");
  }
  return text;
}

}  // namespace cdi::sfodbc
