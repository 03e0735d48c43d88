#include "server/rotation_service.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "keys/alter_user.h"
#include "server/documents.h"
#include "server/key_status.h"
#include "server/paging.h"
#include "server/resource_name.h"
#include "server/rotation_schedule.h"
#include "server/rotation_view.h"

namespace cdi::server {
namespace {

constexpr std::string_view kPattern = "connections/*/rotations/*";
constexpr size_t kReasonBytesMax = 1000;

absl::Status CheckReason(const std::string& reason, bool required) {
  if (required && reason.empty()) return InvalidField("reason", "reason is empty; it is kept in the receipt");
  if (reason.size() > kReasonBytesMax || !IsValidUtf8(reason)) {
    return InvalidField("reason", absl::StrCat("reason must be UTF-8 of at most ", kReasonBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<keys::RotationMode> ModeOf(v1::Rotation::Mode mode) {
  if (mode == v1::Rotation::MODE_UNSPECIFIED || mode == v1::Rotation::ASSISTED) return keys::RotationMode::kAssisted;
  if (mode == v1::Rotation::AUTOMATIC) return keys::RotationMode::kAutomatic;
  return InvalidField("mode", "mode must be ASSISTED or AUTOMATIC; SCHEDULED rotations are started by the schedule");
}

// The id that a repeated request has again.
std::string IdOf(const v1::RotateKeyPairRequest& request) {
  if (!request.rotation_id().empty()) return request.rotation_id();
  if (request.request_id().empty()) return "";
  return absl::StrCat("r", Hash128(request.connection() + '\n' + request.request_id()).ToHex().substr(0, 12));
}

// The rotation of this id is there already: the same call again gets it, as its answer may have been lost; another call
// must not take it for its own.
absl::Status CheckRepeated(const v1::RotateKeyPairRequest& request, const keys::RotationRequest& wanted,
                           const keys::RotationRecord& found) {
  const bool same = found.mode == wanted.mode && found.made_new_key == wanted.key_pair.empty() &&
                    (wanted.key_pair.empty() ? found.bits == wanted.bits : found.new_key.name == wanted.key_pair);
  if (!same && !request.request_id().empty()) {
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     absl::StrCat("request_id was used for ", found.name, ", which has another mode, size or key pair"),
                     {{"field", "request_id"}});
  }
  if (request.request_id().empty() && (!same || keys::IsEnd(found.step))) {
    return MakeError(
        absl::StatusCode::kAlreadyExists, "RESOURCE_EXISTS",
        absl::StrCat(found.name, " exists already (", std::string(keys::RotationStepName(found.step)),
                     same ? "" : ", with another mode, size or key pair", "); choose another rotation_id, or none"),
        {{"field", "rotation_id"}});
  }
  return absl::OkStatus();
}

absl::Status CheckRotate(const v1::RotateKeyPairRequest& request) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  if (!request.request_id().empty() && !request.rotation_id().empty()) {
    return InvalidField("request_id", "request_id does not go with rotation_id, which serves the same end; give one");
  }
  CDI_RETURN_IF_ERROR(CheckReason(request.reason(), false));
  if (!request.rotation_id().empty() && !absl::ascii_islower(static_cast<unsigned char>(request.rotation_id()[0]))) {
    return InvalidField("rotation_id", "rotation_id must begin with a letter: 1 to 61 characters of a-z, 0-9 and '-'");
  }
  if (request.key_pair().empty()) return absl::OkStatus();
  CDI_RETURN_IF_ERROR(CheckName(request.key_pair(), "connections/*/keyPairs/*", "key_pair"));
  if (ParentOf(request.key_pair()) != request.connection()) {
    return InvalidField("key_pair", absl::StrCat("key_pair must belong to ", request.connection()));
  }
  if (request.key_bits() != 0) return InvalidField("key_bits", "key_bits goes with a new pair, not with key_pair");
  return absl::OkStatus();
}

}  // namespace

bool RotationServiceImpl::IsOurStatement(const keys::RotationRecord& record, const std::string& statement) {
  for (const keys::KeySlot slot : {keys::KeySlot::k1, keys::KeySlot::k2}) {
    if (keys::AlterUserUnsetStatement(record.user, slot).value_or("") == statement) return true;
  }
  const auto pair = context_.keys.Get(record.new_key.name);
  return pair.ok() && context_.keys.CheckWhole(*pair).ok() &&
         keys::AlterUserSetStatement(record.user, record.new_key.slot, pair->public_key_line).value_or("") == statement;
}

v1::Rotation RotationServiceImpl::View(const keys::RotationRecord& record) {
  v1::Rotation view = ViewOf(record);
  if (!view.next_statement().empty() && !IsOurStatement(record, view.next_statement())) view.clear_next_statement();
  return view;
}

absl::StatusOr<v1::Connection> RotationServiceImpl::Load(const std::string& connection) {
  CDI_RETURN_IF_ERROR(CheckName(connection, "connections/*", "connection"));
  CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                       context_.store.GetResource(ingest::ResourceKind::kConnection, connection));
  CDI_ASSIGN_OR_RETURN(v1::Connection message, ConnectionOf(resource));
  if (message.has_snowflake()) return message;
  return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_SNOWFLAKE",
                   absl::StrCat(connection, " is no Snowflake connection: only those log in by key pair"));
}

absl::Status RotationServiceImpl::Rotate(const v1::RotateKeyPairRequest& request, const std::string& caller,
                                         v1::Rotation& response) {
  CDI_ASSIGN_OR_RETURN(const v1::Connection connection, Load(request.connection()));
  CDI_RETURN_IF_ERROR(CheckRotate(request));
  keys::RotationRequest rotation;
  rotation.connection = request.connection();
  rotation.user = connection.snowflake().user();
  CDI_ASSIGN_OR_RETURN(rotation.mode, ModeOf(request.mode()));
  rotation.bits = request.key_bits() == 0 ? keys::kRsaBitsDefault : request.key_bits();
  rotation.key_pair = request.key_pair();
  rotation.requested_by = caller;
  rotation.reason = request.reason();
  rotation.permitted_fingerprint = request.permitted_fingerprint();
  rotation.end_drain = request.end_drain();
  rotation.rotation_id = IdOf(request);
  if (!rotation.rotation_id.empty()) {
    const auto found = keeper_.Get(absl::StrCat(rotation.connection, "/rotations/", rotation.rotation_id));
    if (found.ok()) CDI_RETURN_IF_ERROR(CheckRepeated(request, rotation, *found));
    CDI_ASSIGN_OR_RETURN(const keys::RotationRecord record, keeper_.Start(rotation));
    response = View(record);
    return absl::OkStatus();
  }
  std::string name;
  {
    // Two callers must not choose the same id: the second would be told of the first one's rotation.
    const MutexLock lock(naming_);
    CDI_ASSIGN_OR_RETURN(const std::vector<keys::RotationRecord> rotations, keeper_.List(request.connection()));
    rotation.rotation_id = NewRotationId(rotations);
    CDI_ASSIGN_OR_RETURN(const keys::RotationRecord planned, keeper_.Plan(rotation));
    name = planned.name;
  }
  CDI_ASSIGN_OR_RETURN(const keys::RotationRecord record, keeper_.Advance(name));
  response = View(record);
  return absl::OkStatus();
}

absl::Status RotationServiceImpl::List(const v1::ListRotationsRequest& request, v1::ListRotationsResponse& response) {
  CDI_RETURN_IF_ERROR(CheckName(request.connection(), "connections/*", "connection"));
  CDI_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size(), 50));
  const std::string scope = absl::StrCat("ListRotations ", request.connection());
  CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, request.page_token()));
  CDI_ASSIGN_OR_RETURN(const std::vector<keys::RotationRecord> records, keeper_.List(request.connection()));
  auto next = records.rbegin();
  if (!after.empty()) {
    next = std::find_if(records.rbegin(), records.rend(), [&](const auto& record) { return record.name == after; });
    if (next != records.rend()) ++next;
  }
  for (; next != records.rend(); ++next) {
    if (response.rotations_size() == size) {
      response.set_next_page_token(MakePageToken(scope, response.rotations(size - 1).name()));
      break;
    }
    *response.add_rotations() = View(*next);
  }
  return absl::OkStatus();
}

