// Reads rows out of the JSON text that Snowflake sends: `["1","a"],["2",null]`, without the outer brackets.
//
// Escapes are resolved in place (a resolved text is never longer), so a row costs no allocation. The text therefore has
// to be writable, and a cell is valid until the text goes away. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdi::sfodbc {

struct Cell {
  const char* data = nullptr;  // nullptr for NULL
  size_t size = 0;
  bool is_null() const { return data == nullptr; }
  std::string_view text() const { return {data, size}; }
};

class RowScanner {
 public:
  RowScanner() = default;
  // `text` outlives the scanner.
  RowScanner(char* text, size_t size) : position_(text), end_(text + size) {}

  enum class Step { kRow, kEnd, kBroken };
  // Fills `row` (its size is the number of columns expected); kBroken for anything but an array of that many values.
  Step Next(std::vector<Cell>& row);

 private:
  bool ReadCell(Cell& cell);
  bool ReadString(Cell& cell);
  void SkipBlanks();
  char* position_ = nullptr;
  char* end_ = nullptr;
};

// All rows of one text, taken apart at once: a thread of its own can do that, and see whether they are whole, before
// anybody reads them. Eight bytes a cell.
class ScannedRows {
 public:
  // Takes the text over, and uses its own memory again. False when it is cut off or malformed, or has 4 GiB.
  bool Scan(std::string&& text, size_t columns);

  size_t rows() const { return rows_; }
  // `row` has one place for each column; what it shows lives until the next Scan.
  void Read(size_t index, std::vector<Cell>& row) const;
  // The text's memory, for a next text; no rows are left.
  std::string TakeText();

 private:
  struct Place {
    uint32_t offset;
    uint32_t size;
  };
  std::string text_;
  std::vector<Place> places_;
  size_t columns_ = 0;
  size_t rows_ = 0;
};

}  // namespace cdi::sfodbc
