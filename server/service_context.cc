#include "server/service_context.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <vector>

#include <grpc/grpc_security_constants.h>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/access/access_control.h"
#include "server/documents.h"
#include "server/time_fields.h"

namespace cdi::server {
namespace {

constexpr size_t kResourceShown = 200;
constexpr size_t kWordsShown = 1000;
constexpr int kResourcesPerLook = 1000;

Credentials CredentialsOf(const grpc::ServerContext& rpc) {
  Credentials credentials;
  const auto range = rpc.client_metadata().equal_range("authorization");
  for (auto entry = range.first; entry != range.second; ++entry) {
    credentials.authorization.emplace_back(entry->second.data(), entry->second.size());
  }
  // Only what the handshake has verified: over plaintext there is no such property.
  const std::shared_ptr<const grpc::AuthContext> handshake = rpc.auth_context();
  if (handshake != nullptr && handshake->IsPeerAuthenticated()) {
    const auto subjects = handshake->FindPropertyValues(GRPC_X509_SUBJECT_PROPERTY_NAME);
    if (subjects.size() == 1) credentials.certificate_subject = {subjects[0].data(), subjects[0].size()};
  }
  return credentials;
}

// "ipv4:10.0.0.7" of "ipv4:10.0.0.7:51234".
std::string HostOf(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

// What tests and previews are counted by: the connection they log in to. A sync that is not there is told by the
// handler.
std::string ConnectionBehind(const ServiceContext& context, const std::string& resource) {
  if (!resource.starts_with("syncs/")) return resource;
  const auto stored = context.store.GetResource(ingest::ResourceKind::kSync, resource);
  if (!stored.ok()) return resource;
  const auto sync = SyncOf(*stored);
  return sync.ok() && !sync->connection().empty() ? sync->connection() : resource;
}

void ClearSecrets(google::protobuf::Message& message) {
  using google::protobuf::FieldDescriptor;
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->name() == "password" || field->name() == "api_key") {
      message.GetReflection()->ClearField(&message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
      ClearSecrets(*message.GetReflection()->MutableMessage(&message, field));
    }
  }
}

// More than any resource's name.
constexpr size_t kNameBytesMax = 300;

// What a call holds while it lasts.
struct Admission {
  CallLimits::Slot thread;  // of a stream or another call
  CallLimits::Slot outside;
  CallLimits::Slot connection;
};

absl::Status TakeSlots(const ServiceContext& context, const RpcRow& row, const google::protobuf::Message& request,
                       const Caller& caller, Admission& admission) {
  CallLimits& limits = context.access.limits();
  CDI_ASSIGN_OR_RETURN(admission.thread,
                       row.stream ? limits.TakeStream(caller.name()) : limits.TakeCall(caller.name()));
  const Reach reach = ReachOf(row, request);
  if (reach == Reach::kHere) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(admission.outside, limits.TakeOutside(row.least == Role::kAdmin));
  if (reach == Reach::kOutside) return absl::OkStatus();
  const std::string connection = ConnectionBehind(context, ResourceOf(row, request));
  // The limits keep the names for a while: what cannot be one must not fill the memory.
  if (connection.size() > kNameBytesMax) {
    return InvalidField(row.field, absl::StrCat(std::string(row.field), " is too long to be a name: ",
                                                connection.size(), " bytes, at most ", kNameBytesMax));
  }
  CDI_ASSIGN_OR_RETURN(admission.connection,
                       reach == Reach::kLook ? limits.TakeLook(connection) : limits.TakeTest(connection));
  return absl::OkStatus();
}

absl::Status Admit(const ServiceContext& context, const RpcRow* row, const grpc::ServerContext& rpc,
                   const google::protobuf::Message& request, Caller& caller, Admission& admission) {
  if (row == nullptr) {
    return MakeError(absl::StatusCode::kPermissionDenied, "ROLE_TOO_LOW", "nobody may make this call");
  }
  absl::StatusOr<Principal> principal = context.access.Authenticate(CredentialsOf(rpc));
  if (!principal.ok()) {
    // Guesses are counted by where they come from.
    const absl::Status counted = context.access.limits().Count(HostOf(caller.peer));
    return counted.ok() ? principal.status() : counted;
  }
  caller.principal = *std::move(principal);
  CDI_RETURN_IF_ERROR(context.access.limits().Count(caller.name()));
  std::vector<std::string> resources = OtherResourcesOf(*row, request);
  resources.insert(resources.begin(), ResourceOf(*row, request));
  CDI_RETURN_IF_ERROR(context.access.Authorize(*row, caller.principal, resources));
  return TakeSlots(context, *row, request, caller, admission);
}

}  // namespace

std::string RequestHash(const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  ClearSecrets(*copy);
  return Sha256Hex(copy->SerializeAsString());
}

void RecordCall(const ServiceContext& context, const CallRecord& record) {
  context.audit.End(record);
  const absl::Status& status = record.status;
  const std::string code = absl::StatusCodeToString(status.code());
  const int64_t duration = record.duration.count();
  if (absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status)) {
    context.logger.Write(LogLevel::kError, "rpc_failed",
                         {{"method", record.method},
                          {"code", code},
                          {"reason", ErrorReason(status)},
                          {"detail", std::string(status.message())},
                          {"caller", record.caller},
                          {"peer", record.peer},
                          {"resource", record.resource},
                          {"duration_ms", duration}});
    return;
  }
  context.logger.Write(status.ok() ? LogLevel::kDebug : LogLevel::kInfo, status.ok() ? "rpc" : "rpc_refused",
                       {{"method", record.method},
                        {"code", code},
                        {"reason", ErrorReason(status)},
                        {"caller", record.caller},
                        {"peer", record.peer},
                        {"resource", record.resource},
                        {"duration_ms", duration}});
}

