#include "warehouse/preview.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"

namespace cdi::warehouse {
namespace {

// Cuts at `chars_max` characters of UTF-8; true when there were more.
bool CutCharacters(std::string& text, size_t chars_max) {
  size_t chars = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80;
    if (starts_character && chars++ == chars_max) {
      text.resize(i);
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<Preview> FetchPreviewRows(OdbcLink& link, const TableName& table,
                                         const std::vector<ColumnFacts>& columns, const Identifier& order_by,
                                         int row_limit) {
  if (row_limit < 1 || row_limit > kPreviewRowsMax) {
    return InvalidField("row_limit", Concat("row_limit must be 1..", kPreviewRowsMax, "; got ", row_limit));
  }
  if (columns.empty()) return InvalidField("columns", "columns is empty; name at least one column");
  const std::string sql = link.dialect().PreviewQuery(table, columns, order_by, kPreviewCharsMax, row_limit);
  CDI_ASSIGN_OR_RETURN(ResultTable result, link.Query(sql, table));
  Preview preview;
  preview.columns = columns;
  for (auto& cells : result.rows) {
    PreviewRow& row = preview.rows.emplace_back();
    row.cells = std::move(cells);
    for (auto& cell : row.cells) row.cut.push_back(cell && CutCharacters(*cell, kPreviewCharsMax));
  }
  return preview;
}

}  // namespace cdi::warehouse
