// Functions that exist only with OVER.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

absl::Status NeedsOrder(const Calls& call) {
  if (!call.call.over->order.empty()) return absl::OkStatus();
  return SqlError("002303", "42601",
                  absl::StrCat("SQL compilation error:\nWindow function type [", call.name(),
                               "] requires ORDER BY in window specification"));
}

absl::StatusOr<Typed> Numbering(Calls& call) {
  const bool ntile = call.name() == "NTILE";
  CDI_RETURN_IF_ERROR(call.Expect(ntile ? 1 : 0, ntile ? 1 : 0));
  CDI_RETURN_IF_ERROR(NeedsOrder(call));
  std::string argument;
  if (ntile) {
    CDI_ASSIGN_OR_RETURN(argument, call.Bigint(0));
  }
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return AsNumber(absl::StrCat(call.name(), "(", argument, ")", over), 18, 0, false);
}

absl::StatusOr<Typed> Distribution(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(0, 0));
  CDI_RETURN_IF_ERROR(NeedsOrder(call));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return Typed{absl::StrCat(call.name(), "()", over), SqlType::Of(Kind::kFloat), false, false, {}, {}};
}

std::string Nulls(const Calls& call) {
  return call.call.nulls == "IGNORE" ? " IGNORE NULLS" : "";
}

absl::StatusOr<Typed> Lag(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 3));
  CDI_RETURN_IF_ERROR(NeedsOrder(call));
  CDI_ASSIGN_OR_RETURN(std::vector<Typed> values, call.Values());
  std::string text = values[0].null ? "CAST(NULL AS VARCHAR)" : values[0].sql;
  SqlType type = values[0].type;
  if (values.size() > 1) {
    CDI_ASSIGN_OR_RETURN(const std::string distance, call.convert.Bigint(values[1]));
    if (values.size() == 3) {
      CDI_ASSIGN_OR_RETURN(const auto unified, call.convert.Unified({values[0], values[2]}, &type));
      text = absl::StrCat(unified[0].sql, ", ", distance, ", ", unified[1].sql);
    } else {
      absl::StrAppend(&text, ", ", distance);
    }
  }
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  return Typed{absl::StrCat(call.name(), "(", text, Nulls(call), ")", over), type, true, false, {}, {}};
}

// Without a frame these see the whole partition, unlike aggregates.
absl::StatusOr<Typed> ValueOfRow(Calls& call) {
  const bool nth = call.name() == "NTH_VALUE";
  CDI_RETURN_IF_ERROR(call.Expect(nth ? 2 : 1, nth ? 2 : 1));
  CDI_RETURN_IF_ERROR(NeedsOrder(call));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  std::string text = value.null ? "CAST(NULL AS VARCHAR)" : value.sql;
  if (nth) {
    CDI_ASSIGN_OR_RETURN(const std::string place, call.Bigint(1));
    absl::StrAppend(&text, ", ", place);
  }
  CDI_ASSIGN_OR_RETURN(std::string over, call.Over());
  if (call.call.over->frame.empty()) {
    over.insert(over.size() - 1, " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING");
  }
  return Typed{absl::StrCat(call.name(), "(", text, Nulls(call), ")", over), value.type, true, false, {}, {}};
}

absl::StatusOr<Typed> RatioToReport(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  CDI_ASSIGN_OR_RETURN(const Typed number, call.convert.Number(value));
  CDI_ASSIGN_OR_RETURN(const std::string over, call.Over());
  Typed total = number;
  total.sql = absl::StrCat("sum(", number.sql, ")", over);
  if (number.type.kind == Kind::kNumber) total = AsNumber(total.sql, 38, number.type.scale);
  CDI_ASSIGN_OR_RETURN(const Typed zero, call.convert.Compare("=", total, NumberLiteral("0")));
  CDI_ASSIGN_OR_RETURN(Typed ratio, call.Arithmetic("/", number, total));
  ratio.sql = absl::StrCat("(CASE WHEN ", zero.sql, " THEN NULL ELSE ", ratio.sql, " END)");
  ratio.nullable = true;
  return ratio;
}

}  // namespace

const CallHandlers& WindowCalls() {
  static const auto* calls = new CallHandlers{{"ROW_NUMBER", Numbering},
                                              {"RANK", Numbering},
                                              {"DENSE_RANK", Numbering},
                                              {"NTILE", Numbering},
                                              {"PERCENT_RANK", Distribution},
                                              {"CUME_DIST", Distribution},
                                              {"LAG", Lag},
                                              {"LEAD", Lag},
                                              {"FIRST_VALUE", ValueOfRow},
                                              {"LAST_VALUE", ValueOfRow},
                                              {"NTH_VALUE", ValueOfRow},
                                              {"RATIO_TO_REPORT", RatioToReport}};
  return *calls;
}

}  // namespace cdi::snowflake_mock