grpc::Status ServeCall(const ServiceContext& context, std::string_view method, const grpc::ServerContext& rpc,
                       const google::protobuf::Message& request,
                       const std::function<absl::Status(const Caller&, std::string& detail)>& handle) {
  const MonoTime begin = context.clock.MonoNow();
  const RpcRow* row = FindRpc(method);
  Caller caller{.principal = {}, .peer = rpc.peer()};
  Admission admission;
  CallRecord record;
  record.status = Admit(context, row, rpc, request, caller, admission);
  record.admitted = record.status.ok();
  record.method = method;
  record.caller = caller.name();
  // Whose token it was that is none any more.
  const ErrorDetails details = ErrorDetailsOf(record.status);
  if (const auto token = details.find("token"); record.caller.empty() && token != details.end()) {
    record.caller = token->second;
  }
  record.peer = caller.peer;
  record.resource = row == nullptr ? "" : CutText(ResourceOf(*row, request), kResourceShown);
  record.reason = CutText(AuditWordsOf(request), kWordsShown);
  record.mutates = row == nullptr || row->mutates;
  if (record.admitted) {
    try {
      record.status = CheckTimes(request);
      if (record.status.ok()) record.status = context.audit.Begin(record);
      if (record.status.ok()) record.status = handle(caller, record.detail);
    } catch (const std::exception& error) {
      record.status = absl::InternalError(CutText(error.what(), 300));
    }
  }
  // Its record keeps the thread a little longer, and nobody else from the warehouse.
  admission.outside = {};
  admission.connection = {};
  record.duration = std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.MonoNow() - begin);
  RecordCall(context, record);
  return ToGrpc(record.status);
}

absl::StatusOr<ingest::PageOf<ingest::Resource>> ListInScope(ingest::StateStore& store, const Caller& caller,
                                                             ingest::ResourceKind kind, const std::string& after,
                                                             int limit) {
  if (!caller.principal.limited()) return store.ListResources(kind, after, limit);
  ingest::PageOf<ingest::Resource> seen;
  std::string from = after;
  do {
    CDI_ASSIGN_OR_RETURN(ingest::PageOf<ingest::Resource> page, store.ListResources(kind, from, kResourcesPerLook));
    for (ingest::Resource& resource : page.items) {
      if (!caller.principal.Sees(resource.name)) continue;
      if (seen.items.size() == static_cast<size_t>(limit)) {
        seen.next = seen.items.back().name;
        return seen;
      }
      seen.items.push_back(std::move(resource));
    }
    from = page.next;
  } while (!from.empty());
  return seen;
}

}  // namespace cdi::server
