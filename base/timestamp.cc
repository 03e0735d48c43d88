#include "base/timestamp.h"

#include <limits>

#include "absl/strings/str_format.h"

namespace cdi {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

// Reads exactly `digits` decimal digits at `*pos`.
std::optional<int> ReadDigits(std::string_view text, size_t* pos, int digits) {
  int value = 0;
  for (int i = 0; i < digits; ++i, ++*pos) {
    if (*pos >= text.size() || text[*pos] < '0' || text[*pos] > '9') return std::nullopt;
    value = value * 10 + (text[*pos] - '0');
  }
  return value;
}

bool ReadChar(std::string_view text, size_t* pos, std::string_view any_of) {
  if (*pos >= text.size() || any_of.find(text[*pos]) == std::string_view::npos) return false;
  ++*pos;
  return true;
}

// Reads an optional ".123456789"; false when a dot has no digits or more than nine.
bool ReadFraction(std::string_view text, size_t* pos, int32_t* nanos) {
  *nanos = 0;
  if (*pos >= text.size() || text[*pos] != '.') return true;
  ++*pos;
  int digits = 0;
  for (; *pos < text.size() && text[*pos] >= '0' && text[*pos] <= '9'; ++*pos, ++digits) {
    if (digits == 9) return false;
    *nanos = *nanos * 10 + (text[*pos] - '0');
  }
  if (digits == 0) return false;
  for (; digits < 9; ++digits) *nanos *= 10;
  return true;
}

// Reads "Z", "+02:00", "+0200", "+02" or nothing into an offset in seconds.
std::optional<int> ReadOffset(std::string_view text, size_t* pos) {
  if (*pos == text.size()) return 0;
  if (ReadChar(text, pos, "Zz")) return 0;
  const bool negative = text[*pos] == '-';
  if (!ReadChar(text, pos, "+-")) return std::nullopt;
  const auto hours = ReadDigits(text, pos, 2);
  if (!hours || *hours > 23) return std::nullopt;
  int minutes = 0;
  if (*pos < text.size()) {
    ReadChar(text, pos, ":");
    const auto read = ReadDigits(text, pos, 2);
    if (!read || *read > 59) return std::nullopt;
    minutes = *read;
  }
  const int offset = (*hours * 60 + minutes) * 60;
  return negative ? -offset : offset;
}

}  // namespace

Timestamp Timestamp::FromCivil(int year, int month, int day, int hour, int minute, int second, int32_t nanos) {
  const std::chrono::sys_days days{std::chrono::year{year} / month / day};
  const int64_t seconds = int64_t{days.time_since_epoch().count()} * 86'400 + hour * 3'600 + minute * 60 + second;
  return Timestamp{seconds, nanos};
}

Timestamp Timestamp::Plus(std::chrono::nanoseconds amount) const {
  int64_t added_seconds = amount.count() / kNanosPerSecond;
  int64_t sum = nanos + amount.count() % kNanosPerSecond;
  if (sum < 0) {
    sum += kNanosPerSecond;
    --added_seconds;
  } else if (sum >= kNanosPerSecond) {
    sum -= kNanosPerSecond;
    ++added_seconds;
  }
  return Timestamp{seconds + added_seconds, static_cast<int32_t>(sum)};
}

std::string Timestamp::ToString() const {
  int64_t days = seconds / 86'400;
  int64_t rest = seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), rest / 3'600,
                         rest / 60 % 60, rest % 60, nanos);
}

std::optional<Timestamp> Timestamp::Parse(std::string_view text) {
  size_t pos = 0;
  const auto year = ReadDigits(text, &pos, 4);
  if (!year || !ReadChar(text, &pos, "-")) return std::nullopt;
  const auto month = ReadDigits(text, &pos, 2);
  if (!month || !ReadChar(text, &pos, "-")) return std::nullopt;
  const auto day = ReadDigits(text, &pos, 2);
  if (!day || !ReadChar(text, &pos, "Tt ")) return std::nullopt;
  const auto hour = ReadDigits(text, &pos, 2);
  if (!hour || *hour > 23 || !ReadChar(text, &pos, ":")) return std::nullopt;
  const auto minute = ReadDigits(text, &pos, 2);
  if (!minute || *minute > 59 || !ReadChar(text, &pos, ":")) return std::nullopt;
  const auto second = ReadDigits(text, &pos, 2);
  int32_t nanos = 0;
  if (!second || *second > 59 || !ReadFraction(text, &pos, &nanos)) return std::nullopt;
  const auto offset = ReadOffset(text, &pos);
  if (!offset || pos != text.size()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  Timestamp result = FromCivil(*year, *month, *day, *hour, *minute, *second, nanos);
  result.seconds -= *offset;
  // An offset may lead out of the years that four digits can name.
  if (result.seconds < FromCivil(0, 1, 1, 0, 0, 0, 0).seconds ||
      result.seconds > FromCivil(9999, 12, 31, 23, 59, 59, 0).seconds) {
    return std::nullopt;
  }
  return result;
}

std::chrono::nanoseconds Distance(const Timestamp& a, const Timestamp& b) {
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / kNanosPerSecond - 1;
  const int64_t seconds = a.seconds - b.seconds;
  if (seconds > kSecondsMax) return std::chrono::nanoseconds::max();
  if (seconds < -kSecondsMax) return std::chrono::nanoseconds::min();
  return std::chrono::nanoseconds{seconds * kNanosPerSecond + (a.nanos - b.nanos)};
}

}  // namespace cdi
