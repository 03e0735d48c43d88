// Machine facts on an absl::Status: a reason, and small key=value details. The message is for people, these are for
// programs; nothing ever parses the message.
//
// A reason is UPPER_SNAKE, listed in docs/errors.md (a test keeps both equal), and becomes google.rpc.ErrorInfo at the
// edge. Known detail keys: field (the request field at fault), sqlstate, native (the driver's code), login_failure
// (Snowflake's id of a refused login), http_status, batch, retry_after_ms.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cdi {

using ErrorDetails = std::map<std::string, std::string>;

// A status of `code` with `message` for people ("row_limit must be 1..1000; got 5000"), a reason and details.
absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorDetails& details = {});

// INVALID_ARGUMENT about one request field; reason INVALID_FIELD.
absl::Status InvalidField(std::string_view field, std::string_view message);

// "" when the status carries none.
std::string ErrorReason(const absl::Status& status);
ErrorDetails ErrorDetailsOf(const absl::Status& status);

}  // namespace cdi
