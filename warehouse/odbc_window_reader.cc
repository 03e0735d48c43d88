#include "warehouse/odbc_window_reader.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "warehouse/concat.h"
#include "warehouse/contract.h"

namespace cdi::warehouse {
namespace {

constexpr size_t kPageRowsMax = 1000;
constexpr size_t kPageBytesMax = 1U << 20U;
constexpr int kReconnectsMax = 3;

absl::StatusOr<TypedColumn> FindColumn(const std::vector<ColumnFacts>& columns, const Identifier& name) {
  for (const ColumnFacts& column : columns) {
    if (column.name == name.text()) return TypedColumn{name, column.type};
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "COLUMN_MISSING",
                   Concat("the source has no column ", name.text(), "; add it, or test the sync again"));
}

bool SameColumns(const std::vector<ColumnFacts>& a, const std::vector<ColumnFacts>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ColumnFacts& x, const ColumnFacts& y) { return x.name == y.name && x.type == y.type; });
}

absl::Status OrderBroken(std::string_view what) {
  return MakeError(absl::StatusCode::kInternal, "ORDER_BROKEN", what);
}

}  // namespace

absl::StatusOr<std::unique_ptr<OdbcWindowReader>> OdbcWindowReader::Create(OdbcLink& link, const WindowQuery& query,
                                                                           const std::vector<ColumnFacts>& columns) {
  CDI_ASSIGN_OR_RETURN(TypedColumn cursor, FindColumn(columns, query.columns.cursor));
  if (link.dialect().Classify(cursor.type) != TypeClass::kTimestamp) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "COLUMN_TYPE",
                     Concat("the cursor column ", cursor.name.text(), " must be a timestamp; it is ", cursor.type));
  }
  WindowSelect select{.table = query.table,
                      .cursor = std::move(cursor),
                      .texts = {},
                      .lower = query.lower,
                      .upper = query.upper,
                      .cell_bytes_max = query.cell_bytes_max,
                      .rows_max = query.slice_rows_max};
  std::vector<ColumnRole> roles;
  for (size_t i = 0; i < kColumnRoleCount; ++i) {
    if (!query.columns.roles[i]) continue;
    CDI_ASSIGN_OR_RETURN(TypedColumn column, FindColumn(columns, *query.columns.roles[i]));
    select.texts.push_back(std::move(column));
    roles.push_back(static_cast<ColumnRole>(i));
  }
  BlockPlan plan(std::move(roles), query.cell_bytes_max);
  return std::unique_ptr<OdbcWindowReader>(
      new OdbcWindowReader(link, query, SelectedColumns(columns, query.columns), std::move(select), std::move(plan)));
}

OdbcWindowReader::OdbcWindowReader(OdbcLink& link, const WindowQuery& query, std::vector<ColumnFacts> selected,
                                   WindowSelect select, BlockPlan plan)
    : link_(link), query_(query), selected_(std::move(selected)), select_(std::move(select)), plan_(std::move(plan)) {
  link_.gate().OpenWindow();
}

OdbcWindowReader::~OdbcWindowReader() {
  Close();
  link_.gate().CloseWindow();
}

absl::StatusOr<std::shared_ptr<const Page>> OdbcWindowReader::Next() {
  if (!failed_.ok()) return failed_;
  // Between two pages everything fetched was handed over: the next statement goes on from there.
  if (link_.clock().MonoNow() - statement_opened_at_ >= query_.slice_time_max) Close();
  while (!done_) {
    in_result_ = statement_ != nullptr;
    absl::Status status = statement_ == nullptr ? Open() : absl::OkStatus();
    if (status.ok()) status = FillPage();
    if (!status.ok()) {
      Close();
      // What keeps a reconnect from succeeding may pass as well, and so may a fault in the middle of a result that
      // nobody knows: drivers report a part of a result that they cannot fetch in words of their own. What else is
      // wrong will not.
      const bool may_pass = IsConnectionLost(status) || ((needs_login_ || in_result_) && absl::IsUnavailable(status));
      if (!may_pass || reconnects_ == kReconnectsMax) failed_ = status;
      needs_login_ = true;
    }
    // Rows that came before the fault are handed over first; the fault is met again by the next call.
    if (page_.size() > 0) return HandOver();
    if (!failed_.ok()) return failed_;
  }
  return nullptr;
}

