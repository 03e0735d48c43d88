// `cdi-server --rekey`: the change of the master key, with the server stopped.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cdi/config/v1/server_config.pb.h"

namespace cdi::server {

// Takes the state's lock, gets the old key from the configuration and the new one from `new_source` (the path of a
// file, or "env:NAME"; a file that does not exist is made when `create` says so), and encrypts the data keys of all
// sealed secrets anew, in one transaction with the audit line. Whatever happens, the state opens with exactly one of
// the two keys. Answers the text for the operator. May change the environment and start a process (master_key.command).
//
// Errors as MasterKey's, SqliteStore::Open's (STATE_LOCKED: the server runs) and Rekey's (nothing was changed).
absl::StatusOr<std::string> RekeyState(const config::v1::ServerConfig& config, const std::string& new_source,
                                       bool create);

}  // namespace cdi::server
