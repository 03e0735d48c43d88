// What a connection must look like, whoever sends it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cdi/config/v1/server_config.pb.h"
#include "cdi/v1/connection.pb.h"

namespace cdi::server {

// INVALID_FIELD naming the field. Loopback hosts, plaintext and driver libraries by path only where the server's own
// configuration allows them.
absl::Status CheckConnection(const v1::Connection& connection, const config::v1::ServerConfig& config);

// True for two spellings of one Snowflake account: letter case does not count, and a hyphen stands for an underscore,
// as it does in the host name (docs.snowflake.com, "Account identifiers").
bool SameAccount(std::string_view one, std::string_view other);

// One per account and user, however they are spelled: "snowflake/MY-ACCOUNT/USER".
std::string UniqueKeyOf(const v1::Connection& connection);

}  // namespace cdi::server
