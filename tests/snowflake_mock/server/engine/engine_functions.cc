#include "tests/snowflake_mock/server/engine/engine_functions.h"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "tests/snowflake_mock/server/language/json_text.h"
#include "tests/snowflake_mock/server/language/time_format.h"

namespace cdi::snowflake_mock {
namespace {

// Owns a logical type while a function is described.
class Type {
 public:
  explicit Type(duckdb_type id) : raw_(duckdb_create_logical_type(id)) {}
  Type(duckdb_type id, const char* alias) : Type(id) { duckdb_logical_type_set_alias(raw_, alias); }
  ~Type() { duckdb_destroy_logical_type(&raw_); }
  Type(const Type&) = delete;
  Type& operator=(const Type&) = delete;
  duckdb_logical_type get() const { return raw_; }

 private:
  duckdb_logical_type raw_;
};

enum class TypeName { kAny, kText, kJson, kBigint, kDate, kTimestamp, kNtz, kLtz, kTz };

std::unique_ptr<Type> Make(TypeName name) {
  switch (name) {
    case TypeName::kAny:
      return std::make_unique<Type>(DUCKDB_TYPE_ANY);
    case TypeName::kText:
      return std::make_unique<Type>(DUCKDB_TYPE_VARCHAR);
    case TypeName::kJson:
      return std::make_unique<Type>(DUCKDB_TYPE_VARCHAR, "JSON");
    case TypeName::kBigint:
      return std::make_unique<Type>(DUCKDB_TYPE_BIGINT);
    case TypeName::kDate:
      return std::make_unique<Type>(DUCKDB_TYPE_DATE);
    case TypeName::kTimestamp:
      return std::make_unique<Type>(DUCKDB_TYPE_TIMESTAMP);
    case TypeName::kNtz:
      return std::make_unique<Type>(DUCKDB_TYPE_TIMESTAMP_NS);
    case TypeName::kLtz:
      return std::make_unique<Type>(DUCKDB_TYPE_TIMESTAMP_NS, "SF_LTZ");
    case TypeName::kTz:
      return std::make_unique<Type>(DUCKDB_TYPE_HUGEINT, "SF_TZ");
  }
  return nullptr;
}

// What one row of a function gives: a value of the return type, nothing (NULL), or an error text.
struct Outcome {
  enum class Kind { kNull, kText, kNumber, kError } kind = Kind::kNull;
  std::string text;
  Int128 number = 0;

  static Outcome Null() { return {}; }
  static Outcome Text(std::string text) { return {Kind::kText, std::move(text), 0}; }
  static Outcome Number(Int128 number) { return {Kind::kNumber, "", number}; }
  static Outcome Error(std::string text) { return {Kind::kError, std::move(text), 0}; }
};

using Arguments = std::vector<VectorView>;
using RowFunction = Outcome (*)(const Arguments&, idx_t row);

void Store(duckdb_vector output, TypeName type, idx_t row, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::kNull) {
    duckdb_vector_ensure_validity_writable(output);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
  } else if (outcome.kind == Outcome::Kind::kText) {
    duckdb_vector_assign_string_element_len(output, row, outcome.text.data(), outcome.text.size());
  } else if (type == TypeName::kTz) {
    static_cast<duckdb_hugeint*>(duckdb_vector_get_data(output))[row] = {static_cast<uint64_t>(outcome.number),
                                                                         static_cast<int64_t>(outcome.number >> 64)};
  } else if (type == TypeName::kDate) {
    static_cast<int32_t*>(duckdb_vector_get_data(output))[row] = static_cast<int32_t>(outcome.number);
  } else {
    static_cast<int64_t*>(duckdb_vector_get_data(output))[row] = static_cast<int64_t>(outcome.number);
  }
}

struct Described {
  TypeName result;
  RowFunction run;
};

void RunScalar(duckdb_function_info call, duckdb_data_chunk input, duckdb_vector output) {
  const auto* const described = static_cast<const Described*>(duckdb_scalar_function_get_extra_info(call));
  Arguments arguments;
  for (idx_t i = 0; i < duckdb_data_chunk_get_column_count(input); ++i) {
    arguments.emplace_back(duckdb_data_chunk_get_vector(input, i));
  }
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    const Outcome outcome = described->run(arguments, row);
    if (outcome.kind == Outcome::Kind::kError) {
      duckdb_scalar_function_set_error(call, outcome.text.c_str());
      return;
    }
    Store(output, described->result, row, outcome);
  }
}

