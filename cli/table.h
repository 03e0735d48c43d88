// Tables for people: columns aligned by display width, cut to the terminal.
// Widths count terminal columns: wide East Asian characters and emoji are two, combining marks none (ranges from
// Unicode 15 EastAsianWidth.txt and the general category Mn, the common blocks). Cells are made harmless first: a table
// never lets text from a database move the cursor of a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cdi::cli {

// Terminal columns of UTF-8 text.
size_t DisplayWidth(std::string_view text);

// At most `width` columns, cut at a character boundary, with `…` at the end when something was cut.
std::string CutToWidth(std::string_view text, size_t width);

// The text with control characters (line breaks and escapes among them) spelled out as \n, \t, \x1b, and wrong UTF-8 as
// �. `keep_lines` lets line breaks and tabs through, for messages.
std::string PrintableText(std::string_view text, bool keep_lines = false);

// A value type. Rows shorter than the header are filled with empty cells.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string header;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Header (left out when every header is empty) and rows, one line each. `columns_max` > 0 cuts the widest columns
  // until a line fits; no column becomes narrower than its header or 8, so that a very narrow terminal wraps.
  std::string Render(size_t columns_max) const;

 private:
  std::vector<size_t> FittedWidths(size_t columns_max) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cdi::cli
