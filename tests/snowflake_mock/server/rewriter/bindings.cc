#include "tests/snowflake_mock/server/rewriter/bindings.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

absl::StatusOr<SqlType> BoundType(const std::string& type) {
  if (type == "TEXT") return SqlType::Text();
  if (type == "REAL") return SqlType::Of(Kind::kFloat);
  if (type == "BOOLEAN") return SqlType::Of(Kind::kBoolean);
  if (type == "BINARY") return SqlType{Kind::kBinary, 0, 0, SqlType::kBinaryLengthMax};
  if (type == "FIXED") return SqlType::Number(38, 0);
  if (type == "DATE") return SqlType::Of(Kind::kDate);
  if (type == "TIME") return SqlType::Of(Kind::kTime, 9);
  if (type == "TIMESTAMP_NTZ") return SqlType::Of(Kind::kTimestampNtz, 9);
  if (type == "TIMESTAMP_LTZ") return SqlType::Of(Kind::kTimestampLtz, 9);
  if (type == "TIMESTAMP_TZ") return SqlType::Of(Kind::kTimestampTz, 9);
  if (type == "VARIANT") return SqlType::Of(Kind::kVariant);
  if (type == "OBJECT") return SqlType::Of(Kind::kObject);
  if (type == "ARRAY") return SqlType::Of(Kind::kArray);
  return Unsupported(absl::StrCat("bindings of type ", type));
}

// -12.50, and as drivers print large and small numbers: 1e+21.
bool IsNumber(const std::string& text) {
  const size_t first = text.find_first_of("0123456789");
  double value = 0;
  return first != std::string::npos && first <= 2 && text.find_first_not_of("+-0123456789.eE") == std::string::npos &&
         absl::SimpleAtod(text, &value) && std::isfinite(value);
}

Typed Of(std::string sql, const SqlType& type) {
  return {std::move(sql), type, false, false, {}, {}};
}

// Times travel as numbers: days and milliseconds for DATE, nanoseconds for the rest; TIMESTAMP_TZ with "offset + 1440".
absl::StatusOr<Typed> TimeValue(const Binding& binding, const SqlType& type, const Conversions& convert) {
  std::vector<std::string> words = {*binding.value};
  if (const size_t blank = binding.value->find(' '); type.kind == Kind::kTimestampTz && blank != std::string::npos)
    words = {binding.value->substr(0, blank), binding.value->substr(blank + 1)};
  int64_t number = 0;
  if (!absl::SimpleAtoi(words[0], &number)) return convert.Cast(TextLiteral(*binding.value), type);
  const std::string point = absl::StrCat("make_timestamp_ns(", number, ")");
  switch (type.kind) {
    case Kind::kDate:
      return Of(absl::StrCat("CAST(make_timestamp(CAST(", number, " AS BIGINT) * 1000) AS DATE)"), type);
    case Kind::kTime:
      return Of(absl::StrCat("CAST(", point, " AS TIME_NS)"), type);
    case Kind::kTimestampNtz:
      return Of(point, type);
    case Kind::kTimestampLtz:
      return Of(absl::StrCat("SF_LTZ_OF(", point, ")"), type);
    default:
      break;
  }
  int64_t biased = 1440;
  if (words.size() == 2 && !absl::SimpleAtoi(words[1], &biased)) {
    return SqlError("100038", "22018", absl::StrCat("value '", *binding.value, "' of a binding is not recognized"));
  }
  return Of(absl::StrCat("SF_MAKE_TZ(", number, ", ", biased - 1440, ")"), type);
}

absl::StatusOr<Typed> NumberValue(const std::string& text) {
  if (!IsNumber(text)) return SqlError("100038", "22018", absl::StrCat("Numeric value '", text, "' is not recognized"));
  const bool negative = text[0] == '-';
  Typed number = NumberLiteral(negative || text[0] == '+' ? text.substr(1) : text);
  number.number_text.reset();
  if (negative) number.sql = absl::StrCat("(- ", number.sql, ")");
  return number;
}

// JSON text, as PARSE_JSON reads it.
absl::StatusOr<Typed> DocumentValue(const std::string& text, const SqlType& type, const Conversions& convert) {
  Typed parsed = Of(absl::StrCat("SF_PARSE_JSON(", TextLiteral(text).sql, ")"), SqlType::Of(Kind::kVariant));
  parsed.nullable = true;  // a blank text is NULL
  if (type.kind == Kind::kVariant) return parsed;
  return convert.Cast(parsed, type);
}

}  // namespace

absl::StatusOr<Typed> BindingValue(const Binding& binding, const Conversions& convert) {
  const std::string name = absl::AsciiStrToUpper(binding.type);
  CDI_ASSIGN_OR_RETURN(const SqlType type, BoundType(name));
  if (!binding.value.has_value()) return convert.Cast(NullValue(), type);
  if (type.kind == Kind::kText) {
    Typed text = TextLiteral(*binding.value);
    text.type = type;
    text.sql = absl::StrCat("CAST(", text.sql, " AS VARCHAR)");
    return text;
  }
  if (type.kind == Kind::kNumber) return NumberValue(*binding.value);
  if (type.kind == Kind::kVariant || type.kind == Kind::kObject || type.kind == Kind::kArray)
    return DocumentValue(*binding.value, type, convert);
  if (type.kind == Kind::kFloat || type.kind == Kind::kBoolean || type.kind == Kind::kBinary)
    return convert.Cast(TextLiteral(*binding.value), type);
  return TimeValue(binding, type, convert);
}

}  // namespace cdi::snowflake_mock
