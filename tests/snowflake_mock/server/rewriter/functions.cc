#include "tests/snowflake_mock/server/rewriter/functions.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/function_table.h"
#include "tests/snowflake_mock/server/rewriter/parser.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

absl::Status WrongCount(const Expr& call, bool too_few, size_t expected) {
  return SqlError(
      too_few ? "000938" : "000939", "22023",
      absl::StrCat("SQL compilation error: error line ", call.place.line, " at position ", call.place.position, "\n",
                   too_few ? "not enough" : "too many", " arguments for function [", call.parts[0], "] expected ",
                   expected, ", got ", call.children.size()),
      call.place);
}

struct Arity {
  size_t least = 0;
  size_t most = 0;
};

constexpr size_t kAny = 10000;

Arity ArityOf(const FunctionPattern& pattern) {
  Arity arity;
  bool optional = false;
  for (const char* c = pattern.arguments; *c != '\0'; ++c) {
    if (*c == '?') {
      optional = true;
    } else if (*c == '*') {
      arity.most = kAny;
    } else {
      ++arity.most;
      if (!optional) ++arity.least;
    }
  }
  return arity;
}

// The letter of argument `i`.
char Letter(const FunctionPattern& pattern, size_t i) {
  char last = 'a';
  for (const char* c = pattern.arguments; *c != '\0'; ++c) {
    if (*c == '?') continue;
    if (*c == '*') return last;
    last = *c;
    if (i-- == 0) return last;
  }
  return last;
}

absl::StatusOr<Typed> Argument(char letter, const Typed& value, const Conversions& convert) {
  switch (letter) {
    case 't':
      return convert.Text(value);
    case 'i': {
      CDI_ASSIGN_OR_RETURN(std::string sql, convert.Bigint(value));
      return Typed{std::move(sql), SqlType::Number(18, 0), value.nullable, false, {}, {}};
    }
    case 'n':
      return convert.Number(value);
    case 'f':
      return convert.Float(value);
    case 'b':
      return convert.Boolean(value);
    case 'd':
      return convert.Cast(value, SqlType::Of(Kind::kDate));
    case 'm':
      return convert.Moment(value);
    case 'v':
      return convert.Variant(value);
    case 'j':
      if (value.null) return convert.Variant(value);
      if (IsSemiStructured(value.type)) return value;
      return InvalidArgumentTypes("", {value});
    default:
      if (value.null) return convert.Text(value);
      return value;
  }
}

Typed Result(const FunctionPattern& pattern, std::string sql, const std::vector<Typed>& values,
             const SqlType& unified) {
  bool nullable = !pattern.keeps_not_null;
  for (const Typed& value : values) nullable = nullable || value.nullable;
  switch (pattern.result) {
    case 'i':
      return AsNumber(sql, 38, 0, nullable);
    case 'I':
      return AsNumber(sql, 18, 0, nullable);
    case '9':
      return AsNumber(sql, 9, 0, nullable);
    case 'f':
      return {std::move(sql), SqlType::Of(Kind::kFloat), nullable, false, {}, {}};
    case 'b':
      return {std::move(sql), SqlType::Of(Kind::kBoolean), nullable, false, {}, {}};
    case 'd':
      return {std::move(sql), SqlType::Of(Kind::kDate), nullable, false, {}, {}};
    case 'v':
      return {std::move(sql), SqlType::Of(Kind::kVariant), nullable, false, {}, {}};
    case 'A':
      return {std::move(sql), SqlType::Of(Kind::kArray), nullable, false, {}, {}};
    case 'O':
      return {std::move(sql), SqlType::Of(Kind::kObject), nullable, false, {}, {}};
    case 'y':
      return {std::move(sql), SqlType{Kind::kBinary, 0, 0, SqlType::kBinaryLengthMax}, nullable, false, {}, {}};
    case '1':
      return {std::move(sql), values[0].type, nullable, false, {}, {}};
    case 'u':  // NVL and COALESCE: not NULL as soon as one argument is not
      return {std::move(sql),
              unified,
              std::all_of(values.begin(), values.end(), [](const Typed& value) { return value.nullable; }),
              false,
              {},
              {}};
    default:
      return TextValue(std::move(sql), nullable);
  }
}

