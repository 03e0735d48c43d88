// Every RPC with every role, over a real server: what the table refuses is refused and changes nothing (I10), what it
// allows gets to its handler.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "cdi/v1/access.grpc.pb.h"
#include "cdi/v1/audit.grpc.pb.h"
#include "cdi/v1/connection.grpc.pb.h"
#include "cdi/v1/key_pair.grpc.pb.h"
#include "cdi/v1/run.grpc.pb.h"
#include "cdi/v1/sync.grpc.pb.h"
#include "cdi/v1/workspace.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/access/rpc_table.h"
#include "tests/integration/access_site.h"

namespace cdi::server {
namespace {

using google::protobuf::Message;

// Requests that would change something if they came through: text of the message, by method. A method without one gets
// the resource that its row names.
const std::map<std::string_view, std::string_view> kRequests = {
    {"CreateConnection", R"(connection_id: "new" connection { snowflake { account: "ORG-NEW" user: "U" } })"},
    {"UpdateConnection",
     R"(connection { name: "connections/main" display_name: "x" } update_mask { paths: "display_name" })"},
    {"GenerateKeyPair", R"(connection: "connections/main" key_pair_id: "k9" key_bits: 2048)"},
    {"RevokeKeyPair", R"(name: "connections/main/keyPairs/k1" reason: "r")"},
    {"CreateWorkspace",
     R"(workspace_id: "new" workspace { endpoint: "https://rest.iad-01.braze.com" api_key: "canary" })"},
    {"UpdateWorkspace",
     R"(workspace { name: "workspaces/eu" display_name: "x" } update_mask { paths: "display_name" })"},
    {"CreateSync", R"(sync_id: "new" sync { data_type: EVENTS })"},
    {"UpdateSync", R"(sync { name: "syncs/shop" display_name: "x" } update_mask { paths: "display_name" })"},
    {"RewindSync", R"(name: "syncs/shop" reason: "r")"},
    {"ReleaseHeldRows", R"(parent: "syncs/shop" reason: "r")"},
    {"DiscardHeldRows", R"(parent: "syncs/shop" reason: "r")"},
    {"CreateToken", R"(token_id: "new" token { role: ADMIN })"},
    {"RevokeToken", R"(name: "tokens/victim" reason: "r")"},
};

const google::protobuf::MethodDescriptor* MethodOf(const RpcRow& row) {
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("cdi.v1." + std::string(row.service));
  return service == nullptr ? nullptr : service->FindMethodByName(std::string(row.method));
}

// A resource that is there, as the row's field wants one.
std::string ExistingResource(const RpcRow& row) {
  if (row.field == "connection" || row.service == "ConnectionService") return "connections/main";
  if (row.service == "KeyPairService") return "connections/main/keyPairs/k1";
  if (row.service == "WorkspaceService") return "workspaces/eu";
  if (row.service == "AccessService") return "tokens/victim";
  const bool of_run = row.service == "RunService" && row.field == "name";
  return of_run ? "syncs/shop/runs/r1" : "syncs/shop";
}

class AccessMatrixTest : public testing::Test {
 protected:
  AccessMatrixTest() : site_({}) {
    for (const char* role : {"viewer", "operator", "admin"}) tokens_[role] = site_.MakeToken(role, role);
    site_.MakeToken("victim", "viewer");
    site_.Start();
    SetUpResources();
  }

  template <typename Request, typename Response, typename Stub>
  void Do(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Stub& stub, const char* text) {
    Request request;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request));
    Response response;
    grpc::ClientContext context;
    AddToken(context, tokens_["admin"]);
    const grpc::Status status = (stub.*method)(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  void SetUpResources() {
    const auto channel = site_.Channel();
    const auto connections = v1::ConnectionService::NewStub(channel);
    Do(&v1::ConnectionService::Stub::CreateConnection, *connections,
       R"(connection_id: "main" connection { snowflake { account: "ORG-ACC" user: "U" } })");
    const auto pairs = v1::KeyPairService::NewStub(channel);
    Do(&v1::KeyPairService::Stub::GenerateKeyPair, *pairs,
       R"(connection: "connections/main" key_pair_id: "k1" key_bits: 2048)");
    const auto workspaces = v1::WorkspaceService::NewStub(channel);
    Do(&v1::WorkspaceService::Stub::CreateWorkspace, *workspaces,
       R"(workspace_id: "eu" workspace { endpoint: "https://rest.fra-01.braze.eu" api_key: "k" })");
    const auto syncs = v1::SyncService::NewStub(channel);
    Do(&v1::SyncService::Stub::CreateSync, *syncs, R"(sync_id: "shop" sync { data_type: EVENTS })");
  }

  // The secret of an admin's token that is limited to these.
  std::string MakeScoped(const std::string& id, std::initializer_list<const char*> scopes) {
    grpc::ClientContext context;
    AddToken(context, tokens_["admin"]);
    v1::CreateTokenRequest request;
    request.set_token_id(id);
    request.mutable_token()->set_role(v1::ADMIN);
    for (const char* scope : scopes) request.mutable_token()->add_scopes(scope);
    v1::CreateTokenResponse made;
    const grpc::Status status = v1::AccessService::NewStub(site_.Channel())->CreateToken(&context, request, &made);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return made.secret();
  }

  // The details of the audit lines of `verb` about `name`.
  std::string AuditOf(const std::string& verb, const std::string& name) {
    grpc::ClientContext context;
    AddToken(context, tokens_["admin"]);
    v1::ListAuditEntriesRequest request;
    request.set_verb(verb);
    request.set_name(name);
    v1::ListAuditEntriesResponse list;
    const grpc::Status status = v1::AuditService::NewStub(site_.Channel())->ListAuditEntries(&context, request, &list);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::string details;
    for (const v1::AuditEntry& entry : list.entries()) details += entry.detail() + "\n";
    return details;
  }

  static void AddToken(grpc::ClientContext& context, const std::string& token) {
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  }

  // Calls without any generated stub; answers the status of the call.
  grpc::Status Call(const RpcRow& row, const Message& request, const std::string& token) {
    grpc::GenericStub stub(site_.Channel());
    grpc::ClientContext context;
    AddToken(context, token);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{60});
    grpc::CompletionQueue queue;
    const std::string path = "/cdi.v1." + std::string(row.service) + "/" + std::string(row.method);
    const grpc::Slice slice(request.SerializeAsString());
    const auto call = stub.PrepareCall(&context, path, &queue);
    call->StartCall(&queue);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), &queue);
    queue.Next(&tag, &ok);
    // The status comes behind the messages: they are read, whatever they say.
    for (grpc::ByteBuffer response; ok;) {
      call->Read(&response, &queue);
      queue.Next(&tag, &ok);
    }
    grpc::Status status;
    call->Finish(&status, &queue);
    queue.Next(&tag, &ok);
    return status;
  }

