// Small text helpers that several folders need.
#pragma once

#include <string>
#include <string_view>

namespace cdi {

bool IsValidUtf8(std::string_view text);

// At most `bytes_max` bytes, cut at a character boundary, with "…" when something was cut. For messages and previews.
std::string CutText(std::string_view text, size_t bytes_max);

// The text inside double quotes with control characters, quotes and backslashes escaped as JSON does.
std::string JsonQuote(std::string_view text);

// The same without the quotes, appended to `out`.
void AppendJsonEscaped(std::string_view text, std::string& out);

}  // namespace cdi
