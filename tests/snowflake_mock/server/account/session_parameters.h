// Session parameters the mock knows: some act (STATEMENT_TIMEOUT_IN_SECONDS, QUERY_TAG), the rest are kept and told
// back.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "nlohmann/json_fwd.hpp"

namespace cdi::snowflake_mock {

bool IsSessionParameter(const std::string& name);
// 000002 for a value that would change results in a way the mock does not follow (TIMEZONE other than UTC).
absl::Status CheckSessionParameter(const std::string& name, const std::string& value);
// The `parameters` array of replies: formats, time zone, and what the session set.
nlohmann::ordered_json ParametersReply(const std::map<std::string, std::string>& set);

}  // namespace cdi::snowflake_mock
