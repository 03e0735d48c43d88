// A cdi-server inside the test's process, with a state of its own, for tests of who may call it.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "server/config.h"
#include "server/master_key_source.h"
#include "server/server.h"

namespace cdi::server {

struct AccessSiteOptions {
  std::string anonymous_role = {};
  bool unix_socket = false;
};

class AccessSite {
 public:
  explicit AccessSite(AccessSiteOptions options) {
    std::string pattern = std::filesystem::temp_directory_path() / "cdi-access-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(directory_ / "keys");
    std::filesystem::permissions(directory_ / "keys", std::filesystem::perms::owner_all);
    const std::string listen =
        options.unix_socket ? "\"unix:" + (directory_ / "cdi.sock").string() + "\"" : "127.0.0.1:0";
    std::string text = "plaintext: true\nlog_level: error\nlisten: " + listen +
                       "\nstate_dir: " + (directory_ / "state").string() +
                       "\nmaster_key: {create: true, file: " + (directory_ / "keys/master.key").string() + "}\n";
    if (!options.anonymous_role.empty()) text += "access: {anonymous_role: " + options.anonymous_role + "}\n";
    const auto config = ParseConfig(text, "test.yaml");
    EXPECT_TRUE(config.ok()) << config.status();
    if (config.ok()) config_ = *config;
  }
  ~AccessSite() {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }
  AccessSite(const AccessSite&) = delete;
  AccessSite& operator=(const AccessSite&) = delete;

  // As `cdi-server --create_token` does it; before Start.
  std::string MakeToken(const std::string& id, const std::string& role) {
    const auto secret = Server::CreateToken(config_, {.id = id, .role = role});
    EXPECT_TRUE(secret.ok()) << secret.status();
    return secret.ok() ? std::string(secret->Expose()) : "";
  }

  void Start() {
    auto master_key = ObtainMasterKey(config_.master_key(), StateExists(config_.state_dir()));
    ASSERT_TRUE(master_key.ok()) << master_key.status();
    auto server = Server::Start(config_, *std::move(master_key));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::shared_ptr<grpc::Channel> Channel() const {
    return grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  }

  mode_t SocketMode() const {
    struct stat facts {};
    EXPECT_EQ(stat((directory_ / "cdi.sock").c_str(), &facts), 0);
    return facts.st_mode & 07777;
  }

 private:
  std::filesystem::path directory_;
  config::v1::ServerConfig config_;
  std::unique_ptr<Server> server_;
};

}  // namespace cdi::server
