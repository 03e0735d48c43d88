#include "cli/table.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"

namespace cdi::cli {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kGap = "  ";
constexpr size_t kColumnWidthMin = 8;

// Takes one character off the front of `text`; wrong UTF-8 gives U+FFFD and takes one byte.
char32_t TakeCharacter(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t size = lead < 0x80 ? 1 : lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (size == 0 || lead >= 0xF5 || size > text.size()) {
    text.remove_prefix(1);
    return kReplacement;
  }
  char32_t code = size == 1 ? lead : lead & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      text.remove_prefix(1);
      return kReplacement;
    }
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    text.remove_prefix(1);
    return kReplacement;
  }
  text.remove_prefix(size);
  return code;
}

using Range = std::pair<char32_t, char32_t>;

bool In(char32_t code, const Range* begin, const Range* end) {
  return std::any_of(begin, end, [code](const Range& range) { return code >= range.first && code <= range.second; });
}

size_t WidthOf(char32_t code) {
  static constexpr Range kZero[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F},
                                    {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
                                    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20FF},
                                    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
  static constexpr Range kWide[] = {{0x1100, 0x115F},   {0x231A, 0x231B},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
                                    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},
                                    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
                                    {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD}};
  if (code < 0x300) return 1;
  if (In(code, std::begin(kZero), std::end(kZero))) return 0;
  return In(code, std::begin(kWide), std::end(kWide)) ? 2 : 1;
}

bool IsControl(char32_t code) {
  // C0, DEL, C1, and the marks that turn the direction of text around.
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) width += WidthOf(TakeCharacter(text));
  return width;
}

std::string CutToWidth(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string_view rest = text;
  size_t used = 0;
  size_t bytes = 0;
  while (!rest.empty()) {
    used += WidthOf(TakeCharacter(rest));
    if (used > width - 1) break;  // one column is for the mark
    bytes = text.size() - rest.size();
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string PrintableText(std::string_view text, bool keep_lines) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t code = TakeCharacter(text);
    const size_t bytes = before.size() - text.size();
    if (code == kReplacement) {
      printable += "\xEF\xBF\xBD";
    } else if (!IsControl(code) || (keep_lines && (code == '\n' || code == '\t'))) {
      printable += before.substr(0, bytes);
    } else if (code == '\n') {
      printable += "\\n";
    } else if (code == '\t') {
      printable += "\\t";
    } else if (code == '\r') {
      printable += "\\r";
    } else if (code < 0x100) {
      printable += absl::StrFormat("\\x%02x", static_cast<uint32_t>(code));
    } else {
      printable += absl::StrFormat("\\u%04x", static_cast<uint32_t>(code));
    }
  }
  return printable;
}

void Table::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = PrintableText(cell);
  rows_.push_back(std::move(cells));
}

std::vector<size_t> Table::FittedWidths(size_t columns_max) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = DisplayWidth(columns_[i].header);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
    widths.push_back(width);
  }
  if (columns_max == 0 || widths.empty()) return widths;
  size_t line = kGap.size() * (widths.size() - 1);
  for (const size_t width : widths) line += width;
  while (line > columns_max) {
    // One column of the widest cell that may still shrink.
    size_t widest = widths.size();
    for (size_t i = 0; i < widths.size(); ++i) {
      const size_t least = std::max(kColumnWidthMin, DisplayWidth(columns_[i].header));
      if (widths[i] > least && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
    --line;
  }
  return widths;
}

std::string Table::Render(size_t columns_max) const {
  const std::vector<size_t> widths = FittedWidths(columns_max);
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = CutToWidth(cell_of(i), widths[i]);
      const size_t width = DisplayWidth(cell);
      const std::string padding(widths[i] > width ? widths[i] - width : 0, ' ');
      if (i > 0) line += kGap;
      line += columns_[i].align == Align::kRight ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  const bool headed = std::any_of(columns_.begin(), columns_.end(), [](const Column& c) { return !c.header.empty(); });
  if (headed) add_line([&](size_t i) { return columns_[i].header; });
  for (const auto& row : rows_) add_line([&](size_t i) { return row[i]; });
  return text;
}

}  // namespace cdi::cli
