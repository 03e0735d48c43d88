// Arithmetic with Snowflake's result types, ||, and dates plus numbers or intervals.
//
// Scales: docs.snowflake.com "Arithmetic operators", read 2026-11. Sum: the larger scale and one digit more; product:
// the scales' sum, at most the larger of 12 and either; quotient: max(s1, min(s1 + 6, 12)), rounded half away from
// zero.
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

// Calls the engine's 128-bit arithmetic of ours; the result has the scale of the function's name.
Typed ExactCall(const char* function, const Typed& left, const Typed& right, int leading, int scale) {
  return AsNumber(absl::StrCat(function, scale, "(", left.sql, ", ", right.sql, ")"), std::min(38, leading + scale),
                  scale, left.nullable || right.nullable);
}

}  // namespace

absl::StatusOr<Typed> Translator::Binary(const Expr& expr, const Scope& scope) {
  const Expr& first = *expr.children[0];
  const Expr& second = *expr.children[1];
  const std::string& op = expr.text;
  const bool comparison = op == "=" || op == "<>" || op[0] == '<' || op[0] == '>';
  if (comparison && (first.kind == Expr::Kind::kRow || second.kind == Expr::Kind::kRow))
    return RowComparison(op, first, second, scope);
  if (second.kind == Expr::Kind::kInterval || first.kind == Expr::Kind::kInterval) {
    const bool swapped = first.kind == Expr::Kind::kInterval;
    if (!(op == "+" || (op == "-" && !swapped)) || (swapped && second.kind == Expr::Kind::kInterval))
      return Unsupported("INTERVAL outside of + and -");
    CDI_ASSIGN_OR_RETURN(const Typed time, Translate(swapped ? second : first, scope));
    return AddInterval(swapped ? first : second, time, op == "-");
  }
  CDI_ASSIGN_OR_RETURN(const Typed left, Translate(first, scope));
  CDI_ASSIGN_OR_RETURN(const Typed right, Translate(second, scope));
  if (comparison) return convert_.Compare(op, left, right);
  if (op == "||") return Concatenate(left, right);
  return Arithmetic(op, left, right);
}

absl::StatusOr<Typed> Translator::Concatenate(const Typed& left, const Typed& right) {
  if (left.type.kind == Kind::kBinary && right.type.kind == Kind::kBinary) {
    return Typed{absl::StrCat("(", left.sql, " || ", right.sql, ")"),
                 SqlType{Kind::kBinary, 0, 0, SqlType::kBinaryLengthMax},
                 left.nullable || right.nullable,
                 false,
                 {},
                 {}};
  }
  CDI_ASSIGN_OR_RETURN(const Typed a, convert_.Text(left));
  CDI_ASSIGN_OR_RETURN(const Typed b, convert_.Text(right));
  std::string both = absl::StrCat("(", a.sql, " || ", b.sql, ")");
  // The engine types a NULL constant's concatenation as nothing.
  if (a.nullable || b.nullable) both = absl::StrCat("CAST(", both, " AS VARCHAR)");
  return TextValue(std::move(both), a.nullable || b.nullable, a.type.length + b.type.length);
}

