// Expressions other than arithmetic and calls.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

constexpr int kBytesMax = 64 << 20;

// Long chains as a balanced tree: the engine refuses deep ones.
std::string Balanced(const std::vector<std::string>& parts, size_t begin, size_t end, const std::string& op) {
  if (end - begin == 1) return parts[begin];
  const size_t middle = begin + (end - begin) / 2;
  return absl::StrCat("(", Balanced(parts, begin, middle, op), " ", op, " ", Balanced(parts, middle, end, op), ")");
}

}  // namespace

absl::StatusOr<Typed> Translator::Translate(const Expr& expr, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(Typed value, TranslateNode(expr, scope));
  shared_.bytes += static_cast<int>(std::min<size_t>(value.sql.size(), kBytesMax));
  if (shared_.bytes > kBytesMax) return Unsupported("a statement as large as this");
  return value;
}

absl::StatusOr<std::vector<Typed>> Translator::TranslateAll(const std::vector<ExprPtr>& exprs, const Scope& scope) {
  std::vector<Typed> values;
  for (const ExprPtr& expr : exprs) {
    CDI_ASSIGN_OR_RETURN(Typed value, Translate(*expr, scope));
    values.push_back(std::move(value));
  }
  return values;
}

absl::StatusOr<Typed> Translator::TranslateNode(const Expr& expr, const Scope& scope) {
  switch (expr.kind) {
    case Expr::Kind::kNumber:
      return NumberLiteral(expr.text);
    case Expr::Kind::kString:
      return TextLiteral(expr.text);
    case Expr::Kind::kBytes: {
      CDI_ASSIGN_OR_RETURN(Typed bytes, convert_.Cast(TextLiteral(expr.text), {Kind::kBinary, 0, 0, 8388608}));
      bytes.type.length = std::max<int64_t>(1, static_cast<int64_t>(expr.text.size() / 2));
      return bytes;
    }
    case Expr::Kind::kTrue:
      return BooleanValue("TRUE", false);
    case Expr::Kind::kFalse:
      return BooleanValue("FALSE", false);
    case Expr::Kind::kNull:
      return NullValue();
    case Expr::Kind::kBinding:
      return Binding(expr);
    case Expr::Kind::kVariable:
      return VariableValue(expr, scope);
    case Expr::Kind::kRaw:
      return Typed{expr.text, SqlType::Number(38, 0), false, false, {}, {}};
    case Expr::Kind::kName:
      return Name(expr, scope);
    case Expr::Kind::kUnary:
      return Unary(expr, scope);
    case Expr::Kind::kBinary:
      return Binary(expr, scope);
    case Expr::Kind::kChain:
      return Chain(expr, scope);
    case Expr::Kind::kIs:
      return Is(expr, scope);
    case Expr::Kind::kIn:
      return expr.query != nullptr ? InQuery(expr, scope) : In(expr, scope);
    case Expr::Kind::kBetween:
      return Between(expr, scope);
    case Expr::Kind::kLike:
      return Like(expr, scope);
    case Expr::Kind::kCase:
      return Case(expr, scope);
    case Expr::Kind::kCast: {
      CDI_ASSIGN_OR_RETURN(const Typed operand, Translate(*expr.children[0], scope));
      return expr.try_cast ? convert_.TryCast(operand, expr.type) : convert_.Cast(operand, expr.type);
    }
    case Expr::Kind::kPath:
      return Path(expr, scope);
    case Expr::Kind::kCall:
      return TranslateCall(*this, expr, scope);
    case Expr::Kind::kExists: {
      CDI_ASSIGN_OR_RETURN(const QueryResult inner, TranslateQuery(*expr.query, &scope));
      return BooleanValue(absl::StrCat("EXISTS (", inner.sql, ")"), false);
    }
    case Expr::Kind::kSubquery:
      return ScalarQuery(expr, scope);
    case Expr::Kind::kQuantified:
      return Quantified(expr, scope);
    case Expr::Kind::kRow:
      return Unsupported("a list of values outside of a comparison or IN");
    case Expr::Kind::kInterval:
      return Unsupported("INTERVAL outside of + and -");
    case Expr::Kind::kStar:
      return SyntaxError(expr.place, "*");
  }
  return SyntaxError(expr.place, expr.text);
}

