// Reply bodies of the query endpoints: results, errors, "still running" (spec/snowflake.md §3.3, §3.6, §3.7).
#pragma once

#include <string>

#include "nlohmann/json_fwd.hpp"
#include "tests/snowflake_mock/server/http/query_jobs.h"

namespace cdi::snowflake_mock {

class Service;

// The reply for a finished job. Chunk URLs begin with `base_url` (http://host:port).
std::string FinishedReply(Service& service, QueryJob& job, const std::string& base_url);
// 333333 (running) or 333334 (asynchronous).
std::string RunningReply(Service& service, const QueryJob& job, bool asynchronous);
// {"data":…,"code":…,"message":…,"success":…}
std::string PlainReply(bool success, const std::string& code, const std::string& message,
                       const nlohmann::ordered_json& data);
std::string PlainReply(bool success, const std::string& code, const std::string& message);  // data: null

}  // namespace cdi::snowflake_mock
