// The table against the proto descriptors: nothing can be called that has no row.
#include "server/access/rpc_table.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "base/error.h"
#include "cdi/v1/access.pb.h"
#include "cdi/v1/connection.pb.h"
#include "cdi/v1/key_pair.pb.h"
#include "cdi/v1/rotation.pb.h"
#include "cdi/v1/run.pb.h"
#include "cdi/v1/sync.pb.h"
#include "cdi/v1/workspace.pb.h"
#include "server/access/access_control.h"
#include "server/config.h"

namespace cdi::server {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

// Every method of package cdi.v1 that this program was linked with: all of proto/cdi/v1, as the library is linked whole
// by the server.
std::map<std::string, const MethodDescriptor*> MethodsOfTheApi() {
  std::map<std::string, const MethodDescriptor*> methods;
  std::vector<std::string> files;
  google::protobuf::DescriptorPool::internal_generated_database()->FindAllFileNames(&files);
  for (const std::string& file : files) {
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file);
    if (descriptor == nullptr || descriptor->package() != "cdi.v1") continue;
    for (int s = 0; s < descriptor->service_count(); ++s) {
      for (int m = 0; m < descriptor->service(s)->method_count(); ++m) {
        const MethodDescriptor* method = descriptor->service(s)->method(m);
        methods[method->service()->name() + "/" + method->name()] = method;
      }
    }
  }
  return methods;
}

bool NamesAText(const Descriptor* message, std::string_view path) {
  const size_t dot = path.find('.');
  const FieldDescriptor* field = message->FindFieldByName(std::string(path.substr(0, dot)));
  if (field == nullptr || field->is_repeated()) return false;
  if (dot == std::string_view::npos) return field->type() == FieldDescriptor::TYPE_STRING;
  return field->message_type() != nullptr && NamesAText(field->message_type(), path.substr(dot + 1));
}

TEST(RpcTableTest, EveryRpcHasARowAndEveryRowAnRpc) {
  std::set<std::string> rows;
  for (const RpcRow& row : RpcTable()) {
    if (row.service == "HTTP") continue;
    EXPECT_TRUE(rows.insert(std::string(row.service) + "/" + std::string(row.method)).second) << row.method;
  }
  std::set<std::string> rpcs;
  for (const auto& [name, method] : MethodsOfTheApi()) rpcs.insert(name);
  EXPECT_GE(rpcs.size(), 41U);
  EXPECT_EQ(rows, rpcs);
}

TEST(RpcTableTest, MethodsAreNamedOnceOverAllServices) {
  std::set<std::string_view> methods;
  for (const RpcRow& row : RpcTable()) EXPECT_TRUE(methods.insert(row.method).second) << row.method;
}

TEST(RpcTableTest, EveryRowNamesFieldsThatItsRequestHas) {
  const auto methods = MethodsOfTheApi();
  for (const RpcRow& row : RpcTable()) {
    EXPECT_NE(row.least, Role::kNone) << row.method;
    if (row.service == "HTTP") continue;
    const auto found = methods.find(std::string(row.service) + "/" + std::string(row.method));
    ASSERT_NE(found, methods.end()) << row.method;
    const Descriptor* request = found->second->input_type();
    const bool needs_field = row.naming == Naming::kField || row.naming == Naming::kNewId;
    EXPECT_TRUE(!needs_field || !row.field.empty()) << row.method;
    EXPECT_TRUE(row.naming != Naming::kNewId || !row.collection.empty()) << row.method;
    if (!row.field.empty()) {
      EXPECT_TRUE(NamesAText(request, row.field)) << row.method;
    }
    for (const std::string_view also : row.also) {
      if (!also.empty()) {
        EXPECT_TRUE(NamesAText(request, also)) << row.method;
      }
    }
    EXPECT_EQ(row.stream, found->second->server_streaming()) << row.method;
    if (row.stays_here_if.empty()) continue;
    const FieldDescriptor* stays = request->FindFieldByName(std::string(row.stays_here_if));
    ASSERT_NE(stays, nullptr) << row.method;
    EXPECT_EQ(stays->type(), FieldDescriptor::TYPE_BOOL) << row.method;
  }
}

TEST(RpcTableTest, WhatReadsMutatesNothingAndWhatChangesIsAtLeastAnOperators) {
  for (const RpcRow& row : RpcTable()) {
    const bool reads =
        row.method.starts_with("Get") || row.method.starts_with("List") || row.method.starts_with("Watch");
    if (reads) {
      EXPECT_FALSE(row.mutates) << row.method;
    }
    if (row.mutates || row.reach != Reach::kHere) {
      EXPECT_GE(row.least, Role::kOperator) << row.method;
    }
  }
}

// Each of these logs in, or asks Braze, before it answers.
TEST(RpcTableTest, WhatWaitsForOthersIsBounded) {
  for (const char* method : {"GetKeyStatus", "ListTables", "DescribeTable"}) {
    EXPECT_EQ(FindRpc(method)->reach, Reach::kLook) << method;
  }
  for (const char* method : {"TestConnection", "TestSync", "PreviewSync", "TestWorkspace"}) {
    EXPECT_EQ(FindRpc(method)->reach, Reach::kTest) << method;
  }
  for (const char* method : {"RotateKeyPair", "ContinueRotation", "RollBackRotation", "EndDrain", "PermitOverwrite"}) {
    EXPECT_EQ(FindRpc(method)->reach, Reach::kOutside) << method;
  }
  v1::GetKeyStatusRequest request;
  EXPECT_EQ(ReachOf(*FindRpc("GetKeyStatus"), request), Reach::kLook);
  request.set_offline(true);
  EXPECT_EQ(ReachOf(*FindRpc("GetKeyStatus"), request), Reach::kHere);
}

