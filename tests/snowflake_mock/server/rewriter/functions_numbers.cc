// Rounding and other functions of numbers, exact in NUMBER.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

// ROUND, TRUNC, CEIL, FLOOR: (number[, digits]). A constant number of digits decides the scale of the result.
absl::StatusOr<Typed> Rounding(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 2));
  const bool trunc = call.name() == "TRUNC" || call.name() == "TRUNCATE";
  const char* const engine = call.name() == "ROUND"   ? "ROUND"
                             : trunc                  ? "TRUNC"
                             : call.name() == "FLOOR" ? "FLOOR"
                                                      : "CEIL";
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  if (trunc && IsMoment(value.type) && !value.null) return TimeCalls().at("DATE_TRUNC")(call);
  CDI_ASSIGN_OR_RETURN(const Typed number, call.convert.Number(value));
  std::string digits = "0";
  std::optional<int> constant = 0;
  if (call.count() == 2) {
    CDI_ASSIGN_OR_RETURN(const Typed given, call.Value(1));
    CDI_ASSIGN_OR_RETURN(digits, call.convert.Bigint(given));
    int parsed = 0;
    constant.reset();
    if (given.number_text.has_value() && absl::SimpleAtoi(*given.number_text, &parsed)) constant = parsed;
  }
  if (number.type.kind == Kind::kFloat) {
    return Typed{absl::StrCat("SF_FLOAT_", engine, "(", number.sql, ", ", digits, ")"),
                 SqlType::Of(Kind::kFloat),
                 number.nullable,
                 false,
                 {},
                 {}};
  }
  const int old_scale = number.type.scale;
  const int scale = constant.has_value() ? std::clamp(*constant, 0, old_scale) : old_scale;
  if (constant.has_value() && *constant >= old_scale) return number;
  const int precision = std::min(38, number.type.precision - old_scale + scale + 1);
  return AsNumber(absl::StrCat("SF_", engine, "_", scale, "(", number.sql, ", ", digits, ")"), std::max(precision, 1),
                  scale, number.nullable);
}

absl::StatusOr<Typed> Abs(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(Typed number, call.convert.Number(value));
  number.sql = number.type.kind == Kind::kFloat
                   ? absl::StrCat("abs(", number.sql, ")")
                   : absl::StrCat("CAST(abs(", number.sql, ") AS ", number.type.EngineName(), ")");
  number.number_text.reset();
  return number;
}

absl::StatusOr<Typed> Sign(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const Typed number, call.convert.Number(value));
  return AsNumber(absl::StrCat("sign(", number.sql, ")"), 1, 0, number.nullable);
}

absl::StatusOr<Typed> Mod(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  return call.Arithmetic("%", values[0], values[1]);
}

absl::StatusOr<Typed> Square(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  return call.Arithmetic("*", value, value);
}

// DIV0(a, b): 0 instead of the error; DIV0NULL: also when b is NULL.
absl::StatusOr<Typed> Div0(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  CDI_ASSIGN_OR_RETURN(const Typed zero_divisor, call.convert.Compare("=", values[1], NumberLiteral("0")));
  CDI_ASSIGN_OR_RETURN(Typed quotient, call.Arithmetic("/", values[0], values[1]));
  CDI_ASSIGN_OR_RETURN(const Typed zero, call.convert.Cast(NumberLiteral("0"), quotient.type));
  const std::string null_too =
      call.name() == "DIV0NULL" ? absl::StrCat(" WHEN (", values[1].sql, ") IS NULL THEN ", zero.sql) : "";
  quotient.sql = absl::StrCat("(CASE WHEN (", values[0].sql, ") IS NULL THEN NULL", null_too, " WHEN ",
                              zero_divisor.sql, " THEN ", zero.sql, " ELSE ", quotient.sql, " END)");
  return quotient;
}

}  // namespace

const CallHandlers& NumberCalls() {
  static const auto* calls =
      new CallHandlers{{"ROUND", Rounding}, {"TRUNC", Rounding}, {"TRUNCATE", Rounding}, {"CEIL", Rounding},
                       {"FLOOR", Rounding}, {"ABS", Abs},        {"SIGN", Sign},         {"MOD", Mod},
                       {"SQUARE", Square},  {"DIV0", Div0},      {"DIV0NULL", Div0}};
  return *calls;
}

}  // namespace cdi::snowflake_mock
