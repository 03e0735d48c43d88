#include "server/key_pair_service.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "keys/alter_user.h"
#include "server/documents.h"
#include "server/paging.h"
#include "server/resource_name.h"

namespace cdi::server {
namespace {

constexpr std::string_view kPattern = "connections/*/keyPairs/*";

v1::KeyPair::State StateOf(keys::KeyPairState state) {
  switch (state) {
    case keys::KeyPairState::kGenerated:
      return v1::KeyPair::GENERATED;
    case keys::KeyPairState::kRegistered:
      return v1::KeyPair::REGISTERED;
    case keys::KeyPairState::kActive:
      return v1::KeyPair::ACTIVE;
    case keys::KeyPairState::kDraining:
      return v1::KeyPair::DRAINING;
    case keys::KeyPairState::kRevoked:
      return v1::KeyPair::REVOKED;
  }
  return v1::KeyPair::STATE_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<std::string> KeyPairServiceImpl::UserOf(const std::string& connection) {
  CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                       context_.store.GetResource(ingest::ResourceKind::kConnection, connection));
  CDI_ASSIGN_OR_RETURN(const v1::Connection message, ConnectionOf(resource));
  if (message.has_snowflake()) return message.snowflake().user();
  return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_SNOWFLAKE",
                   absl::StrCat(connection, " is no Snowflake connection: only those log in by key pair"));
}

absl::StatusOr<v1::KeyPair> KeyPairServiceImpl::View(const keys::KeyPairRecord& record) {
  CDI_ASSIGN_OR_RETURN(const std::string user, UserOf(std::string(ParentOf(record.name))));
  v1::KeyPair view;
  view.set_name(record.name);
  view.set_slot(record.slot == keys::KeySlot::k1 ? v1::KeyPair::RSA_PUBLIC_KEY : v1::KeyPair::RSA_PUBLIC_KEY_2);
  view.set_state(StateOf(record.state));
  view.set_key_bits(record.bits);
  view.set_fingerprint(record.fingerprint);
  view.set_public_key(record.public_key_line);
  if (record.state != keys::KeyPairState::kRevoked) {
    CDI_ASSIGN_OR_RETURN(*view.mutable_register_statement(),
                         keys::AlterUserSetStatement(user, record.slot, record.public_key_line));
  }
  CDI_ASSIGN_OR_RETURN(*view.mutable_unregister_statement(), keys::AlterUserUnsetStatement(user, record.slot));
  *view.mutable_create_time() = ToProto(record.create_time);
  if (record.activate_time) *view.mutable_activate_time() = ToProto(*record.activate_time);
  return view;
}

absl::Status KeyPairServiceImpl::Generate(const v1::GenerateKeyPairRequest& request, const std::string& caller,
                                          v1::KeyPair& response) {
  CDI_RETURN_IF_ERROR(CheckName(request.connection(), "connections/*", "connection"));
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_RETURN_IF_ERROR(UserOf(request.connection()).status());
  // A repeated request finds the pair that the first one made: its id is the request id's own.
  std::string wanted = request.key_pair_id();
  if (wanted.empty() && !request.request_id().empty()) {
    wanted = absl::StrCat("k", Hash128(request.connection() + '\n' + request.request_id()).ToHex().substr(0, 12));
  }
  CDI_ASSIGN_OR_RETURN(const std::string id, ChosenOrMadeId(wanted, "k", context_.rng, "key_pair_id"));
  if (request.key_pair_id().empty() && !request.request_id().empty()) {
    const auto existing = context_.keys.Get(absl::StrCat(request.connection(), "/keyPairs/", id));
    if (existing.ok()) {
      CDI_ASSIGN_OR_RETURN(response, View(*existing));
      return absl::OkStatus();
    }
  }
  std::optional<keys::KeySlot> slot;
  if (request.slot() == v1::KeyPair::RSA_PUBLIC_KEY) slot = keys::KeySlot::k1;
  if (request.slot() == v1::KeyPair::RSA_PUBLIC_KEY_2) slot = keys::KeySlot::k2;
  const int bits = request.key_bits() == 0 ? keys::kRsaBitsDefault : request.key_bits();
  CDI_ASSIGN_OR_RETURN(const keys::KeyPairRecord record, context_.keys.Generate(request.connection(), id, bits, slot));
  context_.logger.Write(LogLevel::kInfo, "key_pair_generated",
                        {{"key_pair", record.name}, {"fingerprint", record.fingerprint}, {"caller", caller}});
  CDI_ASSIGN_OR_RETURN(response, View(record));
  return absl::OkStatus();
}

grpc::Status KeyPairServiceImpl::GenerateKeyPair(grpc::ServerContext* rpc, const v1::GenerateKeyPairRequest* request,
                                                 v1::KeyPair* response) {
  return Serve(context_, "GenerateKeyPair", rpc, *request,
               [&](const Caller& caller) { return Generate(*request, caller.name(), *response); });
}

grpc::Status KeyPairServiceImpl::GetKeyPair(grpc::ServerContext* rpc, const v1::GetKeyPairRequest* request,
                                            v1::KeyPair* response) {
  return Serve(context_, "GetKeyPair", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const keys::KeyPairRecord record, context_.keys.Get(request->name()));
    CDI_ASSIGN_OR_RETURN(*response, View(record));
    return absl::OkStatus();
  });
}

grpc::Status KeyPairServiceImpl::ListKeyPairs(grpc::ServerContext* rpc, const v1::ListKeyPairsRequest* request,
                                              v1::ListKeyPairsResponse* response) {
  return Serve(context_, "ListKeyPairs", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->connection(), "connections/*", "connection"));
    CDI_RETURN_IF_ERROR(UserOf(request->connection()).status());
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    const std::string scope = absl::StrCat("ListKeyPairs ", request->connection());
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, request->page_token()));
    CDI_ASSIGN_OR_RETURN(const std::vector<keys::KeyPairRecord> records, context_.keys.List(request->connection()));
    auto next = records.begin();
    if (!after.empty()) {
      next = std::find_if(records.begin(), records.end(), [&](const auto& record) { return record.name == after; });
      if (next != records.end()) ++next;
    }
    for (; next != records.end(); ++next) {
      if (response->key_pairs_size() == size) {
        response->set_next_page_token(MakePageToken(scope, response->key_pairs(size - 1).name()));
        break;
      }
      CDI_ASSIGN_OR_RETURN(*response->add_key_pairs(), View(*next));
    }
    return absl::OkStatus();
  });
}

grpc::Status KeyPairServiceImpl::RevokeKeyPair(grpc::ServerContext* rpc, const v1::RevokeKeyPairRequest* request,
                                               v1::KeyPair* response) {
  return Serve(context_, "RevokeKeyPair", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    if (request->reason().empty()) return InvalidField("reason", "reason is empty; it is kept in the server's log");
    CDI_ASSIGN_OR_RETURN(const keys::KeyPairRecord record, context_.keys.Revoke(request->name()));
    context_.logger.Write(
        LogLevel::kWarn, "key_pair_revoked",
        {{"key_pair", record.name}, {"reason", CutText(request->reason(), 300)}, {"caller", caller.name()}});
    CDI_ASSIGN_OR_RETURN(*response, View(record));
    return absl::OkStatus();
  });
}

grpc::Status KeyPairServiceImpl::DeleteKeyPair(grpc::ServerContext* rpc, const v1::DeleteKeyPairRequest* request,
                                               google::protobuf::Empty*) {
  return Serve(context_, "DeleteKeyPair", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    return context_.keys.Delete(request->name());
  });
}

}  // namespace cdi::server
