// Streams one frozen window over ODBC: bound blocks, and a new statement from the last row handed over when a cell did
// not fit, a slice is full, or the connection broke.
//
// A new statement reads `>= last cursor`; what was handed over at exactly that cursor is skipped by a multiset of row
// digests: at most as many equal rows as were handed over. Memory: one block (8 MiB), one page, and 16 bytes for each
// row handed over at the last cursor.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "warehouse/odbc_link.h"
#include "warehouse/row_block.h"
#include "warehouse/warehouse.h"

namespace cdi::warehouse {

class OdbcWindowReader final : public WindowReader {
 public:
  // `columns` are those of the table, as described just now. COLUMN_MISSING when the query's columns are not among
  // them. The first statement runs at the first Next.
  static absl::StatusOr<std::unique_ptr<OdbcWindowReader>> Create(OdbcLink& link, const WindowQuery& query,
                                                                  const std::vector<ColumnFacts>& columns);
  ~OdbcWindowReader() override;

  // After an error every further call gives the same one. Beside the session's errors:
  //   SCHEMA_CHANGED  a selected column was dropped, renamed or retyped since the window was opened
  //   ORDER_BROKEN    the warehouse gave rows out of order or outside the window
  absl::StatusOr<std::shared_ptr<const Page>> Next() override;

  // How often a statement was opened: for tests and for the log of a run.
  int statements_opened() const { return statements_opened_; }

 private:
  OdbcWindowReader(OdbcLink& link, const WindowQuery& query, std::vector<ColumnFacts> selected, WindowSelect select,
                   BlockPlan plan);

  absl::Status Open();
  absl::Status CheckSchema();
  void Close();
  absl::Status FillPage();
  absl::Status TakeBlock();
  absl::Status TakeRow(size_t row);
  std::shared_ptr<const Page> HandOver();

  OdbcLink& link_;
  const WindowQuery query_;
  const std::vector<ColumnFacts> selected_;
  WindowSelect select_;
  BlockPlan plan_;

  std::unique_ptr<RowBlock> block_;
  std::unique_ptr<OdbcStatement> statement_;  // null: to be opened; freed before its block
  uint64_t statement_rows_ = 0;
  MonoTime statement_opened_at_{0};
  int statements_opened_ = 0;
  int reconnects_ = 0;
  bool needs_login_ = false;
  bool in_result_ = false;  // the statement was executed: what fails now is its result

  PageBuilder page_;
  size_t page_bytes_ = 0;            // of the last page
  std::optional<Timestamp> newest_;  // cursor of the last row put into a page

  // Everything handed over at exactly the last cursor.
  std::optional<Timestamp> boundary_;
  std::vector<Digest128> boundary_digests_;
  std::unordered_map<Digest128, uint32_t> skip_;

  bool done_ = false;
  absl::Status failed_;
};

}  // namespace cdi::warehouse
