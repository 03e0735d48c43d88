#include "tests/snowflake_mock/odbc/cell_values.h"

#include <charconv>
#include <chrono>
#include <cmath>

#include "absl/strings/ascii.h"

namespace cdi::sfodbc {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int kDecimalDigitsMax = 38;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <typename Number>
bool ReadInteger(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Digits of a fraction as nanoseconds; more than nine are cut.
std::optional<uint32_t> ReadNanos(std::string_view digits) {
  uint32_t nanos = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(digits[i]))) return std::nullopt;
    if (i < 9) nanos = nanos * 10 + static_cast<uint32_t>(digits[i] - '0');
  }
  for (size_t i = digits.size(); i < 9; ++i) nanos *= 10;
  return nanos;
}

// "-1.5" -> -2 s + 500,000,000 ns.
bool ReadSeconds(std::string_view text, int64_t& seconds, uint32_t& nanos) {
  const size_t point = text.find('.');
  if (!ReadInteger(text.substr(0, point), seconds)) return false;
  const auto fraction = ReadNanos(point == std::string_view::npos ? std::string_view() : text.substr(point + 1));
  if (!fraction.has_value()) return false;
  nanos = *fraction;
  if (text.front() == '-' && nanos > 0) {
    seconds -= 1;
    nanos = 1'000'000'000 - nanos;
  }
  return true;
}

void SetDate(int64_t days, CivilTime& time) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  time.year = static_cast<int>(date.year());
  time.month = static_cast<int>(static_cast<unsigned>(date.month()));
  time.day = static_cast<int>(static_cast<unsigned>(date.day()));
}

void SetTimeOfDay(int64_t second_of_day, CivilTime& time) {
  time.hour = static_cast<int>(second_of_day / 3600);
  time.minute = static_cast<int>(second_of_day / 60 % 60);
  time.second = static_cast<int>(second_of_day % 60);
}

char* WriteDigits(char* out, int value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + count;
}

bool ReadFixedDigits(std::string_view& text, size_t count, char behind, int& out) {
  if (text.size() < count || !ReadInteger(text.substr(0, count), out)) return false;
  text.remove_prefix(count);
  if (behind == '\0') return true;
  if (text.empty() || text.front() != behind) return false;
  text.remove_prefix(1);
  return true;
}

bool ReadClock(std::string_view text, CivilTime& time) {
  if (!ReadFixedDigits(text, 2, ':', time.hour) || !ReadFixedDigits(text, 2, ':', time.minute) ||
      !ReadFixedDigits(text, 2, '\0', time.second)) {
    return false;
  }
  if (!text.empty()) {
    if (text.front() != '.') return false;
    const auto nanos = ReadNanos(text.substr(1));
    if (!nanos.has_value()) return false;
    time.nanos = *nanos;
  }
  return time.hour < 24 && time.minute < 60 && time.second < 60;
}

}  // namespace

std::optional<DecimalValue> ParseDecimal(std::string_view text) {
  text = Trim(text);
  DecimalValue value;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    value.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool behind_point = false;
  int digits = 0;
  int significant = 0;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
    ++digits;
    const auto digit = static_cast<unsigned>(c - '0');
    if (significant > 0 || digit > 0) ++significant;
    if (significant > kDecimalDigitsMax) {
      value.overflow = value.overflow || !behind_point;
      value.has_fraction = value.has_fraction || (behind_point && digit != 0);
      continue;
    }
    value.unscaled = value.unscaled * 10 + digit;
    if (behind_point) {
      ++value.scale;
      value.has_fraction = value.has_fraction || digit != 0;
    } else {
      value.whole = value.whole * 10 + digit;
    }
  }
  if (digits == 0) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  text = Trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    const bool tiny = text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
    const double infinite = text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
    return tiny ? 0.0 : infinite;
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<bool> ParseBoolean(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (trimmed == "1") return true;
  if (trimmed == "0") return false;
  const std::string upper = UpperAscii(trimmed);
  if (upper == "TRUE") return true;
  if (upper == "FALSE") return false;
  return std::nullopt;
}

bool IsTimestamp(SnowflakeType type) {
  return type == SnowflakeType::kTimestampNtz || type == SnowflakeType::kTimestampLtz ||
         type == SnowflakeType::kTimestampTz;
}

bool IsTemporal(SnowflakeType type) {
  return type == SnowflakeType::kDate || type == SnowflakeType::kTime || IsTimestamp(type);
}

std::optional<CivilTime> DecodeTemporal(std::string_view cell, SnowflakeType type, const absl::TimeZone& session_zone) {
  CivilTime time;
  if (type == SnowflakeType::kDate) {
    int64_t days = 0;
    if (!ReadInteger(cell, days)) return std::nullopt;
    SetDate(days, time);
    return time;
  }
  if (type == SnowflakeType::kTimestampTz) cell = cell.substr(0, cell.find(' '));
  int64_t seconds = 0;
  if (cell.empty() || !ReadSeconds(cell, seconds, time.nanos)) return std::nullopt;
  if (type == SnowflakeType::kTimestampLtz && session_zone != absl::UTCTimeZone()) {
    seconds += session_zone.At(absl::FromUnixSeconds(seconds)).offset;
  }
  int64_t days = seconds / kSecondsPerDay;
  if (seconds % kSecondsPerDay < 0) --days;
  SetTimeOfDay(seconds - days * kSecondsPerDay, time);
  if (type != SnowflakeType::kTime) SetDate(days, time);
  return time;
}

std::optional<CivilTime> ParseCivilText(std::string_view text) {
  text = Trim(text);
  CivilTime time;
  if (text.size() >= 8 && text[2] == ':') {
    if (!ReadClock(text, time)) return std::nullopt;
    return time;
  }
  if (!ReadFixedDigits(text, 4, '-', time.year) || !ReadFixedDigits(text, 2, '-', time.month) ||
      !ReadFixedDigits(text, 2, '\0', time.day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(time.year),
                                         std::chrono::month(static_cast<unsigned>(time.month)),
                                         std::chrono::day(static_cast<unsigned>(time.day))};
  if (!date.ok()) return std::nullopt;
  if (text.empty()) return time;
  if (text.front() != ' ' && text.front() != 'T') return std::nullopt;
  if (!ReadClock(text.substr(1), time)) return std::nullopt;
  return time;
}

std::string_view RenderTemporal(const CivilTime& time, SnowflakeType type, int scale, char* out) {
  char* position = out;
  if (type != SnowflakeType::kTime) {
    int year = time.year;
    if (year < 0) {
      *position++ = '-';
      year = -year;
    }
    position = WriteDigits(position, year, year > 9999 ? 6 : 4);
    *position++ = '-';
    position = WriteDigits(position, time.month, 2);
    *position++ = '-';
    position = WriteDigits(position, time.day, 2);
  }
  if (type != SnowflakeType::kDate) {
    if (type != SnowflakeType::kTime) *position++ = ' ';
    position = WriteDigits(position, time.hour, 2);
    *position++ = ':';
    position = WriteDigits(position, time.minute, 2);
    *position++ = ':';
    position = WriteDigits(position, time.second, 2);
    if (scale > 0) {
      *position++ = '.';
      char nine[9];
      WriteDigits(nine, static_cast<int>(time.nanos), 9);
      for (int i = 0; i < scale && i < 9; ++i) *position++ = nine[i];
    }
  }
  return {out, static_cast<size_t>(position - out)};
}

}  // namespace cdi::sfodbc
