// Anything into DATE, TIME and the timestamps: SF_DATE, SF_TIME, SF_NTZ, SF_LTZ, SF_TZ (value, zone, scale[, format]).
#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/time_values.h"
#include "tests/snowflake_mock/server/language/json_text.h"
#include "tests/snowflake_mock/server/language/time_format.h"
#include "tests/snowflake_mock/server/language/time_parse.h"

namespace cdi::snowflake_mock {

Int128 NanosOf(const Moment& moment) {
  return static_cast<Int128>(moment.seconds) * kNanosPerSecond + moment.nanos;
}

bool IsTz(const VectorView& column) {
  return column.type().alias == "SF_TZ";
}
bool IsLtz(const VectorView& column) {
  return column.type().alias == "SF_LTZ" || column.type().id == DUCKDB_TYPE_TIMESTAMP_TZ;
}
bool IsDate(const VectorView& column) {
  return column.type().id == DUCKDB_TYPE_DATE;
}
bool IsTime(const VectorView& column) {
  return column.type().id == DUCKDB_TYPE_TIME || column.type().id == DUCKDB_TYPE_TIME_NS;
}
bool IsWall(const VectorView& column) {
  return column.IsTimeLike() && !IsTz(column) && !IsLtz(column);
}

Moment MomentInZone(const VectorView& column, idx_t row, const std::string& zone) {
  Moment moment = column.AsMoment(row);
  if (IsLtz(column)) moment.offset_minutes = OffsetOfInstant(zone, moment.seconds).value_or(0);
  return moment;
}

Int128 WallNanos(const Moment& moment) {
  return NanosOf(moment) + static_cast<Int128>(moment.offset_minutes) * 60 * kNanosPerSecond;
}

Outcome Nanos64(Int128 nanos) {
  if (nanos > INT64_MAX || nanos < INT64_MIN + 1) {
    return Outcome::Error("000002", "0A000", "Unsupported feature 'timestamps outside of the years 1677 to 2262'.");
  }
  return Outcome::Number(nanos);
}

Outcome TzOutcome(Int128 instant_nanos, int offset_minutes) {
  if (const Outcome checked = Nanos64(instant_nanos); checked.kind == Outcome::Kind::kError) return checked;
  return Outcome::Number(instant_nanos * kTzFactor + offset_minutes + kTzOffsetBias);
}

Outcome UnknownZone(std::string_view zone) {
  return Outcome::Error("001007", "22023", absl::StrCat("Unknown timezone: '", CutText(zone, 60), "'"));
}

Outcome BadTime(std::string_view type, std::string_view text) {
  const char* const code = type == "Date" ? "100040" : type == "Time" ? "100108" : "100035";
  return Outcome::Error(code, "22007", absl::StrCat(std::string(type), " '", CutText(text, 60), "' is not recognized"));
}

Int128 CutFraction(Int128 nanos, int scale) {
  Int128 unit = 1;
  for (int i = scale; i < 9; ++i) unit *= 10;
  Int128 rest = nanos % unit;
  if (rest < 0) rest += unit;
  return nanos - rest;
}

namespace {

constexpr Int128 kDayNanos = Int128{86400} * kNanosPerSecond;

Int128 FloorDiv(Int128 a, Int128 b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

// An argument as a wall clock with the offset it belongs to.
struct Point {
  Int128 wall = 0;
  int offset_minutes = 0;
};

bool IsNumberType(const VectorView& column) {
  return !column.IsTimeLike() && column.type().alias.empty() && column.type().id != DUCKDB_TYPE_VARCHAR &&
         column.type().id != DUCKDB_TYPE_BOOLEAN && column.type().id != DUCKDB_TYPE_BLOB;
}

bool IsReal(const VectorView& column) {
  return column.type().id == DUCKDB_TYPE_DOUBLE || column.type().id == DUCKDB_TYPE_FLOAT;
}

// Reads the argument; nullopt with `failure` set.
std::optional<Point> ReadPoint(const FunctionCall& call, const char* name, Outcome& failure) {
  const VectorView& value = call.in[0];
  const std::string zone(call.count() > 1 ? call.Text(1) : "UTC");
  const auto in_zone = [&](int64_t wall_seconds) { return InstantOfWall(zone, wall_seconds); };
  if (!OffsetOfInstant(zone, 0).has_value()) {
    failure = UnknownZone(zone);
    return std::nullopt;
  }
  if (value.IsTimeLike()) {
    Moment moment = MomentInZone(value, call.row, zone);
    if (IsWall(value)) {
      const Int128 wall = NanosOf(moment);
      const int64_t seconds = MomentOfNanos(wall).seconds;
      return Point{wall, static_cast<int>((seconds - *in_zone(seconds)) / 60)};
    }
    return Point{WallNanos(moment), moment.offset_minutes};
  }
  if (value.type().id == DUCKDB_TYPE_VARCHAR) {
    std::string text(value.Text(call.row));
    if (value.type().alias == "JSON") {
      const JsonPtr node = ParseJsonNode(text);
      if (node == nullptr || node->kind == JsonNode::Kind::kNull) {
        failure = Outcome::Null();
        return std::nullopt;
      }
      text = node->kind == JsonNode::Kind::kText ? node->scalar : JsonPlainText(*node);
    }
    const auto parsed = ParseWallTime(text, call.count() > 3 ? call.Text(3) : "");
    if (!parsed.has_value()) {
      failure = BadTime(name, text);
      return std::nullopt;
    }
    const Int128 wall = static_cast<Int128>(parsed->seconds) * kNanosPerSecond + parsed->nanos;
    if (parsed->offset_minutes.has_value()) return Point{wall, *parsed->offset_minutes};
    return Point{wall, static_cast<int>((parsed->seconds - *in_zone(parsed->seconds)) / 60)};
  }
  if (IsNumberType(value) && !IsReal(value)) {
    Int128 whole = value.Integer(call.row);
    for (int i = 0; i < value.type().scale; ++i) whole /= 10;
    return Point{NanosOfEpochNumber(whole), 0};
  }
  failure = Outcome::Error("001007", "22023", absl::StrCat("cannot convert this value to ", name));
  return std::nullopt;
}

int ScaleOf(const FunctionCall& call) {
  return call.count() > 2 ? static_cast<int>(call.Bigint(2)) : 9;
}

Outcome ToNtz(const FunctionCall& call) {
  Outcome failure;
  const auto point = ReadPoint(call, "Timestamp", failure);
  return point.has_value() ? Nanos64(CutFraction(point->wall, ScaleOf(call))) : failure;
}

Int128 InstantOf(const Point& point) {
  return point.wall - static_cast<Int128>(point.offset_minutes) * 60 * kNanosPerSecond;
}

Outcome ToLtz(const FunctionCall& call) {
  Outcome failure;
  const auto point = ReadPoint(call, "Timestamp", failure);
  return point.has_value() ? Nanos64(CutFraction(InstantOf(*point), ScaleOf(call))) : failure;
}

Outcome ToTz(const FunctionCall& call) {
  Outcome failure;
  const auto point = ReadPoint(call, "Timestamp", failure);
  if (!point.has_value()) return failure;
  return TzOutcome(CutFraction(InstantOf(*point), ScaleOf(call)), point->offset_minutes);
}

Outcome ToDate(const FunctionCall& call) {
  Outcome failure;
  const auto point = ReadPoint(call, "Date", failure);
  return point.has_value() ? Outcome::Number(FloorDiv(point->wall, kDayNanos)) : failure;
}

Outcome ToTime(const FunctionCall& call) {
  if (IsTime(call.in[0])) return Outcome::Number(CutFraction(NanosOf(call.in[0].AsMoment(call.row)), ScaleOf(call)));
  Outcome failure;
  const auto point = ReadPoint(call, "Time", failure);
  if (!point.has_value()) return failure;
  return Outcome::Number(CutFraction(point->wall - FloorDiv(point->wall, kDayNanos) * kDayNanos, ScaleOf(call)));
}

// (number, scale, zone): TO_TIMESTAMP(1700000000123, 3)
std::optional<Int128> NanosByScale(const FunctionCall& call) {
  const int64_t scale = call.Bigint(1);
  if (scale < 0 || scale > 9) return std::nullopt;
  Int128 nanos = call.Integer(0);
  int digits = static_cast<int>(scale) + call.in[0].type().scale;
  for (; digits < 9; ++digits) nanos *= 10;
  for (; digits > 9; --digits) nanos /= 10;
  return nanos;
}

Outcome BadScale() {
  return Outcome::Error("001007", "22023", "invalid scale of a timestamp: 0 to 9");
}

Outcome NtzOfNumber(const FunctionCall& call) {
  const auto nanos = NanosByScale(call);
  return nanos.has_value() ? Nanos64(*nanos) : BadScale();
}

Outcome TzOfNumber(const FunctionCall& call) {
  const auto nanos = NanosByScale(call);
  if (!nanos.has_value()) return BadScale();
  const auto offset = OffsetOfInstant(std::string(call.Text(2)), MomentOfNanos(*nanos).seconds);
  return offset.has_value() ? TzOutcome(*nanos, *offset) : UnknownZone(call.Text(2));
}

Outcome DateOfNumber(const FunctionCall& call) {
  const auto nanos = NanosByScale(call);
  return nanos.has_value() ? Outcome::Number(FloorDiv(*nanos, kDayNanos)) : BadScale();
}

Outcome TimeOfNumber(const FunctionCall& call) {
  const auto nanos = NanosByScale(call);
  return nanos.has_value() ? Outcome::Number(*nanos - FloorDiv(*nanos, kDayNanos) * kDayNanos) : BadScale();
}

// (nanoseconds of an instant, offset in minutes)
Outcome MakeTz(const FunctionCall& call) {
  return TzOutcome(call.Integer(0), static_cast<int>(call.Integer(1)));
}

// (time, zone): nanoseconds of the instant
Outcome InstantNs(const FunctionCall& call) {
  Outcome failure;
  const auto point = ReadPoint(call, "Timestamp", failure);
  return point.has_value() ? Nanos64(InstantOf(*point)) : failure;
}

}  // namespace

Outcome CastToNtz(const FunctionCall& call) {
  return ToNtz(call);
}
Outcome CastToLtz(const FunctionCall& call) {
  return ToLtz(call);
}
Outcome CastToTz(const FunctionCall& call) {
  return ToTz(call);
}
Outcome CastToDate(const FunctionCall& call) {
  return ToDate(call);
}
Outcome CastToText(const FunctionCall& call) {
  return Outcome::Text(PlainText(call.in[0], call.row));
}

void AddTimeConversions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  struct Pair {
    const char* name;
    K result;
    RowFunction run;
  };
  for (const Pair& one :
       {Pair{"NTZ", K::kNtz, ToNtz}, Pair{"LTZ", K::kLtz, ToLtz}, Pair{"TZ", K::kTz, ToTz},
        Pair{"DATE", K::kDate, ToDate}, Pair{"TIME", K::kTime, ToTime}, Pair{"NTZ_OF_NUMBER", K::kNtz, NtzOfNumber},
        Pair{"LTZ_OF_NUMBER", K::kLtz, NtzOfNumber}, Pair{"TZ_OF_NUMBER", K::kTz, TzOfNumber},
        Pair{"DATE_OF_NUMBER", K::kDate, DateOfNumber}, Pair{"TIME_OF_NUMBER", K::kTime, TimeOfNumber}}) {
    entries.push_back({absl::StrCat("SF_", one.name), one.result, one.run});
    entries.push_back({absl::StrCat("SF_TRY_", one.name), one.result, one.run});
    entries.back().errors_are_null = true;
  }
  // Short forms in UTC, for the statement layer.
  entries.push_back({"SF_TO_NTZ", K::kNtz, ToNtz});
  entries.push_back({"SF_TO_LTZ", K::kLtz, ToLtz});
  entries.push_back({"SF_TO_TZ", K::kTz, ToTz});
  entries.push_back({"SF_LTZ_OF", K::kLtz, ToLtz});
  entries.push_back({"SF_MAKE_TZ", K::kTz, MakeTz});
  entries.push_back({"SF_INSTANT_NS", K::kBigint, InstantNs});
}

}  // namespace cdi::snowflake_mock
