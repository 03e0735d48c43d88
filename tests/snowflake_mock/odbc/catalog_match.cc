#include "tests/snowflake_mock/odbc/catalog_match.h"

#include <utility>

#include "tests/snowflake_mock/odbc/connection_string.h"

namespace cdi::sfodbc {
namespace {

size_t CharacterSize(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
  return size;
}

std::string ReadIdentifier(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return UpperAscii(text);
  std::string name;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    name += text[i];
    if (text[i] == '"' && text[i + 1] == '"' && i + 2 < text.size()) ++i;
  }
  return name;
}

}  // namespace

// Runs in the product of both lengths at worst: a `%` is gone back to only while no later one was reached.
bool MatchesPattern(std::string_view text, std::string_view pattern) {
  size_t t = 0;
  size_t p = 0;
  size_t star_p = std::string_view::npos;
  size_t star_t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star_p = ++p;
      star_t = t;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const size_t literal = escaped ? p + 1 : p;
    if (p < pattern.size() && !escaped && pattern[p] == '_') {
      t += CharacterSize(text.substr(t));
      ++p;
    } else if (literal < pattern.size() && pattern[literal] == text[t]) {
      ++t;
      p = literal + 1;
    } else if (star_p != std::string_view::npos) {
      p = star_p;
      star_t += CharacterSize(text.substr(star_t));
      t = star_t;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

CatalogArgument::CatalogArgument(std::optional<std::string> text, Rule rule) : text_(std::move(text)), rule_(rule) {
  if (text_.has_value() && rule_ == Rule::kIdentifier) text_ = ReadIdentifier(*text_);
}

bool CatalogArgument::Matches(std::string_view name) const {
  if (!text_.has_value()) return true;
  return rule_ == Rule::kPattern ? MatchesPattern(name, *text_) : name == *text_;
}

std::optional<std::string> CatalogArgument::OnlyName() const {
  if (!text_.has_value() || rule_ != Rule::kPattern) return text_;
  std::string name;
  for (size_t i = 0; i < text_->size(); ++i) {
    char c = (*text_)[i];
    if (c == '%' || c == '_') return std::nullopt;
    if (c == '\\' && i + 1 < text_->size()) c = (*text_)[++i];
    name += c;
  }
  return name;
}

}  // namespace cdi::sfodbc