  std::unique_ptr<Message> RequestOf(const RpcRow& row, const std::string& resource) {
    const auto* input = MethodOf(row)->input_type();
    std::unique_ptr<Message> request(google::protobuf::MessageFactory::generated_factory()->GetPrototype(input)->New());
    const auto text = kRequests.find(row.method);
    if (text != kRequests.end() && resource.empty()) {
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(text->second), request.get()));
    } else if (row.naming == Naming::kField && row.field.find('.') == std::string_view::npos) {
      request->GetReflection()->SetString(request.get(), input->FindFieldByName(std::string(row.field)),
                                          resource.empty() ? ExistingResource(row) : resource);
    }
    return request;
  }

  // All that an admin can read of the state.
  std::string State() {
    std::string state;
    for (const RpcRow& row : RpcTable()) {
      if (row.method.starts_with("List") && row.least < Role::kAdmin && !row.method.starts_with("ListTables")) {
        state += ReadAll(row);
      }
    }
    return state + ReadAll(*FindRpc("ListTokens"));
  }

  std::string ReadAll(const RpcRow& row) {
    grpc::GenericStub stub(site_.Channel());
    grpc::ClientContext context;
    AddToken(context, tokens_["admin"]);
    grpc::CompletionQueue queue;
    const grpc::Slice slice(RequestOf(row, "")->SerializeAsString());
    const grpc::ByteBuffer request(&slice, 1);
    const auto call = stub.PrepareUnaryCall(
        &context, "/cdi.v1." + std::string(row.service) + "/" + std::string(row.method), request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, &queue);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    EXPECT_TRUE(status.ok()) << row.method << ": " << status.error_message();
    grpc::Slice bytes;
    EXPECT_TRUE(response.DumpToSingleSlice(&bytes).ok());
    return std::string(row.method) + "=" + std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  }

  AccessSite site_;
  std::map<std::string, std::string> tokens_ = {{"none", ""}, {"unknown", "cdi_" + std::string(43, 'A')}};
};

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  rpc.ParseFromString(status.error_details());
  google::rpc::ErrorInfo info;
  for (const auto& detail : rpc.details()) detail.UnpackTo(&info);
  return info.reason();
}

