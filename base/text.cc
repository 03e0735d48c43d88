#include "base/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace cdi {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text`, or 0 (Unicode 15, table 3-7).
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;
    const uint8_t high = lead == 0xed ? 0x9f : 0xbf;
    return byte(1) >= low && byte(1) <= high && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const uint8_t low = lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;
    return byte(1) >= low && byte(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

constexpr size_t kEscapeBytesMax = 6;  // \u001f

char* WriteEscape(uint8_t c, char* out) {
  constexpr char kHex[] = "0123456789abcdef";
  *out++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *out++ = static_cast<char>(c);
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    default:
      out = std::copy_n("u00", 3, out);
      *out++ = kHex[c >> 4];
      *out++ = kHex[c & 15];
      return out;
  }
}

bool NeedsEscape(uint8_t c) {
  return c < 0x20 || c == '"' || c == '\\';
}

// The high bit of each byte of `eight` that needs an escape; right up to the first such byte, and only there.
uint64_t EscapeMarks(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL;
  constexpr uint64_t kHighs = 0x8080808080808080ULL;
  const uint64_t quotes = eight ^ (kOnes * '"');
  const uint64_t slashes = eight ^ (kOnes * '\\');
  return (((eight - kOnes * 0x20) & ~eight) | ((quotes - kOnes) & ~quotes) | ((slashes - kOnes) & ~slashes)) & kHighs;
}

// Writes up to kEscapeBytesMax bytes for each of `text`, and up to seven of rubbish behind them; returns their end.
// Eight bytes are copied before they are looked at: most need no escape.
char* WriteEscaped(std::string_view text, char* out) {
  const char* in = text.data();
  const char* const end = in + text.size();
  while (std::endian::native == std::endian::little && end - in >= 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, in, 8);
    std::memcpy(out, &eight, 8);
    const uint64_t marks = EscapeMarks(eight);
    const int plain = marks == 0 ? 8 : std::countr_zero(marks) / 8;
    in += plain;
    out += plain;
    if (marks != 0) out = WriteEscape(static_cast<uint8_t>(*in++), out);
  }
  for (; in < end; ++in) {
    const auto c = static_cast<uint8_t>(*in);
    if (NeedsEscape(c)) {
      out = WriteEscape(c, out);
    } else {
      *out++ = *in;
    }
  }
  return out;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string CutText(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

void AppendJsonEscaped(std::string_view text, std::string& out) {
  constexpr size_t kPieceBytes = 512;
  std::array<char, kPieceBytes * kEscapeBytesMax + 8> escaped;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kPieceBytes);
    text.remove_prefix(piece.size());
    out.append(escaped.data(), WriteEscaped(piece, escaped.data()));
  }
}

std::string JsonQuote(std::string_view text) {
  std::string out = "\"";
  AppendJsonEscaped(text, out);
  out += '"';
  return out;
}

}  // namespace cdi
