#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/braze/http_sender.h"
#include "ingest/state/sqlite_store.h"
#include "keys/key_generator.h"
#include "keys/key_ring.h"
#include "server/access/access_control.h"
#include "server/access/token_store.h"
#include "server/access/transport.h"
#include "server/access_service.h"
#include "server/audit_service.h"
#include "server/build_info.h"
#include "server/call_audit.h"
#include "server/config.h"
#include "server/connection_service.h"
#include "server/documents.h"
#include "server/json_logger.h"
#include "server/key_pair_service.h"
#include "server/master_key_source.h"
#include "server/metrics.h"
#include "server/plans.h"
#include "server/rotation_keeper.h"
#include "server/rotation_service.h"
#include "server/run_service.h"
#include "server/secret_box.h"
#include "server/service_context.h"
#include "server/snowflake_user_link.h"
#include "server/store_options.h"
#include "server/sync_service.h"
#include "server/warehouses.h"
#include "server/workspace_service.h"
#include "server/workspaces.h"

namespace cdi::server {
namespace {

constexpr int kResourcesPerLook = 1000;
// Replies that come after the runs gave up waiting.
constexpr std::chrono::seconds kSenderPatience{1};
// Of the time that a stop may take, what is left for calls after the runs were stopped.
constexpr std::chrono::seconds kCallPatience{2};
constexpr std::chrono::hours kHousekeepingEvery{24};

LogLevel LevelOf(const std::string& text) {
  LogLevel level = LogLevel::kInfo;
  JsonLogger::ParseLevel(text, &level);
  return level;
}

ingest::braze::HttpSenderOptions SenderOptionsOf(const config::v1::ServerConfig& config) {
  ingest::braze::HttpSenderOptions options;
  options.policy = {.allow_loopback = config.allow_loopback_endpoints(),
                    .host_suffixes = {config.braze_host_suffixes().begin(), config.braze_host_suffixes().end()}};
  options.user_agent = absl::StrCat("cdi/", kVersion);
  return options;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const config::v1::ServerConfig& config, std::unique_ptr<Clock> clock, std::unique_ptr<state::SqliteStore> store,
       MasterKeySource master_key, std::unique_ptr<ingest::braze::HttpSender> sender)
      : config_(config),
        clock_(std::move(clock)),
        logger_(*clock_, LevelOf(config.log_level())),
        store_(std::move(store)),
        why_sealed_(master_key.why_sealed),
        key_ring_(*store_, master_key.key, *clock_, key_generator_),
        secrets_(*store_, master_key.key, SealedRefusal(master_key)),
        warehouses_(key_ring_, secrets_, *clock_, logger_),
        tokens_(*store_, *clock_, rng_),
        access_(config_, &tokens_, *clock_),
        audit_(*store_, *clock_, logger_),
        plans_(*store_, warehouses_, *clock_, rng_, logger_),
        metrics_(*clock_),
        sender_(std::move(sender)),
        engine_({*store_, *sender_, plans_, *clock_, rng_, logger_, &metrics_},
                {.runs_max = config.runs_max(), .held = SealedRefusal(master_key)}),
        context_{config_,     *store_, engine_, *sender_, key_ring_, secrets_,
                 warehouses_, access_, audit_,  *clock_,  rng_,      logger_},
        access_service_(context_, tokens_),
        rotation_keeper_({*store_, *store_, key_ring_, *clock_, logger_, metrics_}, PolicyOf(config_.key_rotation()),
                         UserMakerOver(*store_, warehouses_)),
        connections_(context_, rotation_keeper_),
        key_pairs_(context_, rotation_keeper_),
        rotations_(context_, rotation_keeper_),
        workspaces_(context_),
        syncs_(context_),
        runs_(context_),
        audits_(context_) {}

