// The configuration file: YAML read into cdi.config.v1.ServerConfig. Unknown keys and wrong types are refused with file
// and line.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/loopback.h"
#include "cdi/config/v1/server_config.pb.h"

namespace cdi::server {

// INVALID_ARGUMENT, CONFIG_INVALID: "server.yaml:7: unknown key \"stat_dir\" (known: …)". The result has every default
// filled in and is checked against every range.
absl::StatusOr<config::v1::ServerConfig> LoadConfig(const std::string& path);
absl::StatusOr<config::v1::ServerConfig> ParseConfig(const std::string& text, const std::string& file_name);

// What --check_config prints: the resolved configuration; it holds no secret, only where they are.
std::string PrintConfig(const config::v1::ServerConfig& config);

// "host:port" into its parts; the host may be `[::1]`. "unix:PATH" has a path alone.
struct ListenAddress {
  std::string host;
  int port = 0;
  std::string socket_path = {};
};
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text, std::string_view field);
// A loopback address or a unix socket: only this machine can call.
bool IsLocal(const ListenAddress& address);

}  // namespace cdi::server
