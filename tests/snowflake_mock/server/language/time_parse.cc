#include "tests/snowflake_mock/server/language/time_parse.h"

#include <array>
#include <chrono>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace cdi::snowflake_mock {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"JANUARY",   "FEBRUARY", "MARCH",    "APRIL",
                                                      "MAY",       "JUNE",     "JULY",     "AUGUST",
                                                      "SEPTEMBER", "OCTOBER",  "NOVEMBER", "DECEMBER"};

constexpr std::array<std::string_view, 22> kAutomatic = {"YYYY-MM-DD",
                                                         "YYYY-MM-DD HH24:MI:SS.FF",
                                                         "YYYY-MM-DD HH24:MI:SS",
                                                         "YYYY-MM-DD HH24:MI",
                                                         "YYYY-MM-DD HH24",
                                                         "YYYY-MM-DD\"T\"HH24:MI:SS.FF",
                                                         "YYYY-MM-DD\"T\"HH24:MI:SS",
                                                         "YYYY-MM-DD\"T\"HH24:MI",
                                                         "YYYY-MM-DD\"T\"HH24",
                                                         "YYYYMMDD\"T\"HH24MISS",
                                                         "MM/DD/YYYY HH24:MI:SS",
                                                         "MM/DD/YYYY",
                                                         "DD-MON-YYYY",
                                                         "DY, DD MON YYYY HH24:MI:SS",
                                                         "DY, DD MON YYYY HH12:MI:SS AM",
                                                         "DD MON YYYY HH24:MI:SS",
                                                         "DY MON DD HH24:MI:SS YYYY",
                                                         "DY MON DD HH24:MI:SS TZH:TZM YYYY",
                                                         "HH24:MI:SS.FF",
                                                         "HH24:MI:SS",
                                                         "HH24:MI",
                                                         "HH12:MI:SS AM"};

// Reads one text by one format.
class Reader {
 public:
  Reader(std::string_view text, std::string_view format) : text_(text), format_(format) {}

  std::optional<WallTime> Run(bool offset_may_follow) {
    while (at_ < format_.size()) {
      if (!Element()) return std::nullopt;
    }
    if (offset_may_follow && !result_.offset_minutes.has_value() && !Rest().empty()) {
      while (!Rest().empty() && Rest()[0] == ' ') ++read_;
      if (!Offset()) return std::nullopt;
    }
    if (!Rest().empty()) return std::nullopt;
    return Finish();
  }

 private:
  std::string_view Rest() const { return text_.substr(read_); }

  bool Take(std::string_view element) {
    if (!absl::EqualsIgnoreCase(absl::string_view(format_.data() + at_, std::min(element.size(), format_.size() - at_)),
                                absl::string_view(element.data(), element.size())))
      return false;
    at_ += element.size();
    return true;
  }

  bool Number(size_t least, size_t most, int& value) {
    size_t n = 0;
    value = 0;
    while (n < most && n < Rest().size() && absl::ascii_isdigit(static_cast<unsigned char>(Rest()[n]))) {
      value = value * 10 + (Rest()[n] - '0');
      ++n;
    }
    read_ += n;
    return n >= least;
  }

  bool Letters(std::string_view word) {
    const auto piece = Rest().substr(0, word.size());
    if (piece.size() != word.size() || !absl::EqualsIgnoreCase(absl::string_view(piece.data(), piece.size()),
                                                               absl::string_view(word.data(), word.size())))
      return false;
    read_ += word.size();
    return true;
  }

  bool Month(bool full) {
    for (size_t i = 0; i < kMonths.size(); ++i) {
      if (Letters(full ? kMonths[i] : kMonths[i].substr(0, 3))) {
        month_ = static_cast<int>(i) + 1;
        return true;
      }
    }
    return false;
  }

  bool Fraction(size_t digits) {
    size_t n = 0;
    int64_t value = 0;
    while (n < Rest().size() && n < digits && absl::ascii_isdigit(static_cast<unsigned char>(Rest()[n]))) {
      value = value * 10 + (Rest()[n++] - '0');
    }
    if (n == 0) return false;
    read_ += n;
    for (size_t i = n; i < 9; ++i) value *= 10;
    result_.nanos = static_cast<int32_t>(value);
    return true;
  }

  // Z, +01, +0100, +01:00
  bool Offset() {
    if (Letters("Z")) {
      result_.offset_minutes = 0;
      return true;
    }
    if (Rest().empty() || (Rest()[0] != '+' && Rest()[0] != '-')) return false;
    const bool negative = Rest()[0] == '-';
    ++read_;
    int hours = 0;
    int minutes = 0;
    if (!Number(1, 2, hours)) return false;
    if (!Rest().empty() && Rest()[0] == ':') ++read_;
    if (!Rest().empty() && !Number(2, 2, minutes)) return false;
    if (hours > 14 || minutes > 59) return false;
    result_.offset_minutes = (negative ? -1 : 1) * (hours * 60 + minutes);
    return true;
  }