bool Refused(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::PERMISSION_DENIED ||
         status.error_code() == grpc::StatusCode::UNAUTHENTICATED;
}

TEST_F(AccessMatrixTest, RefusesWhatTheTableRefusesAndThatChangesNothing) {
  const std::map<std::string, Role> roles = {
      {"none", Role::kNone}, {"unknown", Role::kNone}, {"viewer", Role::kViewer}, {"operator", Role::kOperator}};
  for (const auto& [name, role] : roles) {
    // The use of a token is noted once a day; that is done before the state is looked at.
    Call(*FindRpc("ListSyncs"), v1::ListSyncsRequest(), tokens_[name]);
  }
  const std::string before = State();
  int refused = 0;
  for (const RpcRow& row : RpcTable()) {
    if (row.service == "HTTP") continue;
    for (const auto& [name, role] : roles) {
      if (role >= row.least) continue;
      const grpc::Status status = Call(row, *RequestOf(row, ""), tokens_[name]);
      const std::string wanted = name == "none"      ? "CREDENTIALS_MISSING"
                                 : name == "unknown" ? "TOKEN_INVALID"
                                                     : "ROLE_TOO_LOW";
      EXPECT_TRUE(Refused(status)) << row.method << " as " << name;
      EXPECT_EQ(ReasonOf(status), wanted) << row.method << " as " << name;
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_EQ(State(), before);
}

TEST_F(AccessMatrixTest, AllowsWhatTheTableAllows) {
  const std::map<std::string, Role> roles = {
      {"viewer", Role::kViewer}, {"operator", Role::kOperator}, {"admin", Role::kAdmin}};
  for (const RpcRow& row : RpcTable()) {
    if (row.service == "HTTP") continue;
    for (const auto& [name, role] : roles) {
      if (role < row.least) continue;
      // A resource that is not there: the handler says so, and no test of one changes the next.
      const grpc::Status status = Call(row, *RequestOf(row, "syncs/nobody"), tokens_[name]);
      EXPECT_FALSE(Refused(status)) << row.method << " as " << name << ": " << status.error_message();
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNAVAILABLE) << row.method;
    }
  }
}

TEST_F(AccessMatrixTest, AScopedTokenSeesItsOwnAndNothingElse) {
  const std::string scoped = MakeScoped("scoped", {"syncs/shop"});
  const auto as_scoped = [&](const char* method, const char* resource) {
    return ReasonOf(Call(*FindRpc(method), *RequestOf(*FindRpc(method), resource), scoped));
  };
  EXPECT_EQ(as_scoped("GetSync", "syncs/shop"), "");
  EXPECT_EQ(as_scoped("GetSync", "syncs/other"), "OUT_OF_SCOPE");
  EXPECT_EQ(as_scoped("GetConnection", "connections/main"), "OUT_OF_SCOPE");
  EXPECT_EQ(as_scoped("ListTokens", ""), "OUT_OF_SCOPE");
  EXPECT_EQ(as_scoped("CreateToken", ""), "OUT_OF_SCOPE");
  const auto syncs = v1::SyncService::NewStub(site_.Channel());
  Do(&v1::SyncService::Stub::CreateSync, *syncs, R"(sync_id: "other" sync { data_type: EVENTS })");
  grpc::ClientContext list;
  AddToken(list, scoped);
  v1::ListSyncsResponse seen;
  ASSERT_TRUE(syncs->ListSyncs(&list, v1::ListSyncsRequest(), &seen).ok());
  ASSERT_EQ(seen.syncs_size(), 1);
  EXPECT_EQ(seen.syncs(0).name(), "syncs/shop");
}

// Who has a sync alone in scope reads what was chosen for it, not what else the connection's role may read.
TEST_F(AccessMatrixTest, ChoosingWhatASyncReadsTakesItsConnectionInScope) {
  const auto syncs = v1::SyncService::NewStub(site_.Channel());
  Do(&v1::SyncService::Stub::UpdateSync, *syncs,
     R"(sync { name: "syncs/shop" connection: "connections/main" table: "A" } update_mask { paths: "connection" paths: "table" })");
  const std::string narrow = MakeScoped("narrow", {"syncs/shop"});
  const std::string wide = MakeScoped("wide", {"syncs/shop", "connections/main"});
  const RpcRow& row = *FindRpc("UpdateSync");
  for (const char* path : {"connection", "database", "schema", "table", "role", "warehouse"}) {
    v1::UpdateSyncRequest request;
    request.mutable_sync()->set_name("syncs/shop");
    request.mutable_update_mask()->add_paths(path);
    if (std::string_view(path) == "connection") request.mutable_sync()->set_connection("connections/main");
    EXPECT_EQ(ReasonOf(Call(row, request, narrow)), "OUT_OF_SCOPE") << path;
    EXPECT_EQ(ReasonOf(Call(row, request, wide)), "") << path;
  }
  // Nor by taking it off its connection first.
  v1::UpdateSyncRequest detach;
  detach.mutable_sync()->set_name("syncs/shop");
  detach.mutable_update_mask()->add_paths("connection");
  EXPECT_EQ(ReasonOf(Call(row, detach, narrow)), "OUT_OF_SCOPE");
  v1::UpdateSyncRequest request;
  request.mutable_sync()->set_name("syncs/shop");
  request.mutable_update_mask()->add_paths("display_name");
  EXPECT_EQ(ReasonOf(Call(row, request, narrow)), "");
}

TEST_F(AccessMatrixTest, ARevokedTokenIsRefusedFromThenOn) {
  const RpcRow& row = *FindRpc("ListSyncs");
  EXPECT_TRUE(Call(row, v1::ListSyncsRequest(), tokens_["viewer"]).ok());
  const auto access = v1::AccessService::NewStub(site_.Channel());
  Do(&v1::AccessService::Stub::RevokeToken, *access, R"(name: "tokens/viewer" reason: "left")");
  EXPECT_EQ(ReasonOf(Call(row, v1::ListSyncsRequest(), tokens_["viewer"])), "TOKEN_REVOKED");
}

TEST_F(AccessMatrixTest, WhatATokenMayDoAndWhyItEndedStandsInTheAuditAndARefusedCallNamesIt) {
  MakeScoped("scoped", {"syncs/shop"});
  const auto access = v1::AccessService::NewStub(site_.Channel());
  Do(&v1::AccessService::Stub::RevokeToken, *access, R"(name: "tokens/scoped" reason: "left")");
  Call(*FindRpc("RevokeToken"), *RequestOf(*FindRpc("RevokeToken"), ""), tokens_["operator"]);
  Call(*FindRpc("CreateToken"), *RequestOf(*FindRpc("CreateToken"), ""), tokens_["operator"]);
  const std::string created = AuditOf("CreateToken", "tokens/scoped");
  EXPECT_NE(created.find(": role ADMIN, scopes syncs/shop"), std::string::npos) << created;
  const std::string revoked = AuditOf("RevokeToken", "tokens/scoped");
  EXPECT_NE(revoked.find(": left"), std::string::npos) << revoked;
  EXPECT_NE(AuditOf("RevokeToken", "tokens/victim").find("ROLE_TOO_LOW"), std::string::npos);
  EXPECT_NE(AuditOf("CreateToken", "tokens/new").find("ROLE_TOO_LOW"), std::string::npos);
}

TEST(AnonymousTest, IsRefusedUnlessTheConfigurationGivesItARole) {
  for (const bool allowed : {false, true}) {
    AccessSite site({.anonymous_role = allowed ? "viewer" : ""});
    site.Start();
    grpc::ClientContext context;
    v1::ListSyncsResponse list;
    const auto syncs = v1::SyncService::NewStub(site.Channel());
    const grpc::Status status = syncs->ListSyncs(&context, v1::ListSyncsRequest(), &list);
    EXPECT_EQ(status.ok(), allowed) << status.error_message();
    grpc::ClientContext second;
    v1::Sync sync;
    const grpc::Status changing = syncs->CreateSync(&second, v1::CreateSyncRequest(), &sync);
    EXPECT_EQ(ReasonOf(changing), allowed ? "ROLE_TOO_LOW" : "CREDENTIALS_MISSING");
  }
}

TEST(UnixSocketTest, IsForItsOwnerAlone) {
  AccessSite site({.anonymous_role = "viewer", .unix_socket = true});
  site.Start();
  EXPECT_EQ(site.SocketMode(), 0600);
  grpc::ClientContext context;
  v1::ListSyncsResponse list;
  const auto syncs = v1::SyncService::NewStub(site.Channel());
  EXPECT_TRUE(syncs->ListSyncs(&context, v1::ListSyncsRequest(), &list).ok());
}

}  // namespace
}  // namespace cdi::server
