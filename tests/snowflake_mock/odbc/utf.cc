#include "tests/snowflake_mock/odbc/utf.h"

#include <cstddef>

namespace cdi::sfodbc {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool IsHighSurrogate(char32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool IsLowSurrogate(char32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

// Reads one code point at `position` and moves past it; a bad byte is one U+FFFD.
char32_t NextCodePoint(std::string_view text, size_t& position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(position++);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 && first < 0xF5   ? 3
                   : first >= 0xE0 && first < 0xF0 ? 2
                   : first >= 0xC2 && first < 0xE0 ? 1
                                                   : 0;
  if (more == 0 || position + static_cast<size_t>(more) > text.size()) return kReplacement;
  char32_t value = first & (0x3FU >> more);
  for (int i = 0; i < more; ++i) {
    const unsigned char next = byte(position + static_cast<size_t>(i));
    if ((next & 0xC0U) != 0x80) return kReplacement;
    value = (value << 6U) | (next & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  if (value < kLeast[more] || value > 0x10FFFF || IsHighSurrogate(value) || IsLowSurrogate(value)) return kReplacement;
  position += static_cast<size_t>(more);
  return value;
}

}  // namespace

void AppendUtf8(char32_t code_point, std::string& out) {
  const auto push = [&](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0U | (code_point >> 6U));
    push(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    push(0xE0U | (code_point >> 12U));
    push(0x80U | ((code_point >> 6U) & 0x3FU));
    push(0x80U | (code_point & 0x3FU));
  } else {
    push(0xF0U | (code_point >> 18U));
    push(0x80U | ((code_point >> 12U) & 0x3FU));
    push(0x80U | ((code_point >> 6U) & 0x3FU));
    push(0x80U | (code_point & 0x3FU));
  }
}

std::string ToUtf8(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t value = text[i];
    if (IsHighSurrogate(value) && i + 1 < text.size() && IsLowSurrogate(text[i + 1])) {
      value = 0x10000U + ((value - 0xD800U) << 10U) + (static_cast<char32_t>(text[++i]) - 0xDC00U);
    } else if (IsHighSurrogate(value) || IsLowSurrogate(value)) {
      value = kReplacement;
    }
    AppendUtf8(value, out);
  }
  return out;
}

size_t WriteUtf16(std::string_view text, char16_t* out, size_t capacity) {
  size_t count = 0;
  const auto put = [&](char32_t unit) {
    if (count < capacity) out[count] = static_cast<char16_t>(unit);
    ++count;
  };
  for (size_t position = 0; position < text.size();) {
    const auto ascii = static_cast<unsigned char>(text[position]);
    if (ascii < 0x80) {
      put(ascii);
      ++position;
      continue;
    }
    const char32_t value = NextCodePoint(text, position);
    if (value < 0x10000) {
      put(value);
    } else {
      put(0xD800U + ((value - 0x10000U) >> 10U));
      put(0xDC00U + ((value - 0x10000U) & 0x3FFU));
    }
  }
  return count;
}

std::u16string ToUtf16(std::string_view text) {
  std::u16string out(text.size(), u'\0');  // never more units than bytes
  out.resize(WriteUtf16(text, out.data(), out.size()));
  return out;
}

}  // namespace cdi::sfodbc
