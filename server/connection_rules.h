// What a connection must look like, whoever sends it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "cdi/config/v1/server_config.pb.h"
#include "cdi/v1/connection.pb.h"

namespace cdi::server {

// INVALID_FIELD naming the field. Loopback hosts, plaintext and driver libraries by path only where the server's own
// configuration allows them.
absl::Status CheckConnection(const v1::Connection& connection, const config::v1::ServerConfig& config);

// One per account and user: "snowflake/ACCOUNT/USER".
std::string UniqueKeyOf(const v1::Connection& connection);

}  // namespace cdi::server
