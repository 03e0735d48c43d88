// Aggregates; each may also be a window function.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

constexpr int kPrecisionMax = 38;
constexpr int kSumGrowth = 12;  // SUM(NUMBER(p,s)) is a NUMBER(p + 12, s)

std::string NotNull(const std::vector<Typed>& values) {
  return absl::StrJoin(values, " AND ", [](std::string* out, const Typed& value) {
    absl::StrAppend(out, "(", value.sql, ") IS NOT NULL");
  });
}

absl::StatusOr<Typed> Count(Calls& call) {
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  if (call.count() == 1 && call.call.children[0]->kind == Expr::Kind::kStar &&
      call.call.children[0]->star->qualifier.empty() && !call.call.distinct) {
    return AsNumber(absl::StrCat("count(*)", over), 18, 0, false);
  }
  CDI_RETURN_IF_ERROR(call.Expect(1, 1000));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.StarValues());
  std::vector<std::string> keys;
  for (const Typed& value : values)
    keys.push_back(value.null ? "CAST(NULL AS BIGINT)" : call.convert.EqualityKey(value));
  if (values.size() == 1) return AsNumber(absl::StrCat("count(", call.Distinct(), keys[0], ")", over), 18, 0, false);
  return AsNumber(
      absl::StrCat("count(", call.Distinct(), "CASE WHEN ", NotNull(values), " THEN ",
                   call.call.distinct ? absl::StrCat("row(", absl::StrJoin(keys, ", "), ")") : "1", " END)", over),
      18, 0, false);
}

absl::StatusOr<Typed> NumberArgument(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  if (value.type.kind == Kind::kBoolean) return InvalidArgumentTypes(call.name(), {value});
  return call.convert.Number(value);
}

Typed Float(std::string sql) {
  return {std::move(sql), SqlType::Of(Kind::kFloat), true, false, {}, {}};
}

// The engine adds up in 128 bits and does not tell when they wrap, so a coarse sum stands guard where they could. Below
// that the sum is exact, and SF_ROUND refuses what has more than 38 digits.
std::string ExactSum(Calls& call, const Typed& value, const std::string& over) {
  const std::string sum = absl::StrCat("sum(", call.Distinct(), value.sql, ")", over);
  if (value.type.precision + kSumGrowth <= kPrecisionMax) return sum;
  const int scale = value.type.scale;
  return absl::StrCat("CASE WHEN abs(sum(", call.Distinct(), "CAST(", value.sql, " AS DOUBLE))", over, ") > 1.5e",
                      kPrecisionMax - scale,
                      " THEN CAST(error('~SF:100039:22003:Numeric value out of range: a result does not fit into "
                      "NUMBER(38,",
                      scale, ")') AS DECIMAL(38,", scale, ")) ELSE SF_ROUND_", scale, "(", sum, ", ", scale, ") END");
}

absl::StatusOr<Typed> Sum(Calls& call) {
  CDI_ASSIGN_OR_RETURN(const Typed value, NumberArgument(call));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  if (value.type.kind == Kind::kFloat) return Float(absl::StrCat("sum(", call.Distinct(), value.sql, ")", over));
  return AsNumber(ExactSum(call, value, over), std::min(38, value.type.precision + kSumGrowth), value.type.scale);
}

absl::StatusOr<Typed> Avg(Calls& call) {
  CDI_ASSIGN_OR_RETURN(const Typed value, NumberArgument(call));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  const std::string argument = absl::StrCat("(", call.Distinct(), value.sql, ")", over);
  if (value.type.kind == Kind::kFloat) return Float(absl::StrCat("avg", argument));
  const int scale = std::max(value.type.scale, std::min(value.type.scale + 6, 12));
  return AsNumber(absl::StrCat("SF_DIVIDE_", scale, "(", ExactSum(call, value, over), ", count", argument, ")"),
                  std::min(38, value.type.precision + kSumGrowth + scale - value.type.scale), scale);
}

absl::StatusOr<Typed> MinMax(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  if (value.null) return value;
  const std::string name = call.name() == "MIN" ? "min" : "max";
  const std::string sql =
      value.type.kind == Kind::kVariant
          ? absl::StrCat("arg_", name, "(", value.sql, ", nullif(SF_VARIANT_KEY(", value.sql, "), '6'))", over)
          : absl::StrCat(name, "(", value.sql, ")", over);
  return Typed{sql, value.type, true, false, {}, {}};
}

absl::StatusOr<Typed> AnyValue(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  const char* const engine = call.name() == "MODE" ? "mode" : "any_value";
  return Typed{absl::StrCat(engine, "(", value.null ? "CAST(NULL AS VARCHAR)" : value.sql, ")", over),
               value.type,
               true,
               false,
               {},
               {}};
}

absl::StatusOr<Typed> MinMaxBy(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  // arg_min skips NULLs of the first; Snowflake does not.
  const char* const engine = call.name() == "MIN_BY" ? "arg_min_null(" : "arg_max_null(";
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return Typed{absl::StrCat(engine, values[0].sql, ", ", call.convert.OrderKey(values[1]), ")", over),
               values[0].type,
               true,
               false,
               {},
               {}};
}

