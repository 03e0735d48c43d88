// Applies an update's field mask: only the paths it names change.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include "absl/status/status.h"

namespace cdi::server {

// Copies the masked fields of `from` into `to`. INVALID_ARGUMENT for an empty mask, an unknown path, or a path not in
// `mutable_paths`
// ("x" allows "x" and everything below it).
absl::Status ApplyMask(const google::protobuf::FieldMask& mask, const google::protobuf::Message& from,
                       const std::vector<std::string_view>& mutable_paths, google::protobuf::Message& to);

// True when the mask names one of the paths, something below one of them, or a parent of one.
bool MaskTouches(const google::protobuf::FieldMask& mask, const std::vector<std::string_view>& paths);

}  // namespace cdi::server
