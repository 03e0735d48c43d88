// Braze workspaces: standard methods and a probe.
#pragma once

#include "cdi/v1/workspace.grpc.pb.h"
#include "server/service_context.h"

namespace cdi::server {

class WorkspaceServiceImpl final : public v1::WorkspaceService::Service {
 public:
  explicit WorkspaceServiceImpl(ServiceContext& context) : context_(context) {}

  grpc::Status CreateWorkspace(grpc::ServerContext* rpc, const v1::CreateWorkspaceRequest* request,
                               v1::Workspace* response) override;
  grpc::Status GetWorkspace(grpc::ServerContext* rpc, const v1::GetWorkspaceRequest* request,
                            v1::Workspace* response) override;
  grpc::Status ListWorkspaces(grpc::ServerContext* rpc, const v1::ListWorkspacesRequest* request,
                              v1::ListWorkspacesResponse* response) override;
  grpc::Status UpdateWorkspace(grpc::ServerContext* rpc, const v1::UpdateWorkspaceRequest* request,
                               v1::Workspace* response) override;
  grpc::Status DeleteWorkspace(grpc::ServerContext* rpc, const v1::DeleteWorkspaceRequest* request,
                               google::protobuf::Empty* response) override;
  grpc::Status TestWorkspace(grpc::ServerContext* rpc, const v1::TestWorkspaceRequest* request,
                             v1::TestWorkspaceResponse* response) override;

 private:
  absl::Status Create(const v1::CreateWorkspaceRequest& request, const std::string& caller, v1::Workspace& response);
  absl::Status Update(const v1::UpdateWorkspaceRequest& request, const std::string& caller, v1::Workspace& response);
  absl::Status Delete(const v1::DeleteWorkspaceRequest& request, const std::string& caller);

  ServiceContext& context_;
};

}  // namespace cdi::server
