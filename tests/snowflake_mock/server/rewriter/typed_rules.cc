// Where values of two types meet: CASE and UNION (unification), comparisons.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/typed.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

SqlType WiderNumber(const SqlType& a, const SqlType& b) {
  const int scale = std::max(a.scale, b.scale);
  const int leading = std::max(a.precision - a.scale, b.precision - b.scale);
  return SqlType::Number(std::min(38, leading + scale), scale);
}

// nullopt when the two have no common type.
std::optional<SqlType> Common(const SqlType& a, const SqlType& b, const Conversions& conversions) {
  const auto either = [&](Kind kind) { return a.kind == kind || b.kind == kind; };
  if (a == b) return a;
  if (a.kind == b.kind) {
    SqlType type = a;
    if (a.kind == Kind::kNumber) return WiderNumber(a, b);
    type.length = std::max(a.length, b.length);
    type.scale = std::max(a.scale, b.scale);
    return type;
  }
  if (either(Kind::kVariant)) return SqlType::Of(Kind::kVariant);
  if (IsSemiStructured(a) || IsSemiStructured(b)) return std::nullopt;
  const SqlType& other = a.kind == Kind::kText ? b : a;
  if (either(Kind::kText)) {
    if (other.kind == Kind::kNumber) return WiderNumber(other, SqlType::Number(18, 5));
    return other;
  }
  const auto within = [&](std::initializer_list<Kind> kinds) {
    const auto has = [&](Kind kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); };
    return has(a.kind) && has(b.kind);
  };
  if (within({Kind::kNumber, Kind::kFloat})) return SqlType::Of(Kind::kFloat);
  if (within({Kind::kNumber, Kind::kFloat, Kind::kBoolean})) return SqlType::Of(Kind::kBoolean);
  if (IsMoment(a) && IsMoment(b)) {
    const int scale = std::max(a.scale, b.scale);
    if (either(Kind::kTimestampTz)) return SqlType::Of(Kind::kTimestampTz, scale);
    if (either(Kind::kTimestampLtz)) return SqlType::Of(Kind::kTimestampLtz, scale);
    return SqlType::Of(Kind::kTimestampNtz, scale);
  }
  (void)conversions;
  return std::nullopt;
}

}  // namespace

absl::StatusOr<SqlType> Conversions::Unify(const std::vector<Typed>& values) const {
  std::optional<SqlType> type;
  for (const Typed& value : values) {
    if (value.null) continue;
    if (!type.has_value()) {
      type = value.type;
      continue;
    }
    const auto common = Common(*type, value.type, *this);
    if (!common.has_value()) {
      return SqlError("002018", "22000",
                      absl::StrCat("SQL compilation error:\ninconsistent data types: ", type->SnowflakeName(), " and ",
                                   value.type.SnowflakeName()));
    }
    type = common;
  }
  return type.value_or(SqlType::Text());
}

absl::StatusOr<std::vector<Typed>> Conversions::Unified(const std::vector<Typed>& values, SqlType* type) const {
  CDI_ASSIGN_OR_RETURN(const SqlType common, Unify(values));
  std::vector<Typed> unified;
  for (const Typed& value : values) {
    CDI_ASSIGN_OR_RETURN(Typed one, Coerce(value, common));
    unified.push_back(std::move(one));
  }
  if (type != nullptr) *type = common;
  return unified;
}

absl::StatusOr<std::pair<std::string, std::string>> Conversions::Comparable(const Typed& left,
                                                                            const Typed& right) const {
  using Pair = std::pair<std::string, std::string>;
  if (left.null || right.null) return Pair("CAST(NULL AS BOOLEAN)", "CAST(NULL AS BOOLEAN)");
  const auto as = [&](const SqlType& type) -> absl::StatusOr<Pair> {
    CDI_ASSIGN_OR_RETURN(const Typed a, Coerce(left, type));
    CDI_ASSIGN_OR_RETURN(const Typed b, Coerce(right, type));
    return Pair(EqualityKey(a), EqualityKey(b));
  };
  const Kind a = left.type.kind;
  const Kind b = right.type.kind;
  if (a == Kind::kVariant || b == Kind::kVariant) {
    const Typed& other = a == Kind::kVariant ? right : left;
    if (IsSemiStructured(other.type) || other.type.kind == Kind::kNumber || other.type.kind == Kind::kFloat) {
      CDI_ASSIGN_OR_RETURN(const Typed x, Variant(left));
      CDI_ASSIGN_OR_RETURN(const Typed y, Variant(right));
      const bool number = !IsSemiStructured(other.type);
      return Pair(absl::StrCat(number ? "SF_COMPARE_NUMBERS(" : "SF_COMPARE(", x.sql, ", ", y.sql, ")"), "0");
    }
    return as(other.type.kind == Kind::kText ? SqlType::Text() : other.type);
  }
  if (a == Kind::kText && b == Kind::kText) return Pair(left.sql, right.sql);
  if (a == Kind::kNumber && b == Kind::kNumber) {
    const int scale = std::max(left.type.scale, right.type.scale);
    const int leading = std::max(left.type.precision - left.type.scale, right.type.precision - right.type.scale);
    if (leading + scale <= 38) return Pair(left.sql, right.sql);
    return Pair(absl::StrCat("SF_COMPARE_NUMBERS(", left.sql, ", ", right.sql, ")"), "0");
  }
  if ((a == Kind::kText && b == Kind::kNumber) || (a == Kind::kNumber && b == Kind::kText)) {
    CDI_ASSIGN_OR_RETURN(const Typed x, Number(left));
    CDI_ASSIGN_OR_RETURN(const Typed y, Number(right));
    return Comparable(x, y);
  }
  CDI_ASSIGN_OR_RETURN(const SqlType common, Unify({left, right}));
  return as(common);
}

absl::StatusOr<Typed> Conversions::Compare(const std::string& op, const Typed& left, const Typed& right) const {
  const bool distinct = op.size() > 2;
  if (distinct && (left.null || right.null)) {
    const bool both = left.null && right.null;
    if (both) return BooleanValue(op == "IS DISTINCT FROM" ? "FALSE" : "TRUE", false);
    return BooleanValue(absl::StrCat("((", left.null ? right.sql : left.sql,
                                     op == "IS DISTINCT FROM" ? ") IS NOT NULL)" : ") IS NULL)"),
                        false);
  }
  const auto sides = Comparable(left, right);
  CDI_RETURN_IF_ERROR(sides.status());
  if (distinct && sides->second == "0") {  // a comparison that gives NULL for NULL
    const std::string same =
        absl::StrCat("(CASE WHEN (", left.sql, ") IS NULL OR (", right.sql, ") IS NULL THEN (", left.sql,
                     ") IS NULL AND (", right.sql, ") IS NULL ELSE ", sides->first, " = 0 END)");
    return BooleanValue(op == "IS DISTINCT FROM" ? absl::StrCat("(NOT ", same, ")") : same, false);
  }
  return BooleanValue(absl::StrCat("(", sides->first, " ", op, " ", sides->second, ")"),
                      !distinct && (left.nullable || right.nullable));
}

}  // namespace cdi::snowflake_mock