bool RunCast(duckdb_function_info call, idx_t count, duckdb_vector input, duckdb_vector output) {
  const auto* const described = static_cast<const Described*>(duckdb_cast_function_get_extra_info(call));
  Arguments arguments;
  arguments.emplace_back(input);
  bool all_good = true;
  for (idx_t row = 0; row < count; ++row) {
    Outcome outcome = arguments[0].IsNull(row) ? Outcome::Null() : described->run(arguments, row);
    if (outcome.kind == Outcome::Kind::kError) {
      duckdb_cast_function_set_row_error(call, outcome.text.c_str(), row, output);
      all_good = false;
      continue;
    }
    Store(output, described->result, row, outcome);
  }
  return all_good;
}

// ---- texts and JSON ----

Outcome ToVarchar(const Arguments& in, idx_t row) {
  if (in.empty() || in.size() > 2) return Outcome::Error("TO_VARCHAR takes one or two arguments");
  if (in[0].IsNull(row)) return Outcome::Null();
  if (in.size() == 1) return Outcome::Text(PlainText(in[0], row));
  if (in[1].IsNull(row)) return Outcome::Null();
  if (!in[0].IsTimeLike())
    return Outcome::Error("unsupported: TO_VARCHAR with a format of anything but dates and times");
  const Moment moment = in[0].AsMoment(row);
  return Outcome::Text(FormatTime(in[1].Text(row), moment.seconds, moment.nanos, moment.offset_minutes));
}

Outcome ConstructObject(const Arguments& in, idx_t row, bool keep_null) {
  if (in.size() % 2 != 0) return Outcome::Error("OBJECT_CONSTRUCT takes pairs of key and value");
  std::string text = "{";
  for (size_t i = 0; i < in.size(); i += 2) {
    if (in[i].IsNull(row) || (in[i + 1].IsNull(row) && !keep_null)) continue;
    if (text.size() > 1) text += ',';
    absl::StrAppend(&text, JsonQuote(PlainText(in[i], row)), ":", JsonText(in[i + 1], row));
  }
  text += '}';
  auto normal = NormalizeJson(text, JsonLayout::kCompact);
  return normal.has_value() ? Outcome::Text(*std::move(normal)) : Outcome::Error("a value is no valid JSON");
}

Outcome ObjectConstruct(const Arguments& in, idx_t row) {
  return ConstructObject(in, row, false);
}
Outcome ObjectConstructKeepNull(const Arguments& in, idx_t row) {
  return ConstructObject(in, row, true);
}

Outcome ArrayConstruct(const Arguments& in, idx_t row) {
  std::string text = "[";
  for (size_t i = 0; i < in.size(); ++i) absl::StrAppend(&text, i > 0 ? "," : "", JsonText(in[i], row));
  return Outcome::Text(text + "]");
}

Outcome ParseJson(const Arguments& in, idx_t row) {
  if (in[0].IsNull(row)) return Outcome::Null();
  auto normal = NormalizeJson(in[0].Text(row), JsonLayout::kCompact);
  if (!normal.has_value()) {
    return Outcome::Error(absl::StrCat("Error parsing JSON: ", CutText(in[0].Text(row), 100)));
  }
  return Outcome::Text(*std::move(normal));
}

Outcome TryParseJson(const Arguments& in, idx_t row) {
  if (in[0].IsNull(row)) return Outcome::Null();
  auto normal = NormalizeJson(in[0].Text(row), JsonLayout::kCompact);
  return normal.has_value() ? Outcome::Text(*std::move(normal)) : Outcome::Null();
}

Outcome ToJson(const Arguments& in, idx_t row) {
  return in[0].IsNull(row) ? Outcome::Null() : Outcome::Text(JsonText(in[0], row));
}

// ---- times ----

Int128 Nanos(const Moment& moment) {
  return static_cast<Int128>(moment.seconds) * kNanosPerSecond + moment.nanos;
}

Outcome Nanos64(Int128 nanos) {
  if (nanos > INT64_MAX || nanos < INT64_MIN)
    return Outcome::Error("timestamp out of range: the mock keeps years 1677 to 2262");
  return Outcome::Number(nanos);
}