absl::StatusOr<Typed> ExpandPattern(const FunctionPattern& pattern, Calls& call, std::vector<Typed> values) {
  const bool unify = pattern.arguments[0] == 'u';
  SqlType unified;
  if (unify) {
    CDI_ASSIGN_OR_RETURN(values, call.convert.Unified(values, &unified));
  } else {
    for (size_t i = 0; i < values.size(); ++i) {
      auto argument = Argument(Letter(pattern, i), values[i], call.convert);
      if (!argument.ok() && SqlErrorCode(argument.status()) == "001044")
        return InvalidArgumentTypes(call.name(), values);
      CDI_RETURN_IF_ERROR(argument.status());
      values[i] = *std::move(argument);
    }
  }
  std::vector<std::string> texts;
  for (const Typed& value : values) texts.push_back(value.sql);
  std::string sql;
  for (const char* c = pattern.engine; *c != '\0'; ++c) {
    if (*c != '$') {
      sql += *c;
    } else if (*++c == '*') {
      sql += absl::StrJoin(texts, ", ");
    } else if (*c == 'Z') {
      sql += call.convert.zone();
    } else {
      sql += texts[static_cast<size_t>(*c - '1')];
    }
  }
  return Result(pattern, std::move(sql), values, unified);
}

const CallHandler* FindHandler(const std::string& name) {
  for (const CallHandlers* handlers : {&ConditionCalls(), &NumberCalls(), &TimeCalls(), &ConversionCalls(),
                                       &VariantCalls(), &SystemCalls(), &AggregateCalls(), &WindowCalls()}) {
    if (const auto found = handlers->find(name); found != handlers->end()) return &found->second;
  }
  return nullptr;
}

const std::set<std::string>& ContextFunctions() {
  static const auto* names = new std::set<std::string>{
      "CURRENT_ROLE",    "CURRENT_WAREHOUSE", "CURRENT_DATABASE",     "CURRENT_SCHEMA", "CURRENT_USER",
      "CURRENT_ACCOUNT", "CURRENT_REGION",    "CURRENT_ACCOUNT_NAME", "CURRENT_DATE",   "CURRENT_TIME",
      "LOCALTIME",       "CURRENT_TIMESTAMP", "LOCALTIMESTAMP",       "CURRENT_SESSION"};
  return *names;
}

}  // namespace

bool IsContextFunction(const std::string& name) {
  return ContextFunctions().contains(name);
}

Typed ContextValue(const std::string& name, const std::string& engine_sql) {
  const auto of = [&](SqlType type) { return Typed{engine_sql, type, false, false, {}, {}}; };
  if (name == "CURRENT_TIMESTAMP" || name == "LOCALTIMESTAMP" || name == "GETDATE" || name == "SYSTIMESTAMP")
    return of(SqlType::Of(Kind::kTimestampLtz, 9));
  if (name == "SYSDATE") return of(SqlType::Of(Kind::kTimestampNtz, 9));
  if (name == "CURRENT_DATE") return of(SqlType::Of(Kind::kDate));
  if (name == "CURRENT_TIME" || name == "LOCALTIME") return of(SqlType::Of(Kind::kTime, 9));
  Typed text = TextValue(engine_sql, engine_sql.find("NULL") != std::string::npos);
  return text;
}

absl::Status Calls::Expect(size_t least, size_t most) const {
  if (count() < least) return WrongCount(call, true, least);
  if (count() > most) return WrongCount(call, false, most);
  return absl::OkStatus();
}

absl::StatusOr<Typed> Calls::Value(size_t i) {
  const Expr& value = *call.children[i];
  if (!call.argument_names[i].empty())
    return SqlError(
        "001003", "42000",
        absl::StrCat("SQL compilation error:\nunknown argument '", call.argument_names[i], "' of ", name()));
  if (value.kind == Expr::Kind::kStar) return Unsupported(absl::StrCat(name(), "(*)"));
  return translator.Translate(value, scope);
}

absl::StatusOr<std::vector<Typed>> Calls::Values() {
  std::vector<Typed> values;
  for (size_t i = 0; i < count(); ++i) {
    CDI_ASSIGN_OR_RETURN(Typed value, Value(i));
    values.push_back(std::move(value));
  }
  return values;
}

absl::StatusOr<std::vector<Typed>> Calls::StarValues(std::vector<std::string>* names) {
  std::vector<Typed> values;
  for (size_t i = 0; i < count(); ++i) {
    const Expr& child = *call.children[i];
    if (child.kind == Expr::Kind::kStar) {
      CDI_ASSIGN_OR_RETURN(const auto columns, translator.StarColumns(*child.star, child.place, scope));
      for (const ScopeColumn* const column : columns) {
        values.push_back({column->sql, column->type, column->nullable, false, {}, {}});
        if (names != nullptr) names->push_back(column->name);
      }
      continue;
    }
    CDI_ASSIGN_OR_RETURN(Typed value, Value(i));
    values.push_back(std::move(value));
    if (names != nullptr) names->emplace_back();
  }
  return values;
}

