// How the control API reads bodies and writes replies.
#pragma once

#include <string>

#include "nlohmann/json_fwd.hpp"
#include "tests/snowflake_mock/server/http/http_message.h"

namespace cdi::snowflake_mock {

HttpReply ControlReply(const nlohmann::ordered_json& body, int status = 200);
HttpReply ControlError(const std::string& message, int status = 400);
// null for what is no JSON.
nlohmann::json ControlBody(const HttpRequest& request);

}  // namespace cdi::snowflake_mock
