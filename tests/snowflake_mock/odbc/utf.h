// UTF-8 inside the driver, UTF-16 towards the driver manager (SQLWCHAR has two bytes under unixODBC).
//
// Text that is not valid becomes U+FFFD; nothing here fails. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace cdi::sfodbc {

std::string ToUtf8(std::u16string_view text);
std::u16string ToUtf16(std::string_view text);

// Writes as many UTF-16 units of `text` as `capacity` allows; returns how many there are in all.
size_t WriteUtf16(std::string_view text, char16_t* out, size_t capacity);

// Appends one code point as UTF-8.
void AppendUtf8(char32_t code_point, std::string& out);

}  // namespace cdi::sfodbc
