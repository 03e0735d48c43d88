// Audit lines: listed and verified.
#pragma once

#include "cdi/v1/audit.grpc.pb.h"
#include "server/service_context.h"

namespace cdi::server {

class AuditServiceImpl final : public v1::AuditService::Service {
 public:
  explicit AuditServiceImpl(ServiceContext& context) : context_(context) {}

  grpc::Status ListAuditEntries(grpc::ServerContext* rpc, const v1::ListAuditEntriesRequest* request,
                                v1::ListAuditEntriesResponse* response) override;
  grpc::Status VerifyAudit(grpc::ServerContext* rpc, const v1::VerifyAuditRequest* request,
                           v1::VerifyAuditResponse* response) override;

 private:
  ServiceContext& context_;
};

}  // namespace cdi::server
