// Dates and times: parts, DATEADD, DATEDIFF, DATE_TRUNC, time zones.
#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

struct DatePart {
  std::string_view part;
  std::string_view spellings;  // each between blanks
};

constexpr std::array<DatePart, 24> kDateParts = {{
    {"year", " YEAR YEARS YY YYY YYYY Y YR YRS "},
    {"quarter", " QUARTER QUARTERS QTR QTRS Q "},
    {"month", " MONTH MONTHS MM MON MONS "},
    {"week", " WEEK WEEKS W WK WEEKOFYEAR WOY WY "},
    {"day", " DAY DAYS D DD DAYOFMONTH "},
    {"hour", " HOUR HOURS H HH HR HRS "},
    {"minute", " MINUTE MINUTES M MI MIN MINS "},
    {"second", " SECOND SECONDS S SEC SECS "},
    {"millisecond", " MILLISECOND MILLISECONDS MS MSEC "},
    {"microsecond", " MICROSECOND MICROSECONDS US USEC "},
    {"nanosecond", " NANOSECOND NANOSECONDS NS NSEC NANOSEC NSECOND "},
    {"dayofweek", " DAYOFWEEK WEEKDAY DOW DW "},
    {"dayofweekiso", " DAYOFWEEKISO WEEKDAY_ISO DOW_ISO DW_ISO DAYOFWEEK_ISO "},
    {"dayofyear", " DAYOFYEAR YEARDAY DOY DY "},
    {"weekiso", " WEEKISO WEEK_ISO WEEKOFYEARISO WEEKOFYEAR_ISO "},
    {"yearofweek", " YEAROFWEEK "},
    {"yearofweekiso", " YEAROFWEEKISO "},
    {"epoch_second", " EPOCH_SECOND EPOCH EPOCH_SECONDS "},
    {"epoch_millisecond", " EPOCH_MILLISECOND EPOCH_MILLISECONDS "},
    {"epoch_microsecond", " EPOCH_MICROSECOND EPOCH_MICROSECONDS "},
    {"epoch_nanosecond", " EPOCH_NANOSECOND EPOCH_NANOSECONDS "},
    {"timezone_hour", " TIMEZONE_HOUR TZH "},
    {"timezone_minute", " TIMEZONE_MINUTE TZM "},
    {"date", " DATE "},
}};

bool IsAddable(std::string_view part) {
  static constexpr std::array<std::string_view, 11> kParts = {"year",        "quarter",     "month",     "week",
                                                              "day",         "hour",        "minute",    "second",
                                                              "millisecond", "microsecond", "nanosecond"};
  return std::find(kParts.begin(), kParts.end(), part) != kParts.end();
}

bool IsDayPart(std::string_view part) {
  return part == "year" || part == "quarter" || part == "month" || part == "week" || part == "day";
}

absl::Status NoPart(std::string_view part, Place place) {
  return SqlError(
      "001003", "42000",
      absl::StrCat("SQL compilation error:\n'", std::string(part), "' is not a valid date/time component here."),
      place);
}

// A part is a word or a string: no expression.
absl::StatusOr<std::string> PartArgument(const Expr& expr) {
  if (expr.kind == Expr::Kind::kName && expr.parts.size() == 1) return ReadDatePart(expr.parts[0], expr.place);
  if (expr.kind == Expr::Kind::kString) return ReadDatePart(expr.text, expr.place);
  return SqlError("001003", "42000", "SQL compilation error:\na date or time part must be a constant", expr.place);
}

const char* Suffix(Kind kind) {
  switch (kind) {
    case Kind::kDate:
      return "DATE";
    case Kind::kTime:
      return "TIME";
    case Kind::kTimestampLtz:
      return "LTZ";
    case Kind::kTimestampTz:
      return "TZ";
    default:
      return "NTZ";
  }
}

