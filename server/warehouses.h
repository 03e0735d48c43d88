// Makes the Warehouse of a connection: its settings from the document, its credentials from the sealed store.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/logger.h"
#include "cdi/v1/connection.pb.h"
#include "keys/key_ring.h"
#include "server/secret_box.h"
#include "warehouse/user_session.h"
#include "warehouse/warehouse.h"

namespace cdi::server {

// Thread-safe. What it makes must not outlive it.
class Warehouses {
 public:
  Warehouses(keys::KeyRing& keys, SecretBox& secrets, Clock& clock, Logger& logger)
      : keys_(keys), secrets_(secrets), clock_(clock), logger_(logger) {}

  absl::StatusOr<std::shared_ptr<warehouse::Warehouse>> Make(const v1::Connection& connection);

  // A login of a Snowflake connection that looks after its user, for rotations: with the connection's keys in their
  // order, or with nothing but the one named. kFailedPrecondition, NOT_SNOWFLAKE.
  absl::StatusOr<std::unique_ptr<warehouse::UserSession>> OpenUserSession(const v1::Connection& connection,
                                                                          const std::string& only_key_pair,
                                                                          std::stop_token stop);

 private:
  keys::KeyRing& keys_;
  SecretBox& secrets_;
  Clock& clock_;
  Logger& logger_;
};

// Whether the driver of a connection can be used, without a login: DRIVER_MISSING, DRIVER_THREADING, DRIVER_POOLING.
absl::Status CheckDriver(const v1::Connection& connection);

// "connections/c/password".
std::string PasswordName(const std::string& connection);

}  // namespace cdi::server