TEST(ResourceOfTest, ReadsFieldsOfFieldsAndIdsToCome) {
  v1::UpdateSyncRequest update;
  update.mutable_sync()->set_name("syncs/shop");
  update.mutable_sync()->set_workspace("workspaces/eu");
  EXPECT_EQ(ResourceOf(*FindRpc("UpdateSync"), update), "syncs/shop");
  EXPECT_EQ(OtherResourcesOf(*FindRpc("UpdateSync"), update), std::vector<std::string>{"workspaces/eu"});
  v1::CreateConnectionRequest create;
  EXPECT_EQ(ResourceOf(*FindRpc("CreateConnection"), create), "");
  create.set_connection_id("main");
  EXPECT_EQ(ResourceOf(*FindRpc("CreateConnection"), create), "connections/main");
  v1::RevokeTokenRequest revoke;
  revoke.set_name("tokens/ci");
  EXPECT_EQ(ResourceOf(*FindRpc("RevokeToken"), revoke), "tokens/ci");
  v1::CreateTokenRequest token;
  token.set_token_id("ci");
  EXPECT_EQ(ResourceOf(*FindRpc("CreateToken"), token), "tokens/ci");
  EXPECT_EQ(FindRpc("NoSuchCall"), nullptr);
}

TEST(AuditWordsTest, SayWhyAndWhatATokenMayDo) {
  v1::RevokeTokenRequest revoke;
  revoke.set_reason("left");
  EXPECT_EQ(AuditWordsOf(revoke), "left");
  v1::CreateTokenRequest token;
  token.mutable_token()->set_display_name("nobody's business");
  token.mutable_token()->set_role(v1::ADMIN);
  EXPECT_EQ(AuditWordsOf(token), "role ADMIN, all resources");
  token.mutable_token()->set_role(static_cast<v1::Role>(99));
  token.mutable_token()->add_scopes("syncs/a");
  token.mutable_token()->add_scopes("connections/b");
  EXPECT_EQ(AuditWordsOf(token), "role 99, scopes syncs/a connections/b");
  EXPECT_EQ(AuditWordsOf(v1::GetSyncRequest()), "");
}

TEST(PrincipalTest, AScopeCoversWhatIsBelowItAndNothingBeside) {
  const Principal limited{"tokens/ci", Role::kOperator, {"syncs/shop"}};
  EXPECT_TRUE(limited.Sees("syncs/shop"));
  EXPECT_TRUE(limited.Sees("syncs/shop/runs/r1"));
  for (const char* other : {"syncs/shop2", "syncs/sho", "syncs", "connections/main", ""}) {
    EXPECT_FALSE(limited.Sees(other)) << other;
  }
  EXPECT_TRUE((Principal{"tokens/all", Role::kViewer, {}}.Sees("connections/main")));
}

class AuthorizeTest : public testing::Test {
 protected:
  AuthorizeTest()
      : config_(*ParseConfig("state_dir: /x\nmaster_key: {file: k}\nplaintext: true\n", "c")),
        access_(config_, nullptr, clock_) {}

  std::string Reason(const char* method, const Principal& principal, const std::vector<std::string>& resources) {
    return ErrorReason(access_.Authorize(*FindRpc(method), principal, resources));
  }

  SystemClock clock_;
  const config::v1::ServerConfig config_;
  AccessControl access_;
};

TEST_F(AuthorizeTest, AScopeIsHeldForEveryResourceNamed) {
  const Principal limited{"tokens/ci", Role::kAdmin, {"syncs/shop", "workspaces/eu"}};
  EXPECT_EQ(Reason("GetSync", limited, {"syncs/shop"}), "");
  EXPECT_EQ(Reason("GetSync", limited, {"syncs/other"}), "OUT_OF_SCOPE");
  EXPECT_EQ(Reason("UpdateSync", limited, {"syncs/shop", "workspaces/eu"}), "");
  EXPECT_EQ(Reason("UpdateSync", limited, {"syncs/shop", "workspaces/us"}), "OUT_OF_SCOPE");
  EXPECT_EQ(Reason("CreateSync", limited, {""}), "OUT_OF_SCOPE");
  EXPECT_EQ(Reason("GetSync", limited, {""}), "INVALID_FIELD");
  EXPECT_EQ(Reason("UpdateSync", limited, {""}), "INVALID_FIELD");
  EXPECT_EQ(Reason("ListSyncs", limited, {""}), "");
  EXPECT_EQ(Reason("GET /metrics", limited, {""}), "OUT_OF_SCOPE");
}

TEST_F(AuthorizeTest, NobodyHasNoLeave) {
  for (const RpcRow& row : RpcTable()) {
    EXPECT_EQ(ErrorReason(access_.Authorize(row, Principal{}, {"syncs/a"})), "ROLE_TOO_LOW") << row.method;
  }
}

}  // namespace
}  // namespace cdi::server
