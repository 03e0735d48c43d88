#include "cli/values.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/numbers.h"

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "cli/concat.h"

namespace cdi::cli {
namespace {

using std::chrono::nanoseconds;

constexpr int64_t kSecond = 1'000'000'000;

struct Unit {
  std::string_view suffix;
  int64_t nanos;
};
constexpr Unit kUnits[] = {
    {"ms", 1'000'000}, {"s", kSecond}, {"m", 60 * kSecond}, {"h", 3600 * kSecond}, {"d", 86400 * kSecond}};
// Far below what nanoseconds hold (292 years), so that sums of parts cannot overflow.
constexpr double kDurationNanosMax = 100.0 * 366 * 86400 * 1e9;

absl::Status WrongDuration(std::string_view text) {
  return absl::InvalidArgumentError(
      Concat("a duration must look like 30s, 5m, 1h, 1h30m or 500ms; got ", JsonQuote(text)));
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool HasZone(std::string_view text) {
  if (text.empty()) return false;
  if (text.back() == 'Z' || text.back() == 'z') return true;
  // `+02:00` after the time of day; the dashes of the date come before its `T`.
  return text.size() > 11 && text.find_first_of("+-", 11) != std::string_view::npos;
}

}  // namespace

absl::StatusOr<nanoseconds> ParseDuration(std::string_view text) {
  if (text == "0") return nanoseconds(0);
  if (text.empty()) return WrongDuration(text);
  double sum = 0;
  for (std::string_view rest = text; !rest.empty();) {
    size_t digits = 0;
    while (digits < rest.size() && (IsDigit(rest[digits]) || rest[digits] == '.')) ++digits;
    size_t unit_end = digits;
    while (unit_end < rest.size() && !IsDigit(rest[unit_end]) && rest[unit_end] != '.') ++unit_end;
    const std::string_view suffix = rest.substr(digits, unit_end - digits);
    const Unit* unit =
        std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& u) { return u.suffix == suffix; });
    double amount = 0;
    if (digits == 0 || unit == std::end(kUnits) || !absl::SimpleAtod(absl::string_view(rest.data(), digits), &amount)) {
      return WrongDuration(text);
    }
    sum += amount * static_cast<double>(unit->nanos);
    if (!(sum <= kDurationNanosMax)) return WrongDuration(text);
    rest.remove_prefix(unit_end);
  }
  return nanoseconds(std::llround(sum));
}

absl::StatusOr<Timestamp> ParseTime(std::string_view text) {
  const std::optional<Timestamp> time = HasZone(text) ? Timestamp::Parse(text) : std::nullopt;
  if (!time) {
    return absl::InvalidArgumentError(
        Concat("a time must be RFC 3339 with its zone, such as 2026-11-24T02:25:51Z or 2026-11-24T04:25:51+02:00; got ",
               JsonQuote(text)));
  }
  return *time;
}

std::string FormatDuration(nanoseconds duration) {
  int64_t left = std::max<int64_t>(duration.count(), 0);
  if (left == 0) return "0s";
  std::string text;
  const int64_t hours = left / (3600 * kSecond);
  if (hours > 0) Append(text, hours, "h");
  left %= 3600 * kSecond;
  const int64_t minutes = left / (60 * kSecond);
  const bool as_seconds = text.empty() && minutes < 2;
  if (!as_seconds && minutes > 0) Append(text, minutes, "m");
  if (!as_seconds) left %= 60 * kSecond;
  if (left == 0) return text;
  if (text.empty() && left < kSecond && left % 1'000'000 == 0) return Concat(left / 1'000'000, "ms");
  Append(text, left / kSecond);
  if (left % kSecond != 0) {
    std::string fraction = absl::StrFormat("%09d", left % kSecond);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    Append(text, ".", fraction);
  }
  return Concat(text, "s");
}

std::string FormatTime(const Timestamp& time) {
  std::string text = time.ToString();  // always nine digits of fraction, then Z
  text.pop_back();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return Concat(text, "Z");
}

std::string FormatClock(const Timestamp& time, const Timestamp& today) {
  const std::string text = FormatTime(time);
  const size_t t = text.find('T');
  if (t == std::string::npos || FormatTime(today).substr(0, t) != text.substr(0, t)) return text;
  return Concat(text.substr(t + 1, 8), " UTC");
}

std::string FormatElapsed(nanoseconds elapsed) {
  const int64_t seconds = std::max<int64_t>(elapsed.count(), 0) / kSecond;
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string FormatCount(int64_t count) {
  std::string digits = Concat(count);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string CountOf(int64_t count, std::string_view singular, std::string_view plural) {
  return Concat(FormatCount(count), " ", count == 1 ? singular : plural);
}

google::protobuf::Duration ToProto(nanoseconds duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(duration.count() / kSecond);
  proto.set_nanos(static_cast<int32_t>(duration.count() % kSecond));
  return proto;
}

google::protobuf::Timestamp ToProto(const Timestamp& time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(time.seconds);
  proto.set_nanos(time.nanos);
  return proto;
}

nanoseconds FromProto(const google::protobuf::Duration& duration) {
  const int64_t seconds_max = INT64_MAX / kSecond - 1;
  return nanoseconds(std::clamp(duration.seconds(), -seconds_max, seconds_max) * kSecond + duration.nanos());
}

Timestamp FromProto(const google::protobuf::Timestamp& time) {
  return {time.seconds(), time.nanos()};
}

}  // namespace cdi::cli
