// The rows of one engine chunk as the JSON text that goes over the wire. Internal to engine*.cc, as engine_values.h is.
//
// What AppendWireValue writes, to the byte; but each column's case is chosen once, and the common ones (text, numbers
// of up to 18 digits, times from 1970 on) are written without an allocation.
#pragma once

#include <vector>

#include "tests/snowflake_mock/server/engine/engine_values.h"
#include "tests/snowflake_mock/server/engine/result_set.h"

namespace cdi::snowflake_mock {

// Valid as long as the chunk and the columns are.
class WireRows {
 public:
  WireRows(duckdb_data_chunk chunk, const std::vector<ResultColumn>& columns);

  idx_t size() const { return size_; }
  // ["1","a",null]
  void AppendRow(idx_t row, std::string& out) const;

 private:
  struct Column {
    enum class Shape { kText, kInteger, kTime, kOther } shape;
    VectorView view;
    const SqlType* declared;
    int64_t units_per_second;  // of a time
  };
  static Column Plan(VectorView view, const SqlType& declared);
  static bool AppendInteger(const Column& column, idx_t row, std::string& out);
  static bool AppendTime(const Column& column, idx_t row, std::string& out);

  idx_t size_;
  std::vector<Column> columns_;
};

}  // namespace cdi::snowflake_mock
