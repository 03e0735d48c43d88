// The shapes of single values: addresses, numbers, times, lengths.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"

namespace cdi::braze_mock {

inline constexpr size_t kStringCharsMax = 255;

// One @, a local part and a dotted domain, no blanks: what a plausibility check takes, not RFC 5322.
bool IsEmail(std::string_view text);

// E.164: `+` (may be missing where `plus_optional`), then 7 to 15 digits, the first not 0.
bool IsPhone(std::string_view text, bool plus_optional);

// ISO 8601 (also without zone, read as UTC; also a date alone, its midnight), or Braze's own
// yyyy-MM-dd'T'HH:mm:ss:SSSZ.
std::optional<Timestamp> ParseTime(std::string_view text);

// Length in characters (code points) of valid UTF-8.
size_t CountChars(std::string_view text);
// The first `chars` characters of valid UTF-8.
std::string_view FirstChars(std::string_view text, size_t chars);

}  // namespace cdi::braze_mock