absl::StatusOr<Typed> DateAdd(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(3, 3));
  CDI_ASSIGN_OR_RETURN(const std::string part, PartArgument(*call.call.children[0]));
  CDI_ASSIGN_OR_RETURN(const Typed amount_given, call.Value(1));
  CDI_ASSIGN_OR_RETURN(const std::string amount, call.convert.Bigint(amount_given));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(2));
  CDI_ASSIGN_OR_RETURN(const Typed time, call.convert.Moment(value));
  CDI_ASSIGN_OR_RETURN(Typed result, DateAddValue(part, amount, time, call.convert));
  result.nullable = result.nullable || amount_given.nullable;
  return result;
}

absl::StatusOr<Typed> AddMonths(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const Typed time, call.convert.Moment(value));
  CDI_ASSIGN_OR_RETURN(const std::string amount, call.Bigint(1));
  // Unlike DATEADD, the last day of a month stays the last day.
  return Typed{absl::StrCat("SF_ADD_", Suffix(time.type.kind), "('add_months', ", amount, ", ", time.sql, ", ",
                            call.convert.zone(), ")"),
               time.type,
               true,
               false,
               {},
               {}};
}

absl::StatusOr<Typed> DateDiff(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(3, 3));
  CDI_ASSIGN_OR_RETURN(const std::string part, PartArgument(*call.call.children[0]));
  if (!IsAddable(part)) return NoPart(part, call.call.place);
  CDI_ASSIGN_OR_RETURN(const Typed first, call.Value(1));
  CDI_ASSIGN_OR_RETURN(const Typed a, call.convert.Moment(first));
  CDI_ASSIGN_OR_RETURN(const Typed second, call.Value(2));
  CDI_ASSIGN_OR_RETURN(const Typed b, call.convert.Moment(second));
  return AsNumber(absl::StrCat("SF_DATEDIFF('", part, "', ", a.sql, ", ", b.sql, ", ", call.convert.zone(), ")"), 18, 0,
                  a.nullable || b.nullable);
}

// (part, time), or (time, part) as TRUNC has it.
absl::StatusOr<Typed> DateTrunc(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(call.name() == "TRUNC" ? 1 : 2, 2));
  const bool swapped = call.name() == "TRUNC";
  std::string part = "day";
  if (call.count() == 2) {
    CDI_ASSIGN_OR_RETURN(part, PartArgument(*call.call.children[swapped ? 1 : 0]));
  }
  if (!IsAddable(part)) return NoPart(part, call.call.place);
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(swapped ? 0 : 1));
  CDI_ASSIGN_OR_RETURN(const Typed time, call.convert.Moment(value));
  return Typed{
      absl::StrCat("SF_TRUNC_", Suffix(time.type.kind), "('", part, "', ", time.sql, ", ", call.convert.zone(), ")"),
      time.type,
      time.nullable,
      false,
      {},
      {}};
}

absl::StatusOr<Typed> PartOf(Calls& call, const std::string& part, size_t argument) {
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(argument));
  CDI_ASSIGN_OR_RETURN(const Typed time, call.convert.Moment(value));
  const bool wide = part.rfind("epoch", 0) == 0 || part == "nanosecond";
  return AsNumber(absl::StrCat("SF_DATE_PART('", part, "', ", time.sql, ", ", call.convert.zone(), ")"), wide ? 38 : 9,
                  0, time.nullable);
}

absl::StatusOr<Typed> DatePartCall(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::string part, PartArgument(*call.call.children[0]));
  return PartOf(call, part, 1);
}

// YEAR(x) and the like: named by their part.
absl::StatusOr<Typed> NamedPart(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const std::string part, ReadDatePart(call.name(), call.call.place));
  return PartOf(call, part, 0);
}

absl::StatusOr<Typed> LastDay(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 2));
  std::string part = "month";
  if (call.count() == 2) {
    CDI_ASSIGN_OR_RETURN(part, PartArgument(*call.call.children[1]));
  }
  if (!IsDayPart(part) || part == "day") return NoPart(part, call.call.place);
  CDI_ASSIGN_OR_RETURN(const Typed date, call.Cast(0, SqlType::Of(Kind::kDate)));
  return Typed{absl::StrCat("SF_LAST_DAY(", date.sql, ", '", part, "')"), date.type, date.nullable, false, {}, {}};
}