  bool Element() {
    if (format_[at_] == '"') {
      const size_t end = std::min(format_.find('"', at_ + 1), format_.size());
      const std::string_view quoted = format_.substr(at_ + 1, end - at_ - 1);
      at_ = std::min(end + 1, format_.size());
      return Letters(quoted);
    }
    if (Take("YYYY")) return result_.has_date = true, Number(4, 4, year_);
    if (Take("YY")) {
      result_.has_date = true;
      if (!Number(2, 2, year_)) return false;
      year_ += year_ < 70 ? 2000 : 1900;
      return true;
    }
    if (Take("MMMM")) return Month(true);
    if (Take("MON")) return Month(false);
    if (Take("MM")) return Number(1, 2, month_);
    if (Take("DD")) return Number(1, 2, day_);
    if (Take("DY")) {
      for (const char* day : {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}) {
        if (Letters(day)) return true;
      }
      return false;
    }
    if (Take("HH24")) return Number(1, 2, hour_);
    if (Take("HH12") || Take("HH")) return twelve_ = true, Number(1, 2, hour_);
    if (Take("AM") || Take("PM")) {
      if (Letters("PM")) return afternoon_ = true;
      return Letters("AM");
    }
    if (Take("MI")) return Number(1, 2, minute_);
    if (Take("SS")) return Number(1, 2, second_);
    if (Take("FF")) {
      size_t digits = 9;
      if (at_ < format_.size() && absl::ascii_isdigit(static_cast<unsigned char>(format_[at_])))
        digits = static_cast<size_t>(format_[at_++] - '0');
      return digits == 0 || Fraction(digits);
    }
    if (Take("TZHTZM") || Take("TZH:TZM") || Take("TZH")) return Offset();
    if (Rest().empty() || absl::ascii_tolower(static_cast<unsigned char>(Rest()[0])) !=
                              absl::ascii_tolower(static_cast<unsigned char>(format_[at_])))
      return false;
    ++at_;
    ++read_;
    return true;
  }

  std::optional<WallTime> Finish() {
    if (twelve_) {
      if (hour_ < 1 || hour_ > 12) return std::nullopt;
      hour_ = hour_ % 12 + (afternoon_ ? 12 : 0);
    }
    const std::chrono::year_month_day date{std::chrono::year(year_), std::chrono::month(static_cast<unsigned>(month_)),
                                           std::chrono::day(static_cast<unsigned>(day_))};
    if (!date.ok() || year_ < 1 || hour_ > 23 || minute_ > 59 || second_ > 59) return std::nullopt;
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    result_.seconds = int64_t{86400} * days + hour_ * 3600 + minute_ * 60 + second_;
    return result_;
  }

  std::string_view text_;
  std::string_view format_;
  size_t at_ = 0;
  size_t read_ = 0;
  int year_ = 1970;
  int month_ = 1;
  int day_ = 1;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  bool twelve_ = false;
  bool afternoon_ = false;
  WallTime result_;
};

bool Load(const std::string& zone, absl::TimeZone& loaded) {
  thread_local std::string last;
  thread_local absl::TimeZone last_loaded;
  if (last.empty() || last != zone) {
    absl::TimeZone fresh;
    const bool fixed = zone.empty() || zone.find("Fixed/") == 0;
    if (fixed || !absl::LoadTimeZone(zone, &fresh)) return false;
    last = zone;
    last_loaded = fresh;
  }
  loaded = last_loaded;
  return true;
}

}  // namespace

WideNanos NanosOfEpochNumber(WideNanos value) {
  constexpr WideNanos kThousand = 1000;
  const WideNanos size = value < 0 ? -value : value;
  if (size < 31'536'000'000) return value * kThousand * kThousand * kThousand;
  if (size < 31'536'000'000'000) return value * kThousand * kThousand;
  if (size < 31'536'000'000'000'000) return value * kThousand;
  return value;
}

std::optional<WallTime> ParseWallTime(std::string_view text, std::string_view format) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty() || text.size() > 100) return std::nullopt;
  if (!format.empty() && !absl::EqualsIgnoreCase(absl::string_view(format.data(), format.size()), "AUTO"))
    return Reader(text, format).Run(false);
  for (const std::string_view known : kAutomatic) {
    if (const auto read = Reader(text, known).Run(known.find("HH") != std::string_view::npos)) return read;
  }
  int64_t number = 0;
  if (absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number)) {
    WideNanos nanos = NanosOfEpochNumber(number);
    WideNanos seconds = nanos / 1'000'000'000;
    auto rest = static_cast<int32_t>(nanos % 1'000'000'000);
    if (rest < 0) {
      rest += 1'000'000'000;
      --seconds;
    }
    return WallTime{static_cast<int64_t>(seconds), rest, 0, true, true};
  }
  return std::nullopt;
}

std::optional<int> OffsetOfInstant(const std::string& zone, int64_t seconds) {
  if (zone == "UTC") return 0;
  absl::TimeZone loaded;
  if (!Load(zone, loaded)) return std::nullopt;
  return loaded.At(absl::FromUnixSeconds(seconds)).offset / 60;
}

std::optional<int64_t> InstantOfWall(const std::string& zone, int64_t wall_seconds) {
  if (zone == "UTC") return wall_seconds;
  absl::TimeZone loaded;
  if (!Load(zone, loaded)) return std::nullopt;
  const absl::CivilSecond wall = absl::ToCivilSecond(absl::FromUnixSeconds(wall_seconds), absl::UTCTimeZone());
  return absl::ToUnixSeconds(loaded.At(wall).pre);
}

}  // namespace cdi::snowflake_mock
