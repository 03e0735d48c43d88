#include "tests/snowflake_mock/server/rewriter/typed.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

constexpr int kTextNumberScale = 5;  // '5' + 1 is a NUMBER(18,5)

std::string EngineCast(const std::string& sql, const SqlType& type) {
  return absl::StrCat("CAST(", sql, " AS ", type.EngineName(), ")");
}

bool FitsInto(const SqlType& from, const SqlType& to) {
  return from.scale <= to.scale && from.precision - from.scale <= to.precision - to.scale;
}

absl::Status NoCast(const Typed& value, const SqlType& target) {
  return SqlError("001007", "22023",
                  absl::StrCat("SQL compilation error:\ninvalid type [CAST(", value.type.SnowflakeName(), " AS ",
                               target.SnowflakeName(), ")] for parameter 'TO_", target.ShortName(), "'"));
}

// Kinds that a cast to `target` takes, besides its own, text and VARIANT.
bool Castable(Kind from, Kind target) {
  const bool moment =
      from == Kind::kDate || from == Kind::kTimestampNtz || from == Kind::kTimestampLtz || from == Kind::kTimestampTz;
  if (from == target || from == Kind::kText || from == Kind::kVariant) return true;
  switch (target) {
    case Kind::kText:
      return true;
    case Kind::kNumber:
      return from == Kind::kFloat || from == Kind::kBoolean;
    case Kind::kFloat:
      return from == Kind::kNumber || from == Kind::kBoolean;
    case Kind::kBoolean:
      return from == Kind::kNumber || from == Kind::kFloat;
    case Kind::kDate:
      return moment;
    case Kind::kTime:
      return moment && from != Kind::kDate;
    case Kind::kTimestampNtz:
    case Kind::kTimestampLtz:
    case Kind::kTimestampTz:
      return moment || from == Kind::kNumber;
    case Kind::kVariant:
      return true;
    case Kind::kObject:
      return false;
    case Kind::kArray:
      return false;
    case Kind::kBinary:
      return false;
  }
  return false;
}

}  // namespace

Typed NullValue() {
  return {.sql = "NULL", .type = SqlType::Text(), .nullable = true, .null = true, .literal = {}, .number_text = {}};
}

Typed BooleanValue(std::string sql, bool nullable) {
  return {std::move(sql), SqlType::Of(Kind::kBoolean), nullable, false, {}, {}};
}

Typed TextValue(std::string sql, bool nullable, int64_t length) {
  return {
      std::move(sql), SqlType::Text(std::clamp<int64_t>(length, 1, SqlType::kTextLengthMax)), nullable, false, {}, {}};
}

Typed TextLiteral(const std::string& text) {
  const auto letters =
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  Typed value = TextValue(QuoteLiteral(text), false, letters);
  value.literal = text;
  return value;
}

Typed NumberLiteral(const std::string& text) {
  const size_t point = text.find('.');
  std::string digits = text;
  if (point != std::string::npos) digits.erase(point, 1);
  const size_t scale = point == std::string::npos ? 0 : text.size() - point - 1;
  const size_t leading = std::min(digits.find_first_not_of('0'), digits.size());
  const size_t precision = std::max<size_t>({digits.size() - leading, scale, 1});
  Typed value;
  value.nullable = false;
  value.number_text = text;
  if (text.find_first_of("eE") != std::string::npos || precision > 38 || scale > 37) {
    value.type = SqlType::Of(Kind::kFloat);
    value.sql = absl::StrCat("CAST('", text, "' AS DOUBLE)");
    return value;
  }
  value.type = SqlType::Number(static_cast<int>(precision), static_cast<int>(scale));
  const bool plain = point == std::string::npos && precision <= 18;
  value.sql = EngineCast(plain ? digits.substr(leading == digits.size() ? leading - 1 : leading)
                               : absl::StrCat("'", point == 0 ? "0" : "", text, "'"),
                         value.type);
  return value;
}

Typed AsNumber(const std::string& sql, int precision, int scale, bool nullable) {
  const SqlType type = SqlType::Number(precision, scale);
  return {EngineCast(sql, type), type, nullable, false, {}, {}};
}

bool IsTimestamp(const SqlType& type) {
  return type.kind == Kind::kTimestampNtz || type.kind == Kind::kTimestampLtz || type.kind == Kind::kTimestampTz;
}
bool IsMoment(const SqlType& type) {
  return type.kind == Kind::kDate || IsTimestamp(type);
}
bool IsSemiStructured(const SqlType& type) {
  return type.kind == Kind::kVariant || type.kind == Kind::kObject || type.kind == Kind::kArray;
}

absl::Status InvalidArgumentTypes(std::string_view function, const std::vector<Typed>& values) {
  return SqlError(
      "001044", "42P13",
      absl::StrCat("SQL compilation error:\nInvalid argument types for function '", std::string(function), "': (",
                   absl::StrJoin(values, ", ",
                                 [](std::string* out, const Typed& value) {
                                   *out += value.null ? "NULL" : value.type.SnowflakeName();
                                 }),
                   ")"));
}

