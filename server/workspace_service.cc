#include "server/workspace_service.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/documents.h"
#include "server/field_mask.h"
#include "server/paging.h"
#include "server/resource_name.h"
#include "server/sync_usage.h"
#include "server/workspaces.h"

namespace cdi::server {
namespace {

using ingest::Resource;
using ingest::ResourceChange;
using ingest::ResourceKind;

constexpr std::string_view kPattern = "workspaces/*";
const std::vector<std::string_view> kMutablePaths = {"display_name", "endpoint", "api_key", "limits"};

}  // namespace

absl::Status WorkspaceServiceImpl::Create(const v1::CreateWorkspaceRequest& request, const std::string& caller,
                                          v1::Workspace& response) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(const std::string id, ChosenOrMadeId(request.workspace_id(), "w", context_.rng, "workspace_id"));
  v1::Workspace workspace = request.workspace();
  CDI_RETURN_IF_ERROR(CheckWorkspace(workspace, context_.config));
  if (workspace.api_key().empty()) return InvalidField("workspace.api_key", "api_key is empty; it is required");
  ResourceChange change;
  change.op = ResourceChange::Op::kCreate;
  change.kind = ResourceKind::kWorkspace;
  change.name = absl::StrCat("workspaces/", id);
  change.request_id = request.request_id();
  change.request_hash = RequestHash(request);
  change.caller = caller;
  change.verb = "CreateWorkspace";
  workspace.set_api_key_set(true);
  CDI_ASSIGN_OR_RETURN(change.secret, context_.secrets.Seal(ApiKeyName(change.name), Secret(workspace.api_key())));
  WipeString(*workspace.mutable_api_key());
  change.document = DocumentOf(workspace);
  CDI_ASSIGN_OR_RETURN(const Resource created, context_.store.Apply(change));
  CDI_ASSIGN_OR_RETURN(response, WorkspaceOf(created));
  return RegisterAtSender(context_.sender, context_.secrets, context_.config, response);
}

absl::Status WorkspaceServiceImpl::Update(const v1::UpdateWorkspaceRequest& request, const std::string& caller,
                                          v1::Workspace& response) {
  const std::string& name = request.workspace().name();
  CDI_RETURN_IF_ERROR(CheckName(name, kPattern, "workspace.name"));
  CDI_RETURN_IF_ERROR(context_.secrets.CheckUnsealed());  // the sender needs the key, also when another field changes
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(const Resource stored, context_.store.GetResource(ResourceKind::kWorkspace, name));
  CDI_ASSIGN_OR_RETURN(v1::Workspace workspace, WorkspaceOf(stored));
  CDI_ASSIGN_OR_RETURN(const uint64_t wanted, VersionOf(request.workspace().etag()));
  CDI_RETURN_IF_ERROR(ApplyMask(request.update_mask(), request.workspace(), kMutablePaths, workspace));
  CDI_RETURN_IF_ERROR(CheckWorkspace(workspace, context_.config));
  ResourceChange change;
  change.op = ResourceChange::Op::kUpdate;
  change.kind = ResourceKind::kWorkspace;
  change.name = name;
  change.expected_version = wanted != 0 ? wanted : stored.version;
  change.request_id = request.request_id();
  change.request_hash = RequestHash(request);
  change.caller = caller;
  change.verb = "UpdateWorkspace";
  if (MaskTouches(request.update_mask(), {"api_key"})) {
    if (workspace.api_key().empty()) {
      return InvalidField("workspace.api_key", "api_key is named in update_mask and empty: a workspace needs one");
    }
    CDI_ASSIGN_OR_RETURN(change.secret, context_.secrets.Seal(ApiKeyName(name), Secret(workspace.api_key())));
    WipeString(*workspace.mutable_api_key());
  }
  change.document = DocumentOf(workspace);
  CDI_ASSIGN_OR_RETURN(const Resource updated, context_.store.Apply(change));
  CDI_ASSIGN_OR_RETURN(response, WorkspaceOf(updated));
  context_.engine.WorkspaceChanged(ingest::WorkspaceName(name));
  return RegisterAtSender(context_.sender, context_.secrets, context_.config, response);
}

