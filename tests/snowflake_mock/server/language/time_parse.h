// Texts into points of time: Snowflake's automatic detection and its format models.
//
// Source: docs.snowflake.com "Date and time input and output formats", read 2026-11.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdi::snowflake_mock {

// What a text says. The wall clock, and the offset when it names one.
struct WallTime {
  int64_t seconds = 0;  // of the wall clock since 1970-01-01
  int32_t nanos = 0;
  std::optional<int> offset_minutes;
  bool has_date = false;
  bool is_epoch = false;  // a plain number: seconds, milliseconds … since 1970, in UTC
};

// `format` empty or AUTO: detection. nullopt when the text does not follow it or no calendar has the date.
std::optional<WallTime> ParseWallTime(std::string_view text, std::string_view format);

// Numbers are seconds, milliseconds, microseconds or nanoseconds by their size, as TO_TIMESTAMP documents.
__extension__ typedef __int128 WideNanos;
WideNanos NanosOfEpochNumber(WideNanos value);

// The instant of a wall clock in a zone, and the other way round. nullopt: no such zone.
std::optional<int> OffsetOfInstant(const std::string& zone, int64_t seconds);
std::optional<int64_t> InstantOfWall(const std::string& zone, int64_t wall_seconds);

}  // namespace cdi::snowflake_mock
