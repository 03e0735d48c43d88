// Calls of functions: by pattern (function_table.h) or by a handler of their own (functions_*.cc).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {

absl::StatusOr<Typed> TranslateCall(Translator& translator, const Expr& call, const Scope& scope);

// CURRENT_TIMESTAMP, CURRENT_ROLE … that may stand without parentheses.
bool IsContextFunction(const std::string& name);
// The type of a context function's engine SQL.
Typed ContextValue(const std::string& name, const std::string& engine_sql);

// "year", "month" … for one of the many spellings; 001003 for none.
absl::StatusOr<std::string> ReadDatePart(const std::string& spelling, Place place);
// DATEADD(part, amount, time); `amount` is engine SQL of type BIGINT.
absl::StatusOr<Typed> DateAddValue(const std::string& part, const std::string& amount, const Typed& time,
                                   const Conversions& convert);

// One call while it is translated: what the handlers share.
class Calls {
 public:
  Calls(Translator& by, const Expr& expr, const Scope& in)
      : translator(by), call(expr), scope(in), convert(by.convert_), context(by.context_) {}

  const std::string& name() const { return call.parts[0]; }
  size_t count() const { return call.children.size(); }
  // 000938 or 000939 outside of [least, most].
  absl::Status Expect(size_t least, size_t most) const;
  absl::StatusOr<Typed> Value(size_t i);
  absl::StatusOr<std::vector<Typed>> Values();
  // Values, with stars expanded to the columns they stand for; `names` receives the columns' names ("" for others).
  absl::StatusOr<std::vector<Typed>> StarValues(std::vector<std::string>* names = nullptr);
  absl::StatusOr<Typed> Cast(size_t i, const SqlType& type);
  absl::StatusOr<std::string> Text(size_t i);
  absl::StatusOr<std::string> Bigint(size_t i);
  // " OVER (…)" or nothing.
  absl::StatusOr<std::string> Over();
  // "ORDER BY …" of WITHIN GROUP or nothing.
  absl::StatusOr<std::string> WithinGroup();
  absl::StatusOr<std::string> OrderKey(const OrderItem& item);
  absl::StatusOr<Typed> Arithmetic(const std::string& op, const Typed& left, const Typed& right);
  std::string Distinct() const { return call.distinct ? "DISTINCT " : ""; }
  // SYSTEM$LAST_CHANGE_COMMIT_TIME of a table or view.
  absl::StatusOr<Typed> LastChange(const std::string& name);
  // The statement is to wait before it runs.
  void Wait(int64_t millis);

  Translator& translator;
  const Expr& call;
  const Scope& scope;
  const Conversions& convert;
  const RewriteContext& context;
};

using CallHandler = absl::StatusOr<Typed> (*)(Calls& call);
using CallHandlers = std::map<std::string, CallHandler>;

const CallHandlers& ConditionCalls();
const CallHandlers& NumberCalls();
const CallHandlers& TimeCalls();
const CallHandlers& ConversionCalls();
const CallHandlers& VariantCalls();
const CallHandlers& SystemCalls();
const CallHandlers& AggregateCalls();
const CallHandlers& WindowCalls();

}  // namespace cdi::snowflake_mock
