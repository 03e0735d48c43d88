// Syncs: standard methods, tests, life cycle, starting runs.
#pragma once

#include "cdi/v1/sync.grpc.pb.h"
#include "server/service_context.h"

namespace cdi::server {

class SyncServiceImpl final : public v1::SyncService::Service {
 public:
  explicit SyncServiceImpl(ServiceContext& context) : context_(context) {}

  grpc::Status CreateSync(grpc::ServerContext* rpc, const v1::CreateSyncRequest* request, v1::Sync* response) override;
  grpc::Status GetSync(grpc::ServerContext* rpc, const v1::GetSyncRequest* request, v1::Sync* response) override;
  grpc::Status ListSyncs(grpc::ServerContext* rpc, const v1::ListSyncsRequest* request,
                         v1::ListSyncsResponse* response) override;
  grpc::Status UpdateSync(grpc::ServerContext* rpc, const v1::UpdateSyncRequest* request, v1::Sync* response) override;
  grpc::Status DeleteSync(grpc::ServerContext* rpc, const v1::DeleteSyncRequest* request,
                          google::protobuf::Empty* response) override;
  grpc::Status TestSync(grpc::ServerContext* rpc, const v1::TestSyncRequest* request,
                        v1::TestSyncResponse* response) override;
  grpc::Status PreviewSync(grpc::ServerContext* rpc, const v1::PreviewSyncRequest* request,
                           v1::PreviewSyncResponse* response) override;
  grpc::Status ActivateSync(grpc::ServerContext* rpc, const v1::ActivateSyncRequest* request,
                            v1::Sync* response) override;
  grpc::Status PauseSync(grpc::ServerContext* rpc, const v1::PauseSyncRequest* request, v1::Sync* response) override;
  grpc::Status RunSync(grpc::ServerContext* rpc, const v1::RunSyncRequest* request, v1::Run* response) override;
  grpc::Status RewindSync(grpc::ServerContext* rpc, const v1::RewindSyncRequest* request, v1::Sync* response) override;

 private:
  // A sync as stored, with the message made from it.
  struct Loaded {
    ingest::Resource resource;
    v1::Sync sync;
  };
  absl::StatusOr<Loaded> Load(const std::string& name, std::string_view field);
  // Adds what the state store knows beside the document.
  absl::StatusOr<v1::Sync> View(const ingest::Resource& resource);
  // Stores `sync` over `loaded` and, where the change leaves the test valid, carries its result over.
  absl::StatusOr<v1::Sync> Store(const Loaded& loaded, const v1::Sync& sync, uint64_t wanted_version, bool keeps_test,
                                 const std::string& verb, const std::string& caller, const std::string& request_id = "",
                                 const std::string& request_hash = "");

  // NOT_FOUND, naming the field, when connection or workspace is set and does not exist.
  absl::Status CheckReferences(const v1::Sync& sync);
  absl::Status Create(const v1::CreateSyncRequest& request, const std::string& caller, v1::Sync& response);
  absl::Status Update(const v1::UpdateSyncRequest& request, const Caller& caller, v1::Sync& response);
  absl::Status Delete(const v1::DeleteSyncRequest& request, const std::string& caller);
  // Cancels a run; one that has ended by itself meanwhile is as good.
  absl::Status CancelIfActive(const ingest::RunName& run);
  // Returns when a cancelled run has ended; RUN_ACTIVE when it takes too long.
  absl::Status WaitForEnd(const ingest::RunName& run);
  absl::Status Activate(const v1::ActivateSyncRequest& request, const std::string& caller, v1::Sync& response);
  absl::Status Pause(const v1::PauseSyncRequest& request, const std::string& caller, v1::Sync& response);
  absl::Status Run(const v1::RunSyncRequest& request, const std::string& caller, v1::Run& response);
  absl::Status Rewind(const v1::RewindSyncRequest& request, const std::string& caller, v1::Sync& response);

  ServiceContext& context_;
};

}  // namespace cdi::server
