// Messages as JSON for programs: protobuf's own mapping (protobuf.dev/programming-guides/json, read 2026-11) with the
// field names of the .proto files, so that they match field masks and error reports, and with fields of value zero
// present. 64-bit numbers are text, as that mapping says; times are RFC 3339; durations "60s".
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "absl/status/statusor.h"

namespace cdi::cli {

enum class JsonForm { kIndented, kOneLine };

// Ends with a line break. INTERNAL when the message holds a packed message of a type this program does not know.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, JsonForm form);

}  // namespace cdi::cli