std::string Conversions::Parameter(const std::string& name, std::string_view otherwise) const {
  const auto found = context.parameters.find(name);
  return found == context.parameters.end() ? std::string(otherwise) : found->second;
}

std::string Conversions::zone() const {
  return QuoteLiteral(Parameter("TIMEZONE", "UTC"));
}

SqlType Conversions::DefaultTimestamp(int scale) const {
  const std::string mapping = Parameter("TIMESTAMP_TYPE_MAPPING", "TIMESTAMP_NTZ");
  return SqlType::Of(mapping == "TIMESTAMP_LTZ"  ? Kind::kTimestampLtz
                     : mapping == "TIMESTAMP_TZ" ? Kind::kTimestampTz
                                                 : Kind::kTimestampNtz,
                     scale);
}

namespace {

// The call that makes `target` of a value; `prefix` is SF_ or SF_TRY_.
std::string ConversionCall(const Conversions& conversions, const std::string& sql, const SqlType& target,
                           const std::string& prefix) {
  const auto with_zone = [&](const char* function) {
    return absl::StrCat(prefix, function, "(", sql, ", ", conversions.zone(), ", ", target.scale, ")");
  };
  switch (target.kind) {
    case Kind::kNumber:
      return EngineCast(absl::StrCat(prefix, "NUMBER_", target.scale, "(", sql, ", ", target.precision, ")"), target);
    case Kind::kFloat:
      return absl::StrCat(prefix, "FLOAT(", sql, ")");
    case Kind::kBoolean:
      return absl::StrCat(prefix, "BOOLEAN(", sql, ")");
    case Kind::kDate:
      return with_zone("DATE");
    case Kind::kTime:
      return with_zone("TIME");
    case Kind::kTimestampNtz:
      return with_zone("NTZ");
    case Kind::kTimestampLtz:
      return with_zone("LTZ");
    case Kind::kTimestampTz:
      return with_zone("TZ");
    case Kind::kBinary:
      return absl::StrCat(prefix, "BINARY(", sql, ", 'HEX')");
    case Kind::kObject:
      return absl::StrCat(prefix, "OBJECT(", sql, ")");
    case Kind::kArray:
      return absl::StrCat(prefix, "ARRAY(", sql, ")");
    default:
      return absl::StrCat(prefix, "VARIANT(", sql, ", ", conversions.zone(), ")");
  }
}

}  // namespace

absl::StatusOr<Typed> Conversions::Text(const Typed& value) const {
  if (value.null) return Typed{"CAST(NULL AS VARCHAR)", SqlType::Text(), true, false, {}, {}};
  int64_t length = SqlType::kTextLengthMax;
  std::string format;
  switch (value.type.kind) {
    case Kind::kText:
      return value;
    case Kind::kNumber:
      length = value.type.precision + 1 + (value.type.scale > 0 ? 1 : 0);
      break;
    case Kind::kBoolean:
      length = 5;
      break;
    case Kind::kDate:
      format = Parameter("DATE_OUTPUT_FORMAT", "YYYY-MM-DD");
      break;
    case Kind::kTime:
      format = Parameter("TIME_OUTPUT_FORMAT", "HH24:MI:SS");
      break;
    case Kind::kTimestampNtz:
      format = Parameter("TIMESTAMP_NTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3");
      break;
    case Kind::kTimestampLtz:
    case Kind::kTimestampTz:
      format = Parameter(
          value.type.kind == Kind::kTimestampLtz ? "TIMESTAMP_LTZ_OUTPUT_FORMAT" : "TIMESTAMP_TZ_OUTPUT_FORMAT", "");
      if (format.empty()) format = Parameter("TIMESTAMP_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM");
      break;
    case Kind::kBinary:
      format = Parameter("BINARY_OUTPUT_FORMAT", "HEX");
      break;
    default:
      break;
  }
  const std::string arguments =
      format.empty() ? value.sql : absl::StrCat(value.sql, ", ", QuoteLiteral(format), ", ", zone());
  Typed text = TextValue(absl::StrCat("SF_TEXT(", arguments, ")"), value.nullable, length);
  if (IsSemiStructured(value.type)) text.nullable = true;
  return text;
}