  absl::Status Start() {
    if (config_.allow_loopback_endpoints()) {
      logger_.Write(LogLevel::kWarn, "loopback_endpoints_allowed",
                    {{"reason", "allow_loopback_endpoints is set: for tests and demos only"}});
    }
    // Whoever changes the configuration changes who may do what: every start says which one it took.
    CDI_RETURN_IF_ERROR(audit_.Note(
        "StartServer", "",
        absl::StrCat("version ", kVersion, ", configuration ", Sha256Hex(PrintConfig(config_)).substr(0, 16))));
    CDI_RETURN_IF_ERROR(tokens_.Load());
    TellSealed();
    if (why_sealed_.ok()) CDI_RETURN_IF_ERROR(RegisterWorkspaces());
    CDI_RETURN_IF_ERROR(CheckDrivers());
    CDI_RETURN_IF_ERROR(Listen());
    if (!why_sealed_.ok()) ShowSealedInHealth();
    if (!config_.metrics_listen().empty()) {
      CDI_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(config_.metrics_listen(), "metrics_listen"));
      const bool open = !config_.access().anonymous_role().empty();
      CDI_ASSIGN_OR_RETURN(const int port,
                           metrics_.Listen(address.host, address.port, open ? nullptr : MetricsReaders()));
      metrics_address_ = absl::StrCat(address.host, ":", port);
    }
    CDI_RETURN_IF_ERROR(engine_.Start());
    if (why_sealed_.ok()) rotation_keeper_.Run();
    housekeeper_ = std::jthread([this](const std::stop_token& stop) { KeepHouse(stop); });
    logger_.Write(LogLevel::kInfo, "server_started", {{"listen", address_}, {"metrics", metrics_address_}});
    return absl::OkStatus();
  }

  bool Stop() {
    if (stopped_) return true;
    stopped_ = true;
    logger_.Write(LogLevel::kInfo, "server_stopping", {});
    grpc_->GetHealthCheckService()->SetServingStatus(false);
    rotation_keeper_.RequestStop();
    const bool clean = engine_.Stop(std::chrono::seconds{config_.stop_seconds()});
    sender_->Shutdown(clock_->MonoNow() + kSenderPatience);
    engine_.Join();
    grpc_->Shutdown(std::chrono::system_clock::now() + kCallPatience);
    rotation_keeper_.Stop();
    logger_.Write(clean ? LogLevel::kInfo : LogLevel::kWarn, "server_stopped", {{"clean", clean}});
    return clean;
  }

  void TellLeftOut(const absl::Status& left_out) {
    logger_.Write(LogLevel::kError, "secrets_unusable",
                  {{"reason", ErrorReason(left_out)}, {"detail", std::string(left_out.message())}});
  }

  const std::string& address() const { return address_; }
  const std::string& metrics_address() const { return metrics_address_; }