Outcome TzNumber(Int128 nanos, int offset_minutes) {
  return Outcome::Number(nanos * kTzFactor + offset_minutes + kTzOffsetBias);
}

struct ParsedTime {
  Timestamp instant;
  int offset_minutes = 0;
};

// "2026-11-24", "2026-11-24 02:25:51.123 +0100" and their ISO forms; without an offset the text is UTC.
std::optional<ParsedTime> ParseTime(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string full(text);
  if (full.size() == 10) full += " 00:00:00";
  if (full.size() >= 16 &&
      (full.size() == 16 || full[16] == 'Z' || full[16] == '+' || full[16] == '-' || full[16] == ' ')) {
    full.insert(16, ":00");
  }
  ParsedTime parsed;
  const size_t sign = full.find_last_of("+-");
  if (sign != std::string::npos && sign > 10) {
    size_t end = sign;
    while (end > 0 && full[end - 1] == ' ') --end;
    std::string offset = full.substr(sign);
    if (offset.size() == 3) offset += ":00";
    if (offset.size() == 5) offset.insert(3, ":");
    full = full.substr(0, end) + offset;
    if (offset.size() != 6) return std::nullopt;
    const int minutes = (offset[1] - '0') * 600 + (offset[2] - '0') * 60 + (offset[4] - '0') * 10 + (offset[5] - '0');
    parsed.offset_minutes = offset[0] == '-' ? -minutes : minutes;
  }
  const auto instant = Timestamp::Parse(full);
  if (!instant.has_value()) return std::nullopt;
  parsed.instant = *instant;
  return parsed;
}

Outcome BadTime(std::string_view text) {
  return Outcome::Error(absl::StrCat("Timestamp '", CutText(text, 60), "' is not recognized"));
}

