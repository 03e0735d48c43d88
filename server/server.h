// The whole service, wired: state, keys, sender, engine, gRPC, metrics. Built once in main.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "cdi/config/v1/server_config.pb.h"
#include "server/master_key_source.h"

namespace cdi::server {

class Server {
 public:
  // Opens everything and starts to listen. `master_key` is what ObtainMasterKey gave, before any thread was started;
  // the state may still show that it is the wrong one.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const config::v1::ServerConfig& config,
                                                       MasterKeySource master_key);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  struct TokenRequest {
    std::string id;
    std::string role;  // viewer, operator, admin
    int days = 90;     // that it lives, 1 to 3650
  };
  // Makes a token without a server: how the first one comes to be. The state must not be in use (STATE_LOCKED).
  static absl::StatusOr<Secret> CreateToken(const config::v1::ServerConfig& config, const TokenRequest& request);

  // "127.0.0.1:7350": where gRPC listens.
  std::string address() const;
  // "" without metrics.
  std::string metrics_address() const;

  // No new call, no new request; waits for requests in flight as long as the configuration says. True: nothing is
  // ambiguous.
  bool Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdi::server
