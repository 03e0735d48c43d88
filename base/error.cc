#include "base/error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace cdi {
namespace {

constexpr std::string_view kReasonUrl = "cdi/reason";
constexpr std::string_view kDetailPrefix = "cdi/detail/";

absl::string_view Absl(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorDetails& details) {
  absl::Status status(code, Absl(message));
  status.SetPayload(Absl(kReasonUrl), absl::Cord(Absl(reason)));
  for (const auto& [key, value] : details) {
    status.SetPayload(absl::StrCat(Absl(kDetailPrefix), key), absl::Cord(value));
  }
  return status;
}

absl::Status InvalidField(std::string_view field, std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message, {{"field", std::string(field)}});
}

std::string ErrorReason(const absl::Status& status) {
  const auto payload = status.GetPayload(Absl(kReasonUrl));
  return payload ? std::string(*payload) : std::string();
}

ErrorDetails ErrorDetailsOf(const absl::Status& status) {
  ErrorDetails details;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    const std::string_view key(url.data(), url.size());
    if (key.starts_with(kDetailPrefix)) {
      details.emplace(std::string(key.substr(kDetailPrefix.size())), std::string(value));
    }
  });
  return details;
}

}  // namespace cdi
