#include "server/time_fields.h"

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/timestamp.h"

namespace cdi::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int32_t kNanosMax = 999'999'999;

absl::Status CheckTime(const google::protobuf::Timestamp& time, const std::string& field) {
  static const int64_t kFirst = Timestamp::FromCivil(1, 1, 1, 0, 0, 0, 0).seconds;
  static const int64_t kLast = Timestamp::FromCivil(9999, 12, 31, 23, 59, 59, 0).seconds;
  if (time.nanos() < 0 || time.nanos() > kNanosMax) {
    return InvalidField(field, absl::StrCat(field, ".nanos must be 0..999999999; got ", time.nanos()));
  }
  if (time.seconds() >= kFirst && time.seconds() <= kLast) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(field, ".seconds must lie in the years 1 to 9999; got ", time.seconds()));
}

absl::Status CheckBelow(const Message& message, const std::string& path) {
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    google::protobuf::Timestamp time;
    time.CopyFrom(message);
    return CheckTime(time, path);
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string name = path.empty() ? field->name() : absl::StrCat(path, ".", field->name());
    if (!field->is_repeated()) {
      CDI_RETURN_IF_ERROR(CheckBelow(reflection.GetMessage(message, field), name));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      CDI_RETURN_IF_ERROR(CheckBelow(reflection.GetRepeatedMessage(message, field, i), name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTimes(const Message& request) {
  return CheckBelow(request, "");
}

}  // namespace cdi::server
