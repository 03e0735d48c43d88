// What a connection must look like, whoever sends it.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "cdi/v1/connection.pb.h"

namespace cdi::server {

// INVALID_FIELD naming the field. Loopback hosts and plaintext only where the server's own configuration allows them.
absl::Status CheckConnection(const v1::Connection& connection, bool allow_loopback);

// One per account and user: "snowflake/ACCOUNT/USER".
std::string UniqueKeyOf(const v1::Connection& connection);

}  // namespace cdi::server
