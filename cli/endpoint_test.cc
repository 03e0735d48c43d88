#include "cli/endpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace cdi::cli {
namespace {

class EndpointTest : public testing::Test {
 protected:
  EndpointTest() : directory_(std::filesystem::temp_directory_path() / ("cdi-endpoint-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~EndpointTest() override { std::filesystem::remove_all(directory_); }

  std::string File(const std::string& name, const std::string& text, mode_t mode) {
    const std::string path = directory_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  absl::StatusOr<Endpoint> Resolve(const EndpointFlags& flags) {
    return ResolveEndpoint(flags, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
  }
  std::string FaultOf(const EndpointFlags& flags) { return std::string(Resolve(flags).status().message()); }

  const std::filesystem::path directory_;
  std::map<std::string, std::string> environment_;
};

TEST_F(EndpointTest, WithoutFlagsItIsTheServerNextDoorInTheClear) {
  const auto endpoint = Resolve({});
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->address, "127.0.0.1:7350");
  EXPECT_FALSE(endpoint->tls);
  EXPECT_TRUE(endpoint->token.empty());
}

TEST_F(EndpointTest, TheTokenComesFromAFileThatOnlyItsOwnerReads) {
  const std::string good = File("good", "cdi_abc\n", 0600);
  ASSERT_TRUE(Resolve({.token_file = good}).ok());
  EXPECT_EQ(Resolve({.token_file = good})->token.Expose(), "cdi_abc");
  environment_["CDI_TOKEN_FILE"] = good;
  EXPECT_EQ(Resolve({})->token.Expose(), "cdi_abc");
  EXPECT_NE(FaultOf({.token_file = File("open", "cdi_abc", 0640)}).find("chmod 600"), std::string::npos);
  EXPECT_NE(FaultOf({.token_file = File("empty", "", 0600)}).find("is empty"), std::string::npos);
  EXPECT_NE(FaultOf({.token_file = File("two", "cdi_a\ncdi_b", 0600)}).find("one token"), std::string::npos);
  EXPECT_NE(FaultOf({.token_file = directory_ / "none"}).find("cannot be read"), std::string::npos);
  EXPECT_NE(FaultOf({.token_file = directory_}).find("is no file"), std::string::npos);
}

TEST_F(EndpointTest, ATokenLeavesThisMachineOnlyOverTls) {
  const std::string token = File("token", "cdi_abc", 0600);
  const std::string ca = File("ca.pem", "-----BEGIN CERTIFICATE-----", 0644);
  for (const char* here : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/run/cdi.sock"}) {
    EXPECT_TRUE(Resolve({.server = here, .token_file = token}).ok()) << here;
  }
  for (const char* away : {"10.0.0.1:1", "127.example.com:1", "cdi.example.com:7350", "[fe80::1]:1"}) {
    EXPECT_NE(FaultOf({.server = away, .token_file = token}).find("only over TLS"), std::string::npos) << away;
    EXPECT_TRUE(Resolve({.server = away, .token_file = token, .ca_file = ca}).ok()) << away;
  }
}

TEST_F(EndpointTest, ACertificateComesWithItsKey) {
  const std::string certificate = File("c.pem", "c", 0644);
  EXPECT_NE(FaultOf({.cert_file = certificate}).find("go together"), std::string::npos);
  EXPECT_NE(FaultOf({.cert_file = certificate, .key_file = File("open.pem", "k", 0644)}).find("chmod 600"),
            std::string::npos);
  const auto endpoint = Resolve({.cert_file = certificate, .key_file = File("k.pem", "k", 0600)});
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_TRUE(endpoint->tls);
  EXPECT_EQ(endpoint->key_pem.Expose(), "k");
}

}  // namespace
}  // namespace cdi::cli
