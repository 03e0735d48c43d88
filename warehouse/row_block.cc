#include "warehouse/row_block.h"

#include <sql.h>
#include <sqlext.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/status_macros.h"

namespace cdi::warehouse {
namespace {

constexpr size_t kBlockBytesMax = 8U << 20U;
// More rows per block gain nothing (measured), and small blocks stay in the processor's cache.
constexpr size_t kBlockRowsMax = 1000;
// What most cells need. Identifiers of Braze end at 987 bytes; most are far shorter.
constexpr size_t kIdentifierBytes = 256;
constexpr size_t kPayloadBytes = 1024;
// Seven times "16777216:" + 32 digits + ",".
constexpr size_t kOversizeListBytes = 512;

absl::Status BadRow(std::string_view what) {
  return MakeError(absl::StatusCode::kInternal, "WAREHOUSE_ERROR", what);
}

}  // namespace

BlockPlan::BlockPlan(std::vector<ColumnRole> roles, size_t cell_bytes_max)
    // A driver may need more bytes than the warehouse counted, never twice as many.
    : roles_(std::move(roles)), width_max_(2 * cell_bytes_max + 64) {
  for (const ColumnRole role : roles_) {
    widths_.push_back(std::min(width_max_, role == ColumnRole::kPayload ? kPayloadBytes : kIdentifierBytes));
  }
}

size_t BlockPlan::rows() const {
  size_t row_bytes = sizeof(SQL_TIMESTAMP_STRUCT) + sizeof(SQLLEN) + kOversizeListBytes;
  for (const size_t width : widths_) row_bytes += width + sizeof(SQLLEN);
  return std::clamp<size_t>(kBlockBytesMax / row_bytes, 1, kBlockRowsMax);
}

bool BlockPlan::Widen(size_t column, size_t bytes) {
  size_t& width = widths_[column];
  if (width >= width_max_) return false;
  // At least fourfold, so that a table of ever longer cells is opened again a few times only.
  width = std::min(width_max_, std::max(width * 4, bytes + bytes / 4 + 1));
  return true;
}

std::optional<std::string_view> RowBlock::TextColumn::Cell(size_t row) const {
  if (lengths[row] == SQL_NULL_DATA) return std::nullopt;
  return std::string_view(cells.data() + row * width, static_cast<size_t>(lengths[row]));
}

RowBlock::RowBlock(const BlockPlan& plan) : roles_(plan.roles()), rows_(plan.rows()) {
  states_.resize(rows_);
  cursors_.resize(rows_);
  cursor_lengths_.resize(rows_);
  for (size_t i = 0; i <= roles_.size(); ++i) {
    const size_t width = i < roles_.size() ? plan.width(i) : kOversizeListBytes;
    texts_.push_back({width, std::vector<char>(width * rows_), std::vector<SQLLEN>(rows_)});
  }
}

absl::Status RowBlock::BindTo(OdbcStatement& statement) {
  CDI_RETURN_IF_ERROR(statement.SetBlock(rows_, &fetched_, states_.data()));
  CDI_RETURN_IF_ERROR(statement.BindTimestamp(1, cursors_.data(), cursor_lengths_.data()));
  int column = 2;
  for (TextColumn& text : texts_) {
    CDI_RETURN_IF_ERROR(statement.BindText(column++, text.cells.data(), text.width, text.lengths.data()));
  }
  return absl::OkStatus();
}

std::optional<size_t> RowBlock::BrokenRow() const {
  const auto end = states_.begin() + static_cast<std::ptrdiff_t>(fetched_);
  const auto found = std::find(states_.begin(), end, SQLUSMALLINT{SQL_ROW_ERROR});
  if (found == end) return std::nullopt;
  return static_cast<size_t>(found - states_.begin());
}

std::vector<RowBlock::Cut> RowBlock::Cuts() const {
  std::vector<Cut> cuts;
  for (size_t i = 0; i < roles_.size(); ++i) {
    const TextColumn& text = texts_[i];
    bool cut = false;
    size_t bytes = 0;
    for (size_t row = 0; row < fetched_; ++row) {
      const SQLLEN length = text.lengths[row];
      if (length == SQL_NO_TOTAL) {
        cut = true;
      } else if (length >= static_cast<SQLLEN>(text.width)) {
        cut = true;
        bytes = std::max(bytes, static_cast<size_t>(length));
      }
    }
    if (cut) cuts.push_back({i, bytes});
  }
  return cuts;
}

std::optional<Timestamp> RowBlock::cursor(size_t row) const {
  if (cursor_lengths_[row] == SQL_NULL_DATA) return std::nullopt;
  return TimestampFromOdbc(cursors_[row]);
}

absl::Status RowBlock::AppendRow(size_t row, const Timestamp& cursor, PageBuilder& page) const {
  page.StartRow(cursor);
  for (size_t i = 0; i < roles_.size(); ++i) {
    if (const auto cell = texts_[i].Cell(row)) page.SetCell(roles_[i], *cell);
  }
  if (const auto list = texts_.back().Cell(row)) CDI_RETURN_IF_ERROR(SetOversizeCells(*list, page));
  page.FinishRow();
  return absl::OkStatus();
}

// "1048577:0123…,,": one entry per text column, empty where the cell is within the cap.
absl::Status RowBlock::SetOversizeCells(std::string_view list, PageBuilder& page) const {
  for (const ColumnRole role : roles_) {
    const size_t end = list.find(',');
    if (end == std::string_view::npos) return BadRow("the list of oversize cells of a row is incomplete");
    const std::string_view entry = list.substr(0, end);
    list.remove_prefix(end + 1);
    if (entry.empty()) continue;
    uint64_t bytes = 0;
    const auto parsed = std::from_chars(entry.data(), entry.data() + entry.size(), bytes);
    if (parsed.ec != std::errc() || parsed.ptr == entry.data() + entry.size() || *parsed.ptr != ':') {
      return BadRow("the list of oversize cells of a row cannot be read");
    }
    page.SetOversize(role, bytes, entry);
  }
  return absl::OkStatus();
}

}  // namespace cdi::warehouse
