// SYSTEM$… and clocks with an argument.
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"

namespace cdi::snowflake_mock {
namespace {

absl::StatusOr<Typed> LastChangeCommitTime(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  const Expr& name = *call.call.children[0];
  if (name.kind != Expr::Kind::kString) return Unsupported(absl::StrCat(call.name(), " of anything but a literal"));
  return call.LastChange(name.text);
}

absl::StatusOr<Typed> LoginFailureDetails(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  const Expr& id = *call.call.children[0];
  if (id.kind != Expr::Kind::kString) return Unsupported(absl::StrCat(call.name(), " of anything but a literal"));
  return TextValue(QuoteLiteral(call.context.login_failure_details ? call.context.login_failure_details(id.text) : ""),
                   false);
}

// SYSTEM$CANCEL_QUERY('id'), SYSTEM$CANCEL_ALL_QUERIES(session).
absl::StatusOr<Typed> Cancel(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  const Expr& id = *call.call.children[0];
  const auto* const bindings = call.context.bindings;
  CancelCall cancel{call.call.begin, call.name() == "SYSTEM$CANCEL_ALL_QUERIES", id.text};
  if (id.kind == Expr::Kind::kBinding && bindings != nullptr && id.index < bindings->size()) {
    cancel.id = (*bindings)[id.index].value.value_or("");
  } else if (id.kind != Expr::Kind::kString && id.kind != Expr::Kind::kNumber && id.kind != Expr::Kind::kBinding) {
    return Unsupported(absl::StrCat(call.name(), " of anything but a literal or a bound value"));
  }
  if (!call.context.cancel) return Unsupported(absl::StrCat(call.name(), " outside of a query"));
  return TextValue(QuoteLiteral(call.context.cancel(cancel)), false);
}

// SYSTEM$WAIT(n [, 'SECONDS']), once a statement, however many rows there are.
absl::StatusOr<Typed> Wait(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 2));
  const Expr& amount = *call.call.children[0];
  const std::string unit = call.count() == 2 ? absl::AsciiStrToUpper(call.call.children[1]->text) : "SECONDS";
  const double millis = unit == "MILLISECONDS" ? 1
                        : unit == "SECONDS"    ? 1000
                        : unit == "MINUTES"    ? 60'000
                        : unit == "HOURS"      ? 3'600'000
                                               : 0;
  double count = 0;
  if (amount.kind != Expr::Kind::kNumber || !absl::SimpleAtod(amount.text, &count) || count > 604'800 || millis == 0) {
    return Unsupported("SYSTEM$WAIT of anything but a number and MILLISECONDS, SECONDS, MINUTES or HOURS");
  }
  call.Wait(static_cast<int64_t>(count * millis));
  return TextLiteral(absl::StrCat("waited ", amount.text, " ", absl::AsciiStrToLower(unit)));
}

// SYSTEM$TYPEOF(x): the type as Snowflake writes it.
absl::StatusOr<Typed> TypeOf(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(1, 1));
  CDI_ASSIGN_OR_RETURN(const Typed value, call.Value(0));
  Typed name = TextLiteral(value.null ? "NULL[LOB]" : value.type.SnowflakeName());
  // The operand stays in the query, so that an aggregate still makes one row of many.
  if (ContainsAggregate(*call.call.children[0]))
    name.sql = absl::StrCat("(CASE WHEN (", value.sql, ") IS NULL THEN ", name.sql, " ELSE ", name.sql, " END)");
  return name;
}

// CURRENT_TIMESTAMP(3): fewer digits.
absl::StatusOr<Typed> Clock(Calls& call) {
  CDI_RETURN_IF_ERROR(call.Expect(0, 1));
  const auto found = call.context.context_functions.find(call.name());
  if (found == call.context.context_functions.end()) return Unsupported(call.name());
  const Typed now = ContextValue(call.name(), found->second);
  if (call.count() == 0) return now;
  const Expr& digits = *call.call.children[0];
  if (digits.kind != Expr::Kind::kNumber || digits.text.size() != 1 || digits.text[0] == '.') {
    return SqlError("001003", "42000", "SQL compilation error:\ninvalid precision of a timestamp", digits.place);
  }
  return call.convert.Cast(now, SqlType::Of(now.type.kind, digits.text[0] - '0'));
}

}  // namespace

const CallHandlers& SystemCalls() {
  static const auto* calls = new CallHandlers{{"SYSTEM$LAST_CHANGE_COMMIT_TIME", LastChangeCommitTime},
                                              {"SYSTEM$GET_LOGIN_FAILURE_DETAILS", LoginFailureDetails},
                                              {"SYSTEM$CANCEL_QUERY", Cancel},
                                              {"SYSTEM$CANCEL_ALL_QUERIES", Cancel},
                                              {"SYSTEM$TYPEOF", TypeOf},
                                              {"SYSTEM$WAIT", Wait},
                                              {"CURRENT_TIMESTAMP", Clock},
                                              {"LOCALTIMESTAMP", Clock},
                                              {"CURRENT_TIME", Clock},
                                              {"LOCALTIME", Clock}};
  return *calls;
}

}  // namespace cdi::snowflake_mock
