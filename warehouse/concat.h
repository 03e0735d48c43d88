// Joins pieces of text and integers. absl::StrCat does not take std::string_view where abseil has its own (Debian 12).
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace cdi::warehouse {

inline void AppendPart(std::string& text, std::string_view part) {
  text.append(part);
}
template <std::integral Number>
void AppendPart(std::string& text, Number number) {
  text.append(std::to_string(number));
}

template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  (AppendPart(text, parts), ...);
  return text;
}

template <typename... Parts>
void AppendTo(std::string& text, const Parts&... parts) {
  (AppendPart(text, parts), ...);
}

}  // namespace cdi::warehouse