absl::Status RotationServiceImpl::FetchStatus(const v1::GetKeyStatusRequest& request, v1::KeyStatus& response) {
  KeyFacts facts;
  CDI_ASSIGN_OR_RETURN(facts.connection, Load(request.connection()));
  // Asked first: a login may make a first pair active.
  if (!request.offline()) facts.there = keeper_.DescribeKeys(request.connection());
  CDI_ASSIGN_OR_RETURN(facts.pairs, context_.keys.List(request.connection()));
  CDI_ASSIGN_OR_RETURN(facts.login_order, context_.keys.LoginOrder(request.connection()));
  CDI_ASSIGN_OR_RETURN(facts.rotations, keeper_.List(request.connection()));
  for (const keys::KeyPairRecord& pair : facts.login_order) {
    if (absl::IsDataLoss(context_.keys.CheckWhole(pair))) facts.damaged.push_back(pair.name);
  }
  facts.now = context_.clock.WallNow();
  for (keys::RotationRecord& rotation : facts.rotations) {
    if (!keys::IsEnd(rotation.step)) rotation.next.statement = View(rotation).next_statement();
  }
  response = MakeKeyStatus(facts);
  return absl::OkStatus();
}

grpc::Status RotationServiceImpl::RotateKeyPair(grpc::ServerContext* rpc, const v1::RotateKeyPairRequest* request,
                                                v1::Rotation* response) {
  return Serve(context_, "RotateKeyPair", rpc, *request,
               [&](const Caller& caller) { return Rotate(*request, caller.name(), *response); });
}