absl::StatusOr<Typed> Translator::Arithmetic(const std::string& op, const Typed& left, const Typed& right) {
  const bool moment = (IsMoment(left.type) && !left.null) || (IsMoment(right.type) && !right.null);
  if (moment && (op == "+" || op == "-")) return TimeArithmetic(op, left, right);
  CDI_ASSIGN_OR_RETURN(Typed a, convert_.Number(left));
  CDI_ASSIGN_OR_RETURN(Typed b, convert_.Number(right));
  const bool nullable = a.nullable || b.nullable;
  if (a.type.kind == Kind::kFloat || b.type.kind == Kind::kFloat) {
    CDI_ASSIGN_OR_RETURN(a, convert_.Float(a));
    CDI_ASSIGN_OR_RETURN(b, convert_.Float(b));
    const std::string sql = op == "/"   ? absl::StrCat("SF_FLOAT_DIV(", a.sql, ", ", b.sql, ")")
                            : op == "%" ? absl::StrCat("SF_FLOAT_MOD(", a.sql, ", ", b.sql, ")")
                                        : absl::StrCat("(", a.sql, " ", op, " ", b.sql, ")");
    return Typed{sql, SqlType::Of(Kind::kFloat), nullable, false, {}, {}};
  }
  const int a_leading = a.type.precision - a.type.scale;
  const int b_leading = b.type.precision - b.type.scale;
  const int wider = std::max(a.type.scale, b.type.scale);
  if (op == "+" || op == "-") {
    const int leading = std::max(a_leading, b_leading) + 1;
    if (leading + wider <= 38) {
      return AsNumber(absl::StrCat("(", a.sql, " ", op, " ", b.sql, ")"), leading + wider, wider, nullable);
    }
    return ExactCall(op == "+" ? "SF_ADD_" : "SF_SUBTRACT_", a, b, leading, wider);
  }
  if (op == "*") {
    const int scale = std::min(a.type.scale + b.type.scale, std::max(wider, 12));
    const int precision = a.type.precision + b.type.precision;
    if (precision <= 38 && scale == a.type.scale + b.type.scale)
      return AsNumber(absl::StrCat("(", a.sql, " * ", b.sql, ")"), precision, scale, nullable);
    return ExactCall("SF_MULTIPLY_", a, b, a_leading + b_leading, scale);
  }
  if (op == "/") {
    const int scale = std::max(a.type.scale, std::min(a.type.scale + 6, 12));
    return ExactCall("SF_DIVIDE_", a, b, a_leading + b.type.scale, scale);
  }
  return ExactCall("SF_MODULO_", a, b, std::max(a_leading, b_leading), wider);
}

// DATE ± number of days; DATE - DATE in days.
absl::StatusOr<Typed> Translator::TimeArithmetic(const std::string& op, const Typed& left, const Typed& right) {
  if (left.type.kind == Kind::kDate && right.type.kind == Kind::kDate && op == "-")
    return AsNumber(absl::StrCat("(", left.sql, " - ", right.sql, ")"), 9, 0, left.nullable || right.nullable);
  const bool swapped = right.type.kind == Kind::kDate && left.type.kind == Kind::kNumber && op == "+";
  const Typed& date = swapped ? right : left;
  const Typed& days = swapped ? left : right;
  if (date.type.kind != Kind::kDate || days.type.kind != Kind::kNumber) return InvalidArgumentTypes(op, {left, right});
  CDI_ASSIGN_OR_RETURN(const std::string amount, convert_.Bigint(days));
  return DateAddValue("day", op == "-" ? absl::StrCat("(- ", amount, ")") : amount, date, convert_);
}

// '1 year, 3 months', '2 days': applied part by part, left to right.
absl::StatusOr<Typed> Translator::AddInterval(const Expr& interval, const Typed& time, bool subtract) {
  if (!IsMoment(time.type) && time.type.kind != Kind::kTime) return InvalidArgumentTypes(subtract ? "-" : "+", {time});
  Typed value = time;
  for (const absl::string_view piece : absl::StrSplit(interval.text, ',', absl::SkipWhitespace())) {
    const std::vector<std::string> words = absl::StrSplit(piece, ' ', absl::SkipEmpty());
    int64_t amount = 0;
    if (words.empty() || words.size() > 2 || !absl::SimpleAtoi(words[0], &amount) || amount == INT64_MIN) {
      return SqlError("001003", "42000",
                      absl::StrCat("SQL compilation error:\nInvalid interval literal '", interval.text, "'"));
    }
    CDI_ASSIGN_OR_RETURN(const std::string part, ReadDatePart(words.size() == 2 ? words[1] : "SECOND", interval.place));
    CDI_ASSIGN_OR_RETURN(value, DateAddValue(part, absl::StrCat(subtract ? -amount : amount), value, convert_));
  }
  return value;
}

}  // namespace cdi::snowflake_mock
