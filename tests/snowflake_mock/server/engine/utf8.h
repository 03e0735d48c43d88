// Texts as sequences of UTF-8 characters. Internal to engine/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdi::snowflake_mock {

// The characters of a text that outlives it.
class Characters {
 public:
  explicit Characters(std::string_view text) : text_(text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) begins_.push_back(i);
    }
    if (begins_.empty() && !text.empty()) begins_.push_back(0);
  }

  size_t size() const { return begins_.size(); }
  // The byte where character `i` begins; the text's size behind the last.
  size_t Offset(size_t i) const { return i < begins_.size() ? begins_[i] : text_.size(); }
  std::string_view operator[](size_t i) const { return text_.substr(Offset(i), Offset(i + 1) - Offset(i)); }
  // Characters [begin, end).
  std::string Cut(size_t begin, size_t end) const {
    if (begin >= end) return "";
    return std::string(text_.substr(Offset(begin), Offset(end) - Offset(begin)));
  }

 private:
  std::string_view text_;
  std::vector<size_t> begins_;
};

inline uint32_t FirstCodePoint(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  uint32_t code = size == 1 ? first : first & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size && i < text.size(); ++i)
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return code;
}

inline std::string EncodeCodePoint(uint32_t code) {
  std::string out;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

// Lower case of ASCII and Latin-1 letters, for comparisons without case.
inline std::string FoldCase(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 'A' && byte <= 'Z') {
      out += static_cast<char>(byte + 32);
    } else if (byte == 0xC3 && i + 1 < text.size()) {
      auto next = static_cast<unsigned char>(text[++i]);
      if (next >= 0x80 && next <= 0x9E && next != 0x97) next = static_cast<unsigned char>(next + 0x20);
      out += static_cast<char>(byte);
      out += static_cast<char>(next);
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace cdi::snowflake_mock
