#include "tests/snowflake_mock/odbc/row_scanner.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "tests/snowflake_mock/odbc/utf.h"

namespace cdi::sfodbc {
namespace {

constexpr uint32_t kNullOffset = 0xFFFF'FFFF;

// The high bit of each byte of `eight` that is a quote or backslash; right up to the first such byte, and only there.
uint64_t MarkQuotesAndBackslashes(uint64_t eight) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL;
  constexpr uint64_t kHighs = 0x8080808080808080ULL;
  const uint64_t quotes = eight ^ (kOnes * '"');  // a zero byte where there is one
  const uint64_t slashes = eight ^ (kOnes * '\\');
  return (((quotes - kOnes) & ~quotes) | ((slashes - kOnes) & ~slashes)) & kHighs;
}

// The first quote or backslash at or behind `position`; `end` when there is none.
const char* FindQuoteOrBackslash(const char* position, const char* end) {
  while (std::endian::native == std::endian::little && end - position >= 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, position, 8);
    const uint64_t marks = MarkQuotesAndBackslashes(eight);
    if (marks != 0) return position + std::countr_zero(marks) / 8;
    position += 8;
  }
  while (position < end && *position != '"' && *position != '\\') ++position;
  return position;
}

// As that, and copies all in front of it to `out`, which lies before `position`; moves both.
void CopyToQuoteOrBackslash(const char*& position, const char* end, char*& out) {
  while (std::endian::native == std::endian::little && end - position >= 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, position, 8);
    const uint64_t marks = MarkQuotesAndBackslashes(eight);
    const int plain = marks == 0 ? 8 : std::countr_zero(marks) / 8;
    if (plain == 8) {
      std::memcpy(out, &eight, 8);
    } else {
      for (int i = 0; i < plain; ++i) out[i] = position[i];
    }
    position += plain;
    out += plain;
    if (marks != 0) return;
  }
  while (position < end && *position != '"' && *position != '\\') *out++ = *position++;
}

bool IsBlank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::optional<char32_t> ReadHex4(const char* position, const char* end) {
  if (end - position < 4) return std::nullopt;
  char32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = position[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<char32_t>(digit);
  }
  return value;
}

// Resolves the escape behind a backslash (`position` is behind it) into `out`; moves past it. False when malformed.
bool ResolveEscape(const char*& position, const char* end, char*& out) {
  if (position >= end) return false;
  const char kind = *position++;
  switch (kind) {
    case '"':
    case '\\':
    case '/':
      *out++ = kind;
      return true;
    case 'b':
      *out++ = '\b';
      return true;
    case 'f':
      *out++ = '\f';
      return true;
    case 'n':
      *out++ = '\n';
      return true;
    case 'r':
      *out++ = '\r';
      return true;
    case 't':
      *out++ = '\t';
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  const auto unit = ReadHex4(position, end);
  if (!unit.has_value()) return false;
  position += 4;
  char32_t value = *unit;
  if (value >= 0xD800 && value < 0xDC00 && end - position >= 6 && position[0] == '\\' && position[1] == 'u') {
    const auto low = ReadHex4(position + 2, end);
    if (low.has_value() && *low >= 0xDC00 && *low < 0xE000) {
      value = 0x10000U + ((value - 0xD800U) << 10U) + (*low - 0xDC00U);
      position += 6;
    }
  }
  if (value >= 0xD800 && value < 0xE000) value = 0xFFFD;
  std::string utf8;  // at most four bytes: stays inside the string object
  AppendUtf8(value, utf8);
  std::memcpy(out, utf8.data(), utf8.size());
  out += utf8.size();
  return true;
}

}  // namespace

void RowScanner::SkipBlanks() {
  while (position_ < end_ && IsBlank(*position_)) ++position_;
}

RowScanner::Step RowScanner::Next(std::vector<Cell>& row) {
  SkipBlanks();
  if (position_ == end_) return Step::kEnd;
  if (*position_++ != '[') return Step::kBroken;
  for (size_t i = 0; i < row.size(); ++i) {
    SkipBlanks();
    if (!ReadCell(row[i])) return Step::kBroken;
    SkipBlanks();
    const char wanted = i + 1 == row.size() ? ']' : ',';
    if (position_ == end_ || *position_++ != wanted) return Step::kBroken;
  }
  SkipBlanks();
  if (position_ == end_) return Step::kRow;
  if (*position_++ != ',') return Step::kBroken;
  SkipBlanks();
  return position_ == end_ ? Step::kBroken : Step::kRow;  // nothing behind a comma: cut off
}

bool RowScanner::ReadCell(Cell& cell) {
  if (position_ == end_) return false;
  if (*position_ == '"') return ReadString(cell);
  const char* const start = position_;
  while (position_ < end_ && *position_ != ',' && *position_ != ']' && !IsBlank(*position_)) {
    if (*position_ == '[' || *position_ == '{' || *position_ == '"') return false;
    ++position_;
  }
  const std::string_view word(start, static_cast<size_t>(position_ - start));
  if (word.empty()) return false;
  cell = word == "null" ? Cell{} : Cell{word.data(), word.size()};
  return true;
}

bool RowScanner::ReadString(Cell& cell) {
  char* const start = ++position_;
  const char* found = FindQuoteOrBackslash(start, end_);
  char* out = start + (found - start);
  while (found < end_ && *found == '\\') {
    ++found;
    if (!ResolveEscape(found, end_, out)) return false;
    CopyToQuoteOrBackslash(found, end_, out);
  }
  if (found == end_) return false;
  cell = {start, static_cast<size_t>(out - start)};
  position_ += found - position_ + 1;
  return true;
}

bool ScannedRows::Scan(std::string&& text, size_t columns) {
  text_ = std::move(text);
  places_.clear();
  columns_ = columns;
  rows_ = 0;
  if (text_.size() >= kNullOffset) return false;
  RowScanner scanner(text_.data(), text_.size());
  std::vector<Cell> row(columns);
  for (;;) {
    const RowScanner::Step step = scanner.Next(row);
    if (step != RowScanner::Step::kRow) {
      if (step == RowScanner::Step::kEnd) return true;
      rows_ = 0;
      return false;
    }
    ++rows_;
    for (const Cell& cell : row) {
      const auto offset = cell.is_null() ? kNullOffset : static_cast<uint32_t>(cell.data - text_.data());
      places_.push_back({offset, static_cast<uint32_t>(cell.size)});
    }
  }
}

void ScannedRows::Read(size_t index, std::vector<Cell>& row) const {
  const Place* place = places_.data() + index * columns_;
  for (Cell& cell : row) {
    cell = place->offset == kNullOffset ? Cell{} : Cell{text_.data() + place->offset, place->size};
    ++place;
  }
}

std::string ScannedRows::TakeText() {
  rows_ = 0;
  return std::move(text_);
}

}  // namespace cdi::sfodbc
