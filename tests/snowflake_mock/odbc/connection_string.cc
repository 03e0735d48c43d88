#include "tests/snowflake_mock/odbc/connection_string.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"

namespace cdi::sfodbc {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

absl::Status Refused(std::string_view keyword, std::string_view fault) {
  return OdbcError("HY000", 0, absl::StrCat("connection string, ", std::string(keyword), ": ", std::string(fault)));
}

// `text` begins behind the opening brace. Takes the value and everything up to and including the next semicolon.
absl::StatusOr<std::string> TakeBraced(std::string_view keyword, std::string_view& text, bool strict) {
  std::string value;
  size_t position = 0;
  for (;; ++position) {
    if (position >= text.size()) {
      text = {};
      if (!strict) return value;
      WipeString(value);
      return Refused(keyword, "the opening brace is never closed; end the value with }");
    }
    if (text[position] == '}') {
      if (position + 1 >= text.size() || text[position + 1] != '}') break;
      ++position;  // }} stands for one }
    }
    value += text[position];
  }
  text.remove_prefix(position + 1);
  const size_t end = text.find(';');
  const bool clean = Trim(text.substr(0, end)).empty();
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!clean && strict) {
    WipeString(value);
    return Refused(keyword, "there is text after the closing brace; double a } that belongs to the value");
  }
  return value;
}

}  // namespace

Keywords::~Keywords() {
  for (auto& [keyword, value] : values_) WipeString(value);
}

bool Keywords::Add(std::string_view keyword, std::string_view value) {
  return values_.emplace(UpperAscii(keyword), value).second;
}

std::string_view Keywords::Get(std::string_view keyword) const {
  const auto found = values_.find(std::string(keyword));
  return found == values_.end() ? std::string_view() : std::string_view(found->second);
}

absl::StatusOr<Keywords> ParseConnectionString(std::string_view text, StringRules rules) {
  const bool strict = rules == StringRules::kStrict;
  Keywords keywords;
  while (!text.empty()) {
    if (text.front() == ';' || absl::ascii_isspace(static_cast<unsigned char>(text.front())) || text.front() == '\0') {
      text.remove_prefix(1);
      continue;
    }
    const size_t equals = text.find_first_of("=;");
    if (equals == std::string_view::npos || text[equals] == ';') {
      text.remove_prefix(std::min(equals, text.size()));
      if (strict) return OdbcError("HY000", 0, "connection string: a keyword has no value; write KEYWORD=value");
      continue;
    }
    const std::string keyword = UpperAscii(Trim(text.substr(0, equals)));
    if (keyword.empty() && strict)
      return OdbcError("HY000", 0, "connection string: a value has no keyword; write KEYWORD=value");
    text.remove_prefix(equals + 1);
    while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    std::string value;
    if (!text.empty() && text.front() == '{') {
      text.remove_prefix(1);
      CDI_ASSIGN_OR_RETURN(value, TakeBraced(keyword, text, strict));
    } else {
      const size_t end = text.find(';');
      value = std::string(Trim(text.substr(0, end)));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    const bool added = keyword.empty() || keywords.Add(keyword, value);
    WipeString(value);
    if (!added && strict) return Refused(keyword, "given twice; leave one");
  }
  return keywords;
}

std::string QuoteConnectionValue(std::string_view value) {
  const bool plain = value.find_first_of("{}[]();,?*=!@ ") == std::string_view::npos;
  if (plain) return std::string(value);
  std::string quoted = "{";
  for (const char c : value) {
    quoted += c;
    if (c == '}') quoted += '}';
  }
  return quoted + "}";
}

std::string UpperAscii(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = absl::ascii_toupper(static_cast<unsigned char>(c));
  return upper;
}

}  // namespace cdi::sfodbc
