// Fetching: blocks of rows into bound buffers, single values by SQLGetData.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/odbc/statement.h"
#include "tests/snowflake_mock/odbc/statement_busy.h"

namespace cdi::sfodbc {
namespace {

// Text is not cut inside a character.
size_t KeptBytes(std::string_view text, size_t most) {
  if (text.size() <= most) return text.size();
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return most;
}

template <typename Value>
Value* Shift(Value* pointer, size_t bytes) {
  return static_cast<Value*>(static_cast<void*>(static_cast<char*>(static_cast<void*>(pointer)) + bytes));
}

}  // namespace

std::vector<Statement::PlannedColumn> Statement::PlanFetch() const {
  std::vector<PlannedColumn> plan;
  if (!options.retrieve_data) return plan;
  const std::vector<Column>& columns = result_->columns();
  const std::vector<DescriptorRecord>& bindings = ard->records;
  for (size_t i = 0; i < std::min(bindings.size(), columns.size()); ++i) {
    if (!bindings[i].is_bound()) continue;
    const size_t fixed = FixedSizeOf(ResolveCType(bindings[i].type, columns[i]));
    plan.push_back({&bindings[i], &columns[i], i, fixed > 0 ? fixed : static_cast<size_t>(bindings[i].octet_length)});
  }
  return plan;
}

Cell Statement::Shortened(Cell cell, const Column& column) const {
  if (options.max_length == 0 || cell.is_null()) return cell;
  if (column.described.type == SnowflakeType::kBinary) cell.size = std::min<size_t>(cell.size, 2 * options.max_length);
  if (column.described.type == SnowflakeType::kText || column.described.type == SnowflakeType::kVariant) {
    cell.size = KeptBytes(cell.text(), options.max_length);
  }
  return cell;
}

SQLUSMALLINT Statement::ConvertRow(const std::vector<PlannedColumn>& plan, SQLULEN row) {
  const size_t offset = ard->bind_offset == nullptr ? 0 : *ard->bind_offset;
  const bool by_column = ard->bind_type == SQL_BIND_BY_COLUMN;
  SQLUSMALLINT status = SQL_ROW_SUCCESS;
  for (const PlannedColumn& planned : plan) {
    const DescriptorRecord& binding = *planned.binding;
    Target target{.c_type = binding.type, .capacity = binding.octet_length};
    target.numeric_precision = binding.precision;
    target.numeric_scale = binding.scale;
    const size_t data_shift = offset + row * (by_column ? planned.stride : ard->bind_type);
    const size_t length_shift = offset + row * (by_column ? sizeof(SQLLEN) : ard->bind_type);
    if (binding.data != nullptr) target.data = static_cast<char*>(binding.data) + data_shift;
    if (binding.length != nullptr) target.length = Shift(binding.length, length_shift);
    if (binding.indicator != nullptr) target.indicator = Shift(binding.indicator, length_shift);
    const Cell& cell = result_->row()[planned.index];
    const Conversion outcome = options.max_length == 0
                                   ? ConvertCell(cell, *planned.column, context_, target)
                                   : ConvertCell(Shortened(cell, *planned.column), *planned.column, context_, target);
    if (outcome == Conversion::kDone) [[likely]]
      continue;
    if (IsError(outcome)) status = SQL_ROW_ERROR;
    if (status == SQL_ROW_SUCCESS) status = SQL_ROW_SUCCESS_WITH_INFO;
    diagnostics.AddOwn(StateOf(outcome), MessageOf(outcome), static_cast<SQLLEN>(row) + 1,
                       static_cast<SQLINTEGER>(planned.index) + 1);
  }
  return status;
}

SQLRETURN Statement::Fetch(const FetchReport& report) {
  if (!has_rows()) return Fail("24000", "there are no rows to fetch");
  const Busy busy(*this, "");
  const TimePoint deadline = Deadline();
  const std::vector<PlannedColumn> plan = PlanFetch();
  parts_.Reset();
  on_row_ = false;
  in_block_ = report.array_size > 1;
  SQLULEN count = 0;
  SQLULEN failed = 0;
  bool informed = false;
  absl::Status broken;
  for (; count < report.array_size; ++count) {
    if (options.max_rows > 0 && rows_seen_ >= options.max_rows) break;
    const absl::StatusOr<bool> advanced = cancel_.cancelled()
                                              ? ServerError("HY008", kNativeCancelled, "SQL execution canceled")
                                              : result_->Advance(cancel_, deadline);
    if (!advanced.ok()) broken = advanced.status();
    if (!advanced.ok() || !*advanced) break;
    ++rows_seen_;
    const SQLUSMALLINT status = ConvertRow(plan, count);
    if (report.row_status != nullptr) report.row_status[count] = status;
    if (status == SQL_ROW_ERROR) ++failed;
    if (status != SQL_ROW_SUCCESS) informed = true;
  }
  if (report.rows_fetched != nullptr) *report.rows_fetched = count;
  if (report.row_status != nullptr) {
    std::fill(report.row_status + count, report.row_status + report.array_size,
              static_cast<SQLUSMALLINT>(SQL_ROW_NOROW));
  }
  if (!broken.ok()) return Fail(broken);
  if (count == 0) return SQL_NO_DATA;
  on_row_ = true;
  if (failed == count && count == 1) return SQL_ERROR;
  return informed ? SQL_SUCCESS_WITH_INFO : SQL_SUCCESS;
}

SQLRETURN Statement::GetData(SQLUSMALLINT column, const Target& asked) {
  if (!has_rows() || !on_row_) return Fail("24000", "there is no current row; fetch one first");
  if (in_block_) return Fail("HY109", "SQLGetData works with a row array size of 1 only; bind the column");
  const std::vector<Column>& columns = result_->columns();
  if (column == 0) return Fail("07009", "bookmarks are not supported; columns are counted from 1");
  if (column > columns.size()) return Fail("07009", absl::StrCat("there is no column ", column));
  if (asked.capacity < 0) return Fail("HY090", "the buffer length is negative");
  Target target = asked;
  if (target.c_type == SQL_ARD_TYPE) {
    const DescriptorRecord* const record = ard->Find(column);
    if (record == nullptr) return Fail("07009", "SQL_ARD_TYPE: the descriptor has no such record");
    target.c_type = record->type;
    target.numeric_precision = record->precision;
    target.numeric_scale = record->scale;
  }
  bool exhausted = false;
  const Column& described = columns[column - 1U];
  const Cell cell = Shortened(result_->row()[column - 1U], described);
  const Conversion outcome = parts_.Read(column, cell, described, context_, target, exhausted);
  if (exhausted) return SQL_NO_DATA;
  if (outcome == Conversion::kDone) return SQL_SUCCESS;
  diagnostics.AddOwn(StateOf(outcome), MessageOf(outcome), 1, column);
  return IsError(outcome) ? SQL_ERROR : SQL_SUCCESS_WITH_INFO;
}

}  // namespace cdi::sfodbc
