// DATEADD, DATEDIFF, DATE_TRUNC, DATE_PART and their kin. Parts come as the rewriter spells them: "year" …
// "nanosecond".
#include <chrono>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/server/engine/time_values.h"
#include "tests/snowflake_mock/server/language/time_format.h"
#include "tests/snowflake_mock/server/language/time_parse.h"

namespace cdi::snowflake_mock {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr Int128 kDayNanos = Int128{86400} * kNanosPerSecond;

Int128 FloorDiv(Int128 a, Int128 b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

year_month_day DateOf(Int128 wall_nanos) {
  return year_month_day{sys_days(days(static_cast<int>(FloorDiv(wall_nanos, kDayNanos))))};
}

Int128 NanosOfDate(const year_month_day& date) {
  return static_cast<Int128>(sys_days(date).time_since_epoch().count()) * kDayNanos;
}

bool IsCalendarPart(std::string_view part) {
  return part == "year" || part == "quarter" || part == "month" || part == "add_months";
}

Int128 UnitNanos(std::string_view part) {
  if (part == "week") return 7 * kDayNanos;
  if (part == "day") return kDayNanos;
  if (part == "hour") return Int128{3600} * kNanosPerSecond;
  if (part == "minute") return Int128{60} * kNanosPerSecond;
  if (part == "second") return kNanosPerSecond;
  if (part == "millisecond") return 1'000'000;
  if (part == "microsecond") return 1000;
  return 1;
}

constexpr int64_t kAmountMax = int64_t{100'000} * 366 * 86400;  // beyond every year there is, in seconds

// Adds calendar months; the day is cut to the month's length. `sticky`: a last day stays a last day.
Int128 AddMonths(Int128 wall, int64_t months, bool sticky) {
  const Int128 rest = wall - FloorDiv(wall, kDayNanos) * kDayNanos;
  const year_month_day old = DateOf(wall);
  const bool last = sticky && old.day() == (old.year() / old.month() / std::chrono::last).day();
  year_month_day date = old + std::chrono::months(static_cast<int>(months));
  if (last || !date.ok()) date = date.year() / date.month() / std::chrono::last;
  return NanosOfDate(date) + rest;
}

std::optional<Int128> AddPart(std::string_view part, int64_t amount, Int128 wall) {
  if (IsCalendarPart(part)) {
    const int64_t months = part == "year" ? 12 : part == "quarter" ? 3 : 1;
    if (amount > 12 * 20'000 || amount < -12 * 20'000) return std::nullopt;
    return AddMonths(wall, amount * months, part == "add_months");
  }
  const Int128 unit = UnitNanos(part);
  if (unit >= kNanosPerSecond && (amount > kAmountMax || amount < -kAmountMax)) return std::nullopt;
  return wall + unit * amount;
}

Outcome OutOfRange() {
  return Outcome::Error("000002", "0A000", "Unsupported feature 'timestamps outside of the years 1677 to 2262'.");
}

// The wall clock `nanos` of a zone as an instant.
Int128 InstantOfWallNanos(Int128 wall, const std::string& zone) {
  const Moment moment = MomentOfNanos(wall);
  return NanosOf({InstantOfWall(zone, moment.seconds).value_or(moment.seconds), moment.nanos, 0});
}

// (part, amount, time, zone)
Outcome Add(const FunctionCall& call, ResultKind kind) {
  const std::string zone(call.Text(3));
  if (!OffsetOfInstant(zone, 0).has_value()) return UnknownZone(zone);
  const VectorView& time = call.in[2];
  const std::string_view part = call.Text(0);
  const Moment moment = MomentInZone(time, call.row, zone);
  // Days and longer keep the wall clock; hours and shorter move the instant.
  const bool by_wall = IsCalendarPart(part) || part == "week" || part == "day" || !IsLtz(time);
  const auto moved = AddPart(part, call.Bigint(1), by_wall ? WallNanos(moment) : NanosOf(moment));
  if (!moved.has_value()) return OutOfRange();
  switch (kind) {
    case ResultKind::kDate:
      return Outcome::Number(FloorDiv(*moved, kDayNanos));
    case ResultKind::kTime:
      return Outcome::Number(*moved - FloorDiv(*moved, kDayNanos) * kDayNanos);
    case ResultKind::kLtz:
      return Nanos64(by_wall ? InstantOfWallNanos(*moved, zone) : *moved);
    case ResultKind::kTz:
      return TzOutcome(*moved - static_cast<Int128>(moment.offset_minutes) * 60 * kNanosPerSecond,
                       moment.offset_minutes);
    default:
      return Nanos64(*moved);
  }
}

// How many whole `part`s have begun since the epoch: DATEDIFF counts the borders crossed.
Int128 Ordinal(std::string_view part, Int128 wall) {
  const Int128 day = FloorDiv(wall, kDayNanos);
  if (part == "week") return FloorDiv(day + 3, 7);
  if (!IsCalendarPart(part)) return FloorDiv(wall, UnitNanos(part));
  const year_month_day date = DateOf(wall);
  const int month = static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  return part == "year" ? static_cast<int>(date.year()) : part == "quarter" ? FloorDiv(month, 3) : month;
}

// (part, from, to, zone)
Outcome DateDiff(const FunctionCall& call) {
  const std::string zone(call.Text(3));
  if (!OffsetOfInstant(zone, 0).has_value()) return UnknownZone(zone);
  const Int128 from = WallNanos(MomentInZone(call.in[1], call.row, zone));
  const Int128 to = WallNanos(MomentInZone(call.in[2], call.row, zone));
  return Outcome::Number(Ordinal(call.Text(0), to) - Ordinal(call.Text(0), from));
}

// (part, time, zone)
Outcome Trunc(const FunctionCall& call, ResultKind kind) {
  const std::string zone(call.Text(2));
  if (!OffsetOfInstant(zone, 0).has_value()) return UnknownZone(zone);
  const std::string_view part = call.Text(0);
  const Moment moment = MomentInZone(call.in[1], call.row, zone);
  const Int128 wall = WallNanos(moment);
  Int128 cut = 0;
  if (part == "week") {
    cut = (FloorDiv(FloorDiv(wall, kDayNanos) + 3, 7) * 7 - 3) * kDayNanos;
  } else if (IsCalendarPart(part)) {
    const year_month_day date = DateOf(wall);
    const unsigned month = static_cast<unsigned>(date.month());
    const unsigned first = part == "year" ? 1 : part == "quarter" ? (month - 1) / 3 * 3 + 1 : month;
    cut = NanosOfDate(date.year() / std::chrono::month(first) / std::chrono::day(1));
  } else {
    cut = FloorDiv(wall, UnitNanos(part)) * UnitNanos(part);
  }
  switch (kind) {
    case ResultKind::kDate:
      return Outcome::Number(FloorDiv(cut, kDayNanos));
    case ResultKind::kTime:
      return Outcome::Number(cut);
    case ResultKind::kLtz:
      return Nanos64(InstantOfWallNanos(cut, zone));
    case ResultKind::kTz:
      return TzOutcome(cut - static_cast<Int128>(moment.offset_minutes) * 60 * kNanosPerSecond, moment.offset_minutes);
    default:
      return Nanos64(cut);
  }
}

// Year and week by ISO 8601: a week belongs to the year of its Thursday.
std::pair<int, int> IsoWeek(Int128 day) {
  const Int128 thursday = FloorDiv(day + 3, 7) * 7 - 3 + 3;
  const year_month_day date = DateOf(thursday * kDayNanos);
  const Int128 first = sys_days(date.year() / 1 / 1).time_since_epoch().count();
  return {static_cast<int>(date.year()), static_cast<int>((thursday - first) / 7) + 1};
}

// (part, time, zone)
Outcome DatePart(const FunctionCall& call) {
  const std::string zone(call.Text(2));
  if (!OffsetOfInstant(zone, 0).has_value()) return UnknownZone(zone);
  const std::string_view part = call.Text(0);
  const Moment moment = MomentInZone(call.in[1], call.row, zone);
  if (part == "epoch_second") return Outcome::Number(FloorDiv(NanosOf(moment), kNanosPerSecond));
  if (part == "epoch_millisecond") return Outcome::Number(FloorDiv(NanosOf(moment), 1'000'000));
  if (part == "epoch_microsecond") return Outcome::Number(FloorDiv(NanosOf(moment), 1000));
  if (part == "epoch_nanosecond") return Outcome::Number(NanosOf(moment));
  if (part == "timezone_hour") return Outcome::Number(moment.offset_minutes / 60);
  if (part == "timezone_minute") return Outcome::Number(moment.offset_minutes % 60);
  const Int128 wall = WallNanos(moment);
  const Int128 day = FloorDiv(wall, kDayNanos);
  const Int128 rest = wall - day * kDayNanos;
  const year_month_day date = DateOf(wall);
  const int weekday = static_cast<int>((day % 7 + 7 + 4) % 7);  // 0 is Sunday
  if (part == "year") return Outcome::Number(static_cast<int>(date.year()));
  if (part == "quarter") return Outcome::Number((static_cast<unsigned>(date.month()) + 2) / 3);
  if (part == "month") return Outcome::Number(static_cast<unsigned>(date.month()));
  if (part == "day") return Outcome::Number(static_cast<unsigned>(date.day()));
  if (part == "dayofweek") return Outcome::Number(weekday);
  if (part == "dayofweekiso") return Outcome::Number(weekday == 0 ? 7 : weekday);
  if (part == "dayofyear") return Outcome::Number(day - sys_days(date.year() / 1 / 1).time_since_epoch().count() + 1);
  if (part == "week" || part == "weekiso") return Outcome::Number(IsoWeek(day).second);
  if (part == "yearofweek" || part == "yearofweekiso") return Outcome::Number(IsoWeek(day).first);
  if (part == "hour") return Outcome::Number(rest / (Int128{3600} * kNanosPerSecond));
  if (part == "minute") return Outcome::Number(rest / (Int128{60} * kNanosPerSecond) % 60);
  if (part == "second") return Outcome::Number(rest / kNanosPerSecond % 60);
  if (part == "nanosecond") return Outcome::Number(rest % kNanosPerSecond);
  return Outcome::Error("000002", "0A000", absl::StrCat("Unsupported feature 'DATE_PART of ", std::string(part), "'."));
}

Int128 DayArgument(const FunctionCall& call, size_t i) {
  return call.in[i].Days(call.row);
}

// (date, part)
Outcome LastDay(const FunctionCall& call) {
  const Int128 day = DayArgument(call, 0);
  const std::string_view part = call.Text(1);
  if (part == "week") return Outcome::Number(FloorDiv(day + 3, 7) * 7 - 3 + 6);
  const year_month_day date = DateOf(day * kDayNanos);
  unsigned month = static_cast<unsigned>(date.month());
  if (part == "year") month = 12;
  if (part == "quarter") month = (month + 2) / 3 * 3;
  return Outcome::Number(
      sys_days(date.year() / std::chrono::month(month) / std::chrono::last).time_since_epoch().count());
}

// (date, name of a weekday, 1 or -1)
Outcome NextDay(const FunctionCall& call) {
  const std::string name =
      absl::AsciiStrToLower(absl::string_view(call.Text(1).data(), call.Text(1).size())).substr(0, 2);
  const std::string names = "sumotuwethfrsa";
  size_t wanted = 7;
  for (size_t i = 0; i < 7 && name.size() == 2; ++i) {
    if (names.substr(i * 2, 2) == name) wanted = i;
  }
  if (wanted == 7)
    return Outcome::Error("100040", "22007", absl::StrCat("'", std::string(call.Text(1)), "' is no weekday"));
  Int128 day = DayArgument(call, 0);
  const Int128 step = call.Integer(2);
  do {
    day += step;
  } while ((day % 7 + 7 + 4) % 7 != static_cast<Int128>(wanted));
  return Outcome::Number(day);
}

Outcome MonthsBetween(const FunctionCall& call) {
  const Int128 a = NanosOf(call.in[0].AsMoment(call.row));
  const Int128 b = NanosOf(call.in[1].AsMoment(call.row));
  const year_month_day x = DateOf(a);
  const year_month_day y = DateOf(b);
  const auto months = static_cast<double>(Ordinal("month", a) - Ordinal("month", b));
  const auto last = [](const year_month_day& date) {
    return date.day() == (date.year() / date.month() / std::chrono::last).day();
  };
  if (x.day() == y.day() || (last(x) && last(y))) return Outcome::Real(months);
  const auto in_month = [](Int128 wall, const year_month_day& date) {
    const Int128 rest = wall - FloorDiv(wall, kDayNanos) * kDayNanos;
    return static_cast<double>(static_cast<unsigned>(date.day()) - 1) +
           static_cast<double>(rest) / static_cast<double>(kDayNanos);
  };
  return Outcome::Real(months + (in_month(a, x) - in_month(b, y)) / 31.0);
}

// (source zone, target zone, wall clock)
Outcome ConvertWall(const FunctionCall& call) {
  const std::string source(call.Text(0));
  const std::string target(call.Text(1));
  const Moment wall = call.in[2].AsMoment(call.row);
  const auto instant = InstantOfWall(source, wall.seconds);
  if (!instant.has_value()) return UnknownZone(source);
  const auto offset = OffsetOfInstant(target, *instant);
  if (!offset.has_value()) return UnknownZone(target);
  return Nanos64(NanosOf({*instant + int64_t{60} * *offset, wall.nanos, 0}));
}

// (target zone, time, session zone): the same instant with the target's offset
Outcome AtZone(const FunctionCall& call) {
  const std::string target(call.Text(0));
  const std::string session(call.Text(2));
  if (!OffsetOfInstant(session, 0).has_value()) return UnknownZone(session);
  const Moment moment = call.in[1].AsMoment(call.row);
  const int64_t instant = IsWall(call.in[1]) ? *InstantOfWall(session, moment.seconds) : moment.seconds;
  const auto offset = OffsetOfInstant(target, instant);
  if (!offset.has_value()) return UnknownZone(target);
  return TzOutcome(NanosOf({instant, moment.nanos, 0}), *offset);
}

Outcome Formatted(const FunctionCall& call, const char* format) {
  const std::string zone(call.Text(1));
  if (!OffsetOfInstant(zone, 0).has_value()) return UnknownZone(zone);
  const Moment moment = MomentInZone(call.in[0], call.row, zone);
  return Outcome::Text(FormatTime(format, moment.seconds, moment.nanos, moment.offset_minutes));
}

// Parts outside of their range carry over, as in Snowflake: month 13 is January of the next year.
std::optional<Int128> DayOfParts(Int128 year, Int128 month, Int128 day) {
  if (year < 1 || year > 9999 || month < -100'000 || month > 100'000 || day < -10'000'000 || day > 10'000'000)
    return std::nullopt;
  const Int128 months = year * 12 + month - 1;
  const auto first = std::chrono::year(static_cast<int>(FloorDiv(months, 12))) /
                     std::chrono::month(static_cast<unsigned>((months % 12 + 12) % 12 + 1)) / std::chrono::day(1);
  return sys_days(first).time_since_epoch().count() + day - 1;
}

Outcome BadParts() {
  return Outcome::Error("100040", "22007", "Date parts are out of range");
}

Outcome DateFromParts(const FunctionCall& call) {
  const auto day = DayOfParts(call.Integer(0), call.Integer(1), call.Integer(2));
  return day.has_value() ? Outcome::Number(*day) : BadParts();
}

Int128 ClockNanos(const FunctionCall& call, size_t first) {
  Int128 nanos =
      (call.Integer(first) * 3600 + call.Integer(first + 1) * 60 + call.Integer(first + 2)) * kNanosPerSecond;
  if (call.count() > first + 3) nanos += call.Integer(first + 3);
  return nanos;
}

Outcome TimeFromParts(const FunctionCall& call) {
  const Int128 nanos = ClockNanos(call, 0);
  return Outcome::Number(nanos - FloorDiv(nanos, kDayNanos) * kDayNanos);
}

Outcome NtzFromParts(const FunctionCall& call) {
  const auto day = DayOfParts(call.Integer(0), call.Integer(1), call.Integer(2));
  return day.has_value() ? Nanos64(*day * kDayNanos + ClockNanos(call, 3)) : BadParts();
}

Outcome DateAndTime(const FunctionCall& call) {
  return Nanos64(DayArgument(call, 0) * kDayNanos + NanosOf(call.in[1].AsMoment(call.row)));
}

}  // namespace

void AddTimeFunctions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  AddTimeConversions(entries);
  entries.push_back({"SF_ADD_DATE", K::kDate, [](const FunctionCall& call) { return Add(call, K::kDate); }});
  entries.push_back({"SF_ADD_TIME", K::kTime, [](const FunctionCall& call) { return Add(call, K::kTime); }});
  entries.push_back({"SF_ADD_NTZ", K::kNtz, [](const FunctionCall& call) { return Add(call, K::kNtz); }});
  entries.push_back({"SF_ADD_LTZ", K::kLtz, [](const FunctionCall& call) { return Add(call, K::kLtz); }});
  entries.push_back({"SF_ADD_TZ", K::kTz, [](const FunctionCall& call) { return Add(call, K::kTz); }});
  entries.push_back({"SF_TRUNC_DATE", K::kDate, [](const FunctionCall& call) { return Trunc(call, K::kDate); }});
  entries.push_back({"SF_TRUNC_TIME", K::kTime, [](const FunctionCall& call) { return Trunc(call, K::kTime); }});
  entries.push_back({"SF_TRUNC_NTZ", K::kNtz, [](const FunctionCall& call) { return Trunc(call, K::kNtz); }});
  entries.push_back({"SF_TRUNC_LTZ", K::kLtz, [](const FunctionCall& call) { return Trunc(call, K::kLtz); }});
  entries.push_back({"SF_TRUNC_TZ", K::kTz, [](const FunctionCall& call) { return Trunc(call, K::kTz); }});
  entries.push_back({"SF_DATEDIFF", K::kBigint, DateDiff});
  entries.push_back({"SF_DATE_PART", K::kBigint, DatePart});
  entries.push_back({"SF_LAST_DAY", K::kDate, LastDay});
  entries.push_back({"SF_NEXT_DAY", K::kDate, NextDay});
  entries.push_back({"SF_MONTHS_BETWEEN", K::kDouble, MonthsBetween});
  entries.push_back({"SF_CONVERT_WALL", K::kNtz, ConvertWall});
  entries.push_back({"SF_AT_ZONE", K::kTz, AtZone});
  entries.push_back({"SF_DAYNAME", K::kText, [](const FunctionCall& call) { return Formatted(call, "DY"); }});
  entries.push_back({"SF_MONTHNAME", K::kText, [](const FunctionCall& call) { return Formatted(call, "MON"); }});
  entries.push_back({"SF_DATE_FROM_PARTS", K::kDate, DateFromParts});
  entries.push_back({"SF_TIME_FROM_PARTS", K::kTime, TimeFromParts});
  entries.push_back({"SF_NTZ_FROM_PARTS", K::kNtz, NtzFromParts});
  entries.push_back({"SF_DATE_AND_TIME", K::kNtz, DateAndTime});
}

}  // namespace cdi::snowflake_mock
