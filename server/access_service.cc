#include "server/access_service.h"

#include "base/status_macros.h"
#include "server/paging.h"

namespace cdi::server {

grpc::Status AccessServiceImpl::CreateToken(grpc::ServerContext* rpc, const v1::CreateTokenRequest* request,
                                            v1::CreateTokenResponse* response) {
  return Serve(context_, "CreateToken", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(TokenStore::Made made, tokens_.Create(request->token_id(), request->token(), caller.name()));
    *response->mutable_token() = std::move(made.token);
    response->set_secret(std::string(made.secret.Expose()));
    return absl::OkStatus();
  });
}

grpc::Status AccessServiceImpl::ListTokens(grpc::ServerContext* rpc, const v1::ListTokensRequest* request,
                                           v1::ListTokensResponse* response) {
  return Serve(context_, "ListTokens", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken("ListTokens", request->page_token()));
    CDI_ASSIGN_OR_RETURN(auto page, tokens_.List(after, size));
    for (v1::Token& token : page.items) *response->add_tokens() = std::move(token);
    response->set_next_page_token(MakePageToken("ListTokens", page.next));
    return absl::OkStatus();
  });
}

grpc::Status AccessServiceImpl::GetToken(grpc::ServerContext* rpc, const v1::GetTokenRequest* request,
                                         v1::Token* response) {
  return Serve(context_, "GetToken", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(*response, tokens_.Get(request->name()));
    return absl::OkStatus();
  });
}

grpc::Status AccessServiceImpl::RevokeToken(grpc::ServerContext* rpc, const v1::RevokeTokenRequest* request,
                                            v1::Token* response) {
  return Serve(context_, "RevokeToken", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(*response, tokens_.Revoke(request->name(), request->reason(), caller.name()));
    return absl::OkStatus();
  });
}

}  // namespace cdi::server
