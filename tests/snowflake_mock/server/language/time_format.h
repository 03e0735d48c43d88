// Snowflake's date and time format models: rendering ('YYYY-MM-DD"T"HH24:MI:SS.FF9').
//
// Elements: YYYY YY MM MON MMMM DD DY HH24 HH12 HH AM PM MI SS FF[0-9] TZH TZM TZHTZM TZH:TZM, "quoted text", anything
// else as it is. Source: docs.snowflake.com "Date and time input and output formats", read 2026-11.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cdi::snowflake_mock {

// `seconds` and `nanos` are the instant in UTC; the wall clock shown is `offset_minutes` ahead of it.
std::string FormatTime(std::string_view format, int64_t seconds, int32_t nanos, int offset_minutes);

}  // namespace cdi::snowflake_mock