 private:
  // Deletes what is past its retention once a day; the store did so when it was opened.
  void KeepHouse(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!never.wait_for(lock, stop, kHousekeepingEvery, [] { return false; }) && !stop.stop_requested()) {
      if (const absl::Status pruned = store_->Prune(); !pruned.ok()) {
        logger_.Write(LogLevel::kError, "prune_failed", {{"reason", ErrorReason(pruned)}});
      }
    }
  }

  void TellSealed() {
    metrics_.SetSealed(!why_sealed_.ok());
    if (why_sealed_.ok()) return;
    logger_.Write(LogLevel::kError, "server_sealed",
                  {{"reason", ErrorReason(why_sealed_)}, {"detail", std::string(why_sealed_.message())}});
  }

  // grpc.health.v1 has no words: beside the status of the whole, a service of this name says why (cli/client.cc asks).
  void ShowSealedInHealth() {
    grpc_->GetHealthCheckService()->SetServingStatus(absl::StrCat("cdi.sealed.", ErrorReason(why_sealed_)), false);
    grpc_->GetHealthCheckService()->SetServingStatus("", false);
  }

  // A driver that cannot work is told now, not at the first run of the night.
  absl::Status CheckDrivers() {
    std::string after;
    do {
      CDI_ASSIGN_OR_RETURN(const auto page,
                           store_->ListResources(ingest::ResourceKind::kConnection, after, kResourcesPerLook));
      for (const ingest::Resource& resource : page.items) {
        CDI_ASSIGN_OR_RETURN(const v1::Connection connection, ConnectionOf(resource));
        if (const absl::Status status = CheckDriver(connection); !status.ok()) {
          logger_.Write(LogLevel::kError, "driver_unusable",
                        {{"connection", connection.name()},
                         {"reason", ErrorReason(status)},
                         {"detail", std::string(status.message())}});
        }
      }
      after = page.next;
    } while (!after.empty());
    return absl::OkStatus();
  }

  absl::Status RegisterWorkspaces() {
    std::string after;
    do {
      CDI_ASSIGN_OR_RETURN(const auto page,
                           store_->ListResources(ingest::ResourceKind::kWorkspace, after, kResourcesPerLook));
      for (const ingest::Resource& resource : page.items) {
        CDI_ASSIGN_OR_RETURN(const v1::Workspace workspace, WorkspaceOf(resource));
        // One bad workspace must not keep the others down: its runs say what is wrong with it.
        if (const absl::Status status = RegisterAtSender(*sender_, secrets_, config_, workspace); !status.ok()) {
          logger_.Write(LogLevel::kError, "workspace_unusable",
                        {{"workspace", workspace.name()}, {"reason", ErrorReason(status)}});
        }
      }
      after = page.next;
    } while (!after.empty());
    return absl::OkStatus();
  }

  // The row `GET /metrics` of the table.
  Metrics::Admit MetricsReaders() {
    return [this](const std::string& token) {
      constexpr std::string_view kMethod = "GET /metrics";
      CallRecord record;
      record.method = kMethod;
      record.peer = "http";
      absl::StatusOr<Principal> principal = access_.Authenticate({.authorization = {"Bearer " + token}});
      record.status = access_.limits().Count(principal.ok() ? principal->name : record.peer);
      if (record.status.ok()) record.status = principal.status();
      if (record.status.ok()) record.status = access_.Authorize(*FindRpc(kMethod), *principal, {});
      record.admitted = record.status.ok();
      if (principal.ok()) record.caller = principal->name;
      RecordCall(context_, record);
      return record.admitted;
    };
  }

  absl::Status Listen() {
    grpc::EnableDefaultHealthCheckService(true);
    CDI_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(config_.listen(), "listen"));
    CDI_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ServerCredentials> credentials,
                         ListenerCredentials(config_, *clock_));
    // What a caller may learn of the API without being let in, he may learn on this machine only.
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    if (!IsLocal(address)) WithoutReflection(builder);
    int port = 0;
    builder.AddListeningPort(config_.listen(), credentials, &port);
    BoundTransport(builder);
    builder.RegisterService(&access_service_);
    builder.RegisterService(&connections_);
    builder.RegisterService(&key_pairs_);
    builder.RegisterService(&rotations_);
    builder.RegisterService(&workspaces_);
    builder.RegisterService(&syncs_);
    builder.RegisterService(&runs_);
    builder.RegisterService(&audits_);
    if (!address.socket_path.empty()) {
      // A socket is made with what the mask leaves of 0777; other threads make files of 0600 and directories of 0700,
      // which it leaves alone.
      const mode_t mask = umask(0077);
      grpc_ = builder.BuildAndStart();
      umask(mask);
      (void)chmod(address.socket_path.c_str(), S_IRUSR | S_IWUSR);
    } else {
      grpc_ = builder.BuildAndStart();
    }
    if (grpc_ == nullptr || port == 0) {
      return MakeError(absl::StatusCode::kUnavailable, "PORT_TAKEN",
                       absl::StrCat("cannot listen on ", config_.listen(), ": is the port taken? (listen)"));
    }
    address_ = address.socket_path.empty() ? absl::StrCat(address.host, ":", port) : config_.listen();
    return absl::OkStatus();
  }

  const config::v1::ServerConfig config_;
  const std::unique_ptr<Clock> clock_;
  SystemRng rng_;
  JsonLogger logger_;
  std::unique_ptr<state::SqliteStore> store_;
  keys::KeyGenerator key_generator_;
  const absl::Status why_sealed_;
  keys::KeyRing key_ring_;
  SecretBox secrets_;
  Warehouses warehouses_;
  TokenStore tokens_;
  AccessControl access_;
  CallAudit audit_;
  Plans plans_;
  Metrics metrics_;
  const std::unique_ptr<ingest::braze::HttpSender> sender_;
  ingest::Engine engine_;
  ServiceContext context_;
  AccessServiceImpl access_service_;
  RotationKeeper rotation_keeper_;
  ConnectionServiceImpl connections_;
  KeyPairServiceImpl key_pairs_;
  RotationServiceImpl rotations_;
  WorkspaceServiceImpl workspaces_;
  SyncServiceImpl syncs_;
  RunServiceImpl runs_;
  AuditServiceImpl audits_;
  std::unique_ptr<grpc::Server> grpc_;
  std::string address_;
  std::string metrics_address_;
  bool stopped_ = false;
  std::jthread housekeeper_;  // last: it uses what is above
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  Stop();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const config::v1::ServerConfig& config,
                                                      MasterKeySource master_key) {
  auto clock = std::make_unique<SystemClock>();
  CDI_ASSIGN_OR_RETURN(std::unique_ptr<state::SqliteStore> store,
                       state::SqliteStore::Open(config.state_dir(), StoreOptionsOf(config, *clock)));
  CDI_ASSIGN_OR_RETURN(std::unique_ptr<ingest::braze::HttpSender> sender,
                       ingest::braze::HttpSender::Create(SenderOptionsOf(config)));
  absl::Status left_out;
  CDI_RETURN_IF_ERROR(CheckAgainstState(*store, master_key, left_out));
  auto impl =
      std::make_unique<Impl>(config, std::move(clock), std::move(store), std::move(master_key), std::move(sender));
  if (!left_out.ok()) impl->TellLeftOut(left_out);
  CDI_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

absl::StatusOr<Secret> Server::CreateToken(const config::v1::ServerConfig& config, const TokenRequest& request) {
  // Before the state is made: a master key is only made together with it.
  CDI_RETURN_IF_ERROR(ObtainMasterKey(config.master_key(), StateExists(config.state_dir())).status());
  const SystemClock clock;
  SystemRng rng;
  CDI_ASSIGN_OR_RETURN(const std::unique_ptr<state::SqliteStore> store,
                       state::SqliteStore::Open(config.state_dir(), StoreOptionsOf(config, clock)));
  TokenStore tokens(*store, clock, rng);
  CDI_RETURN_IF_ERROR(tokens.Load());
  v1::Token wanted;
  const std::map<std::string_view, v1::Role> roles = {
      {"viewer", v1::VIEWER}, {"operator", v1::OPERATOR}, {"admin", v1::ADMIN}};
  const auto role = roles.find(request.role);
  if (role == roles.end()) return InvalidField("role", "--role must be viewer, operator or admin");
  wanted.set_role(role->second);
  *wanted.mutable_expire_time() = ToProto(clock.WallNow().Plus(std::chrono::hours{24 * request.days}));
  CDI_ASSIGN_OR_RETURN(TokenStore::Made made, tokens.Create(request.id, wanted, "cdi-server --create_token"));
  return std::move(made.secret);
}

std::string Server::address() const {
  return impl_->address();
}
std::string Server::metrics_address() const {
  return impl_->metrics_address();
}
bool Server::Stop() {
  return impl_->Stop();
}

}  // namespace cdi::server
