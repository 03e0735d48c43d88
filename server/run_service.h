// Runs, their progress, and the rows that did not get through.
#pragma once

#include "cdi/v1/run.grpc.pb.h"
#include "server/service_context.h"

namespace cdi::server {

class RunServiceImpl final : public v1::RunService::Service {
 public:
  explicit RunServiceImpl(ServiceContext& context) : context_(context) {}

  grpc::Status GetRun(grpc::ServerContext* rpc, const v1::GetRunRequest* request, v1::Run* response) override;
  grpc::Status ListRuns(grpc::ServerContext* rpc, const v1::ListRunsRequest* request,
                        v1::ListRunsResponse* response) override;
  grpc::Status CancelRun(grpc::ServerContext* rpc, const v1::CancelRunRequest* request, v1::Run* response) override;
  grpc::Status WatchRun(grpc::ServerContext* rpc, const v1::WatchRunRequest* request,
                        grpc::ServerWriter<v1::Run>* writer) override;
  grpc::Status ListDeadRows(grpc::ServerContext* rpc, const v1::ListDeadRowsRequest* request,
                            v1::ListDeadRowsResponse* response) override;
  grpc::Status ReplayDeadRows(grpc::ServerContext* rpc, const v1::ReplayDeadRowsRequest* request,
                              v1::Run* response) override;
  grpc::Status ReleaseHeldRows(grpc::ServerContext* rpc, const v1::ReleaseHeldRowsRequest* request,
                               v1::Run* response) override;
  grpc::Status DiscardHeldRows(grpc::ServerContext* rpc, const v1::DiscardHeldRowsRequest* request,
                               v1::DiscardHeldRowsResponse* response) override;

 private:
  absl::Status Watch(const std::string& name, const Caller& caller, grpc::ServerContext& rpc,
                     grpc::ServerWriter<v1::Run>& writer);
  // The open parked rows that a request means: those with `ids`, or all of the filter.
  absl::StatusOr<std::vector<ingest::StoredParkedRow>> Chosen(const ingest::ParkedFilter& filter,
                                                              const std::vector<uint64_t>& ids);
  // NOT_FOUND where nothing was found because the sync or run of the filter is not there. Asked afterwards only: rows
  // may outlive the record of their run.
  absl::Status RefuseUnknown(const ingest::ParkedFilter& filter);
  absl::Status RefuseSuperseded(const ingest::SyncName& sync, const std::vector<ingest::StoredParkedRow>& rows);
  absl::StatusOr<v1::Run> StartReplay(const ingest::SyncName& sync, const std::vector<ingest::StoredParkedRow>& rows,
                                      const std::string& request_id, const std::string& caller);

  ServiceContext& context_;
};

}  // namespace cdi::server
