#include "tests/braze_mock/value_rules.h"

#include <algorithm>

namespace cdi::braze_mock {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool StartsCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

}  // namespace

bool IsEmail(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '"' || c == ',' || c == '<' || c == '>')
      return false;
  }
  const std::string_view domain = text.substr(at + 1);
  if (domain.find('@') != std::string_view::npos || domain.find("..") != std::string_view::npos) return false;
  const size_t dot = domain.rfind('.');
  return dot != std::string_view::npos && dot > 0 && domain.front() != '.' && domain.size() - dot > 2;
}

bool IsPhone(std::string_view text, bool plus_optional) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
  } else if (!plus_optional) {
    return false;
  }
  return text.size() >= 7 && text.size() <= 15 && text.front() != '0' && std::all_of(text.begin(), text.end(), IsDigit);
}

std::optional<Timestamp> ParseTime(std::string_view text) {
  if (text.size() == 10) return Timestamp::Parse(std::string(text) + "T00:00:00Z");
  std::string normal(text);
  // The documents write milliseconds after a colon: 2026-11-24T10:00:00:123Z.
  if (normal.size() > 20 && normal[19] == ':' && IsDigit(normal[20])) normal[19] = '.';
  const size_t size = normal.size();
  if (size > 5 && (normal[size - 5] == '+' || normal[size - 5] == '-') && size > 19 && IsDigit(normal[size - 1])) {
    normal.insert(size - 2, ":");
  }
  return Timestamp::Parse(normal);
}

size_t CountChars(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
}

std::string_view FirstChars(std::string_view text, size_t chars) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (StartsCharacter(text[i]) && seen++ == chars) return text.substr(0, i);
  }
  return text;
}

}  // namespace cdi::braze_mock
