// What the text of a cell means: numbers, dates, times and timestamps in Snowflake's wire encoding (spec/snowflake.md
// §3.4), and their rendering as text (§2.3). Pure functions, no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "tests/snowflake_mock/odbc/column_types.h"
#include "tests/snowflake_mock/odbc/int128.h"

namespace cdi::sfodbc {

struct CivilTime {
  int year = 1970, month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
  uint32_t nanos = 0;
};

// A decimal number; `whole` and `digits` saturate `overflow`.
struct DecimalValue {
  bool negative = false;
  Uint128 whole = 0;          // digits before the point
  Uint128 unscaled = 0;       // all digits, without the point
  int scale = 0;              // digits after the point
  bool has_fraction = false;  // a digit after the point is not zero
  bool overflow = false;      // more than 38 digits
};

// "-12.50"; nullopt for anything that is not digits with at most one point (exponents and NaN too).
std::optional<DecimalValue> ParseDecimal(std::string_view text);

// Any number, also with exponent, "NaN", "inf", "-inf".
std::optional<double> ParseDouble(std::string_view text);

std::optional<bool> ParseBoolean(std::string_view text);

// The civil time of a DATE, TIME or TIMESTAMP_* cell. LTZ in `session_zone`; TZ as the UTC wall clock, its offset
// dropped.
std::optional<CivilTime> DecodeTemporal(std::string_view cell, SnowflakeType type, const absl::TimeZone& session_zone);

// "2026-11-24", "12:34:56.789", "2026-11-24 12:34:56.789" in a text column.
std::optional<CivilTime> ParseCivilText(std::string_view text);

// Room for RenderTemporal.
inline constexpr size_t kTemporalTextMax = 40;
// "YYYY-MM-DD", "HH:MM:SS[.f]", "YYYY-MM-DD HH:MM:SS[.f]" with `scale` digits of fraction, written to `out`.
std::string_view RenderTemporal(const CivilTime& time, SnowflakeType type, int scale, char* out);

bool IsTemporal(SnowflakeType type);
bool IsTimestamp(SnowflakeType type);

}  // namespace cdi::sfodbc
