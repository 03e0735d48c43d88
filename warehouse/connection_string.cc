#include "warehouse/connection_string.h"

#include <cstring>

namespace cdi::warehouse {

ConnectionString::~ConnectionString() {
  if (text_.capacity() > 0) explicit_bzero(text_.data(), text_.capacity());
}

void ConnectionString::Append(std::string_view part) {
  if (text_.size() + part.size() > text_.capacity()) {
    // Grown by hand: a vector that grows by itself frees its old memory unwiped.
    std::vector<char> grown;
    grown.reserve((text_.size() + part.size()) * 2 + 256);
    grown.assign(text_.begin(), text_.end());
    if (!text_.empty()) explicit_bzero(text_.data(), text_.size());
    text_.swap(grown);
  }
  text_.insert(text_.end(), part.begin(), part.end());
}

void ConnectionString::Add(std::string_view keyword, std::string_view value) {
  if (value.empty()) return;
  if (value.find_first_of(";{}") != std::string_view::npos || value.front() == ' ' || value.back() == ' ') {
    AddBraced(keyword, value);
    return;
  }
  Append(keyword);
  Append("=");
  Append(value);
  Append(";");
}

void ConnectionString::AddBraced(std::string_view keyword, std::string_view value) {
  Append(keyword);
  Append("={");
  for (const char& c : value) {
    Append({&c, 1});
    if (c == '}') Append("}");
  }
  Append("};");
}

}  // namespace cdi::warehouse
