// The login request: who may come in, with which role, warehouse, database and schema.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/account/account.h"

namespace cdi::snowflake_mock {

struct LoginRequest {
  std::string account;     // ACCOUNT_NAME
  std::string login_name;  // LOGIN_NAME
  std::string authenticator;
  std::string token;
  std::string client;  // CLIENT_APP_ID
  std::string client_version;
  std::string peer;  // address of the client
  // From the URL, in the caller's letter case; empty when not given.
  std::string database;
  std::string schema;
  std::string warehouse;
  std::string role;
  std::map<std::string, std::string> parameters;  // SESSION_PARAMETERS, names in upper case
};

// A session, entered into the account, or the refusal (SqlError: code and text for the client; the cause goes to the
// login log, as SYSTEM$GET_LOGIN_FAILURE_DETAILS answers it).
absl::StatusOr<std::shared_ptr<Session>> Login(Account& account, const LoginRequest& request);

// True when `address` lies in `block` ("10.0.0.0/8" or a plain IPv4 address).
bool AddressMatches(const std::string& address, const std::string& block);

}  // namespace cdi::snowflake_mock
