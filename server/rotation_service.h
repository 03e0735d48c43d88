// Rotations, over RotationKeeper.
#pragma once

#include <string>

#include "base/mutex.h"
#include "cdi/v1/rotation.grpc.pb.h"
#include "server/rotation_keeper.h"
#include "server/service_context.h"

namespace cdi::server {

class RotationServiceImpl final : public v1::RotationService::Service {
 public:
  RotationServiceImpl(ServiceContext& context, RotationKeeper& keeper) : context_(context), keeper_(keeper) {}

  grpc::Status RotateKeyPair(grpc::ServerContext* rpc, const v1::RotateKeyPairRequest* request,
                             v1::Rotation* response) override;
  grpc::Status GetRotation(grpc::ServerContext* rpc, const v1::GetRotationRequest* request,
                           v1::Rotation* response) override;
  grpc::Status ListRotations(grpc::ServerContext* rpc, const v1::ListRotationsRequest* request,
                             v1::ListRotationsResponse* response) override;
  grpc::Status ContinueRotation(grpc::ServerContext* rpc, const v1::ContinueRotationRequest* request,
                                v1::Rotation* response) override;
  grpc::Status RollBackRotation(grpc::ServerContext* rpc, const v1::RollBackRotationRequest* request,
                                v1::Rotation* response) override;
  grpc::Status EndDrain(grpc::ServerContext* rpc, const v1::EndDrainRequest* request, v1::Rotation* response) override;
  grpc::Status PermitOverwrite(grpc::ServerContext* rpc, const v1::PermitOverwriteRequest* request,
                               v1::Rotation* response) override;
  grpc::Status GetKeyStatus(grpc::ServerContext* rpc, const v1::GetKeyStatusRequest* request,
                            v1::KeyStatus* response) override;

 private:
  absl::Status Rotate(const v1::RotateKeyPairRequest& request, const std::string& caller, v1::Rotation& response);
  absl::Status List(const v1::ListRotationsRequest& request, v1::ListRotationsResponse& response);
  absl::Status FetchStatus(const v1::GetKeyStatusRequest& request, v1::KeyStatus& response);
  // The record's statement only where it is one of those that can be made anew: nobody is shown what somebody else
  // wrote into the state.
  v1::Rotation View(const keys::RotationRecord& record);
  bool IsOurStatement(const keys::RotationRecord& record, const std::string& statement);
  // A Snowflake connection: NOT_SNOWFLAKE for another.
  absl::StatusOr<v1::Connection> Load(const std::string& connection);

  ServiceContext& context_;
  RotationKeeper& keeper_;
  Mutex naming_;  // from choosing an id to its rotation being written
};

}  // namespace cdi::server
