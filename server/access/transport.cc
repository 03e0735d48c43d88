#include "server/access/transport.h"

#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "keys/certificate_check.h"

namespace cdi::server {
namespace {

using std::chrono::milliseconds;

// gRPC buffers a whole message before anybody has looked at who sends it, so a request may be no larger than one needs
// to be: a replay of a hundred thousand rows.
constexpr int kRequestBytesMax = 1 << 20;
constexpr int kReplyBytesMax = 4 << 20;
constexpr int kMetadataBytesMax = 16 << 10;
constexpr int kHandlerThreadsMax = 96;  // how they are shared: call_limits.h
constexpr int kStreamsPerConnectionMax = 100;
constexpr size_t kMemoryBytesMax = 256 << 20;
constexpr unsigned kFilesLookedAtEverySeconds = 5;
// A connection is asked to end after an hour, so that a caller logs in again and a certificate that was withdrawn ends;
// open streams get five minutes more.
constexpr milliseconds kConnectionAgeMax = std::chrono::hours{1};
constexpr milliseconds kConnectionAgeGrace = std::chrono::minutes{5};
constexpr milliseconds kConnectionIdleMax = std::chrono::minutes{15};
constexpr milliseconds kKeepaliveEvery = std::chrono::minutes{2};
constexpr milliseconds kKeepalivePatience = std::chrono::seconds{20};
constexpr milliseconds kPingFloor = std::chrono::seconds{10};
constexpr int kPingStrikesMax = 2;
constexpr milliseconds kHandshakePatience = std::chrono::seconds{10};

absl::Status Unusable(const std::string& path, std::string_view fault) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "TLS_FILES_UNUSABLE",
                   absl::StrCat("tls: ", path, ": ", std::string(fault)));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file || text.str().empty()) {
    return Unusable(path, "cannot be read, or is empty: does it exist, and may this user read it?");
  }
  return text.str();
}

absl::Status CheckFiles(const config::v1::ServerConfig::Tls& tls, const Clock& clock) {
  struct stat facts {};
  if (stat(tls.key_file().c_str(), &facts) == 0 && (facts.st_mode & S_IRWXO) != 0) {
    return Unusable(tls.key_file(), "may be read by everybody: chmod 600 it");
  }
  CDI_ASSIGN_OR_RETURN(const std::string certificate, ReadFile(tls.certificate_file()));
  CDI_ASSIGN_OR_RETURN(std::string key, ReadFile(tls.key_file()));
  if (!tls.client_ca_file().empty()) CDI_RETURN_IF_ERROR(ReadFile(tls.client_ca_file()).status());
  const absl::Status checked = keys::CheckCertificateAndKey(certificate, key, clock.WallNow());
  WipeString(key);
  return checked.ok() ? checked : Unusable(tls.certificate_file(), std::string(checked.message()));
}

void SetMilliseconds(grpc::ServerBuilder& builder, const char* argument, milliseconds value) {
  builder.AddChannelArgument(argument, static_cast<int>(value.count()));
}

class ReflectionOff final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ListenerCredentials(const config::v1::ServerConfig& config,
                                                                             const Clock& clock) {
  if (config.plaintext()) return grpc::InsecureServerCredentials();
  const config::v1::ServerConfig::Tls& tls = config.tls();
  CDI_RETURN_IF_ERROR(CheckFiles(tls, clock));
  // gRPC 1.51 takes TLS 1.2 and 1.3 where nothing else is said, and has no public way to say it.
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          tls.key_file(), tls.certificate_file(), tls.client_ca_file(), kFilesLookedAtEverySeconds));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  if (!tls.client_ca_file().empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(tls.require_client_certificate()
                                      ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                      : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
    // The chain is verified by OpenSSL; the name that counts is the subject, by the table of the configuration.
    options.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  }
  return grpc::experimental::TlsServerCredentials(options);
}

void BoundTransport(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kRequestBytesMax);
  builder.SetMaxSendMessageSize(kReplyBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_AGE_MS, kConnectionAgeMax);
  SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kConnectionAgeGrace);
  SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_IDLE_MS, kConnectionIdleMax);
  SetMilliseconds(builder, GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveEvery);
  SetMilliseconds(builder, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepalivePatience);
  SetMilliseconds(builder, GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingFloor);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikesMax);
  SetMilliseconds(builder, GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakePatience);
  grpc::ResourceQuota quota("cdi");
  quota.Resize(kMemoryBytesMax);
  quota.SetMaxThreads(kHandlerThreadsMax);
  builder.SetResourceQuota(quota);
}

void WithoutReflection(grpc::ServerBuilder& builder) {
  builder.SetOption(std::make_unique<ReflectionOff>());
}

}  // namespace cdi::server
