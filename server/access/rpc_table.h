// The one table of what each call needs: RPC × least role × how the request names its resource.
//
// What has no row is refused. rpc_table_test.cc compares the table with the proto descriptors: an RPC without a row, a
// row without an RPC and a field that a request does not have each fail the build's tests.
#pragma once

#include <google/protobuf/message.h>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/access/principal.h"

namespace cdi::server {

// How a request names the resource that scopes are about.
enum class Naming : uint8_t {
  kField,       // `field` holds its name: "name", "connection.name"
  kNewId,       // `collection` and the id in `field`: "connections/" and "connection_id"
  kCollection,  // a list: the handler leaves out what is not in scope
  kNothing,     // no resource of its own: refused to a principal that is limited to some
};

// What a call waits for. It holds its thread as long, so such calls are bounded (call_limits.h).
enum class Reach : uint8_t {
  kHere,     // nothing outside of this process
  kOutside,  // a warehouse or Braze
  kLook,     // a login to the connection's warehouse: one look at a time
  kTest,     // a test or preview of a connection or workspace: one at a time, few a minute, as it spends their money
};

struct RpcRow {
  std::string_view service;  // "SyncService", of package cdi.v1; "HTTP" for a path of the metrics port
  std::string_view method;   // unique over all services
  Role least = Role::kAdmin;
  Naming naming = Naming::kNothing;
  std::string_view field = {};  // with kNothing: for the audit alone
  std::string_view collection = {};
  // Changes state here or elsewhere: audited.
  bool mutates = false;
  // Further fields that name resources when they are set; in scope as well.
  std::array<std::string_view, 2> also = {};
  Reach reach = Reach::kHere;
  // Stays open: holds a handler's thread.
  bool stream = false;
  // A field of the request, true or false: when true, the call stays here whatever `reach` says.
  std::string_view stays_here_if = {};
};

std::span<const RpcRow> RpcTable();
// nullptr for a method without a row.
const RpcRow* FindRpc(std::string_view method);

// The resource that a request names by its row; "" when it names none (a creation that leaves the id to the server).
std::string ResourceOf(const RpcRow& row, const google::protobuf::Message& request);
// What this request waits for, by its row.
Reach ReachOf(const RpcRow& row, const google::protobuf::Message& request);
// What of a request its audit lines say beside the resource: the field `reason`; of CreateToken, what the token may do.
// "" where there is neither. Never a secret.
std::string AuditWordsOf(const google::protobuf::Message& request);
// What it names in the fields of `also`, as far as they are set.
std::vector<std::string> OtherResourcesOf(const RpcRow& row, const google::protobuf::Message& request);

}  // namespace cdi::server
