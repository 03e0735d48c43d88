// A small result, all of it, as text: what SHOW, DESCRIBE and catalog queries give.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cdi::warehouse {

struct ResultTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;

  // The cell under the column of that name, "" for NULL or when there is no such column.
  std::string At(size_t row, std::string_view column) const {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == column) return rows[row][i].value_or("");
    }
    return "";
  }
};

}  // namespace cdi::warehouse