// Integers are seconds, milliseconds, microseconds or nanoseconds by their size, as TO_TIMESTAMP documents.
Int128 NanosOfInteger(Int128 value) {
  const Int128 size = value < 0 ? -value : value;
  if (size < 31'536'000'000) return value * kNanosPerSecond;
  if (size < 31'536'000'000'000) return value * 1'000'000;
  if (size < 31'536'000'000'000'000) return value * 1000;
  return value;
}

bool IsNumeric(const VectorView& column) {
  return !column.IsTimeLike() && column.type().id != DUCKDB_TYPE_VARCHAR && column.type().id != DUCKDB_TYPE_BOOLEAN &&
         column.type().id != DUCKDB_TYPE_DOUBLE && column.type().id != DUCKDB_TYPE_FLOAT && column.type().scale == 0;
}

// The wall clock, offset dropped.
Outcome ToNtz(const Arguments& in, idx_t row) {
  if (in[0].IsNull(row)) return Outcome::Null();
  if (in[0].IsTimeLike()) {
    const Moment moment = in[0].AsMoment(row);
    return Nanos64(Nanos(moment) + static_cast<Int128>(moment.offset_minutes) * 60 * kNanosPerSecond);
  }
  if (in[0].type().id == DUCKDB_TYPE_VARCHAR) {
    const auto parsed = ParseTime(in[0].Text(row));
    if (!parsed.has_value()) return BadTime(in[0].Text(row));
    return Nanos64(Nanos({parsed->instant.seconds + int64_t{60} * parsed->offset_minutes, parsed->instant.nanos, 0}));
  }
  if (IsNumeric(in[0])) return Nanos64(NanosOfInteger(in[0].Integer(row)));
  return Outcome::Error("cannot convert this type to TIMESTAMP_NTZ");
}

// The instant; what has no zone is UTC, the only session time zone of the mock.
Outcome ToInstant(const Arguments& in, idx_t row) {
  if (in[0].IsNull(row)) return Outcome::Null();
  if (in[0].IsTimeLike()) return Nanos64(Nanos(in[0].AsMoment(row)));
  if (in[0].type().id == DUCKDB_TYPE_VARCHAR) {
    const auto parsed = ParseTime(in[0].Text(row));
    if (!parsed.has_value()) return BadTime(in[0].Text(row));
    return Nanos64(Nanos({parsed->instant.seconds, parsed->instant.nanos, 0}));
  }
  if (IsNumeric(in[0])) return Nanos64(NanosOfInteger(in[0].Integer(row)));
  return Outcome::Error("cannot convert this type to TIMESTAMP_LTZ");
}

Outcome ToTz(const Arguments& in, idx_t row) {
  if (in[0].IsNull(row)) return Outcome::Null();
  if (in[0].type().id == DUCKDB_TYPE_VARCHAR) {
    const auto parsed = ParseTime(in[0].Text(row));
    if (!parsed.has_value()) return BadTime(in[0].Text(row));
    return TzNumber(Nanos({parsed->instant.seconds, parsed->instant.nanos, 0}), parsed->offset_minutes);
  }
  if (in[0].IsTimeLike()) {
    const Moment moment = in[0].AsMoment(row);
    return TzNumber(Nanos(moment), moment.offset_minutes);
  }
  if (IsNumeric(in[0])) return TzNumber(NanosOfInteger(in[0].Integer(row)), 0);
  return Outcome::Error("cannot convert this type to TIMESTAMP_TZ");
}

Outcome ToDate(const Arguments& in, idx_t row) {
  const Moment moment = in[0].AsMoment(row);
  const std::chrono::sys_seconds wall{std::chrono::seconds(moment.seconds + int64_t{60} * moment.offset_minutes)};
  return Outcome::Number(std::chrono::floor<std::chrono::days>(wall).time_since_epoch().count());
}

Outcome ToText(const Arguments& in, idx_t row) {
  return Outcome::Text(PlainText(in[0], row));
}

// (nanoseconds of an instant, offset in minutes)
Outcome MakeTz(const Arguments& in, idx_t row) {
  if (in[0].IsNull(row) || in[1].IsNull(row)) return Outcome::Null();
  return TzNumber(in[0].Integer(row), static_cast<int>(in[1].Integer(row)));
}

// Adds calendar months; the day is cut to the month's length.
Int128 AddMonths(Int128 nanos, int64_t months) {
  const Moment moment = MomentOfNanos(nanos);
  const std::chrono::sys_seconds point{std::chrono::seconds(moment.seconds)};
  const auto midnight = std::chrono::floor<std::chrono::days>(point);
  std::chrono::year_month_day date{midnight};
  date = date.year() / date.month() / date.day() + std::chrono::months(months);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  const auto moved = std::chrono::sys_days(date) + (point - midnight);
  return Nanos({std::chrono::duration_cast<std::chrono::seconds>(moved.time_since_epoch()).count(), moment.nanos, 0});
}

// (part, amount, time). The rewriter gives the part as one of the names below.
std::optional<Int128> AddPart(std::string_view part, int64_t amount, Int128 nanos) {
  if (part == "year") return AddMonths(nanos, amount * 12);
  if (part == "quarter") return AddMonths(nanos, amount * 3);
  if (part == "month") return AddMonths(nanos, amount);
  Int128 unit = 0;
  if (part == "week") unit = Int128{7} * 86400 * kNanosPerSecond;
  if (part == "day") unit = Int128{86400} * kNanosPerSecond;
  if (part == "hour") unit = Int128{3600} * kNanosPerSecond;
  if (part == "minute") unit = Int128{60} * kNanosPerSecond;
  if (part == "second") unit = kNanosPerSecond;
  if (part == "millisecond") unit = 1'000'000;
  if (part == "microsecond") unit = 1000;
  if (part == "nanosecond") unit = 1;
  if (unit == 0) return std::nullopt;
  return nanos + unit * amount;
}

Outcome DateAdd(const Arguments& in, idx_t row) {
  for (const VectorView& argument : in) {
    if (argument.IsNull(row)) return Outcome::Null();
  }
  const Moment moment = in[2].AsMoment(row);
  const Int128 shift = static_cast<Int128>(moment.offset_minutes) * 60 * kNanosPerSecond;
  const auto moved = AddPart(in[0].Text(row), static_cast<int64_t>(in[1].Integer(row)), Nanos(moment) + shift);
  if (!moved.has_value()) return Outcome::Error("unsupported: this part in DATEADD");
  if (in[2].type().alias == "SF_TZ") return TzNumber(*moved - shift, moment.offset_minutes);
  if (in[2].type().id == DUCKDB_TYPE_DATE) {
    return Outcome::Number(MomentOfNanos(*moved).seconds / 86400 - (MomentOfNanos(*moved).seconds % 86400 < 0 ? 1 : 0));
  }
  return Nanos64(*moved);
}

// ---- registration ----

struct ScalarEntry {
  const char* name;
  std::vector<TypeName> parameters;  // one kAny and `variadic`: any number of anything
  bool variadic;
  TypeName result;
  RowFunction run;
};

struct CastEntry {
  TypeName from;
  TypeName to;
  int64_t implicit_cost;  // negative: explicit only
  RowFunction run;
};

const std::vector<ScalarEntry>& Scalars() {
  using T = TypeName;
  static const auto* entries = new std::vector<ScalarEntry>{
      {"SF_TO_VARCHAR", {}, true, T::kText, ToVarchar},
      {"SF_OBJECT_CONSTRUCT", {}, true, T::kJson, ObjectConstruct},
      {"SF_OBJECT_CONSTRUCT_KEEP_NULL", {}, true, T::kJson, ObjectConstructKeepNull},
      {"SF_ARRAY_CONSTRUCT", {}, true, T::kJson, ArrayConstruct},
      {"SF_PARSE_JSON", {T::kText}, false, T::kJson, ParseJson},
      {"SF_TRY_PARSE_JSON", {T::kText}, false, T::kJson, TryParseJson},
      {"SF_TO_JSON", {T::kAny}, false, T::kText, ToJson},
      {"SF_TO_VARIANT", {T::kAny}, false, T::kJson, ToJson},
      {"SF_TO_NTZ", {T::kAny}, false, T::kNtz, ToNtz},
      {"SF_TO_LTZ", {T::kAny}, false, T::kLtz, ToInstant},
      {"SF_TO_TZ", {T::kAny}, false, T::kTz, ToTz},
      {"SF_INSTANT_NS", {T::kAny}, false, T::kBigint, ToInstant},
      {"SF_MAKE_TZ", {T::kBigint, T::kBigint}, false, T::kTz, MakeTz},
      {"SF_DATEADD", {T::kText, T::kBigint, T::kNtz}, false, T::kNtz, DateAdd},
      {"SF_DATEADD", {T::kText, T::kBigint, T::kLtz}, false, T::kLtz, DateAdd},
      {"SF_DATEADD", {T::kText, T::kBigint, T::kTz}, false, T::kTz, DateAdd},
      {"SF_DATEADD_DAYS", {T::kText, T::kBigint, T::kDate}, false, T::kDate, DateAdd},
      {"SF_DATEADD_DAYS", {T::kText, T::kBigint, T::kNtz}, false, T::kNtz, DateAdd},
      {"SF_DATEADD_DAYS", {T::kText, T::kBigint, T::kLtz}, false, T::kLtz, DateAdd},
      {"SF_DATEADD_DAYS", {T::kText, T::kBigint, T::kTz}, false, T::kTz, DateAdd},
  };
  return *entries;
}

const std::vector<CastEntry>& Casts() {
  using T = TypeName;
  static const auto* entries = new std::vector<CastEntry>{
      {T::kText, T::kLtz, -1, ToInstant},       {T::kText, T::kTz, -1, ToTz},        {T::kNtz, T::kLtz, 110, ToInstant},
      {T::kTimestamp, T::kLtz, 110, ToInstant}, {T::kDate, T::kLtz, 115, ToInstant}, {T::kNtz, T::kTz, 120, ToTz},
      {T::kTimestamp, T::kTz, 120, ToTz},       {T::kLtz, T::kTz, -1, ToTz},         {T::kDate, T::kTz, 125, ToTz},
      {T::kTz, T::kLtz, 105, ToInstant},        {T::kLtz, T::kNtz, -1, ToNtz},       {T::kTz, T::kNtz, -1, ToNtz},
      {T::kLtz, T::kDate, -1, ToDate},          {T::kTz, T::kDate, -1, ToDate},      {T::kLtz, T::kText, -1, ToText},
      {T::kTz, T::kText, -1, ToText},
  };
  return *entries;
}

void FreeDescribed(void* described) {
  delete static_cast<Described*>(described);
}

// Entries of one name stand together and become one overloaded function.
absl::Status RegisterScalars(duckdb_connection connection) {
  const auto& entries = Scalars();
  for (size_t first = 0; first < entries.size();) {
    duckdb_scalar_function_set set = duckdb_create_scalar_function_set(entries[first].name);
    size_t i = first;
    for (; i < entries.size() && std::string_view(entries[i].name) == entries[first].name; ++i) {
      const ScalarEntry& entry = entries[i];
      duckdb_scalar_function function = duckdb_create_scalar_function();
      duckdb_scalar_function_set_name(function, entry.name);
      for (const TypeName parameter : entry.parameters)
        duckdb_scalar_function_add_parameter(function, Make(parameter)->get());
      if (entry.variadic) duckdb_scalar_function_set_varargs(function, Make(TypeName::kAny)->get());
      duckdb_scalar_function_set_return_type(function, Make(entry.result)->get());
      duckdb_scalar_function_set_special_handling(function);
      duckdb_scalar_function_set_extra_info(function, new Described{entry.result, entry.run}, FreeDescribed);
      duckdb_scalar_function_set_function(function, RunScalar);
      duckdb_add_scalar_function_to_set(set, function);
      duckdb_destroy_scalar_function(&function);
    }
    const duckdb_state done = duckdb_register_scalar_function_set(connection, set);
    duckdb_destroy_scalar_function_set(&set);
    if (done != DuckDBSuccess)
      return absl::InternalError(absl::StrCat("DuckDB refuses the function ", entries[first].name));
    first = i;
  }
  return absl::OkStatus();
}

absl::Status RegisterCasts(duckdb_connection connection) {
  for (const CastEntry& entry : Casts()) {
    duckdb_cast_function cast = duckdb_create_cast_function();
    duckdb_cast_function_set_source_type(cast, Make(entry.from)->get());
    duckdb_cast_function_set_target_type(cast, Make(entry.to)->get());
    if (entry.implicit_cost >= 0) duckdb_cast_function_set_implicit_cast_cost(cast, entry.implicit_cost);
    duckdb_cast_function_set_extra_info(cast, new Described{entry.to, entry.run}, FreeDescribed);
    duckdb_cast_function_set_function(cast, RunCast);
    const duckdb_state done = duckdb_register_cast_function(connection, cast);
    duckdb_destroy_cast_function(&cast);
    if (done != DuckDBSuccess) return absl::InternalError("DuckDB refuses a cast");
  }
  return absl::OkStatus();
}

constexpr const char* kMacros[] = {
    "CREATE OR REPLACE MACRO SF_OFFSET_MINUTES(zone, ns) AS CAST((epoch_us(timezone(zone, make_timestamptz(ns // "
    "1000))) "
    "- ns // 1000) // 60000000 AS BIGINT)",
    "CREATE OR REPLACE MACRO SF_CONVERT_TIMEZONE(zone, x) AS SF_MAKE_TZ(SF_INSTANT_NS(x), SF_OFFSET_MINUTES(zone, "
    "SF_INSTANT_NS(x)))",
    "CREATE OR REPLACE MACRO SF_CONVERT_WALL(source, target, x) AS SF_TO_NTZ(SF_CONVERT_TIMEZONE(target, "
    "make_timestamp_ns(epoch_ns(SF_TO_NTZ(x)) + 1000 * (epoch_us(timezone(source, CAST(SF_TO_NTZ(x) AS TIMESTAMP))) - "
    "epoch_us(CAST(SF_TO_NTZ(x) AS TIMESTAMP))))))",
};

}  // namespace

absl::Status RegisterEngineFunctions(duckdb_connection connection) {
  for (const TypeName name : {TypeName::kLtz, TypeName::kTz}) {
    const auto type = Make(name);
    duckdb_register_logical_type(connection, type->get(), nullptr);  // fails only when a data file has it already
  }
  CDI_RETURN_IF_ERROR(RegisterScalars(connection));
  CDI_RETURN_IF_ERROR(RegisterCasts(connection));
  for (const char* const macro : kMacros) {
    duckdb_result result{};
    const bool ok = duckdb_query(connection, macro, &result) == DuckDBSuccess;
    const std::string error = ok ? "" : duckdb_result_error(&result);
    duckdb_destroy_result(&result);
    if (!ok) return absl::InternalError(absl::StrCat("DuckDB refuses a macro: ", error));
  }
  return absl::OkStatus();
}

}  // namespace cdi::snowflake_mock