absl::Status OdbcWindowReader::Open() {
  if (needs_login_) {
    CDI_RETURN_IF_ERROR(link_.Reconnect(reconnects_++));
    needs_login_ = false;
  }
  if (statements_opened_ > 0) CDI_RETURN_IF_ERROR(CheckSchema());

  select_.rows_max = query_.slice_rows_max + boundary_digests_.size();
  if (boundary_) select_.lower = boundary_;
  skip_.clear();
  for (const Digest128& digest : boundary_digests_) ++skip_[digest];

  block_ = std::make_unique<RowBlock>(plan_);
  CDI_ASSIGN_OR_RETURN(statement_, link_.NewStatement(query_.table));
  CDI_RETURN_IF_ERROR(block_->BindTo(*statement_));
  ++statements_opened_;
  statement_rows_ = 0;
  statement_opened_at_ = link_.clock().MonoNow();
  newest_ = boundary_;
  CDI_RETURN_IF_ERROR(link_.Execute(*statement_, link_.dialect().WindowQueryText(select_)));
  in_result_ = true;
  return absl::OkStatus();
}

absl::Status OdbcWindowReader::CheckSchema() {
  CDI_ASSIGN_OR_RETURN(const std::vector<ColumnFacts> columns, link_.Describe(query_.table));
  if (SameColumns(selected_, SelectedColumns(columns, query_.columns))) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "SCHEMA_CHANGED",
                   Concat("columns of ", query_.table.ToString(),
                          " were dropped, renamed or retyped while they were read; test the sync again"));
}

void OdbcWindowReader::Close() {
  if (statement_ == nullptr) return;
  statement_.reset();
  // psqlODBC reads through a cursor in a transaction of its own, which must not stay open.
  link_.Rollback();
}

absl::Status OdbcWindowReader::FillPage() {
  // As heavy as the last page and a little more: pages of one table are alike.
  page_.Reserve(kPageRowsMax, page_bytes_ + page_bytes_ / 8);
  while (statement_ != nullptr && page_.size() < kPageRowsMax && page_.bytes() < kPageBytesMax) {
    CDI_ASSIGN_OR_RETURN(const bool more, link_.Fetch(*statement_));
    if (more) {
      CDI_RETURN_IF_ERROR(TakeBlock());
      continue;
    }
    // Fewer rows than were asked for: the window's end. Else the slice is full.
    done_ = statement_rows_ < select_.rows_max;
    Close();
  }
  return absl::OkStatus();
}

absl::Status OdbcWindowReader::TakeBlock() {
  if (const auto broken = block_->BrokenRow()) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "DATA_INVALID",
        Concat("the ODBC driver cannot convert row ", statement_rows_ + *broken + 1, " of ", query_.table.ToString(),
               " in the order of ", select_.cursor.name.text(), "; query the view or table by hand to find the row"));
  }
  const std::vector<RowBlock::Cut> cuts = block_->Cuts();
  for (const RowBlock::Cut& cut : cuts) {
    if (!plan_.Widen(cut.column, cut.bytes)) {
      return MakeError(absl::StatusCode::kInternal, "WAREHOUSE_ERROR",
                       "the driver gives cells longer than the warehouse counted; please report the driver's version");
    }
  }
  if (!cuts.empty()) {
    Close();
    return absl::OkStatus();
  }
  for (size_t row = 0; row < block_->fetched(); ++row) CDI_RETURN_IF_ERROR(TakeRow(row));
  statement_rows_ += block_->fetched();
  return absl::OkStatus();
}

absl::Status OdbcWindowReader::TakeRow(size_t row) {
  const std::optional<Timestamp> cursor = block_->cursor(row);
  if (!cursor) return OrderBroken("a row came without a cursor that can be read");
  if (newest_ && *cursor < *newest_) return OrderBroken("rows came out of the order of the cursor column");
  if (*cursor > query_.upper || (query_.lower && *cursor < *query_.lower)) {
    return OrderBroken("a row came from outside the window");
  }
  newest_ = cursor;
  CDI_RETURN_IF_ERROR(block_->AppendRow(row, *cursor, page_));
  if (skip_.empty()) return absl::OkStatus();
  if (*cursor != *boundary_) {
    skip_.clear();
    return absl::OkStatus();
  }
  if (const auto known = skip_.find(page_.last_digest()); known != skip_.end()) {
    page_.DropRow();
    if (--known->second == 0) skip_.erase(known);
  }
  return absl::OkStatus();
}

std::shared_ptr<const Page> OdbcWindowReader::HandOver() {
  std::shared_ptr<const Page> page = page_.Build();
  const size_t size = page->size();
  page_bytes_ = page->bytes();
  const Timestamp last = page->cursor(size - 1);
  size_t first_equal = size - 1;
  while (first_equal > 0 && page->cursor(first_equal - 1) == last) --first_equal;
  if (boundary_ != last) boundary_digests_.clear();
  boundary_ = last;
  for (size_t row = first_equal; row < size; ++row) boundary_digests_.push_back(page->digest(row));
  return page;
}

}  // namespace cdi::warehouse
