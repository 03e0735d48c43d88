#include "server/warehouses.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "keys/rotation_machine.h"
#include "warehouse/credential_source.h"
#include "warehouse/odbc_warehouse.h"

namespace cdi::server {
namespace {

constexpr std::chrono::seconds kUserStatementTimeout{20};
// A rotation waits that long for a statement whose answer did not come.
static_assert(kUserStatementTimeout * 2 <= keys::RotationPolicy{}.statement_max);
constexpr std::chrono::seconds kUserLoginTimeout{15};

// The key pairs of a Snowflake user. The first login of a connection without an active pair makes its pair active;
// every later exchange is a rotation's (keys/key_ring.h, LoggedIn).
class KeyCredentials final : public warehouse::CredentialSource {
 public:
  KeyCredentials(keys::KeyRing& keys, std::string connection, Logger& logger)
      : keys_(keys), connection_(std::move(connection)), logger_(logger) {}

  absl::StatusOr<std::vector<warehouse::Credential>> Credentials() override {
    CDI_ASSIGN_OR_RETURN(std::vector<keys::LoginKey> login_keys, keys_.LoginKeys(connection_));
    std::vector<warehouse::Credential> credentials;
    for (keys::LoginKey& key : login_keys) {
      credentials.push_back({.label = key.key_pair_name, .private_key_pem = std::move(key.pem), .password = Secret()});
    }
    return credentials;
  }

  void LoggedIn(const warehouse::Credential& credential) override {
    const absl::StatusOr<bool> activated = keys_.LoggedIn(credential.label);
    if (activated.ok() && !*activated) return;
    logger_.Write(activated.ok() ? LogLevel::kInfo : LogLevel::kError, "key_pair_activated",
                  {{"key_pair", credential.label}, {"ok", activated.ok()}});
  }

 private:
  keys::KeyRing& keys_;
  const std::string connection_;
  Logger& logger_;
};

// One key and no other, to prove it; what a success means is the rotation's to say.
class OneKeyCredentials final : public warehouse::CredentialSource {
 public:
  OneKeyCredentials(keys::KeyRing& keys, std::string key_pair) : keys_(keys), key_pair_(std::move(key_pair)) {}

  absl::StatusOr<std::vector<warehouse::Credential>> Credentials() override {
    CDI_ASSIGN_OR_RETURN(keys::LoginKey key, keys_.LoginKeyOf(key_pair_));
    std::vector<warehouse::Credential> credentials;
    credentials.push_back({.label = key.key_pair_name, .private_key_pem = std::move(key.pem), .password = Secret()});
    return credentials;
  }

  void LoggedIn(const warehouse::Credential&) override {}

 private:
  keys::KeyRing& keys_;
  const std::string key_pair_;
};

class PasswordCredentials final : public warehouse::CredentialSource {
 public:
  PasswordCredentials(SecretBox& secrets, std::string connection)
      : secrets_(secrets), connection_(std::move(connection)) {}

  absl::StatusOr<std::vector<warehouse::Credential>> Credentials() override {
    auto password = secrets_.Open(PasswordName(connection_));
    if (!password.ok() && !absl::IsNotFound(password.status())) return password.status();
    std::vector<warehouse::Credential> credentials;
    credentials.push_back({.label = connection_,
                           .private_key_pem = Secret(),
                           .password = password.ok() ? *std::move(password) : Secret()});
    return credentials;
  }

  void LoggedIn(const warehouse::Credential&) override {}

 private:
  SecretBox& secrets_;
  const std::string connection_;
};

absl::StatusOr<warehouse::ConnectionSettings> SettingsOf(const v1::Connection& connection) {
  warehouse::ConnectionSettings settings;
  if (connection.has_snowflake()) {
    const v1::Connection::Snowflake& snowflake = connection.snowflake();
    settings.kind = warehouse::WarehouseKind::kSnowflake;
    settings.driver = snowflake.driver();
    settings.account = snowflake.account();
    settings.host = snowflake.host();
    settings.port = snowflake.port();
    settings.tls = !snowflake.plaintext();
    settings.user = snowflake.user();
    settings.role = snowflake.role();
    settings.warehouse = snowflake.warehouse();
    return settings;
  }
  if (connection.has_postgresql()) {
    const v1::Connection::Postgresql& postgresql = connection.postgresql();
    settings.kind = warehouse::WarehouseKind::kPostgresql;
    settings.driver = postgresql.driver();
    settings.host = postgresql.host();
    settings.port = postgresql.port();
    settings.database = postgresql.database();
    settings.user = postgresql.user();
    settings.tls = !postgresql.plaintext();
    return settings;
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "CONFIG_INVALID",
                   absl::StrCat(connection.name(), " has no warehouse: set snowflake or postgresql"));
}

}  // namespace

std::string PasswordName(const std::string& connection) {
  return absl::StrCat(connection, "/password");
}

absl::Status CheckDriver(const v1::Connection& connection) {
  CDI_ASSIGN_OR_RETURN(const warehouse::ConnectionSettings settings, SettingsOf(connection));
  return warehouse::CheckDriver(settings);
}

absl::StatusOr<std::shared_ptr<warehouse::Warehouse>> Warehouses::Make(const v1::Connection& connection) {
  CDI_ASSIGN_OR_RETURN(warehouse::ConnectionSettings settings, SettingsOf(connection));
  std::shared_ptr<warehouse::CredentialSource> credentials;
  if (connection.has_snowflake()) {
    credentials = std::make_shared<KeyCredentials>(keys_, connection.name(), logger_);
  } else {
    credentials = std::make_shared<PasswordCredentials>(secrets_, connection.name());
  }
  return std::shared_ptr<warehouse::Warehouse>(
      warehouse::MakeOdbcWarehouse(std::move(settings), std::move(credentials), clock_, logger_));
}

absl::StatusOr<std::unique_ptr<warehouse::UserSession>> Warehouses::OpenUserSession(const v1::Connection& connection,
                                                                                    const std::string& only_key_pair,
                                                                                    std::stop_token stop) {
  if (!connection.has_snowflake()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_SNOWFLAKE",
                     absl::StrCat(connection.name(), " is no Snowflake connection: only those log in by key pair"));
  }
  CDI_ASSIGN_OR_RETURN(warehouse::ConnectionSettings settings, SettingsOf(connection));
  std::shared_ptr<warehouse::CredentialSource> credentials;
  if (only_key_pair.empty()) {
    credentials = std::make_shared<KeyCredentials>(keys_, connection.name(), logger_);
  } else {
    credentials = std::make_shared<OneKeyCredentials>(keys_, only_key_pair);
  }
  warehouse::SessionRequest request;
  request.query_tag = absl::StrCat("cdi rotation connection=", connection.name());
  request.statement_timeout = kUserStatementTimeout;
  request.login_timeout = kUserLoginTimeout;
  return warehouse::OpenUserSession(std::move(settings), std::move(credentials), request, clock_, logger_,
                                    std::move(stop));
}

}  // namespace cdi::server
