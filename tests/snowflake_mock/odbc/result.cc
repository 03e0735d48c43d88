#include "tests/snowflake_mock/odbc/result.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"

namespace cdi::sfodbc {
namespace {

constexpr int64_t kDmlFirst = 0x3000;  // statement type ids: spec/snowflake.md §3.8
constexpr int64_t kDmlLast = 0x3FFF;

}  // namespace

Result::Result(Reply reply, Session& session) {
  columns_.reserve(reply.columns.size());
  const TypeOptions options = session.type_options();
  for (ColumnDescription& column : reply.columns)
    columns_.push_back(DescribeForOdbc(std::move(column), session.settings(), options));
  row_.resize(columns_.size());
  returned_ = reply.Number("returned", -1);
  row_count_ = reply.Number("total", returned_);
  const int64_t statement_type = reply.Number("statementTypeId", 0);
  text_ = std::move(reply.body);
  scanner_ = RowScanner(text_.data() + reply.rows_offset, reply.rows_size);
  if (!reply.chunks.empty()) {
    chunks_ = std::make_unique<ChunkStream>(std::move(reply.chunks), std::move(reply.chunk_headers), session.pool(),
                                            session.settings(), columns_.size());
  }
  if (statement_type >= kDmlFirst && statement_type <= kDmlLast) CountChangedRows();
}

Result::Result(std::vector<Column> columns, std::string rows, int64_t row_count)
    : columns_(std::move(columns)), text_(std::move(rows)), row_(columns_.size()), row_count_(row_count) {
  scanner_ = RowScanner(text_.data(), text_.size());
}

void Result::CountChangedRows() {
  is_row_count_only_ = true;
  row_count_ = 0;
  if (scanner_.Next(row_) == RowScanner::Step::kRow) {
    for (const Cell& cell : row_) {
      int64_t count = 0;
      std::from_chars(cell.data, cell.data + cell.size, count);
      row_count_ += count;
    }
  }
  columns_.clear();
  row_.clear();
}

absl::StatusOr<bool> Result::Advance(CancelToken& cancel, TimePoint deadline) {
  for (;;) {
    if (chunk_row_ < chunk_.rows()) {
      chunk_.Read(chunk_row_++, row_);
      ++delivered_;
      return true;
    }
    switch (scanner_.Next(row_)) {
      case RowScanner::Step::kRow:
        ++delivered_;
        return true;
      case RowScanner::Step::kBroken:
        return OdbcError("08S01", 0, "a row of the result is damaged");
      case RowScanner::Step::kEnd:
        break;
    }
    if (chunks_ == nullptr || chunks_->AtEnd()) {
      if (returned_ >= 0 && delivered_ != returned_) {
        return OdbcError("08S01", 0,
                         absl::StrCat("the result is incomplete: ", delivered_, " of ", returned_, " rows arrived"));
      }
      return false;
    }
    CDI_RETURN_IF_ERROR(chunks_->Next(cancel, deadline, chunk_));
    chunk_row_ = 0;
  }
}

}  // namespace cdi::sfodbc
