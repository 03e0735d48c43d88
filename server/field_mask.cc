#include "server/field_mask.h"

#include <google/protobuf/util/field_mask_util.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/text.h"

namespace cdi::server {
namespace {

using google::protobuf::util::FieldMaskUtil;

bool Covers(std::string_view parent, std::string_view path) {
  return path == parent || (path.starts_with(parent) && path[parent.size()] == '.');
}

}  // namespace

absl::Status ApplyMask(const google::protobuf::FieldMask& mask, const google::protobuf::Message& from,
                       const std::vector<std::string_view>& mutable_paths, google::protobuf::Message& to) {
  if (mask.paths().empty()) {
    return InvalidField("update_mask", "update_mask is empty: name the fields to change, for example display_name");
  }
  for (const std::string& path : mask.paths()) {
    if (!FieldMaskUtil::GetFieldDescriptors(from.GetDescriptor(), path, nullptr)) {
      return InvalidField("update_mask", absl::StrCat("update_mask names ", JsonQuote(CutText(path, 100)),
                                                      ", which is no field of ", from.GetDescriptor()->name()));
    }
    const bool allowed = std::any_of(mutable_paths.begin(), mutable_paths.end(),
                                     [&](std::string_view allowed_path) { return Covers(allowed_path, path); });
    if (!allowed) {
      return InvalidField("update_mask",
                          absl::StrCat(path, " cannot be changed; what can: ",
                                       absl::StrJoin(mutable_paths, ", ",
                                                     [](std::string* out, std::string_view p) { out->append(p); })));
    }
  }
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(from, mask, options, &to);
  return absl::OkStatus();
}

bool MaskTouches(const google::protobuf::FieldMask& mask, const std::vector<std::string_view>& paths) {
  for (const std::string& path : mask.paths()) {
    for (const std::string_view other : paths) {
      if (Covers(other, path) || Covers(path, other)) return true;
    }
  }
  return false;
}

}  // namespace cdi::server
