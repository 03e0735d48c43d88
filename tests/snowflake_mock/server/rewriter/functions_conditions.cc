// IFF, DECODE, GREATEST and other choices whose arguments meet in ways of their own.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

Typed Choice(const std::string& condition, const std::vector<Typed>& branches, const SqlType& type) {
  return {absl::StrCat("(CASE WHEN ", condition, " THEN ", branches[0].sql, " ELSE ", branches[1].sql, " END)"),
          type,
          branches[0].nullable || branches[1].nullable,
          false,
          {},
          {}};
}

absl::StatusOr<Typed> Iff(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(3, 3));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  CDI_ASSIGN_OR_RETURN(const Typed condition, call.convert.Boolean(values[0]));
  SqlType type;
  CDI_ASSIGN_OR_RETURN(const auto branches, call.convert.Unified({values[1], values[2]}, &type));
  return Choice(condition.sql, branches, type);
}

absl::StatusOr<Typed> Nvl2(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(3, 3));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  SqlType type;
  CDI_ASSIGN_OR_RETURN(const auto branches, call.convert.Unified({values[1], values[2]}, &type));
  return Choice(absl::StrCat("(", values[0].sql, ") IS NOT NULL"), branches, type);
}

absl::StatusOr<Typed> NullIf(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  CDI_ASSIGN_OR_RETURN(const Typed same, call.convert.Compare("=", values[0], values[1]));
  Typed result = values[0];
  if (result.null) return result;
  result.sql = absl::StrCat("(CASE WHEN ", same.sql, " THEN NULL ELSE ", values[0].sql, " END)");
  result.nullable = true;
  result.literal.reset();
  result.number_text.reset();
  return result;
}

absl::StatusOr<Typed> ZeroIfNull(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const Typed number, call.convert.Number(value));
  CDI_ASSIGN_OR_RETURN(const Typed zero, call.convert.Cast(NumberLiteral("0"), number.type));
  if (call.name() == "NULLIFZERO")
    return Typed{absl::StrCat("nullif(", number.sql, ", ", zero.sql, ")"), number.type, true, false, {}, {}};
  return Typed{absl::StrCat("coalesce(", number.sql, ", ", zero.sql, ")"), number.type, false, false, {}, {}};
}

absl::StatusOr<Typed> EqualNull(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  return call.convert.Compare("IS NOT DISTINCT FROM", values[0], values[1]);
}

// NULL as soon as one argument is.
absl::StatusOr<Typed> Greatest(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1000));
  CDI_ASSIGN_OR_RETURN(std::vector<Typed> values, call.Values());
  SqlType type;
  CDI_ASSIGN_OR_RETURN(values, call.convert.Unified(values, &type));
  if (IsSemiStructured(type)) return InvalidArgumentTypes(call.name(), values);
  std::vector<std::string> texts;
  std::vector<std::string> nulls;
  bool nullable = false;
  for (const Typed& value : values) {
    texts.push_back(value.sql);
    nulls.push_back(absl::StrCat("(", value.sql, ") IS NULL"));
    nullable = nullable || value.nullable;
  }
  const std::string all =
      absl::StrCat(call.name() == "GREATEST" ? "greatest(" : "least(", absl::StrJoin(texts, ", "), ")");
  if (!nullable) return Typed{all, type, false, false, {}, {}};
  return Typed{absl::StrCat("(CASE WHEN ", absl::StrJoin(nulls, " OR "), " THEN NULL ELSE ", all, " END)"),
               type,
               true,
               false,
               {},
               {}};
}

// DECODE(value, search, result, …[, default]); NULL finds NULL.
absl::StatusOr<Typed> Decode(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(3, 1000));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  std::vector<Typed> results;
  std::string text = "(CASE";
  for (size_t i = 2; i < values.size(); i += 2) results.push_back(values[i]);
  const bool has_default = values.size() % 2 == 0;
  if (has_default) results.push_back(values.back());
  SqlType type;
  CDI_ASSIGN_OR_RETURN(results, call.convert.Unified(results, &type));
  for (size_t i = 1; i + 1 < values.size(); i += 2) {
    CDI_ASSIGN_OR_RETURN(const Typed same, call.convert.Compare("IS NOT DISTINCT FROM", values[0], values[i]));
    absl::StrAppend(&text, " WHEN ", same.sql, " THEN ", results[(i - 1) / 2].sql);
  }
  if (has_default) absl::StrAppend(&text, " ELSE ", results.back().sql);
  return Typed{text + " END)", type, true, false, {}, {}};
}

absl::StatusOr<Typed> Concat(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1000));
  std::vector<std::string> texts;
  int64_t length = 0;
  bool nullable = false;
  for (size_t i = 0; i < call.count(); ++i) {
    CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(i));
    CDI_ASSIGN_OR_RETURN(const Typed text, call.convert.Text(value));
    texts.push_back(text.sql);
    length += text.type.length;
    nullable = nullable || text.nullable;
  }
  if (call.name() == "CONCAT")
    return TextValue(absl::StrCat("CAST((", absl::StrJoin(texts, " || "), ") AS VARCHAR)"), nullable, length);
  // CONCAT_WS(separator, …): NULL as soon as one is.
  if (texts.size() < 2) return call.Expect(2, 1000);
  const std::string separator = texts[0];
  texts.erase(texts.begin());
  return TextValue(
      absl::StrCat("CAST((", absl::StrJoin(texts, absl::StrCat(" || ", separator, " || ")), ") AS VARCHAR)"), nullable);
}

}  // namespace

const CallHandlers& ConditionCalls() {
  static const auto* calls = new CallHandlers{{"IFF", Iff},
                                              {"NVL2", Nvl2},
                                              {"NULLIF", NullIf},
                                              {"ZEROIFNULL", ZeroIfNull},
                                              {"NULLIFZERO", ZeroIfNull},
                                              {"EQUAL_NULL", EqualNull},
                                              {"GREATEST", Greatest},
                                              {"LEAST", Greatest},
                                              {"DECODE", Decode},
                                              {"CONCAT", Concat},
                                              {"CONCAT_WS", Concat}};
  return *calls;
}

}  // namespace cdi::snowflake_mock