// NEXT_DAY(date, 'Friday'), PREVIOUS_DAY
absl::StatusOr<Typed> NextDay(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const Typed date, call.Cast(0, SqlType::Of(Kind::kDate)));
  CDI_ASSIGN_OR_RETURN(const std::string day, call.Text(1));
  return Typed{absl::StrCat("SF_NEXT_DAY(", date.sql, ", ", day, ", ", call.name() == "NEXT_DAY" ? 1 : -1, ")"),
               date.type,
               true,
               false,
               {},
               {}};
}

absl::StatusOr<Typed> MonthsBetween(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const Typed a, call.Cast(0, SqlType::Of(Kind::kTimestampNtz, 9)));
  CDI_ASSIGN_OR_RETURN(const Typed b, call.Cast(1, SqlType::Of(Kind::kTimestampNtz, 9)));
  return Typed{absl::StrCat("SF_MONTHS_BETWEEN(", a.sql, ", ", b.sql, ")"),
               SqlType::Of(Kind::kFloat),
               a.nullable || b.nullable,
               false,
               {},
               {}};
}

absl::StatusOr<Typed> ConvertTimezone(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 3));
  if (call.count() == 3) {
    CDI_ASSIGN_OR_RETURN(const std::string source, call.Text(0));
    CDI_ASSIGN_OR_RETURN(const std::string target, call.Text(1));
    CDI_ASSIGN_OR_RETURN(const Typed wall, call.Cast(2, SqlType::Of(Kind::kTimestampNtz, 9)));
    return Typed{
        absl::StrCat("SF_CONVERT_WALL(", source, ", ", target, ", ", wall.sql, ")"), wall.type, true, false, {}, {}};
  }
  CDI_ASSIGN_OR_RETURN(const std::string target, call.Text(0));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(1));
  Typed moment = value;
  if (value.type.kind == Kind::kText || value.null) {
    CDI_ASSIGN_OR_RETURN(moment, call.convert.Cast(value, SqlType::Of(Kind::kTimestampTz, 9)));
  } else {
    CDI_ASSIGN_OR_RETURN(moment, call.convert.Moment(value));
  }
  return Typed{absl::StrCat("SF_AT_ZONE(", target, ", ", moment.sql, ", ", call.convert.zone(), ")"),
               SqlType::Of(Kind::kTimestampTz, 9),
               value.nullable,
               false,
               {},
               {}};
}

// TIMESTAMP_NTZ_FROM_PARTS(y, m, d, h, mi, s[, ns]) or (date, time); TIME_FROM_PARTS(h, m, s[, ns])
absl::StatusOr<Typed> FromParts(Calls& call) {
  const bool time = call.name().rfind("TIME_", 0) == 0 || call.name() == "TIMEFROMPARTS";
  std::string parts;
  if (!time && call.count() == 2) {
    CDI_ASSIGN_OR_RETURN(const Typed date, call.Cast(0, SqlType::Of(Kind::kDate)));
    CDI_ASSIGN_OR_RETURN(const Typed clock, call.Cast(1, SqlType::Of(Kind::kTime, 9)));
    return Typed{absl::StrCat("SF_DATE_AND_TIME(", date.sql, ", ", clock.sql, ")"),
                 SqlType::Of(Kind::kTimestampNtz, 9),
                 date.nullable || clock.nullable,
                 false,
                 {},
                 {}};
  }
  CDI_RETURN_IF_ERROR(call.Expect(time ? 3 : 6, time ? 4 : 7));
  for (size_t i = 0; i < call.count(); ++i) {
    CDI_ASSIGN_OR_RETURN(const std::string part, call.Bigint(i));
    absl::StrAppend(&parts, i == 0 ? "" : ", ", part);
  }
  if (time)
    return Typed{absl::StrCat("SF_TIME_FROM_PARTS(", parts, ")"), SqlType::Of(Kind::kTime, 9), true, false, {}, {}};
  Typed ntz{absl::StrCat("SF_NTZ_FROM_PARTS(", parts, ")"), SqlType::Of(Kind::kTimestampNtz, 9), true, false, {}, {}};
  const bool ltz = call.name().find("_LTZ") != std::string::npos;
  const bool tz = call.name().find("_TZ") != std::string::npos;
  if (!ltz && !tz) return ntz;
  return call.convert.Cast(ntz, SqlType::Of(ltz ? Kind::kTimestampLtz : Kind::kTimestampTz, 9));
}

}  // namespace

