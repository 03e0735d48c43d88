#include "tests/snowflake_mock/server/engine/wire_rows.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/text.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

// 0 when a time of this engine type is not a plain 64-bit count.
int64_t UnitsPerSecond(const EngineType& type) {
  if (!type.alias.empty() && type.alias != "SF_LTZ") return 0;
  switch (type.id) {
    case DUCKDB_TYPE_TIMESTAMP_S:
      return 1;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return 1'000;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_TIME:
      return 1'000'000;
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIME_NS:
      return kNanosPerSecond;
    default:
      return 0;
  }
}

bool IsTime(Kind kind) {
  return kind == Kind::kTime || kind == Kind::kTimestampNtz || kind == Kind::kTimestampLtz;
}

}  // namespace

WireRows::WireRows(duckdb_data_chunk chunk, const std::vector<ResultColumn>& columns)
    : size_(duckdb_data_chunk_get_size(chunk)) {
  columns_.reserve(columns.size());
  for (idx_t i = 0; i < columns.size(); ++i) {
    columns_.push_back(Plan(VectorView(duckdb_data_chunk_get_vector(chunk, i)), columns[i].type));
  }
}

WireRows::Column WireRows::Plan(VectorView view, const SqlType& declared) {
  using Shape = Column::Shape;
  const EngineType& type = view.type();
  const int64_t units = UnitsPerSecond(type);
  Shape shape = Shape::kOther;
  if (declared.kind == Kind::kText && type.id == DUCKDB_TYPE_VARCHAR) shape = Shape::kText;
  if (declared.kind == Kind::kNumber && type.scale == 0) shape = Shape::kInteger;
  if (IsTime(declared.kind) && units > 0 && declared.scale >= 0 && declared.scale <= 9) shape = Shape::kTime;
  return {shape, std::move(view), &declared, units};
}

void WireRows::AppendRow(idx_t row, std::string& out) const {
  char before = '[';
  for (const Column& column : columns_) {
    out += before;
    before = ',';
    if (!column.view.IsNull(row)) {
      if (column.shape == Column::Shape::kText) {
        out += '"';
        AppendJsonEscaped(column.view.Text(row), out);
        out += '"';
        continue;
      }
      if (column.shape == Column::Shape::kInteger && AppendInteger(column, row, out)) continue;
      if (column.shape == Column::Shape::kTime && AppendTime(column, row, out)) continue;
    }
    AppendWireValue(column.view, row, *column.declared, out);
  }
  if (columns_.empty()) out += '[';
  out += ']';
}

bool WireRows::AppendInteger(const Column& column, idx_t row, std::string& out) {
  const Int128 wide = column.view.Integer(row);
  if (wide < std::numeric_limits<int64_t>::min() || wide > std::numeric_limits<int64_t>::max()) return false;
  std::array<char, 24> text;
  text[0] = '"';
  char* const end = std::to_chars(text.data() + 1, text.data() + text.size() - 1, static_cast<int64_t>(wide)).ptr;
  *end = '"';
  out.append(text.data(), end + 1);
  return true;
}

bool WireRows::AppendTime(const Column& column, idx_t row, std::string& out) {
  const int64_t units = column.view.Units(row);
  if (units < 0) return false;
  std::array<char, 40> text;
  text[0] = '"';
  char* end = std::to_chars(text.data() + 1, text.data() + 24, units / column.units_per_second).ptr;
  if (const int digits = column.declared->scale; digits > 0) {
    *end++ = '.';
    int64_t nanos = units % column.units_per_second * (kNanosPerSecond / column.units_per_second);
    for (int i = 8; i >= 0; --i, nanos /= 10) end[i] = static_cast<char>('0' + nanos % 10);
    end += digits;
  }
  *end++ = '"';
  out.append(text.data(), end);
  return true;
}

}  // namespace cdi::snowflake_mock
