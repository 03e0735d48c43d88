#include "server/access/rpc_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cdi/v1/access.pb.h"

namespace cdi::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Whoever has a connection's key rotated by another connection's user needs both in scope.
constexpr std::array<std::string_view, 2> kRotator = {"connection.rotation.rotator_connection", ""};
constexpr std::array<std::string_view, 2> kSyncParts = {"sync.connection", "sync.workspace"};

// clang-format off
constexpr RpcRow kTable[] = {
    // Connections: what reaches into the warehouse needs an operator, what changes how we log in an admin.
    {"ConnectionService", "CreateConnection", Role::kAdmin, Naming::kNewId, "connection_id", "connections/", true, kRotator},
    {"ConnectionService", "GetConnection", Role::kViewer, Naming::kField, "name"},
    {"ConnectionService", "ListConnections", Role::kViewer, Naming::kCollection},
    {"ConnectionService", "UpdateConnection", Role::kAdmin, Naming::kField, "connection.name", {}, true, kRotator},
    {"ConnectionService", "DeleteConnection", Role::kAdmin, Naming::kField, "name", {}, true},
    {"ConnectionService", "TestConnection", Role::kOperator, Naming::kField, "name", {}, false, {}, Reach::kTest},
    {"ConnectionService", "ListTables", Role::kOperator, Naming::kField, "connection", {}, false, {}, Reach::kLook},
    {"ConnectionService", "DescribeTable", Role::kOperator, Naming::kField, "connection", {}, false, {}, Reach::kLook},

    {"KeyPairService", "GenerateKeyPair", Role::kAdmin, Naming::kField, "connection", {}, true},
    {"KeyPairService", "ImportKeyPair", Role::kAdmin, Naming::kField, "connection", {}, true},
    {"KeyPairService", "GetKeyPair", Role::kViewer, Naming::kField, "name"},
    {"KeyPairService", "ListKeyPairs", Role::kViewer, Naming::kField, "connection"},
    {"KeyPairService", "RevokeKeyPair", Role::kAdmin, Naming::kField, "name", {}, true},
    {"KeyPairService", "DeleteKeyPair", Role::kAdmin, Naming::kField, "name", {}, true},

    {"RotationService", "RotateKeyPair", Role::kAdmin, Naming::kField, "connection", {}, true, {}, Reach::kOutside},
    {"RotationService", "GetRotation", Role::kViewer, Naming::kField, "name"},
    {"RotationService", "ListRotations", Role::kViewer, Naming::kField, "connection"},
    {"RotationService", "ContinueRotation", Role::kAdmin, Naming::kField, "name", {}, true, {}, Reach::kOutside},
    {"RotationService", "RollBackRotation", Role::kAdmin, Naming::kField, "name", {}, true, {}, Reach::kOutside},
    {"RotationService", "EndDrain", Role::kAdmin, Naming::kField, "name", {}, true, {}, Reach::kOutside},
    {"RotationService", "PermitOverwrite", Role::kAdmin, Naming::kField, "name", {}, true, {}, Reach::kOutside},
    {"RotationService", "GetKeyStatus", Role::kOperator, Naming::kField, "connection", {}, false, {}, Reach::kLook, false, "offline"},

    {"WorkspaceService", "CreateWorkspace", Role::kAdmin, Naming::kNewId, "workspace_id", "workspaces/", true},
    {"WorkspaceService", "GetWorkspace", Role::kViewer, Naming::kField, "name"},
    {"WorkspaceService", "ListWorkspaces", Role::kViewer, Naming::kCollection},
    {"WorkspaceService", "UpdateWorkspace", Role::kAdmin, Naming::kField, "workspace.name", {}, true},
    {"WorkspaceService", "DeleteWorkspace", Role::kAdmin, Naming::kField, "name", {}, true},
    {"WorkspaceService", "TestWorkspace", Role::kOperator, Naming::kField, "name", {}, false, {}, Reach::kTest},

    // A sync carries rows from a connection to a workspace: whoever points it there needs both in scope.
    {"SyncService", "CreateSync", Role::kOperator, Naming::kNewId, "sync_id", "syncs/", true, kSyncParts},
    {"SyncService", "GetSync", Role::kViewer, Naming::kField, "name"},
    {"SyncService", "ListSyncs", Role::kViewer, Naming::kCollection},
    {"SyncService", "UpdateSync", Role::kOperator, Naming::kField, "sync.name", {}, true, kSyncParts},
    {"SyncService", "DeleteSync", Role::kOperator, Naming::kField, "name", {}, true},
    {"SyncService", "TestSync", Role::kOperator, Naming::kField, "name", {}, true, {}, Reach::kTest},
    {"SyncService", "PreviewSync", Role::kOperator, Naming::kField, "name", {}, false, {}, Reach::kTest},
    {"SyncService", "ActivateSync", Role::kOperator, Naming::kField, "name", {}, true},
    {"SyncService", "PauseSync", Role::kOperator, Naming::kField, "name", {}, true},
    {"SyncService", "RunSync", Role::kOperator, Naming::kField, "name", {}, true},
    {"SyncService", "RewindSync", Role::kOperator, Naming::kField, "name", {}, true},

    // Dead rows hold personal data, as previews do.
    {"RunService", "GetRun", Role::kViewer, Naming::kField, "name"},
    {"RunService", "ListRuns", Role::kViewer, Naming::kField, "sync"},
    {"RunService", "CancelRun", Role::kOperator, Naming::kField, "name", {}, true},
    {"RunService", "WatchRun", Role::kViewer, Naming::kField, "name", {}, false, {}, Reach::kHere, /*stream=*/true},
    {"RunService", "ListDeadRows", Role::kOperator, Naming::kField, "parent"},
    {"RunService", "ReplayDeadRows", Role::kOperator, Naming::kField, "parent", {}, true},
    {"RunService", "ReleaseHeldRows", Role::kOperator, Naming::kField, "parent", {}, true},
    {"RunService", "DiscardHeldRows", Role::kOperator, Naming::kField, "parent", {}, true},

    {"AccessService", "CreateToken", Role::kAdmin, Naming::kNothing, "token_id", "tokens/", true},
    {"AccessService", "ListTokens", Role::kAdmin, Naming::kNothing},
    {"AccessService", "GetToken", Role::kAdmin, Naming::kNothing, "name"},
    {"AccessService", "RevokeToken", Role::kAdmin, Naming::kNothing, "name", {}, true},

    // Whoever reads the audit sees what everybody did.
    {"AuditService", "ListAuditEntries", Role::kAdmin, Naming::kNothing},
    {"AuditService", "VerifyAudit", Role::kAdmin, Naming::kNothing},

    // Its labels name every sync.
    {"HTTP", "GET /metrics", Role::kViewer, Naming::kNothing},
};
// clang-format on

