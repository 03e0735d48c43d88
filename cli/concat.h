// Concat("a", view, 5): text and whole numbers joined. abseil's StrCat would do, but Debian builds abseil with its own
// string_view, which std::string_view does not convert to.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace cdi::cli {

namespace internal {
inline void AppendPart(std::string& text, std::string_view part) {
  text += part;
}
template <std::integral Number>
void AppendPart(std::string& text, Number number) {
  text += std::to_string(number);
}
}  // namespace internal

template <class... Parts>
void Append(std::string& text, const Parts&... parts) {
  (internal::AppendPart(text, parts), ...);
}

template <class... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  Append(text, parts...);
  return text;
}

}  // namespace cdi::cli
