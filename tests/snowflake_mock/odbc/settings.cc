#include "tests/snowflake_mock/odbc/settings.h"

#include <odbcinst.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"
#include "tests/snowflake_mock/odbc/jwt.h"

namespace cdi::sfodbc {
namespace {

constexpr std::array kSecretKeywords = {"PWD", "PRIV_KEY_BASE64", "PRIV_KEY_PWD", "PRIV_KEY_FILE_PWD"};

// Keywords of the official driver that are taken. Those without an effect here (they concern logs, revocation,
// telemetry or prefetch inside the official driver) are accepted, so that one string serves both drivers.
constexpr std::array kKnownKeywords = {
    "DRIVER", "DSN", "SERVER", "PORT", "ACCOUNT", "SSL", "PROTOCOL", "UID", "PWD", "AUTHENTICATOR", "PRIV_KEY_FILE",
    "PRIV_KEY_FILE_PWD", "PRIV_KEY_BASE64", "PRIV_KEY_PWD", "JWT_TIME_OUT", "DATABASE", "SCHEMA", "WAREHOUSE", "ROLE",
    "LOGIN_TIMEOUT", "NETWORK_TIMEOUT", "QUERY_TIMEOUT", "RETRYTIMEOUT", "MAXHTTPRETRIES", "PROXY", "NO_PROXY",
    "QUERY_TAG", "APPLICATION", "DEFAULT_VARCHAR_SIZE", "DEFAULT_BINARY_SIZE", "TLS_CUSTOM_ROOT_STORE_PATH",
    "CLIENT_PREFETCH_THREADS", "MAPTOLONGVARCHAR", "ODBC_USE_STANDARD_TIMESTAMP_COLUMNSIZE", "NOEXECUTEINSQLPREPARE",
    "VALIDATEDEFAULTPARAMETERS", "VALIDATE_DEFAULT_PARAMETERS", "KEEPLEADINGTRAILINGZEROS", "ERRORTRACEENABLED",
    "ODBC_TREAT_DECIMAL_AS_INT", "ODBC_TREAT_BIG_NUMBER_AS_STRING", "ODBC_USE_CUSTOM_SQL_DATA_TYPES", "CDI_PERSONALITY",
    // accepted without effect
    "TRACING", "DESCRIPTION", "SECONDARYROLES", "CLIENT_SESSION_KEEP_ALIVE",
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "DISABLEOCSPCHECK", "CRL_CHECK", "CRL_MODE", "DISABLETELEMETRY",
    "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED", "DISABLEPLATFORMDETECTION", "USE_PROXY_ENV", "DRIVERMANAGERENCODING",
    "DRIVERMANAGEROVERRIDE", "ODBCINSTLIB", "CLIENT_MEMORY_LIMIT", "FILEDSN", "SAVEFILE"};

absl::Status BadValue(std::string_view keyword, std::string_view fault) {
  return OdbcError("HY000", 0, absl::StrCat(std::string(keyword), ": ", std::string(fault)));
}

absl::Status BadLogin(std::string_view message) {
  return OdbcError("28000", kNativeBadKey, message);
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

bool IsOn(std::string_view text) {
  const std::string value = UpperAscii(text);
  return value == "ON" || value == "TRUE" || value == "1" || value == "YES";
}

// Leaves `out` alone when the keyword is absent.
absl::Status ReadSwitch(const Keywords& keywords, std::string_view keyword, bool& out) {
  if (!keywords.Has(keyword)) return absl::OkStatus();
  const std::string value = UpperAscii(keywords.Get(keyword));
  const bool off = value == "OFF" || value == "FALSE" || value == "0" || value == "NO";
  if (!IsOn(value) && !off) return BadValue(keyword, "must be true or false");
  out = !off;
  return absl::OkStatus();
}

absl::Status ReadProtocol(const Keywords& keywords, Settings& settings) {
  CDI_RETURN_IF_ERROR(ReadSwitch(keywords, "SSL", settings.tls));
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

// PRIV_KEY_PWD: plain in 4.x, base64 in 3.x.
absl::Status ReadKeyPassword(std::string_view text, Settings& settings) {
  if (text.empty() || !settings.personality.key_password_is_base64) {
    settings.key_password = Secret(text);
    return absl::OkStatus();
  }
  std::string decoded;
  if (!absl::Base64Unescape({text.data(), text.size()}, &decoded)) {
    return BadLogin("PRIV_KEY_PWD: must be the passphrase in base64 (version 3.x of the driver)");
  }
  settings.key_password = Secret(decoded);
  WipeString(decoded);
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
    settings.key_password = Secret(file_password);
    if (file_password.empty()) CDI_RETURN_IF_ERROR(ReadKeyPassword(keywords.Get("PRIV_KEY_PWD"), settings));
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

absl::Status ReadBehaviour(const Keywords& keywords, Settings& settings) {
  const Personality& personality = settings.personality;
  CDI_RETURN_IF_ERROR(ReadNumber(keywords, "MAPTOLONGVARCHAR", -1, 134'217'728, settings.long_varchar_from));
  bool no_execute = false;
  bool standard_size = false;
  bool keeps_zeros = true;
  bool traces = personality.traces_errors;
  bool validate = false;
  CDI_RETURN_IF_ERROR(ReadSwitch(keywords, "NOEXECUTEINSQLPREPARE", no_execute));
  CDI_RETURN_IF_ERROR(ReadSwitch(keywords, "ODBC_USE_STANDARD_TIMESTAMP_COLUMNSIZE", standard_size));
  CDI_RETURN_IF_ERROR(ReadSwitch(keywords, "KEEPLEADINGTRAILINGZEROS", keeps_zeros));
  CDI_RETURN_IF_ERROR(ReadSwitch(keywords, "ERRORTRACEENABLED", traces));
  CDI_RETURN_IF_ERROR(ReadSwitch(keywords, "VALIDATEDEFAULTPARAMETERS", validate));
  CDI_RETURN_IF_ERROR(ReadSwitch(keywords, "VALIDATE_DEFAULT_PARAMETERS", validate));
  settings.executes_in_prepare = personality.runs_ddl_in_prepare && !no_execute;
  settings.standard_timestamp_size = personality.sizes_timestamps_by_keyword && standard_size;
  settings.keeps_zeros = keeps_zeros || personality.major >= 4;
  settings.traces_errors = personality.traces_errors && traces;
  if (validate) settings.session_parameters.emplace_back("CLIENT_VALIDATE_DEFAULT_PARAMETERS", "true");
  for (const char* const option :
       {"ODBC_TREAT_DECIMAL_AS_INT", "ODBC_TREAT_BIG_NUMBER_AS_STRING", "ODBC_USE_CUSTOM_SQL_DATA_TYPES"}) {
    if (keywords.Has(option)) ReadTypeOption(option, keywords.Get(option), settings.type_options);
  }
  return absl::OkStatus();
}

// "Snowflake ODBC" and the like, without regard to case and braces.
std::optional<Personality> PersonalityOfDriver(std::string_view driver) {
  const std::string name = UpperAscii(driver);
  if (name == "SNOWFLAKE ODBC") return Personality::FourX();
  if (name == "SNOWFLAKEDSIIDRIVER") return Personality::ThreeX();
  return std::nullopt;
}

std::string FromDsn(const std::string& dsn, const std::string& keyword) {
  std::string buffer(8192, '\0');  // an unencrypted RSA key of 4096 bits in base64 has about 3200 characters
  const int length = SQLGetPrivateProfileString(dsn.c_str(), keyword.c_str(), "", buffer.data(),
                                                static_cast<int>(buffer.size()), "odbc.ini");
  std::string value(length > 0 ? std::string_view(buffer.c_str()) : std::string_view());
  WipeString(buffer);
  return value;
}

}  // namespace

void ReadTypeOption(const std::string& parameter, std::string_view value, TypeOptions& options) {
  if (parameter == "ODBC_TREAT_DECIMAL_AS_INT") options.decimal_as_int = IsOn(value);
  if (parameter == "ODBC_TREAT_BIG_NUMBER_AS_STRING") options.big_number_as_string = IsOn(value);
  if (parameter == "ODBC_USE_CUSTOM_SQL_DATA_TYPES") options.custom_types = IsOn(value);
}

absl::StatusOr<Personality> ChoosePersonality(const Keywords& keywords, const Personality& of_library) {
  const std::string dsn(keywords.Get("DSN"));
  std::string wanted(keywords.Get("CDI_PERSONALITY"));
  if (wanted.empty() && !dsn.empty()) wanted = FromDsn(dsn, "CDI_PERSONALITY");
  if (wanted == "3") return Personality::ThreeX();
  if (wanted == "4") return Personality::FourX();
  if (!wanted.empty()) return BadValue("CDI_PERSONALITY", "must be 3 or 4");
  std::string driver(keywords.Get("DRIVER"));
  if (driver.empty() && !dsn.empty()) driver = FromDsn(dsn, "Driver");
  return PersonalityOfDriver(driver).value_or(of_library);
}

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
  settings.personality = preset.personality;
  CDI_RETURN_IF_ERROR(ReadBehaviour(keywords, settings));
  CDI_RETURN_IF_ERROR(ReadAddress(keywords, settings));
  CDI_RETURN_IF_ERROR(ReadLimits(keywords, preset, settings));
  CDI_RETURN_IF_ERROR(ReadLogin(keywords, preset, settings));
  settings.database = keywords.Get("DATABASE");
  if (settings.database.empty()) settings.database = preset.catalog;
  settings.schema = keywords.Get("SCHEMA");
  settings.warehouse = keywords.Get("WAREHOUSE");
  settings.role = keywords.Get("ROLE");
  settings.application = preset.application.empty() ? std::string(keywords.Get("APPLICATION")) : preset.application;
  if (settings.personality.query_tag_keyword) settings.query_tag = keywords.Get("QUERY_TAG");
  settings.ca_file = keywords.Get("TLS_CUSTOM_ROOT_STORE_PATH");
  settings.proxy = keywords.Get("PROXY");
  settings.no_proxy = keywords.Get("NO_PROXY");
  settings.autocommit = preset.autocommit;
  for (const auto& [keyword, value] : keywords.all()) {
    const bool known = std::find(kKnownKeywords.begin(), kKnownKeywords.end(), keyword) != kKnownKeywords.end();
    if (known) continue;
    if (settings.personality.forwards_unknown_keywords) {
      settings.session_parameters.emplace_back(keyword, value);
    } else {
      result.unknown_keywords.push_back(keyword);
    }
  }
  return result;
}

void AddDsnKeywords(Keywords& keywords) {
  const std::string dsn(keywords.Get("DSN"));
  if (dsn.empty()) return;
  for (const std::string_view keyword : kKnownKeywords) {
    if (keyword == "DSN" || keyword == "DRIVER" || keywords.Has(keyword)) continue;
    std::string value = FromDsn(dsn, std::string(keyword));  // libodbcinst compares names without regard to case
    if (!value.empty()) keywords.Add(keyword, value);
    WipeString(value);
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