absl::StatusOr<Typed> CountIf(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed condition, call.Cast(0, SqlType::Of(Kind::kBoolean)));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return AsNumber(absl::StrCat("count_if(", condition.sql, ")", over), 18, 0, false);
}

absl::StatusOr<Typed> BooleanAggregate(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed condition, call.Cast(0, SqlType::Of(Kind::kBoolean)));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  if (call.name() == "BOOLXOR_AGG") return BooleanValue(absl::StrCat("(count_if(", condition.sql, ")", over, " = 1)"));
  return BooleanValue(absl::StrCat(call.name() == "BOOLAND_AGG" ? "bool_and(" : "bool_or(", condition.sql, ")", over));
}

absl::StatusOr<Typed> BitAggregate(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const std::string value, call.Bigint(0));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  const std::string& name = call.name();
  const char* const engine = name[3] == 'A' ? "bit_and(" : name[3] == 'O' ? "bit_or(" : "bit_xor(";
  return AsNumber(absl::StrCat(engine, value, ")", over), 38, 0);
}

absl::StatusOr<Typed> Statistic(Calls& call) {
  static const auto* engine = new std::map<std::string, const char*>{
      {"STDDEV", "stddev_samp"},  {"STDDEV_SAMP", "stddev_samp"}, {"STDDEV_POP", "stddev_pop"},
      {"VARIANCE", "var_samp"},   {"VAR_SAMP", "var_samp"},       {"VARIANCE_SAMP", "var_samp"},
      {"VAR_POP", "var_pop"},     {"VARIANCE_POP", "var_pop"},    {"CORR", "corr"},
      {"COVAR_POP", "covar_pop"}, {"COVAR_SAMP", "covar_samp"},   {"SKEW", "skewness"}};
  const size_t arguments = call.name()[0] == 'C' ? 2 : 1;
  CDI_RETURN_IF_ERROR(call.Expect(arguments, arguments));
  std::vector<std::string> texts;
  for (size_t i = 0; i < arguments; ++i) {
    CDI_ASSIGN_OR_RETURN(const Typed value, call.Cast(i, SqlType::Of(Kind::kFloat)));
    texts.push_back(value.sql);
  }
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return Float(absl::StrCat(engine->at(call.name()), "(", call.Distinct(), absl::StrJoin(texts, ", "), ")", over));
}

// MEDIAN(x) and PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x): a NUMBER gains three digits.
absl::StatusOr<Typed> Percentile(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  std::string fraction = "0.5";
  Typed value;
  bool descending = false;
  if (call.name() == "MEDIAN") {
    CDI_ASSIGN_OR_RETURN(value, call.Value(0));
  } else {
    if (call.call.within_group.size() != 1)
      return SqlError("001003", "42601",
                      absl::StrCat("SQL compilation error:\n", call.name(), " needs WITHIN GROUP (ORDER BY …)"));
    CDI_ASSIGN_OR_RETURN(const Typed given, call.Value(0));
    if (!given.number_text.has_value()) return Unsupported(absl::StrCat(call.name(), " of anything but a constant"));
    fraction = *given.number_text;
    descending = call.call.within_group[0].descending;
    CDI_ASSIGN_OR_RETURN(value, call.translator.Translate(*call.call.within_group[0].value, call.scope));
  }
  if (descending) fraction = absl::StrCat("(1 - ", fraction, ")");
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  if (call.name() == "PERCENTILE_DISC") {
    if (descending) return Unsupported("PERCENTILE_DISC in descending order");
    return Typed{absl::StrCat("quantile_disc(", value.sql, ", ", fraction, ")", over), value.type, true, false, {}, {}};
  }
  CDI_ASSIGN_OR_RETURN(value, call.convert.Number(value));
  if (value.type.kind == Kind::kFloat)
    return Float(absl::StrCat("quantile_cont(", value.sql, ", ", fraction, ")", over));
  const SqlType type = SqlType::Number(std::min(38, value.type.precision + 3), std::min(37, value.type.scale + 3));
  CDI_ASSIGN_OR_RETURN(value, call.convert.Cast(value, type));
  return AsNumber(absl::StrCat("quantile_cont(", value.sql, ", ", fraction, ")", over), type.precision, type.scale);
}

absl::StatusOr<Typed> ListAgg(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 2));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const Typed text, call.convert.Text(value));
  std::string separator = "''";
  if (call.count() == 2) {
    CDI_ASSIGN_OR_RETURN(separator, call.Text(1));
  }
  CDI_ASSIGN_OR_RETURN(std::string order, call.WithinGroup());
  // With DISTINCT the engine wants the very argument as its order.
  if (call.call.distinct && call.call.within_group.size() == 1 && text.sql != value.sql) {
    order = absl::StrCat("ORDER BY (", text.sql, ")", call.call.within_group[0].descending ? " DESC" : " ASC");
  }
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return TextValue(absl::StrCat("coalesce(string_agg(", call.Distinct(), text.sql, ", ", separator,
                                order.empty() ? "" : " ", order, ")", over, ", '')"),
                   false);
}

