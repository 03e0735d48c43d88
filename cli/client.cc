#include "cli/client.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <utility>

namespace cdi::cli {
namespace {

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const Endpoint& endpoint) {
  if (!endpoint.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = endpoint.ca_pem;
  options.pem_cert_chain = endpoint.certificate_pem;
  options.pem_private_key = std::string(endpoint.key_pem.Expose());
  auto credentials = grpc::SslCredentials(options);
  WipeString(options.pem_private_key);
  return credentials;
}

std::shared_ptr<grpc::Channel> MakeChannel(const Endpoint& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A page of previews or dead rows may be larger than gRPC's 4 MiB.
  arguments.SetMaxReceiveMessageSize(64 << 20);
  // While following a run, a restarted server is found again within a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  if (!endpoint.server_name.empty()) arguments.SetSslTargetNameOverride(endpoint.server_name);
  return grpc::CreateCustomChannel(endpoint.address, CredentialsOf(endpoint), arguments);
}

}  // namespace

Client::Client(Endpoint endpoint, std::chrono::nanoseconds timeout)
    : endpoint_(std::move(endpoint)),
      timeout_(timeout),
      channel_(MakeChannel(endpoint_)),
      access_(v1::AccessService::NewStub(channel_)),
      connections_(v1::ConnectionService::NewStub(channel_)),
      key_pairs_(v1::KeyPairService::NewStub(channel_)),
      rotations_(v1::RotationService::NewStub(channel_)),
      workspaces_(v1::WorkspaceService::NewStub(channel_)),
      syncs_(v1::SyncService::NewStub(channel_)),
      runs_(v1::RunService::NewStub(channel_)),
      audits_(v1::AuditService::NewStub(channel_)) {}

void Client::AddToken(grpc::ClientContext& context) const {
  if (!endpoint_.token.empty()) {
    context.AddMetadata("authorization", "Bearer " + std::string(endpoint_.token.Expose()));
  }
}

void Client::Prepare(grpc::ClientContext& context) const {
  AddToken(context);
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout_));
}

std::unique_ptr<grpc::ClientReader<v1::Run>> Client::WatchRun(grpc::ClientContext& context,
                                                              const std::string& run_name) {
  AddToken(context);
  v1::WatchRunRequest request;
  request.set_name(run_name);
  return runs_->WatchRun(&context, request);
}

namespace {

// Why a service is sealed: it says so by the name of a health service (server/server.cc).
constexpr const char* kSealedReasons[] = {"MASTER_KEY_MISSING", "MASTER_KEY_WRONG", "MASTER_KEY_UNREADABLE",
                                          "MASTER_KEY_COMMAND_FAILED"};

}  // namespace

std::string Client::SealedReason() {
  for (const char* reason : kSealedReasons) {
    bool serving = false;
    if (CheckHealthOf(std::string("cdi.sealed.") + reason, serving).ok()) return reason;
  }
  return "";
}

grpc::Status Client::CheckHealth(bool& serving) {
  return CheckHealthOf("", serving);
}

grpc::Status Client::CheckHealthOf(const std::string& service, bool& serving) {
  // Debian's gRPC ships no health.proto. Field 1 of the request names a service, and nothing means the whole server;
  // field 1 of the answer is the serving status, of which 1 is SERVING (github.com/grpc/grpc-proto,
  // grpc/health/v1/health.proto, read 2026-11).
  using google::protobuf::Empty;
  grpc::TemplatedGenericStub<Empty, Empty> stub(channel_);
  grpc::ClientContext context;
  Prepare(context);
  grpc::CompletionQueue queue;
  Empty request;
  if (!service.empty()) request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1, service);
  Empty answer;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  call->Finish(&answer, &status, &answer);
  void* tag = nullptr;
  bool completed = false;
  queue.Next(&tag, &completed);
  serving = false;
  const google::protobuf::UnknownFieldSet& fields = answer.GetReflection()->GetUnknownFields(answer);
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() == 1 && field.type() == google::protobuf::UnknownField::TYPE_VARINT)
      serving = field.varint() == 1;
  }
  return status;
}

}  // namespace cdi::cli