absl::StatusOr<Typed> Conversions::Cast(const Typed& value, const SqlType& target) const {
  if (value.null) return Typed{EngineCast("NULL", target), target, true, false, {}, {}};
  if (value.type == target) return value;
  const bool json_to_json = IsSemiStructured(value.type) && IsSemiStructured(target);
  if (!json_to_json && !Castable(value.type.kind, target.kind)) return NoCast(value, target);
  const bool nullable = value.nullable || value.type.kind == Kind::kVariant;
  if (target.kind == Kind::kText) {
    CDI_ASSIGN_OR_RETURN(Typed text, Text(value));
    text.literal.reset();
    const bool shorter = value.type.kind == Kind::kText && value.type.length <= target.length;
    if (!shorter && target.length < SqlType::kTextLengthMax)
      text.sql = absl::StrCat("left(", text.sql, ", ", target.length, ")");
    text.type = target;
    text.nullable = nullable;
    return text;
  }
  if (target.kind == value.type.kind) {
    if (target.kind == Kind::kNumber && FitsInto(value.type, target))
      return Typed{EngineCast(value.sql, target), target, nullable, false, {}, {}};
    const bool times = target.kind == Kind::kTime || IsTimestamp(target);
    if ((times && value.type.scale <= target.scale) || target.kind == Kind::kBinary)
      return Typed{value.sql, target, nullable, false, {}, {}};
  }
  if (target.kind == Kind::kVariant && IsSemiStructured(value.type))
    return Typed{value.sql, target, nullable, false, {}, {}};
  return Typed{ConversionCall(*this, value.sql, target, "SF_"), target, nullable, false, {}, {}};
}

absl::StatusOr<Typed> Conversions::TryCast(const Typed& value, const SqlType& target) const {
  if (value.null) return Cast(value, target);
  if (value.type.kind != Kind::kText) {
    return SqlError("001065", "22023",
                    absl::StrCat("SQL compilation error:\nFunction TRY_CAST cannot be used with arguments of types ",
                                 value.type.SnowflakeName(), " and ", target.SnowflakeName()));
  }
  if (target.kind == Kind::kText) {  // CAST cuts, TRY_CAST does not
    if (value.type.length <= target.length) return Cast(value, target);
    return Typed{absl::StrCat("CASE WHEN length(", value.sql, ") <= ", target.length, " THEN ", value.sql, " END"),
                 target,
                 true,
                 false,
                 {},
                 {}};
  }
  if (IsSemiStructured(target)) return Unsupported(absl::StrCat("TRY_CAST to ", target.SnowflakeName()));
  return Typed{ConversionCall(*this, value.sql, target, "SF_TRY_"), target, true, false, {}, {}};
}

absl::StatusOr<Typed> Conversions::Coerce(const Typed& value, const SqlType& target) const {
  return Cast(value, target);
}

absl::StatusOr<Typed> Conversions::Float(const Typed& value) const {
  return Cast(value, SqlType::Of(Kind::kFloat));
}

absl::StatusOr<Typed> Conversions::Boolean(const Typed& value) const {
  return Cast(value, SqlType::Of(Kind::kBoolean));
}

absl::StatusOr<Typed> Conversions::Variant(const Typed& value) const {
  return Cast(value, SqlType::Of(Kind::kVariant));
}

absl::StatusOr<Typed> Conversions::Number(const Typed& value) const {
  if (value.null) return Cast(value, SqlType::Number(38, 0));
  if (value.type.kind == Kind::kNumber || value.type.kind == Kind::kFloat) return value;
  if (value.type.kind == Kind::kText) {
    if (value.literal.has_value()) {  // the digits it shows
      const size_t point = value.literal->find('.');
      const size_t digits = point == std::string::npos ? 0 : value.literal->size() - point - 1;
      return Cast(value, SqlType::Number(38, static_cast<int>(std::min<size_t>(digits, 12))));
    }
    return Cast(value, SqlType::Number(18, kTextNumberScale));
  }
  if (value.type.kind == Kind::kBoolean) return Cast(value, SqlType::Number(1, 0));
  if (value.type.kind == Kind::kVariant) return Float(value);
  return NoCast(value, SqlType::Number(38, 0));
}

absl::StatusOr<std::string> Conversions::Bigint(const Typed& value) const {
  if (value.null) return std::string("CAST(NULL AS BIGINT)");
  CDI_ASSIGN_OR_RETURN(const Typed whole, Cast(value, SqlType::Number(18, 0)));
  return absl::StrCat("CAST(", whole.sql, " AS BIGINT)");
}

absl::StatusOr<Typed> Conversions::Moment(const Typed& value) const {
  if (IsMoment(value.type) && !value.null) return value;
  if (value.type.kind == Kind::kTime && !value.null) return value;
  return Cast(value, SqlType::Of(Kind::kTimestampNtz, 9));
}

std::string Conversions::Instant(const Typed& value) const {
  return absl::StrCat("SF_INSTANT_NS(", value.sql, ", ", zone(), ")");
}

std::string Conversions::EqualityKey(const Typed& value) const {
  return value.type.kind == Kind::kTimestampTz && !value.null ? Instant(value) : value.sql;
}

std::string Conversions::OrderKey(const Typed& value) const {
  if (value.null) return "CAST(NULL AS BIGINT)";
  if (value.type.kind == Kind::kVariant) return absl::StrCat("SF_VARIANT_KEY(", value.sql, ")");
  return EqualityKey(value);
}

}  // namespace cdi::snowflake_mock