absl::StatusOr<Typed> Translator::Unary(const Expr& expr, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(const Typed operand, Translate(*expr.children[0], scope));
  if (expr.text == "NOT") {
    CDI_ASSIGN_OR_RETURN(const Typed condition, convert_.Boolean(operand));
    return BooleanValue(absl::StrCat("(NOT ", condition.sql, ")"), operand.nullable);
  }
  CDI_ASSIGN_OR_RETURN(Typed number, convert_.Number(operand));
  number.literal.reset();
  number.number_text.reset();
  if (expr.text == "-") {
    number.sql = number.type.kind == Kind::kFloat
                     ? absl::StrCat("(- ", number.sql, ")")
                     : absl::StrCat("CAST((- ", number.sql, ") AS ", number.type.EngineName(), ")");
    if (operand.number_text.has_value()) number.number_text = "-" + *operand.number_text;
  }
  return number;
}

absl::StatusOr<Typed> Translator::Chain(const Expr& expr, const Scope& scope) {
  std::vector<std::string> parts;
  bool nullable = false;
  for (const ExprPtr& child : expr.children) {
    CDI_ASSIGN_OR_RETURN(const Typed operand, Translate(*child, scope));
    CDI_ASSIGN_OR_RETURN(const Typed condition, convert_.Boolean(operand));
    parts.push_back(condition.sql);
    nullable = nullable || condition.nullable;
  }
  return BooleanValue(Balanced(parts, 0, parts.size(), expr.text), nullable);
}

absl::StatusOr<Typed> Translator::Is(const Expr& expr, const Scope& scope) {
  if (expr.text == "DISTINCT") {
    CDI_ASSIGN_OR_RETURN(const Typed left, Translate(*expr.children[0], scope));
    CDI_ASSIGN_OR_RETURN(const Typed right, Translate(*expr.children[1], scope));
    return convert_.Compare(expr.negated ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM", left, right);
  }
  if (expr.children[0]->kind == Expr::Kind::kRow) return Unsupported("IS NULL of a list");
  CDI_ASSIGN_OR_RETURN(Typed operand, Translate(*expr.children[0], scope));
  if (expr.text != "NULL") {
    CDI_ASSIGN_OR_RETURN(operand, convert_.Boolean(operand));
  }
  return BooleanValue(absl::StrCat("(", operand.sql, " IS ", expr.negated ? "NOT " : "", expr.text, ")"), false);
}

absl::StatusOr<Typed> Translator::RowComparison(const std::string& op, const Expr& left, const Expr& right,
                                                const Scope& scope) {
  if (left.kind != Expr::Kind::kRow || right.kind != Expr::Kind::kRow ||
      left.children.size() != right.children.size()) {
    return SqlError("001065", "42601", "SQL compilation error:\nlists of different sizes are compared");
  }
  std::vector<std::string> a;
  std::vector<std::string> b;
  for (size_t i = 0; i < left.children.size(); ++i) {
    CDI_ASSIGN_OR_RETURN(const Typed x, Translate(*left.children[i], scope));
    CDI_ASSIGN_OR_RETURN(const Typed y, Translate(*right.children[i], scope));
    CDI_ASSIGN_OR_RETURN(const auto sides, convert_.Comparable(x, y));
    a.push_back(sides.first);
    b.push_back(sides.second);
  }
  if (op == "=" || op == "<>") {
    std::vector<std::string> parts;
    for (size_t i = 0; i < a.size(); ++i) parts.push_back(absl::StrCat("(", a[i], " = ", b[i], ")"));
    const std::string same = Balanced(parts, 0, parts.size(), "AND");
    return BooleanValue(op == "=" ? same : absl::StrCat("(NOT ", same, ")"));
  }
  // Lexicographic, written out: NULLs then decide as in Snowflake's row comparison.
  std::string text;
  const std::string strict = op.substr(0, 1);
  for (size_t i = a.size(); i-- > 0;) {
    const std::string& last = i + 1 == a.size() ? op : strict;
    text = text.empty()
               ? absl::StrCat("(", a[i], " ", last, " ", b[i], ")")
               : absl::StrCat("((", a[i], " ", last, " ", b[i], ") OR ((", a[i], " = ", b[i], ") AND ", text, "))");
  }
  return BooleanValue(text);
}

absl::StatusOr<Typed> Translator::In(const Expr& expr, const Scope& scope) {
  std::vector<std::string> parts;
  bool nullable = false;
  const Expr& left = *expr.children[0];
  Typed value;
  if (left.kind != Expr::Kind::kRow) {
    CDI_ASSIGN_OR_RETURN(value, Translate(left, scope));
  }
  for (size_t i = 1; i < expr.children.size(); ++i) {
    Typed same;
    if (left.kind == Expr::Kind::kRow) {
      CDI_ASSIGN_OR_RETURN(same, RowComparison("=", left, *expr.children[i], scope));
    } else {
      CDI_ASSIGN_OR_RETURN(const Typed other, Translate(*expr.children[i], scope));
      CDI_ASSIGN_OR_RETURN(same, convert_.Compare("=", value, other));
    }
    nullable = nullable || same.nullable;
    parts.push_back(same.sql);
  }
  const std::string any = Balanced(parts, 0, parts.size(), "OR");
  return BooleanValue(expr.negated ? absl::StrCat("(NOT ", any, ")") : any, nullable);
}

// The subquery's columns and the left side are given one type first.
absl::StatusOr<Typed> Translator::InQuery(const Expr& expr, const Scope& scope) {
  const Expr& left = *expr.children[0];
  std::vector<Typed> values;
  if (left.kind == Expr::Kind::kRow) {
    CDI_ASSIGN_OR_RETURN(values, TranslateAll(left.children, scope));
  } else {
    CDI_ASSIGN_OR_RETURN(Typed value, Translate(left, scope));
    values.push_back(std::move(value));
  }
  CDI_ASSIGN_OR_RETURN(const QueryResult inner, TranslateQuery(*expr.query, &scope));
  if (inner.columns.size() != values.size()) {
    return SqlError("002067", "42601", "SQL compilation error:\nInvalid number of columns in the subquery of IN");
  }
  const std::string alias = UniqueAlias("~IN");
  std::vector<std::string> left_sides;
  std::vector<std::string> right_sides;
  std::vector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string name = QuoteEngineName(absl::StrCat("~", i + 1));
    names.push_back(name);
    const Typed other{absl::StrCat(alias, ".", name), inner.columns[i].type, true, false, {}, {}};
    CDI_ASSIGN_OR_RETURN(const auto unified, convert_.Unified({values[i], other}));
    left_sides.push_back(convert_.EqualityKey(unified[0]));
    right_sides.push_back(convert_.EqualityKey(unified[1]));
  }
  const std::string what = values.size() == 1 ? left_sides[0] : absl::StrCat("(", absl::StrJoin(left_sides, ", "), ")");
  const std::string list = absl::StrJoin(right_sides, ", ");
  return BooleanValue(absl::StrCat("(", what, expr.negated ? " NOT" : "", " IN (SELECT ",
                                   values.size() == 1 ? list : absl::StrCat("(", list, ")"), " FROM (", inner.sql,
                                   ") AS ", alias, "(", absl::StrJoin(names, ", "), ")))"));
}

