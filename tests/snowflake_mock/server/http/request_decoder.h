// From bytes to values: what clients send, checked. Plain functions without HTTP, engine or account, so that a fuzz
// target can drive them.
//
// Everything wrong is one answer, 390400, as Snowflake gives it; nothing here throws or recurses.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/account/login.h"
#include "tests/snowflake_mock/server/http/http_message.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

struct QueryRequest {
  std::string request_id;
  std::string sql;
  bool describe_only = false;
  bool asynchronous = false;
  std::map<std::string, std::string> parameters;  // of this statement only; names in upper case
  // One row of bindings, or with array bindings one per execution. Empty without bindings.
  std::vector<std::vector<Binding>> binding_rows;
  bool array_bound = false;
  bool has_bindings = false;  // `bindings` was there, perhaps empty
};

absl::StatusOr<LoginRequest> DecodeLogin(const HttpRequest& request);
absl::StatusOr<QueryRequest> DecodeQuery(const HttpRequest& request);
// The requestId to cancel, of the body of an abort-request.
absl::StatusOr<std::string> DecodeAbort(const HttpRequest& request);
// The token of `Authorization: Snowflake Token="…"`; empty when there is none.
std::string TokenOf(const HttpRequest& request);

// True when `json` nests no deeper than `depth_max`: asked before anything that might recurse over it.
bool NestsWithin(std::string_view json, int depth_max);
// 390400
absl::Status BadRequest();

}  // namespace cdi::snowflake_mock
