// OBJECT_CONSTRUCT and ARRAY_CONSTRUCT (also of *), GET.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

// Values as JSON: times in the session's formats, the rest as it is.
absl::StatusOr<std::string> AsJson(Calls& call, const Typed& value) {
  CDI_ASSIGN_OR_RETURN(const Typed variant, call.convert.Variant(value));
  return variant.sql;
}

absl::StatusOr<Typed> ObjectConstruct(Calls& call) {
  std::vector<std::string> names;
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.StarValues(&names));
  std::vector<std::string> texts;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!names[i].empty()) {  // from a star
      texts.push_back(QuoteLiteral(names[i]));
    } else {
      if (i + 1 == values.size()) {
        return SqlError("002158", "42601",
                        absl::StrCat("SQL compilation error:\n", call.name(), " takes pairs of key and value"));
      }
      CDI_ASSIGN_OR_RETURN(const Typed key, call.convert.Text(values[i]));
      texts.push_back(key.sql);
      ++i;
    }
    CDI_ASSIGN_OR_RETURN(std::string json, AsJson(call, values[i]));
    texts.push_back(std::move(json));
  }
  const char* const engine =
      call.name() == "OBJECT_CONSTRUCT" ? "SF_OBJECT_CONSTRUCT(" : "SF_OBJECT_CONSTRUCT_KEEP_NULL(";
  return Typed{absl::StrCat(engine, absl::StrJoin(texts, ", "), ")"), SqlType::Of(Kind::kObject), false, false, {}, {}};
}

absl::StatusOr<Typed> ArrayConstruct(Calls& call) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.StarValues());
  std::vector<std::string> texts;
  for (const Typed& value : values) {
    CDI_ASSIGN_OR_RETURN(std::string json, AsJson(call, value));
    texts.push_back(std::move(json));
  }
  std::string sql = absl::StrCat("SF_ARRAY_CONSTRUCT(", absl::StrJoin(texts, ", "), ")");
  if (call.name() == "ARRAY_CONSTRUCT_COMPACT") sql = absl::StrCat("SF_ARRAY_COMPACT(", sql, ")");
  return Typed{std::move(sql), SqlType::Of(Kind::kArray), false, false, {}, {}};
}

// GET(variant, 'key' or index)
absl::StatusOr<Typed> Get(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(2, 2));
  CDI_ASSIGN_OR_RETURN(const std::vector<Typed> values, call.Values());
  if (!IsSemiStructured(values[0].type) && !values[0].null) return InvalidArgumentTypes("GET", values);
  CDI_ASSIGN_OR_RETURN(const Typed base, call.convert.Variant(values[0]));
  std::string step = values[1].sql;
  if (values[1].type.kind != Kind::kText || values[1].null) {
    CDI_ASSIGN_OR_RETURN(step, call.convert.Bigint(values[1]));
  }
  return Typed{absl::StrCat("SF_GET(", base.sql, ", ", step, ")"), SqlType::Of(Kind::kVariant), true, false, {}, {}};
}

}  // namespace

const CallHandlers& VariantCalls() {
  static const auto* calls = new CallHandlers{{"OBJECT_CONSTRUCT", ObjectConstruct},
                                              {"OBJECT_CONSTRUCT_KEEP_NULL", ObjectConstruct},
                                              {"ARRAY_CONSTRUCT", ArrayConstruct},
                                              {"ARRAY_CONSTRUCT_COMPACT", ArrayConstruct},
                                              {"GET", Get}};
  return *calls;
}

}  // namespace cdi::snowflake_mock
