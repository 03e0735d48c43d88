#include "ingest/json_faults.h"

#include <cstdint>

namespace cdi::ingest {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The value of four hex digits at `pos`, or -1.
int ReadHex4(std::string_view text, size_t pos) {
  if (pos + 4 > text.size()) return -1;
  int value = 0;
  for (size_t i = pos; i < pos + 4; ++i) {
    const char c = text[i];
    const int digit = IsDigit(c)               ? c - '0'
                      : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                      : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                               : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool IsJsonNumber(std::string_view token) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t start = i;
    while (i < token.size() && IsDigit(token[i])) ++i;
    return i - start;
  };
  if (i < token.size() && token[i] == '-') ++i;
  const bool zero_first = i < token.size() && token[i] == '0';
  const size_t whole = digits();
  if (whole == 0 || (zero_first && whole > 1)) return false;
  if (i < token.size() && token[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < token.size() && (token[i] == 'e' || token[i] == 'E')) {
    ++i;
    if (i < token.size() && (token[i] == '+' || token[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == token.size();
}

bool IsJsonWord(std::string_view token) {
  return token == "true" || token == "false" || token == "null";
}

bool IsNonFinite(std::string_view token) {
  return token == "NaN" || token == "nan" || token == "Infinity" || token == "-Infinity" || token == "inf" ||
         token == "-inf";
}

// Position after the string that starts at `pos` with a quote.
size_t SkipString(std::string_view text, size_t pos) {
  for (++pos; pos < text.size(); ++pos) {
    if (text[pos] == '\\') {
      ++pos;
    } else if (text[pos] == '"') {
      return pos + 1;
    }
  }
  return text.size();
}

}  // namespace

bool HasLoneSurrogateEscape(std::string_view text) {
  for (size_t i = text.find('\\'); i < text.size(); i = text.find('\\', i)) {
    if (i + 1 >= text.size() || text[i + 1] != 'u') {
      i += 2;
      continue;
    }
    const int unit = ReadHex4(text, i + 2);
    i += 6;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit >= 0xdc00) return true;
    const bool escape_follows = i + 1 < text.size() && text[i] == '\\' && text[i + 1] == 'u';
    const int low = escape_follows ? ReadHex4(text, i + 2) : -1;
    if (low < 0xdc00 || low > 0xdfff) return true;
    i += 6;
  }
  return false;
}

TokenFinding InspectTokens(std::string_view text) {
  constexpr std::string_view kBetween = "{}[],: \t\n\r";
  TokenFinding finding = TokenFinding::kWellFormed;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      i = SkipString(text, i);
    } else if (kBetween.find(text[i]) != std::string_view::npos) {
      ++i;
    } else {
      const size_t start = i;
      while (i < text.size() && text[i] != '"' && kBetween.find(text[i]) == std::string_view::npos) ++i;
      const std::string_view token = text.substr(start, i - start);
      if (IsNonFinite(token)) {
        finding = TokenFinding::kNonFinite;
      } else if (!IsJsonWord(token) && !IsJsonNumber(token)) {
        return TokenFinding::kMalformed;
      }
    }
  }
  return finding;
}

}  // namespace cdi::ingest