absl::StatusOr<Typed> ArrayAgg(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const std::string order, call.WithinGroup());
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  const Typed element{"e", value.type, true, false, {}, {}};
  const std::string argument = value.null ? "CAST(NULL AS VARCHAR)" : value.sql;
  CDI_ASSIGN_OR_RETURN(const Typed json, call.convert.Variant(element));
  const bool distinct = call.call.distinct || call.name() == "ARRAY_UNIQUE_AGG";
  return Typed{absl::StrCat("SF_ARRAY_OF_ELEMENTS(array_to_string(list_transform(list(", distinct ? "DISTINCT " : "",
                            argument, order.empty() ? "" : " ", order, ") FILTER (WHERE (", argument, ") IS NOT NULL)",
                            over, ", lambda e: CAST(", json.sql, " AS VARCHAR)), ','))"),
               SqlType::Of(Kind::kArray),
               false,
               false,
               {},
               {}};
}

absl::StatusOr<Typed> ObjectAgg(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::string key, call.Text(0));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(1));
  CDI_ASSIGN_OR_RETURN(const Typed json, call.convert.Variant(value));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return Typed{absl::StrCat("SF_OBJECT_OF_MEMBERS(string_agg(SF_MEMBER(", key, ", ", json.sql, "), ',')", over, ")"),
               SqlType::Of(Kind::kObject),
               false,
               false,
               {},
               {}};
}

// Order-insensitive: the sum of the rows' hashes.
absl::StatusOr<Typed> HashAgg(Calls& call) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.StarValues());
  if (values.empty()) return call.Expect(1, 1000);
  std::vector<std::string> texts;
  for (const Typed& value : values) texts.push_back(value.null ? "CAST(NULL AS VARCHAR)" : value.sql);
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return AsNumber(absl::StrCat("SF_FOLD(coalesce(sum(", call.Distinct(), "CAST(SF_HASH(", absl::StrJoin(texts, ", "),
                               ") AS HUGEINT))", over, ", 0))"),
                  19, 0, false);
}

absl::StatusOr<Typed> ApproxCount(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return AsNumber(absl::StrCat("count(DISTINCT ", call.convert.EqualityKey(value), ")", over), 18, 0, false);
}

absl::StatusOr<Typed> Grouping(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 30));
  std::vector<std::string> texts;
  for (size_t i = 0; i < call.count(); ++i) {
    CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(i));
    texts.push_back(value.sql);
  }
  return AsNumber(absl::StrCat("grouping(", absl::StrJoin(texts, ", "), ")"), 18, 0, false);
}

}  // namespace

const CallHandlers& AggregateCalls() {
  static const auto* calls = [] {
    auto* map = new CallHandlers{{"COUNT", Count},
                                 {"SUM", Sum},
                                 {"AVG", Avg},
                                 {"MIN", MinMax},
                                 {"MAX", MinMax},
                                 {"ANY_VALUE", AnyValue},
                                 {"MODE", AnyValue},
                                 {"MIN_BY", MinMaxBy},
                                 {"MAX_BY", MinMaxBy},
                                 {"COUNT_IF", CountIf},
                                 {"BOOLAND_AGG", BooleanAggregate},
                                 {"BOOLOR_AGG", BooleanAggregate},
                                 {"BOOLXOR_AGG", BooleanAggregate},
                                 {"BITAND_AGG", BitAggregate},
                                 {"BITOR_AGG", BitAggregate},
                                 {"BITXOR_AGG", BitAggregate},
                                 {"MEDIAN", Percentile},
                                 {"PERCENTILE_CONT", Percentile},
                                 {"PERCENTILE_DISC", Percentile},
                                 {"LISTAGG", ListAgg},
                                 {"STRING_AGG", ListAgg},
                                 {"ARRAY_AGG", ArrayAgg},
                                 {"ARRAYAGG", ArrayAgg},
                                 {"ARRAY_UNIQUE_AGG", ArrayAgg},
                                 {"OBJECT_AGG", ObjectAgg},
                                 {"HASH_AGG", HashAgg},
                                 {"APPROX_COUNT_DISTINCT", ApproxCount},
                                 {"HLL", ApproxCount},
                                 {"GROUPING", Grouping},
                                 {"GROUPING_ID", Grouping}};
    for (const char* name : {"STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VARIANCE", "VAR_SAMP", "VARIANCE_SAMP", "VAR_POP",
                             "VARIANCE_POP", "CORR", "COVAR_POP", "COVAR_SAMP", "SKEW"}) {
      (*map)[name] = Statistic;
    }
    return map;
  }();
  return *calls;
}

}  // namespace cdi::snowflake_mock
