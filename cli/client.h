// The channel to cdi-server and the deadline of every call. No retries: a command is one request, and a person decides.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cdi/v1/access.grpc.pb.h"
#include "cdi/v1/audit.grpc.pb.h"
#include "cdi/v1/connection.grpc.pb.h"
#include "cdi/v1/key_pair.grpc.pb.h"
#include "cdi/v1/rotation.grpc.pb.h"
#include "cdi/v1/run.grpc.pb.h"
#include "cdi/v1/sync.grpc.pb.h"
#include "cdi/v1/workspace.grpc.pb.h"
#include "cli/endpoint.h"

namespace cdi::cli {

// A method of a generated stub: &v1::RunService::Stub::GetRun.
template <class Stub, class Request, class Response>
using UnaryMethod = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

// Thread-safe. Connects when first used.
class Client {
 public:
  // Every unary call gets `timeout` from its start; every call carries the token. Environment variables that name an
  // HTTP proxy are not obeyed: the server is next door, and its requests may carry an API key.
  Client(Endpoint endpoint, std::chrono::nanoseconds timeout);

  const std::string& address() const { return endpoint_.address; }
  std::chrono::nanoseconds timeout() const { return timeout_; }

  // One call: client.Call(&v1::RunService::Stub::GetRun, request, &run).
  template <class Stub, class Request, class Response>
  grpc::Status Call(UnaryMethod<Stub, Request, Response> method, const Request& request, Response* response) {
    grpc::ClientContext context;
    Prepare(context);
    return (StubOf(static_cast<Stub*>(nullptr)).*method)(&context, request, response);
  }

  // All pages of a list into one response, without a page token. `count_of` tells how many items a response has; after
  // `items_max` (0: no bound) no further page is asked for. INTERNAL when the server gives the same token twice.
  template <class Stub, class Request, class Response>
  grpc::Status CallPaged(UnaryMethod<Stub, Request, Response> method, Request request, Response* all, int items_max,
                         const std::function<int(const Response&)>& count_of) {
    request.set_page_size(items_max > 0 ? std::min(items_max, 1000) : 1000);
    while (true) {
      Response page;
      const grpc::Status status = Call(method, request, &page);
      if (!status.ok()) return status;
      std::string token = page.next_page_token();
      page.clear_next_page_token();
      all->MergeFrom(page);
      if (token.empty() || (items_max > 0 && count_of(*all) >= items_max)) return status;
      if (token == request.page_token()) {
        return {grpc::StatusCode::INTERNAL, "the server gave the same page token twice"};
      }
      request.set_page_token(token);
    }
  }

  // The server stream of a run's changes; `context` outlives the reader. No deadline: a run may last for hours.
  std::unique_ptr<grpc::ClientReader<v1::Run>> WatchRun(grpc::ClientContext& context, const std::string& run_name);

  // grpc.health.v1.Health/Check for the whole server; `serving` tells its answer.
  grpc::Status CheckHealth(bool& serving);
  // Of a server that is not serving: the reason why it is sealed (started without its master key); "" when it is not.
  std::string SealedReason();

 private:
  // `service` empty: the whole server. NOT_FOUND when the server has none of that name.
  grpc::Status CheckHealthOf(const std::string& service, bool& serving);
  // Deadline and token of a unary call; a stream has the token alone.
  void Prepare(grpc::ClientContext& context) const;
  void AddToken(grpc::ClientContext& context) const;

  v1::AccessService::Stub& StubOf(v1::AccessService::Stub*) { return *access_; }
  v1::ConnectionService::Stub& StubOf(v1::ConnectionService::Stub*) { return *connections_; }
  v1::KeyPairService::Stub& StubOf(v1::KeyPairService::Stub*) { return *key_pairs_; }
  v1::RotationService::Stub& StubOf(v1::RotationService::Stub*) { return *rotations_; }
  v1::WorkspaceService::Stub& StubOf(v1::WorkspaceService::Stub*) { return *workspaces_; }
  v1::SyncService::Stub& StubOf(v1::SyncService::Stub*) { return *syncs_; }
  v1::RunService::Stub& StubOf(v1::RunService::Stub*) { return *runs_; }
  v1::AuditService::Stub& StubOf(v1::AuditService::Stub*) { return *audits_; }

  const Endpoint endpoint_;
  std::chrono::nanoseconds timeout_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AccessService::Stub> access_;
  std::unique_ptr<v1::ConnectionService::Stub> connections_;
  std::unique_ptr<v1::KeyPairService::Stub> key_pairs_;
  std::unique_ptr<v1::RotationService::Stub> rotations_;
  std::unique_ptr<v1::WorkspaceService::Stub> workspaces_;
  std::unique_ptr<v1::SyncService::Stub> syncs_;
  std::unique_ptr<v1::RunService::Stub> runs_;
  std::unique_ptr<v1::AuditService::Stub> audits_;
};

}  // namespace cdi::cli
