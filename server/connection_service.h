// Connections: standard methods, tests, and a look into the warehouse. One with an open rotation is not deleted, so the
// keeper of rotations is asked.
#pragma once

#include "cdi/v1/connection.grpc.pb.h"
#include "server/connection_probe.h"
#include "server/rotation_keeper.h"
#include "server/service_context.h"

namespace cdi::server {

class ConnectionServiceImpl final : public v1::ConnectionService::Service {
 public:
  ConnectionServiceImpl(ServiceContext& context, RotationKeeper& rotations)
      : context_(context), rotations_(rotations) {}

  grpc::Status CreateConnection(grpc::ServerContext* rpc, const v1::CreateConnectionRequest* request,
                                v1::Connection* response) override;
  grpc::Status GetConnection(grpc::ServerContext* rpc, const v1::GetConnectionRequest* request,
                             v1::Connection* response) override;
  grpc::Status ListConnections(grpc::ServerContext* rpc, const v1::ListConnectionsRequest* request,
                               v1::ListConnectionsResponse* response) override;
  grpc::Status UpdateConnection(grpc::ServerContext* rpc, const v1::UpdateConnectionRequest* request,
                                v1::Connection* response) override;
  grpc::Status DeleteConnection(grpc::ServerContext* rpc, const v1::DeleteConnectionRequest* request,
                                v1::DeleteConnectionResponse* response) override;
  grpc::Status TestConnection(grpc::ServerContext* rpc, const v1::TestConnectionRequest* request,
                              v1::TestConnectionResponse* response) override;
  grpc::Status ListTables(grpc::ServerContext* rpc, const v1::ListTablesRequest* request,
                          v1::ListTablesResponse* response) override;
  grpc::Status DescribeTable(grpc::ServerContext* rpc, const v1::DescribeTableRequest* request,
                             v1::DescribeTableResponse* response) override;

 private:
  absl::StatusOr<v1::Connection> Load(const std::string& name, std::string_view field);
  absl::Status Create(const v1::CreateConnectionRequest& request, const std::string& caller, v1::Connection& response);
  absl::Status Update(const v1::UpdateConnectionRequest& request, const std::string& caller, v1::Connection& response);
  absl::Status Delete(const v1::DeleteConnectionRequest& request, const std::string& caller,
                      v1::DeleteConnectionResponse& response);
  // FAILED_PRECONDITION, IN_USE or ROTATION_IN_PROGRESS.
  absl::Status RefuseIfNeeded(const std::string& name, const std::vector<keys::KeyPairRecord>& pairs);
  // The rotator of `connection` is there, and a connection to the same account.
  absl::Status CheckRotator(const v1::Connection& connection);
  // A rotator runs ALTER USER and nothing else, which takes no virtual warehouse: that it has none fails no test.
  absl::Status PassWithoutWarehouse(const v1::TestConnectionRequest& request, const v1::Connection& connection,
                                    ProbeResult& result);
  absl::Status Test(const v1::TestConnectionRequest& request, v1::TestConnectionResponse& response);

  ServiceContext& context_;
  RotationKeeper& rotations_;
};

}  // namespace cdi::server
