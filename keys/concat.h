// Internal to keys/: absl::StrCat for std::string_view. Debian builds abseil with a string_view of its own, to which
// the standard's does not convert.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace cdi::keys {

inline absl::string_view ToAbsl(std::string_view text) {
  return {text.data(), text.size()};
}

template <typename... Parts>
std::string Concat(const Parts&... parts) {
  const auto part = [](const auto& value) -> decltype(auto) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string_view>) {
      return ToAbsl(value);
    } else {
      return (value);
    }
  };
  return absl::StrCat(part(parts)...);
}

}  // namespace cdi::keys
