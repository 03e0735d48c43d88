#include "cli/json.h"

#include <google/protobuf/util/json_util.h>

#include "cli/concat.h"

namespace cdi::cli {

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, JsonForm form) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = form == JsonForm::kIndented;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::InternalError(Concat("the answer cannot be printed as JSON: ", status.ToString()));
  if (json.empty() || json.back() != '\n') json += '\n';
  return json;
}

}  // namespace cdi::cli
