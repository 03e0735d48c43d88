// Tokens, over TokenStore.
#pragma once

#include "cdi/v1/access.grpc.pb.h"
#include "server/access/token_store.h"
#include "server/service_context.h"

namespace cdi::server {

class AccessServiceImpl final : public v1::AccessService::Service {
 public:
  AccessServiceImpl(ServiceContext& context, TokenStore& tokens) : context_(context), tokens_(tokens) {}

  grpc::Status CreateToken(grpc::ServerContext* rpc, const v1::CreateTokenRequest* request,
                           v1::CreateTokenResponse* response) override;
  grpc::Status ListTokens(grpc::ServerContext* rpc, const v1::ListTokensRequest* request,
                          v1::ListTokensResponse* response) override;
  grpc::Status GetToken(grpc::ServerContext* rpc, const v1::GetTokenRequest* request, v1::Token* response) override;
  grpc::Status RevokeToken(grpc::ServerContext* rpc, const v1::RevokeTokenRequest* request,
                           v1::Token* response) override;

 private:
  ServiceContext& context_;
  TokenStore& tokens_;
};

}  // namespace cdi::server