absl::StatusOr<Typed> Translator::Quantified(const Expr& expr, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*expr.children[0], scope));
  CDI_ASSIGN_OR_RETURN(const QueryResult inner, TranslateQuery(*expr.query, &scope));
  if (inner.columns.size() != 1)
    return SqlError("002067", "42601", "SQL compilation error:\nInvalid number of columns in the subquery");
  const std::string alias = UniqueAlias("~ANY");
  const Typed other{absl::StrCat(alias, ".\"~1\""), inner.columns[0].type, true, false, {}, {}};
  CDI_ASSIGN_OR_RETURN(const auto unified, convert_.Unified({value, other}));
  return BooleanValue(
      absl::StrCat("(", convert_.EqualityKey(unified[0]), " ", expr.text, " ", expr.quantifier == "ALL" ? "ALL" : "ANY",
                   " (SELECT ", convert_.EqualityKey(unified[1]), " FROM (", inner.sql, ") AS ", alias, "(\"~1\")))"));
}

absl::StatusOr<Typed> Translator::Between(const Expr& expr, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, TranslateAll(expr.children, scope));
  CDI_ASSIGN_OR_RETURN(const Typed low, convert_.Compare(">=", values[0], values[1]));
  CDI_ASSIGN_OR_RETURN(const Typed high, convert_.Compare("<=", values[0], values[2]));
  return BooleanValue(absl::StrCat("(", expr.negated ? "NOT " : "", "(", low.sql, " AND ", high.sql, "))"),
                      low.nullable || high.nullable);
}