absl::StatusOr<std::string> ReadDatePart(const std::string& spelling, Place place) {
  const std::string wanted = absl::StrCat(" ", absl::AsciiStrToUpper(spelling), " ");
  for (const DatePart& known : kDateParts) {
    if (spelling.find(' ') == std::string::npos && known.spellings.find(wanted) != std::string_view::npos)
      return std::string(known.part);
  }
  return SqlError("001003", "42000",
                  absl::StrCat("SQL compilation error:\n'", spelling, "' is not a valid date/time component."), place);
}

absl::StatusOr<Typed> DateAddValue(const std::string& part, const std::string& amount, const Typed& time,
                                   const Conversions& convert) {
  if (!IsAddable(part)) return NoPart(part, {});
  SqlType type = time.type;
  if (type.kind == Kind::kDate && !IsDayPart(part)) type = SqlType::Of(Kind::kTimestampNtz, 9);
  if (type.kind == Kind::kTime && IsDayPart(part)) {
    return SqlError("001003", "42000", absl::StrCat("SQL compilation error:\n", part, " does not apply to TIME"));
  }
  if (type.kind != Kind::kDate) type.scale = 9;
  return Typed{
      absl::StrCat("SF_ADD_", Suffix(type.kind), "('", part, "', ", amount, ", ", time.sql, ", ", convert.zone(), ")"),
      type,
      time.nullable,
      false,
      {},
      {}};
}

const CallHandlers& TimeCalls() {
  static const auto* calls = [] {
    auto* map = new CallHandlers{{"DATEADD", DateAdd},
                                 {"TIMESTAMPADD", DateAdd},
                                 {"TIMEADD", DateAdd},
                                 {"DATEDIFF", DateDiff},
                                 {"TIMESTAMPDIFF", DateDiff},
                                 {"TIMEDIFF", DateDiff},
                                 {"DATE_TRUNC", DateTrunc},
                                 {"DATE_PART", DatePartCall},
                                 {"EXTRACT", DatePartCall},
                                 {"ADD_MONTHS", AddMonths},
                                 {"LAST_DAY", LastDay},
                                 {"NEXT_DAY", NextDay},
                                 {"PREVIOUS_DAY", NextDay},
                                 {"MONTHS_BETWEEN", MonthsBetween},
                                 {"CONVERT_TIMEZONE", ConvertTimezone}};
    for (const char* name :
         {"YEAR", "QUARTER", "MONTH", "WEEK", "WEEKOFYEAR", "WEEKISO", "DAY", "DAYOFMONTH", "DAYOFWEEK", "DAYOFWEEKISO",
          "DAYOFYEAR", "YEAROFWEEK", "YEAROFWEEKISO", "HOUR", "MINUTE", "SECOND"}) {
      (*map)[name] = NamedPart;
    }
    for (const char* name : {"TIMESTAMP_FROM_PARTS", "TIMESTAMP_NTZ_FROM_PARTS", "TIMESTAMP_LTZ_FROM_PARTS",
                             "TIMESTAMP_TZ_FROM_PARTS", "TIME_FROM_PARTS", "TIMEFROMPARTS"}) {
      (*map)[name] = FromParts;
    }
    return map;
  }();
  return *calls;
}

}  // namespace cdi::snowflake_mock
