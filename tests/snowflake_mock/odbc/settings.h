// What a connection needs to know, read from the official driver's keywords (spec/snowflake.md §2.2).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "tests/snowflake_mock/odbc/connection_string.h"
#include "tests/snowflake_mock/odbc/personality.h"

namespace cdi::sfodbc {

// Values the application set with SQLSetConnectAttr before connecting; each wins over its keyword.
struct PresetAttributes {
  Secret key_content;   // SQL_SF_CONN_ATTR_PRIV_KEY_CONTENT: PEM
  Secret key_base64;    // SQL_SF_CONN_ATTR_PRIV_KEY_BASE64
  Secret key_password;  // SQL_SF_CONN_ATTR_PRIV_KEY_PASSWORD
  std::string application;
  std::string catalog;  // SQL_ATTR_CURRENT_CATALOG
  std::optional<std::chrono::seconds> login_timeout;
  std::optional<std::chrono::seconds> network_timeout;
  bool autocommit = true;
  Personality personality = Personality::ThreeX();
};

// Session parameters that change how columns are described (spec/snowflake.md §2.3).
struct TypeOptions {
  bool decimal_as_int = false;        // ODBC_TREAT_DECIMAL_AS_INT: NUMBER(p,0) is SQL_BIGINT
  bool big_number_as_string = false;  // ODBC_TREAT_BIG_NUMBER_AS_STRING: precision above 18 is SQL_VARCHAR
  bool custom_types = false;          // ODBC_USE_CUSTOM_SQL_DATA_TYPES, 3.x only: codes 2000 to 2005
  bool operator==(const TypeOptions&) const = default;
};

// Reads one session parameter into `options`; others are left alone.
void ReadTypeOption(const std::string& parameter, std::string_view value, TypeOptions& options);

struct Settings {
  std::string host;
  int port = 443;
  bool tls = true;
  std::string ca_file;  // empty: the system's certificates
  std::string proxy;    // empty: none; the environment's proxies are never used, as in 4.x
  std::string no_proxy;

  std::string account;  // as given; the first label counts
  std::string user;
  std::string key_file;
  Secret key_content;
  Secret key_base64;
  Secret key_password;
  std::chrono::seconds jwt_lifetime{30};

  std::string database, schema, warehouse, role;
  std::string application;
  std::string query_tag;
  // Sent at login beside the driver's own: name and value. 4.x puts unknown keywords here.
  std::vector<std::pair<std::string, std::string>> session_parameters;
  bool autocommit = true;

  std::chrono::seconds login_timeout{300};  // 0 = none
  std::chrono::seconds network_timeout{0};  // 0 = none
  std::chrono::seconds query_timeout{0};    // 0 = none; the default of SQL_ATTR_QUERY_TIMEOUT
  std::chrono::seconds retry_timeout{300};
  int http_retries_max = 7;
  int prefetch_threads = 4;

  int64_t varchar_size = 134'217'728;
  int64_t binary_size = 67'108'864;
  int64_t long_varchar_from = -1;        // longer columns are SQL_LONGVARCHAR; -1: none
  bool keeps_zeros = true;               // false: 0.50 is fetched as .5
  bool executes_in_prepare = true;       // of a driver that runs DDL in SQLPrepare
  bool standard_timestamp_size = false;  // catalog functions say 29 instead of 35
  bool traces_errors = false;            // an internal trace behind each error message
  TypeOptions type_options;              // at login; session parameters may change them later
  Personality personality = Personality::ThreeX();

  // "http://host:port", without a slash at the end.
  std::string BaseUrl() const;
  // The first label of the account, letter case kept.
  std::string AccountName() const;
};

struct SettingsResult {
  Settings settings;
  std::vector<std::string> unknown_keywords;  // each is a 01S00 warning
};

// 28000 for a missing or wrong login detail, HY000 for another wrong value; never repeats a secret.
absl::StatusOr<SettingsResult> ReadSettings(const Keywords& keywords, PresetAttributes preset);

// Which version of the official driver to imitate. First of: the keyword CDI_PERSONALITY (3 or 4); the driver's name,
// in the string or in the DSN (`Snowflake ODBC` is 4.x, `SnowflakeDSIIDriver` 3.x); `of_library`.
absl::StatusOr<Personality> ChoosePersonality(const Keywords& keywords, const Personality& of_library);

// Adds what odbc.ini says about the DSN to keywords that the connection string does not give.
void AddDsnKeywords(Keywords& keywords);

// The connection string to give back to the application: every known keyword, but no key and no password.
std::string CompletedConnectionString(const Keywords& keywords);

}  // namespace cdi::sfodbc
