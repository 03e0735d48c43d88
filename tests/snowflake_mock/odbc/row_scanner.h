// Reads rows out of the JSON text that Snowflake sends: `["1","a"],["2",null]`, without the outer brackets.
//
// Escapes are resolved in place (a resolved text is never longer), so a row costs no allocation. The text therefore has
// to be writable, and a cell is valid until the text goes away. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
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

// The number of rows in such a text; nullopt when it is cut off or malformed. Reads only; about as fast as memory.
std::optional<size_t> CountRows(std::string_view text);

}  // namespace cdi::sfodbc
