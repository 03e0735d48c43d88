// The steps of a test as ✓ and ✗ lines.
#pragma once

#include <google/protobuf/repeated_field.h>

#include "cdi/v1/connection.pb.h"
#include "cli/console.h"

namespace cdi::cli {

// A step that failed shows what the server says about cause and fix, and its reason.
void ShowChecks(Console& console, const google::protobuf::RepeatedPtrField<v1::CheckResult>& checks);

}  // namespace cdi::cli
