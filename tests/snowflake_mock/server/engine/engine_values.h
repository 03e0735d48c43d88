// Reading values out of the engine's vectors. Internal to engine*.cc: the only header that includes duckdb.h.
//
// Two alias types of ours stand beside the engine's own: SF_LTZ (nanoseconds of the instant) and SF_TZ (128 bits:
// nanoseconds of the instant * 4096 + offset in minutes + 1440, so that order is the order of instants).
#pragma once

#include <duckdb.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/language/sql_type.h"

namespace cdi::snowflake_mock {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int kTzFactor = 4096;
constexpr int kTzOffsetBias = 1440;

struct EngineType {
  duckdb_type id = DUCKDB_TYPE_INVALID;
  duckdb_type internal = DUCKDB_TYPE_INVALID;  // of a decimal
  int width = 0;
  int scale = 0;
  std::string alias;
};

EngineType ReadEngineType(duckdb_logical_type type);
// Also destroys `type`.
EngineType TakeEngineType(duckdb_logical_type type);

// The client's type of an engine type. 000002 for lists, structs, intervals and others that have no counterpart here.
absl::StatusOr<SqlType> ToSqlType(const EngineType& type);

// A moment as every time-like type can give it.
struct Moment {
  int64_t seconds = 0;     // of the instant; of the wall clock for TIMESTAMP_NTZ, DATE and TIME
  int32_t nanos = 0;       // 0 … 999,999,999
  int offset_minutes = 0;  // SF_TZ only
};

Moment MomentOfNanos(Int128 nanos);

std::string Int128Text(Int128 value);
// `value` / 10^scale with all digits: DecimalText(-5, 2) is "-0.05".
std::string DecimalText(Int128 value, int scale);
// Shortest text that reads back the same; NaN, inf, -inf.
std::string DoubleText(double value);

// One column of one chunk. Valid as long as the chunk is.
class VectorView {
 public:
  explicit VectorView(duckdb_vector vector);

  const EngineType& type() const { return type_; }
  bool IsNull(idx_t row) const {
    return null_type_ || (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row));
  }
  bool IsTimeLike() const;

  // Each only for the types that have it.
  Int128 Integer(idx_t row) const;  // integers; decimals without their point; SF_TZ raw
  double Real(idx_t row) const;
  bool Boolean(idx_t row) const { return static_cast<const bool*>(data_)[row]; }
  std::string_view Text(idx_t row) const;                                             // VARCHAR, JSON, BLOB
  int64_t Units(idx_t row) const { return static_cast<const int64_t*>(data_)[row]; }  // times of 64 bits, raw
  int32_t Days(idx_t row) const { return static_cast<const int32_t*>(data_)[row]; }
  Moment AsMoment(idx_t row) const;

 private:
  EngineType type_;
  bool null_type_ = false;
  void* data_;
  uint64_t* validity_;
};

// The value as it travels (spec/snowflake.md §3.4), as a JSON string or null, appended to `out`. `declared` is the type
// told to the client; it decides the digits of fractions.
void AppendWireValue(const VectorView& column, idx_t row, const SqlType& declared, std::string& out);

// The value as TO_VARCHAR and a cast to VARCHAR give it, with the default output formats.
std::string PlainText(const VectorView& column, idx_t row);
// The value inside VARIANT, OBJECT and ARRAY; "null" for NULL.
std::string JsonText(const VectorView& column, idx_t row);
// A time of the column's type as a VARIANT keeps it.
std::string KeptMoment(const VectorView& column, const Moment& moment);

}  // namespace cdi::snowflake_mock
