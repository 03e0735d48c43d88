#include "tests/snowflake_mock/server/language/time_format.h"

#include <array>
#include <chrono>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace cdi::snowflake_mock {
namespace {

constexpr std::array<const char*, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Parts {
  int year = 0;
  unsigned month = 1;
  unsigned day = 1;
  unsigned weekday = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

Parts Split(int64_t wall_seconds) {
  const std::chrono::sys_seconds point{std::chrono::seconds(wall_seconds)};
  const auto midnight = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{midnight};
  const auto rest = static_cast<int>((point - midnight).count());
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          std::chrono::weekday(midnight).c_encoding(),
          rest / 3600,
          rest / 60 % 60,
          rest % 60};
}

std::string Fraction(int32_t nanos, int digits) {
  return absl::StrFormat("%09d", nanos).substr(0, static_cast<size_t>(digits));
}

}  // namespace

std::string FormatTime(std::string_view format, int64_t seconds, int32_t nanos, int offset_minutes) {
  const Parts parts = Split(seconds + int64_t{60} * offset_minutes);
  const int hour12 = parts.hour % 12 == 0 ? 12 : parts.hour % 12;
  const char sign = offset_minutes < 0 ? '-' : '+';
  const int offset = std::abs(offset_minutes);
  std::string out;
  size_t at = 0;
  const auto take = [&](std::string_view element) {
    const auto part = format.substr(at, element.size());
    if (absl::AsciiStrToUpper(absl::string_view(part.data(), part.size())) !=
        absl::string_view(element.data(), element.size())) {
      return false;
    }
    at += element.size();
    return true;
  };
  while (at < format.size()) {
    if (format[at] == '"') {
      const size_t end = format.find('"', at + 1);
      const size_t stop = end == std::string_view::npos ? format.size() : end;
      out += format.substr(at + 1, stop - at - 1);
      at = stop == format.size() ? stop : stop + 1;
    } else if (take("YYYY")) {
      absl::StrAppendFormat(&out, "%04d", parts.year);
    } else if (take("YY")) {
      absl::StrAppendFormat(&out, "%02d", parts.year % 100);
    } else if (take("MMMM")) {
      out += kMonths[parts.month - 1];
    } else if (take("MON")) {
      out += std::string(kMonths[parts.month - 1]).substr(0, 3);
    } else if (take("MM")) {
      absl::StrAppendFormat(&out, "%02u", parts.month);
    } else if (take("DD")) {
      absl::StrAppendFormat(&out, "%02u", parts.day);
    } else if (take("DY")) {
      out += kDays[parts.weekday];
    } else if (take("HH24")) {
      absl::StrAppendFormat(&out, "%02d", parts.hour);
    } else if (take("HH12") || take("HH")) {
      absl::StrAppendFormat(&out, "%02d", hour12);
    } else if (take("AM") || take("PM")) {
      out += parts.hour < 12 ? "AM" : "PM";
    } else if (take("MI")) {
      absl::StrAppendFormat(&out, "%02d", parts.minute);
    } else if (take("SS")) {
      absl::StrAppendFormat(&out, "%02d", parts.second);
    } else if (take("FF")) {
      int digits = 9;
      if (at < format.size() && absl::ascii_isdigit(static_cast<unsigned char>(format[at])))
        digits = format[at++] - '0';
      out += Fraction(nanos, digits);
      if (digits == 0 && !out.empty() && out.back() == '.') out.pop_back();
    } else if (take("TZH:TZM")) {
      absl::StrAppendFormat(&out, "%c%02d:%02d", sign, offset / 60, offset % 60);
    } else if (take("TZHTZM")) {
      absl::StrAppendFormat(&out, "%c%02d%02d", sign, offset / 60, offset % 60);
    } else if (take("TZH")) {
      absl::StrAppendFormat(&out, "%c%02d", sign, offset / 60);
    } else if (take("TZM")) {
      absl::StrAppendFormat(&out, "%02d", offset % 60);
    } else {
      out += format[at++];
    }
  }
  return out;
}

}  // namespace cdi::snowflake_mock
