// Key pairs of a connection, over keys::KeyRing. A pair that is revoked turns its open rotation, so the keeper is told.
#pragma once

#include "cdi/v1/key_pair.grpc.pb.h"
#include "server/key_pair_view.h"
#include "server/rotation_keeper.h"
#include "server/service_context.h"

namespace cdi::server {

class KeyPairServiceImpl final : public v1::KeyPairService::Service {
 public:
  KeyPairServiceImpl(ServiceContext& context, RotationKeeper& rotations) : context_(context), rotations_(rotations) {}

  grpc::Status GenerateKeyPair(grpc::ServerContext* rpc, const v1::GenerateKeyPairRequest* request,
                               v1::KeyPair* response) override;
  grpc::Status ImportKeyPair(grpc::ServerContext* rpc, const v1::ImportKeyPairRequest* request,
                             v1::KeyPair* response) override;
  grpc::Status GetKeyPair(grpc::ServerContext* rpc, const v1::GetKeyPairRequest* request,
                          v1::KeyPair* response) override;
  grpc::Status ListKeyPairs(grpc::ServerContext* rpc, const v1::ListKeyPairsRequest* request,
                            v1::ListKeyPairsResponse* response) override;
  grpc::Status RevokeKeyPair(grpc::ServerContext* rpc, const v1::RevokeKeyPairRequest* request,
                             v1::KeyPair* response) override;
  grpc::Status DeleteKeyPair(grpc::ServerContext* rpc, const v1::DeleteKeyPairRequest* request,
                             google::protobuf::Empty* response) override;

 private:
  // `detail`: of the audit's line; filled as soon as the pair has its name.
  absl::Status Generate(const v1::GenerateKeyPairRequest& request, const std::string& caller, std::string& detail,
                        v1::KeyPair& response);
  absl::Status Import(const v1::ImportKeyPairRequest& request, const std::string& caller, std::string& detail,
                      v1::KeyPair& response);
  // The pair that the same request made before; nullopt when it is new. REQUEST_ID_REUSED: another request has its id.
  absl::StatusOr<std::optional<keys::KeyPairRecord>> MadeBefore(const v1::GenerateKeyPairRequest& request,
                                                                const std::string& name, int bits,
                                                                std::optional<keys::KeySlot> slot);
  absl::StatusOr<std::string> UserOf(const std::string& connection);
  absl::StatusOr<KeyPairSurroundings> SurroundingsOf(const std::string& connection);
  v1::KeyPair View(const keys::KeyPairRecord& record, const KeyPairSurroundings& around);

  ServiceContext& context_;
  RotationKeeper& rotations_;
};

}  // namespace cdi::server