grpc::Status RotationServiceImpl::GetRotation(grpc::ServerContext* rpc, const v1::GetRotationRequest* request,
                                              v1::Rotation* response) {
  return Serve(context_, "GetRotation", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const keys::RotationRecord record, keeper_.Get(request->name()));
    *response = View(record);
    return absl::OkStatus();
  });
}

grpc::Status RotationServiceImpl::ListRotations(grpc::ServerContext* rpc, const v1::ListRotationsRequest* request,
                                                v1::ListRotationsResponse* response) {
  return Serve(context_, "ListRotations", rpc, *request, [&] { return List(*request, *response); });
}

grpc::Status RotationServiceImpl::ContinueRotation(grpc::ServerContext* rpc, const v1::ContinueRotationRequest* request,
                                                   v1::Rotation* response) {
  return Serve(context_, "ContinueRotation", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const keys::RotationRecord record, keeper_.TryAgain(request->name(), caller.name()));
    *response = View(record);
    return absl::OkStatus();
  });
}

grpc::Status RotationServiceImpl::RollBackRotation(grpc::ServerContext* rpc, const v1::RollBackRotationRequest* request,
                                                   v1::Rotation* response) {
  return Serve(context_, "RollBackRotation", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_RETURN_IF_ERROR(CheckReason(request->reason(), true));
    CDI_ASSIGN_OR_RETURN(const keys::RotationRecord record,
                         keeper_.RollBack(request->name(), caller.name(), request->reason()));
    *response = View(record);
    return absl::OkStatus();
  });
}

grpc::Status RotationServiceImpl::EndDrain(grpc::ServerContext* rpc, const v1::EndDrainRequest* request,
                                           v1::Rotation* response) {
  return Serve(context_, "EndDrain", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const keys::RotationRecord record, keeper_.EndDrain(request->name(), caller.name()));
    *response = View(record);
    return absl::OkStatus();
  });
}

grpc::Status RotationServiceImpl::PermitOverwrite(grpc::ServerContext* rpc, const v1::PermitOverwriteRequest* request,
                                                  v1::Rotation* response) {
  return Serve(context_, "PermitOverwrite", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const keys::RotationRecord record,
                         keeper_.PermitOverwrite(request->name(), request->fingerprint(), caller.name()));
    *response = View(record);
    return absl::OkStatus();
  });
}

grpc::Status RotationServiceImpl::GetKeyStatus(grpc::ServerContext* rpc, const v1::GetKeyStatusRequest* request,
                                               v1::KeyStatus* response) {
  return Serve(context_, "GetKeyStatus", rpc, *request, [&] { return FetchStatus(*request, *response); });
}

}  // namespace cdi::server
