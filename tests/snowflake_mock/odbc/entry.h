// Helpers of the ODBC entry points (api_*.cc): which of them is seen from outside, and how text crosses the border.
//
// Everything with text is there twice, wide (UTF-16) and narrow (UTF-8), as one template over the character. The driver
// manager connects a wide application through SQLDriverConnectW and a narrow one through SQLDriverConnect, and stays
// with that half for the life of the connection: no text passes through a locale.
#pragma once

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "tests/snowflake_mock/odbc/handle.h"
#include "tests/snowflake_mock/odbc/utf.h"

#define CDI_ODBC_EXPORT extern "C" __attribute__((visibility("default")))

namespace cdi::sfodbc {

template <typename Char>
inline constexpr bool kIsWide = std::is_same_v<Char, SQLWCHAR>;

// `length` in characters (bytes when narrow), or SQL_NTS. Text that is not valid becomes U+FFFD.
template <typename Char>
std::string TakeText(const Char* text, SQLINTEGER length) {
  if (text == nullptr) return {};
  if constexpr (kIsWide<Char>) {
    const auto* units = reinterpret_cast<const char16_t*>(text);  // NOLINT: SQLWCHAR is unsigned short
    return ToUtf8(length == SQL_NTS ? std::u16string_view(units)
                                    : std::u16string_view(units, static_cast<size_t>(std::max(length, 0))));
  } else {
    const auto* bytes = reinterpret_cast<const char*>(text);  // NOLINT: SQLCHAR is unsigned char
    return ToUtf8(ToUtf16(length == SQL_NTS ? std::string_view(bytes)
                                            : std::string_view(bytes, static_cast<size_t>(std::max(length, 0)))));
  }
}

// How much of `text` fits into `room` bytes without cutting a character.
inline size_t WholeCharacters(std::string_view text, size_t room) {
  if (text.size() <= room) return text.size();
  while (room > 0 && (static_cast<unsigned char>(text[room]) & 0xC0U) == 0x80U) --room;
  return room;
}

// Writes `text` with its end into `capacity` bytes; the full length in bytes into `length`. False when it was cut.
template <typename Char, typename Length>
bool PutTextBytes(std::string_view text, SQLPOINTER out, int64_t capacity, Length* length) {
  const size_t room = static_cast<size_t>(std::max<int64_t>(capacity, 0));
  if constexpr (kIsWide<Char>) {
    const std::u16string wide = ToUtf16(text);
    if (length != nullptr) *length = static_cast<Length>(2 * wide.size());
    if (out == nullptr) return true;
    if (room < 2) return false;
    size_t kept = std::min(wide.size(), room / 2 - 1);
    if (kept > 0 && kept < wide.size() && (wide[kept - 1] & 0xFC00U) == 0xD800U) --kept;
    std::memcpy(out, wide.data(), 2 * kept);
    std::memset(static_cast<char*>(out) + 2 * kept, 0, 2);
    return kept == wide.size();
  } else {
    if (length != nullptr) *length = static_cast<Length>(text.size());
    if (out == nullptr) return true;
    if (room < 1) return false;
    const size_t kept = WholeCharacters(text, room - 1);
    std::memcpy(out, text.data(), kept);
    static_cast<char*>(out)[kept] = '\0';
    return kept == text.size();
  }
}

// The same, counted in characters.
template <typename Char, typename Length>
bool PutTextCharacters(std::string_view text, Char* out, int64_t capacity, Length* length) {
  const bool whole = PutTextBytes<Char>(text, out, static_cast<int64_t>(sizeof(Char)) * capacity, length);
  if (length != nullptr) *length = static_cast<Length>(*length / static_cast<Length>(sizeof(Char)));
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

// A value of fixed width with its length.
template <typename Value, typename Length>
SQLRETURN PutNumber(SQLPOINTER out, Length* length, Value value) {
  PutValue(out, value);
  if (length != nullptr) *length = static_cast<Length>(sizeof(value));
  return SQL_SUCCESS;
}

// Numbers of attributes arrive in the pointer itself.
inline SQLULEN NumberIn(SQLPOINTER value) {
  return reinterpret_cast<SQLULEN>(value);  // NOLINT: ODBC passes it so
}

}  // namespace cdi::sfodbc
