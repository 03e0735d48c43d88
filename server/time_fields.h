// Points of time in requests: one check for all of them, so that none is stored that no answer could show.
#pragma once

#include <google/protobuf/message.h>

#include "absl/status/status.h"

namespace cdi::server {

// INVALID_FIELD naming the field ("token.expire_time") when a google.protobuf.Timestamp of `request`, at any depth, is
// none: nanos must be 0..999,999,999 and the year 1..9999 (timestamp.proto). A reader's JSON printer refuses anything
// else. Pure; any thread.
absl::Status CheckTimes(const google::protobuf::Message& request);

}  // namespace cdi::server