absl::StatusOr<Typed> Translator::Like(const Expr& expr, const Scope& scope) {
  std::vector<std::string> texts;
  bool nullable = false;
  for (const ExprPtr& child : expr.children) {
    CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*child, scope));
    CDI_ASSIGN_OR_RETURN(const Typed text, convert_.Text(value));
    texts.push_back(text.sql);
    nullable = nullable || text.nullable;
  }
  std::string escape;
  if (expr.has_else) {
    escape = absl::StrCat(", ", texts.back());
    texts.pop_back();
  }
  const char* function = expr.text == "RLIKE" ? "SF_REGEXP_LIKE" : expr.text == "ILIKE" ? "SF_ILIKE" : "SF_LIKE";
  std::vector<std::string> parts;
  for (size_t i = 1; i < texts.size(); ++i)
    parts.push_back(absl::StrCat(function, "(", texts[0], ", ", texts[i], escape, ")"));
  const std::string any = Balanced(parts, 0, parts.size(), expr.quantifier == "ALL" ? "AND" : "OR");
  return BooleanValue(expr.negated ? absl::StrCat("(NOT ", any, ")") : any, nullable);
}

absl::StatusOr<Typed> Translator::Case(const Expr& expr, const Scope& scope) {
  size_t at = expr.has_operand ? 1 : 0;
  Typed operand;
  if (expr.has_operand) {
    CDI_ASSIGN_OR_RETURN(operand, Translate(*expr.children[0], scope));
  }
  std::vector<std::string> conditions;
  std::vector<Typed> results;
  const size_t whens_end = expr.children.size() - (expr.has_else ? 1 : 0);
  for (; at + 1 < whens_end; at += 2) {
    CDI_ASSIGN_OR_RETURN(const Typed when, Translate(*expr.children[at], scope));
    Typed condition;
    if (expr.has_operand) {
      CDI_ASSIGN_OR_RETURN(condition, convert_.Compare("=", operand, when));
    } else {
      CDI_ASSIGN_OR_RETURN(condition, convert_.Boolean(when));
    }
    conditions.push_back(condition.sql);
    CDI_ASSIGN_OR_RETURN(Typed then, Translate(*expr.children[at + 1], scope));
    results.push_back(std::move(then));
  }
  if (expr.has_else) {
    CDI_ASSIGN_OR_RETURN(Typed otherwise, Translate(*expr.children.back(), scope));
    results.push_back(std::move(otherwise));
  }
  SqlType type;
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> unified, convert_.Unified(results, &type));
  std::string text = "CASE";
  bool nullable = !expr.has_else;
  for (size_t i = 0; i < conditions.size(); ++i) {
    absl::StrAppend(&text, " WHEN ", conditions[i], " THEN ", unified[i].sql);
  }
  if (expr.has_else) absl::StrAppend(&text, " ELSE ", unified.back().sql);
  for (const Typed& one : unified) nullable = nullable || one.nullable;
  const bool null = std::all_of(results.begin(), results.end(), [](const Typed& one) { return one.null; });
  return Typed{absl::StrCat("(", text, " END)"), type, nullable, null, {}, {}};
}

absl::StatusOr<Typed> Translator::Path(const Expr& expr, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(const Typed base, Translate(*expr.children[0], scope));
  if (!IsSemiStructured(base.type) && !base.null) {
    return SqlError("001044", "42P13",
                    absl::StrCat("SQL compilation error:\nInvalid argument types for function 'GET': (",
                                 base.type.SnowflakeName(), ", VARCHAR)"));
  }
  std::string steps;
  for (size_t i = 1; i < expr.children.size(); ++i) {
    CDI_ASSIGN_OR_RETURN(const Typed step, Translate(*expr.children[i], scope));
    if (step.type.kind == Kind::kText) {
      absl::StrAppend(&steps, ", ", step.sql);
    } else {
      CDI_ASSIGN_OR_RETURN(const std::string index, convert_.Bigint(step));
      absl::StrAppend(&steps, ", ", index);
    }
  }
  return Typed{absl::StrCat("SF_GET(", base.null ? "CAST(NULL AS JSON)" : base.sql, steps, ")"),
               SqlType::Of(Kind::kVariant),
               true,
               false,
               {},
               {}};
}

absl::StatusOr<Typed> Translator::ScalarQuery(const Expr& expr, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(const QueryResult inner, TranslateQuery(*expr.query, &scope));
  if (inner.columns.size() != 1) {
    return SqlError("002067", "42601",
                    absl::StrCat("SQL compilation error:\nInvalid expression: a subquery with ", inner.columns.size(),
                                 " columns is used as a value"));
  }
  return Typed{absl::StrCat("(", inner.sql, ")"), inner.columns[0].type, true, false, {}, {}};
}

}  // namespace cdi::snowflake_mock
