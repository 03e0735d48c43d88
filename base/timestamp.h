// A point of time as a warehouse stores it: seconds and nanoseconds since 1970-01-01T00:00:00Z.
//
// Wider than any chrono clock on purpose: Snowflake's TIMESTAMP_NTZ(9) covers years 0001 to 9999 at nanosecond
// precision, which does not fit into 64 bits of nanoseconds. A plain value; ordered; hashable.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdi {

struct Timestamp {
  int64_t seconds = 0;
  int32_t nanos = 0;  // 0..999,999,999, also before 1970

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;

  // `amount` may be negative; the result is normalised.
  Timestamp Plus(std::chrono::nanoseconds amount) const;

  // "2026-11-24T02:25:51.123456789Z", always nine digits of fraction.
  std::string ToString() const;

  // Takes RFC 3339 with `T` or a blank between date and time, 0 to 9 digits of fraction, and `Z`, an offset, or nothing
  // (read as UTC). nullopt for anything else, also for dates that no calendar has, and for times that an offset puts
  // outside of the years 0000 to 9999 (UTC).
  static std::optional<Timestamp> Parse(std::string_view text);

  static Timestamp FromCivil(int year, int month, int day, int hour, int minute, int second, int32_t nanos);
};

// Signed distance a - b, saturated to what nanoseconds hold (about 292 years).
std::chrono::nanoseconds Distance(const Timestamp& a, const Timestamp& b);

}  // namespace cdi
