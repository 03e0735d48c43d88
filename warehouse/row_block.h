// The bound buffers of a block fetch, column by column, sized by bytes; and the way of its rows into a page.
//
// Column 1 is the cursor, then one text per role, then the list of oversize cells (dialect.h, WindowQueryText). Not
// thread-safe.
#pragma once

#include <sqltypes.h>

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "warehouse/odbc_handle.h"
#include "warehouse/page.h"

namespace cdi::warehouse {

// How wide the cells are, and how many rows fit into the memory of a block.
class BlockPlan {
 public:
  // `cell_bytes_max`: the greatest cell that a statement gives.
  BlockPlan(std::vector<ColumnRole> roles, size_t cell_bytes_max);

  const std::vector<ColumnRole>& roles() const { return roles_; }
  size_t width(size_t column) const { return widths_[column]; }
  size_t rows() const;
  // Makes room for a cell of `bytes` (0: of unknown size). False when the column is as wide as it may get.
  bool Widen(size_t column, size_t bytes);

 private:
  std::vector<ColumnRole> roles_;
  std::vector<size_t> widths_;  // with the NUL that ODBC puts behind each cell
  size_t width_max_;
};

class RowBlock {
 public:
  explicit RowBlock(const BlockPlan& plan);

  // The buffers must outlive the statement's last fetch.
  absl::Status BindTo(OdbcStatement& statement);

  size_t fetched() const { return fetched_; }
  // Of the first row that the driver could not convert, from 0: its cells hold nothing. A fetch with one such row among
  // good ones is a success to ODBC.
  std::optional<size_t> BrokenRow() const;

  struct Cut {
    size_t column;
    size_t bytes;  // 0: the driver does not know
  };
  // Per column the widest cell that did not fit into its buffer.
  std::vector<Cut> Cuts() const;

  // nullopt for NULL and for times that cannot be.
  std::optional<Timestamp> cursor(size_t row) const;
  // Appends the row, finished.
  absl::Status AppendRow(size_t row, const Timestamp& cursor, PageBuilder& page) const;

 private:
  struct TextColumn {
    size_t width;
    std::vector<char> cells;
    std::vector<SQLLEN> lengths;
    // nullopt: NULL
    std::optional<std::string_view> Cell(size_t row) const;
  };
  absl::Status SetOversizeCells(std::string_view list, PageBuilder& page) const;

  std::vector<ColumnRole> roles_;
  size_t rows_;
  SQLULEN fetched_ = 0;
  std::vector<SQLUSMALLINT> states_;
  std::vector<SQL_TIMESTAMP_STRUCT> cursors_;
  std::vector<SQLLEN> cursor_lengths_;
  std::vector<TextColumn> texts_;  // one per role, and the oversize list
};

}  // namespace cdi::warehouse