absl::Status WorkspaceServiceImpl::Delete(const v1::DeleteWorkspaceRequest& request, const std::string& caller) {
  CDI_RETURN_IF_ERROR(CheckName(request.name(), kPattern, "name"));
  CDI_ASSIGN_OR_RETURN(const uint64_t version, VersionOf(request.etag()));
  CDI_RETURN_IF_ERROR(
      RefuseIfUsed(context_.store, request.name(), [](const v1::Sync& sync) { return sync.workspace(); }));
  ResourceChange change;
  change.op = ResourceChange::Op::kDelete;
  change.kind = ResourceKind::kWorkspace;
  change.name = request.name();
  change.expected_version = version;
  change.caller = caller;
  change.verb = "DeleteWorkspace";
  CDI_RETURN_IF_ERROR(context_.store.Apply(change).status());
  context_.sender.UnregisterWorkspace(ingest::WorkspaceName(request.name()));
  return absl::OkStatus();
}

grpc::Status WorkspaceServiceImpl::CreateWorkspace(grpc::ServerContext* rpc, const v1::CreateWorkspaceRequest* request,
                                                   v1::Workspace* response) {
  return Serve(context_, "CreateWorkspace", rpc, *request,
               [&](const Caller& caller) { return Create(*request, caller.name(), *response); });
}

grpc::Status WorkspaceServiceImpl::GetWorkspace(grpc::ServerContext* rpc, const v1::GetWorkspaceRequest* request,
                                                v1::Workspace* response) {
  return Serve(context_, "GetWorkspace", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const Resource resource,
                         context_.store.GetResource(ResourceKind::kWorkspace, request->name()));
    CDI_ASSIGN_OR_RETURN(*response, WorkspaceOf(resource));
    return absl::OkStatus();
  });
}

grpc::Status WorkspaceServiceImpl::ListWorkspaces(grpc::ServerContext* rpc, const v1::ListWorkspacesRequest* request,
                                                  v1::ListWorkspacesResponse* response) {
  return Serve(context_, "ListWorkspaces", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken("ListWorkspaces", request->page_token()));
    CDI_ASSIGN_OR_RETURN(const auto page, ListInScope(context_.store, caller, ResourceKind::kWorkspace, after, size));
    for (const Resource& resource : page.items) {
      CDI_ASSIGN_OR_RETURN(*response->add_workspaces(), WorkspaceOf(resource));
    }
    response->set_next_page_token(MakePageToken("ListWorkspaces", page.next));
    return absl::OkStatus();
  });
}

grpc::Status WorkspaceServiceImpl::UpdateWorkspace(grpc::ServerContext* rpc, const v1::UpdateWorkspaceRequest* request,
                                                   v1::Workspace* response) {
  return Serve(context_, "UpdateWorkspace", rpc, *request,
               [&](const Caller& caller) { return Update(*request, caller.name(), *response); });
}

grpc::Status WorkspaceServiceImpl::DeleteWorkspace(grpc::ServerContext* rpc, const v1::DeleteWorkspaceRequest* request,
                                                   google::protobuf::Empty*) {
  return Serve(context_, "DeleteWorkspace", rpc, *request,
               [&](const Caller& caller) { return Delete(*request, caller.name()); });
}

grpc::Status WorkspaceServiceImpl::TestWorkspace(grpc::ServerContext* rpc, const v1::TestWorkspaceRequest* request,
                                                 v1::TestWorkspaceResponse* response) {
  return Serve(context_, "TestWorkspace", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_RETURN_IF_ERROR(context_.store.GetResource(ResourceKind::kWorkspace, request->name()).status());
    const MonoTime begin = context_.clock.MonoNow();
    *response->mutable_check() = ProbeWorkspace(context_, request->name());
    response->set_passed(response->check().passed());
    *response->mutable_duration() =
        ToProto(std::chrono::duration_cast<std::chrono::milliseconds>(context_.clock.MonoNow() - begin));
    return absl::OkStatus();
  });
}

}  // namespace cdi::server
