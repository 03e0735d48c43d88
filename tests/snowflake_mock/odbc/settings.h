// What a connection needs to know, read from the official driver's keywords (spec/snowflake.md §2.2).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
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
};

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
  bool autocommit = true;

  std::chrono::seconds login_timeout{300};  // 0 = none
  std::chrono::seconds network_timeout{0};  // 0 = none
  std::chrono::seconds query_timeout{0};    // 0 = none; the default of SQL_ATTR_QUERY_TIMEOUT
  std::chrono::seconds retry_timeout{300};
  int http_retries_max = 7;
  int prefetch_threads = 4;

  int64_t varchar_size = 134'217'728;
  int64_t binary_size = 67'108'864;
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

// Adds what odbc.ini says about the DSN to keywords that the connection string does not give.
void AddDsnKeywords(Keywords& keywords);

// The connection string to give back to the application: every known keyword, but no key and no password.
std::string CompletedConnectionString(const Keywords& keywords);

}  // namespace cdi::sfodbc