absl::StatusOr<Typed> Calls::Cast(size_t i, const SqlType& type) {
  CDI_ASSIGN_OR_RETURN(const Typed value, Value(i));
  return convert.Cast(value, type);
}

absl::StatusOr<std::string> Calls::Text(size_t i) {
  CDI_ASSIGN_OR_RETURN(const Typed value, Value(i));
  CDI_ASSIGN_OR_RETURN(const Typed text, convert.Text(value));
  return text.sql;
}

absl::StatusOr<std::string> Calls::Bigint(size_t i) {
  CDI_ASSIGN_OR_RETURN(const Typed value, Value(i));
  return convert.Bigint(value);
}

absl::StatusOr<std::string> Calls::Over() {
  if (call.over == nullptr) return std::string();
  return translator.Over(*call.over, scope);
}

absl::StatusOr<std::string> Calls::WithinGroup() {
  return translator.OrderList(call.within_group, scope);
}

absl::StatusOr<std::string> Calls::OrderKey(const OrderItem& item) {
  return translator.OrderItemSql(item, scope);
}

absl::StatusOr<Typed> Calls::Arithmetic(const std::string& op, const Typed& left, const Typed& right) {
  return translator.Arithmetic(op, left, right);
}

absl::StatusOr<Typed> Calls::LastChange(const std::string& name_text) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(name_text));
  TokenReader reader(tokens);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  CDI_ASSIGN_OR_RETURN(const ObjectName object, CompleteName(parts, context));
  CDI_ASSIGN_OR_RETURN(const Relation* const relation, FindWithPrivilege(object, "SELECT", context));
  int64_t latest = relation->changed_ns;
  if (relation->is_view) {
    RewrittenQuery scratch;
    Translation shared{scratch, {}, 0, 0};
    Translator inner(tokens, context, shared);
    CDI_RETURN_IF_ERROR(inner.ExpandView(object, *relation).status());
    for (const ObjectName& read : scratch.relations) {
      if (const Relation* const source = context.catalog.FindRelation(read))
        latest = std::max(latest, source->changed_ns);
    }
  }
  return AsNumber(absl::StrCat("CAST(", latest, " AS BIGINT)"), 38, 0, false);
}

bool IsAggregateCall(const Expr& expr) {
  return expr.kind == Expr::Kind::kCall && expr.over == nullptr && AggregateCalls().contains(expr.parts[0]);
}

absl::StatusOr<Typed> TranslateCall(Translator& translator, const Expr& expr, const Scope& scope) {
  Calls call(translator, expr, scope);
  const std::string& name = expr.parts[0];
  const bool aggregate = AggregateCalls().contains(name);
  const bool window = WindowCalls().contains(name);
  if (expr.over != nullptr && !aggregate && !window) {
    return SqlError("001003", "42601", absl::StrCat("SQL compilation error:\n'", name, "' is not a window function"));
  }
  if (window && !aggregate && expr.over == nullptr) {
    return SqlError("002303", "42601",
                    absl::StrCat("SQL compilation error:\nMissing mandatory clause OVER for function [", name, "]"));
  }
  if (!expr.within_group.empty() && !aggregate) return Unsupported(absl::StrCat("WITHIN GROUP of ", name));
  if (expr.distinct && !aggregate)
    return SqlError("001003", "42601", absl::StrCat("SQL compilation error:\nDISTINCT in the call of ", name));
  if (const CallHandler* const handler = FindHandler(name)) return (*handler)(call);
  if (const auto found = translator.context().context_functions.find(name);
      found != translator.context().context_functions.end()) {
    return ContextValue(name, found->second);
  }
  const auto patterns = FindFunctionPatterns(name);
  if (patterns.empty()) return UnknownFunction(name, expr.place);
  for (const FunctionPattern* const pattern : patterns) {
    const Arity arity = ArityOf(*pattern);
    if (call.count() < arity.least || call.count() > arity.most) continue;
    auto values = name == "HASH" ? call.StarValues() : call.Values();
    CDI_RETURN_IF_ERROR(values.status());
    return ExpandPattern(*pattern, call, *std::move(values));
  }
  size_t least = kAny;
  size_t most = 0;
  for (const FunctionPattern* const pattern : patterns) {
    least = std::min(least, ArityOf(*pattern).least);
    most = std::max(most, ArityOf(*pattern).most);
  }
  return WrongCount(expr, call.count() < least, call.count() < least ? least : most);
}

void Calls::Wait(int64_t millis) {
  translator.shared_.query.waits_ms[call.begin] = millis;
}

}  // namespace cdi::snowflake_mock