// The text at "sync.connection"; "" when the path leads nowhere.
std::string TextAt(const Message& message, std::string_view path) {
  const size_t dot = path.find('.');
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  if (field == nullptr || field->is_repeated()) return "";
  if (dot != std::string_view::npos) {
    if (field->type() != FieldDescriptor::TYPE_MESSAGE) return "";
    return TextAt(message.GetReflection()->GetMessage(message, field), path.substr(dot + 1));
  }
  if (field->type() != FieldDescriptor::TYPE_STRING) return "";
  return message.GetReflection()->GetString(message, field);
}

}  // namespace

std::span<const RpcRow> RpcTable() {
  return kTable;
}

const RpcRow* FindRpc(std::string_view method) {
  const auto* row =
      std::find_if(std::begin(kTable), std::end(kTable), [&](const RpcRow& r) { return r.method == method; });
  return row == std::end(kTable) ? nullptr : row;
}

std::string ResourceOf(const RpcRow& row, const Message& request) {
  if (row.field.empty()) return "";
  std::string text = TextAt(request, row.field);
  if (text.empty()) return text;
  return std::string(row.collection) + text;
}

Reach ReachOf(const RpcRow& row, const Message& request) {
  if (row.stays_here_if.empty()) return row.reach;
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(std::string(row.stays_here_if));
  const bool stays_here = field != nullptr && field->type() == FieldDescriptor::TYPE_BOOL &&
                          request.GetReflection()->GetBool(request, field);
  return stays_here ? Reach::kHere : row.reach;
}

std::string AuditWordsOf(const Message& request) {
  const auto* create = google::protobuf::DynamicCastToGenerated<v1::CreateTokenRequest>(&request);
  if (create == nullptr) return TextAt(request, "reason");
  const v1::Token& token = create->token();
  std::string words = v1::Role_IsValid(token.role()) ? absl::StrCat("role ", v1::Role_Name(token.role()))
                                                     : absl::StrCat("role ", static_cast<int>(token.role()));
  absl::StrAppend(&words, token.scopes().empty() ? ", all resources" : ", scopes ");
  return absl::StrCat(words, absl::StrJoin(token.scopes(), " "));
}

std::vector<std::string> OtherResourcesOf(const RpcRow& row, const Message& request) {
  std::vector<std::string> names;
  for (const std::string_view path : row.also) {
    if (path.empty()) continue;
    if (std::string name = TextAt(request, path); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace cdi::server
