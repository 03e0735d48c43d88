// Helpers of the ODBC entry points (api_*.cc): which of them is seen from outside, and how text crosses the border.
//
// The entry points are wide (UTF-16); the driver manager converts for narrow applications. There is no SQLGetFunctions:
// the manager then looks at what is exported.
#pragma once

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/snowflake_mock/odbc/handle.h"
#include "tests/snowflake_mock/odbc/utf.h"

#define CDI_ODBC_EXPORT extern "C" __attribute__((visibility("default")))

namespace cdi::sfodbc {

// `length` in characters, or SQL_NTS.
inline std::string TakeText(const SQLWCHAR* text, SQLINTEGER length) {
  if (text == nullptr) return {};
  const auto* units = reinterpret_cast<const char16_t*>(text);  // NOLINT: SQLWCHAR is unsigned short
  return ToUtf8(length == SQL_NTS ? std::u16string_view(units)
                                  : std::u16string_view(units, static_cast<size_t>(length)));
}

// Writes `text` with its end into `capacity` bytes; the full length in bytes into `length`. False when it was cut.
template <typename Length>
bool PutTextBytes(std::string_view text, SQLPOINTER out, int64_t capacity, Length* length) {
  const std::u16string wide = ToUtf16(text);
  if (length != nullptr) *length = static_cast<Length>(2 * wide.size());
  if (out == nullptr) return true;
  const size_t units = static_cast<size_t>(std::max<int64_t>(capacity, 0)) / 2;
  if (units == 0) return false;
  const size_t kept = std::min(wide.size(), units - 1);
  std::memcpy(out, wide.data(), 2 * kept);
  std::memset(static_cast<char*>(out) + 2 * kept, 0, 2);
  return kept == wide.size();
}

// The same, counted in characters.
template <typename Length>
bool PutTextCharacters(std::string_view text, SQLWCHAR* out, int64_t capacity, Length* length) {
  const bool whole = PutTextBytes(text, out, 2 * capacity, length);
  if (length != nullptr) *length = static_cast<Length>(*length / 2);
  return whole;
}

// SQL_SUCCESS, or the 01004 warning for a text that was cut.
inline SQLRETURN Whole(Handle& handle, bool whole) {
  if (whole) return SQL_SUCCESS;
  handle.diagnostics.Warn("01004", "the text is longer than its buffer");
  return SQL_SUCCESS_WITH_INFO;
}

template <typename Value>
void PutValue(SQLPOINTER out, Value value) {
  if (out != nullptr) std::memcpy(out, &value, sizeof(value));
}

}  // namespace cdi::sfodbc
