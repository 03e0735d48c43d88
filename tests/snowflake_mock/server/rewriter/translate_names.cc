// Names, bindings, variables, and the names of select items without an alias.
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/bindings.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"
#include "tests/snowflake_mock/server/rewriter/parser.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int kAliasDepthMax = 20;

std::string Shown(const std::vector<std::string>& parts) {
  return absl::StrJoin(parts, ".", [](std::string* out, const std::string& part) { *out += DisplayName(part); });
}

// T.C, SCHEMA.T.C and DB.SCHEMA.T.C all mean the table whose path ends so.
bool PathEndsWith(const std::vector<std::string>& path, const std::vector<std::string>& qualifier) {
  if (qualifier.size() > path.size()) return false;
  return std::equal(qualifier.rbegin(), qualifier.rend(), path.rbegin());
}

Typed ColumnValue(const ScopeColumn& column) {
  return {column.sql, column.type, column.nullable, false, {}, {}};
}

bool IsVolatile(const Expr& expr) {
  static const std::set<std::string> kNames = {"RANDOM", "UUID_STRING", "UNIFORM", "RANDSTR", "SEQ1",
                                               "SEQ2",   "SEQ4",        "SEQ8",    "NORMAL"};
  if (expr.kind == Expr::Kind::kCall && kNames.contains(expr.parts[0])) return true;
  for (const ExprPtr& child : expr.children) {
    if (child != nullptr && IsVolatile(*child)) return true;
  }
  return false;
}

}  // namespace

// nullptr: no such column in this scope (outer ones not asked).
absl::StatusOr<const ScopeColumn*> Translator::FindColumn(const std::vector<std::string>& parts, const Scope& scope,
                                                          Place place) const {
  const std::string& name = parts.back();
  if (parts.size() == 1) {
    for (const ScopeColumn& column : scope.merged) {
      if (column.name == name) return &column;
    }
  }
  const std::vector<std::string> qualifier(parts.begin(), parts.end() - 1);
  const ScopeColumn* found = nullptr;
  for (const Source& source : scope.sources) {
    if (!qualifier.empty() && !PathEndsWith(source.path, qualifier)) continue;
    for (const ScopeColumn& column : source.columns) {
      if (column.name != name) continue;
      if (found != nullptr) {
        return SqlError("001006", "42601",
                        absl::StrCat("SQL compilation error: error line ", place.line, " at position ", place.position,
                                     "\nambiguous column name '", name, "'"),
                        place);
      }
      found = &column;
    }
  }
  return found;
}

absl::StatusOr<Typed> Translator::Name(const Expr& expr, const Scope& scope) {
  const std::string& last = expr.parts.back();
  const bool single = expr.parts.size() == 1;
  for (const Scope* here = &scope; here != nullptr; here = here->outer) {
    const auto alias = single ? here->aliases.find(last) : here->aliases.end();
    const bool alias_here = alias != here->aliases.end();
    if (!(alias_here && here->aliases_first)) {
      CDI_ASSIGN_OR_RETURN(const ScopeColumn* const column, FindColumn(expr.parts, *here, expr.place));
      if (column != nullptr) {
        Typed value = ColumnValue(*column);
        if (here->regrouped.contains(value.sql)) value.sql = absl::StrCat("any_value(", value.sql, ")");
        return value;
      }
    }
    if (!alias_here) continue;
    if (here->alias_depth >= kAliasDepthMax) return Unsupported("aliases that refer to aliases this deep");
    if (IsVolatile(*alias->second)) return Unsupported("a reference to the alias of a random or sequence value");
    // The item itself, translated again: an alias means its expression.
    Scope inner = *here;
    inner.aliases_first = false;
    inner.alias_depth = here->alias_depth + 1;
    inner.aliases.erase(last);
    return Translate(*alias->second, inner);
  }
  if (single && IsContextFunction(last)) {
    if (const auto found = context_.context_functions.find(last); found != context_.context_functions.end())
      return ContextValue(last, found->second);
  }
  if (expr.parts.size() > 1 && last == "NEXTVAL" && context_.next_value) {
    CDI_ASSIGN_OR_RETURN(const std::string next,
                         context_.next_value(std::vector<std::string>(expr.parts.begin(), expr.parts.end() - 1)));
    return AsNumber(next, 38, 0, false);
  }
  return InvalidIdentifier(expr.place, Shown(expr.parts));
}

absl::StatusOr<Typed> Translator::Binding(const Expr& expr) {
  if (context_.bindings == nullptr) return NullValue();
  if (expr.index >= context_.bindings->size()) {
    const bool numbered = !expr.text.starts_with('?');
    return SqlError(
        "002049", "42601",
        absl::StrCat("SQL compilation error:\nBind variable ", numbered ? ":" : "?", expr.index + 1, " not set."));
  }
  return BindingValue((*context_.bindings)[expr.index], convert_);
}

// $NAME, or $1: the first column of the FROM clause.
absl::StatusOr<Typed> Translator::VariableValue(const Expr& expr, const Scope& scope) {
  size_t position = 0;
  if (absl::SimpleAtoi(expr.text, &position)) {
    size_t seen = 0;
    for (const Source& source : scope.sources) {
      for (const ScopeColumn& column : source.columns) {
        if (++seen == position) return ColumnValue(column);
      }
    }
    return InvalidIdentifier(expr.place, absl::StrCat("$", expr.text));
  }
  const Variable* variable = nullptr;
  if (context_.variables != nullptr) {
    const auto found = context_.variables->find(expr.text);
    if (found != context_.variables->end()) variable = &found->second;
  }
  if (variable == nullptr) {
    return SqlError("001003", "42601",
                    absl::StrCat("SQL compilation error: error line ", expr.place.line, " at position ",
                                 expr.place.position, "\nSession variable '$", expr.text, "' does not exist"),
                    expr.place);
  }
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(variable->literal));
  Parser parser(tokens, context_);
  CDI_ASSIGN_OR_RETURN(const ExprPtr literal, parser.ParseLoneExpression());
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*literal, Scope{}));
  return convert_.Cast(value, variable->type);
}

// The item's source text in upper case, blanks between tokens as single ones.
std::string Translator::ItemName(const Expr& expr) const {
  if (expr.kind == Expr::Kind::kName && !expr.parenthesised) return expr.parts.back();
  std::string text;
  for (size_t i = expr.begin; i < expr.end && i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    if (i > expr.begin && token.begin > tokens_[i - 1].end) text += ' ';
    if (token.kind == TokenKind::kString) {
      absl::StrAppend(&text, "'", absl::StrReplaceAll(token.text, {{"'", "''"}}), "'");
    } else if (token.kind == TokenKind::kQuoted) {
      absl::StrAppend(&text, "\"", token.text, "\"");
    } else {
      absl::StrAppend(&text, token.kind == TokenKind::kVariable ? "$" : "", token.text);
    }
  }
  return absl::AsciiStrToUpper(text);
}

}  // namespace cdi::snowflake_mock
