#include "tests/snowflake_mock/server/rewriter/expression_rewriter.h"

#include <string_view>
#include <unordered_set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/function_table.h"
#include "tests/snowflake_mock/server/rewriter/information_schema.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"

namespace cdi::snowflake_mock {
namespace {

using Words = std::unordered_set<std::string_view>;

constexpr int kViewDepthMax = 16;

const Words& Keywords() {
  static const auto* words = new Words{
      "SELECT",  "DISTINCT", "ALL",  "FROM",      "WHERE",   "GROUP",     "BY",        "HAVING",    "QUALIFY",
      "ORDER",   "ASC",      "DESC", "NULLS",     "FIRST",   "LAST",      "LIMIT",     "OFFSET",    "FETCH",
      "NEXT",    "ROW",      "ROWS", "ONLY",      "UNION",   "EXCEPT",    "INTERSECT", "JOIN",      "INNER",
      "LEFT",    "RIGHT",    "FULL", "OUTER",     "CROSS",   "NATURAL",   "ON",        "USING",     "AS",
      "AND",     "OR",       "NOT",  "IS",        "NULL",    "IN",        "LIKE",      "ILIKE",     "ESCAPE",
      "BETWEEN", "EXISTS",   "CASE", "WHEN",      "THEN",    "ELSE",      "END",       "WITH",      "RECURSIVE",
      "VALUES",  "SET",      "OVER", "PARTITION", "RANGE",   "PRECEDING", "FOLLOWING", "UNBOUNDED", "CURRENT",
      "ANY",     "SOME",     "TRUE", "FALSE",     "EXCLUDE", "RENAME",    "DEFAULT",   "IGNORE",    "RESPECT"};
  return *words;
}

// Words that may stand directly before "(" without calling anything.
const Words& ParenthesisKeywords() {
  static const auto* words =
      new Words{"IN",    "AND",    "OR",      "NOT",  "VALUES",  "OVER",   "EXISTS",    "SELECT",  "FROM",   "JOIN",
                "ON",    "USING",  "AS",      "WHEN", "THEN",    "ELSE",   "CASE",      "BETWEEN", "LIKE",   "ILIKE",
                "ANY",   "ALL",    "SOME",    "BY",   "UNION",   "EXCEPT", "INTERSECT", "LIMIT",   "OFFSET", "DISTINCT",
                "WHERE", "HAVING", "QUALIFY", "SET",  "EXCLUDE", "RENAME", "IS"};
  return *words;
}

const Words& NoAlias() {
  static const auto* words = new Words{"WHERE",
                                       "GROUP",
                                       "ORDER",
                                       "HAVING",
                                       "QUALIFY",
                                       "LIMIT",
                                       "OFFSET",
                                       "FETCH",
                                       "UNION",
                                       "EXCEPT",
                                       "INTERSECT",
                                       "MINUS",
                                       "JOIN",
                                       "INNER",
                                       "LEFT",
                                       "RIGHT",
                                       "FULL",
                                       "CROSS",
                                       "NATURAL",
                                       "ON",
                                       "USING",
                                       "LATERAL",
                                       "SET",
                                       "AT",
                                       "BEFORE",
                                       "CHANGES",
                                       "SAMPLE",
                                       "TABLESAMPLE",
                                       "PIVOT",
                                       "UNPIVOT",
                                       "MATCH_RECOGNIZE",
                                       "WINDOW",
                                       "ASOF",
                                       "START",
                                       "CONNECT",
                                       "FOR",
                                       "SELECT",
                                       "VALUES"};
  return *words;
}

// Real in Snowflake, not here: never let the engine guess.
const Words& UnsupportedWords() {
  static const auto* words =
      new Words{"TOP",     "SAMPLE", "TABLESAMPLE", "PIVOT",   "UNPIVOT",  "MATCH_RECOGNIZE", "LATERAL",
                "CONNECT", "ASOF",   "WITHIN",      "CHANGES", "INTERVAL", "FILTER",          "WINDOW"};
  return *words;
}

// The engine computes small integer literals in 32 bits, Snowflake in 38 digits. Short ones stay as they are: they may
// be places in ORDER BY and GROUP BY.
std::string NumberLiteral(const std::string& text) {
  const bool whole = text.find_first_not_of("0123456789") == std::string::npos;
  return whole && text.size() > 4 && text.size() <= 18 ? absl::StrCat("CAST(", text, " AS BIGINT)") : text;
}

}  // namespace

std::string ExpressionRewriter::Join() const {
  std::string text;
  for (const Token& token : out_) {
    const bool tight = token.text == "." || token.text == "," || (!text.empty() && text.back() == '.');
    if (!text.empty() && !tight) text += ' ';
    text += token.text;
  }
  return text;
}

absl::Status ExpressionRewriter::Unexpected(size_t at) const {
  const Token& token = tokens_[std::min(at, tokens_.size() - 1)];
  return SyntaxError(token.place, token.kind == TokenKind::kEnd ? "<EOF>" : token.text);
}

absl::StatusOr<std::string> ExpressionRewriter::RewriteStatement(size_t begin, size_t end) {
  size_t first = begin;
  while (first < end && tokens_[first].IsOperator("(")) ++first;
  const Token& token = tokens_[first];
  if (first >= end || !(token.IsWord("SELECT") || token.IsWord("WITH") || token.IsWord("VALUES")))
    return Unexpected(first);
  NoteCommonTables(begin, end);
  return Walk(begin, end, /*is_query=*/true);
}

absl::StatusOr<std::string> ExpressionRewriter::RewriteClauses(size_t begin, size_t end) {
  return Walk(begin, end, false);
}

absl::StatusOr<std::string> ExpressionRewriter::Walk(size_t begin, size_t end, bool is_query) {
  std::vector<Token> outer = std::move(out_);
  out_.clear();
  std::vector<Level> levels(1);
  levels[0].is_query = is_query;
  size_t at = begin;
  while (at < end) {
    Level& level = levels.back();
    if (const auto alias = level.aliases.find(at); alias != level.aliases.end()) {
      Emit(absl::StrCat("AS ", QuoteEngineName(EncodeName(alias->second))));
      level.aliases.erase(alias);
    }
    CDI_RETURN_IF_ERROR(Step(at, end, levels));
  }
  if (levels.size() != 1) return Unexpected(end);
  if (const auto alias = levels[0].aliases.find(end); alias != levels[0].aliases.end()) {
    Emit(absl::StrCat("AS ", QuoteEngineName(EncodeName(alias->second))));
  }
  if (levels[0].expect_table) return Unexpected(end);
  std::string text = Join();
  out_ = std::move(outer);
  return text;
}

absl::Status ExpressionRewriter::Step(size_t& at, size_t end, std::vector<Level>& levels) {
  const Token& token = tokens_[at];
  if (levels.back().expect_table && !token.IsWord("SELECT") && !token.IsWord("LATERAL")) {
    return StepTable(at, end, levels.back(), levels);
  }
  switch (token.kind) {
    case TokenKind::kWord:
      return StepWord(at, end, levels);
    case TokenKind::kQuoted:
      return StepColumnName(at, end);
    case TokenKind::kOperator:
      return StepOperator(at, end, levels);
    case TokenKind::kNumber:
      Emit(NumberLiteral(token.text));
      ++at;
      return absl::OkStatus();
    case TokenKind::kString:
      if (token.text.find('\0') != std::string::npos) return Unsupported("a NUL character in a string");
      Emit(QuoteLiteral(token.text));
      ++at;
      return absl::OkStatus();
    case TokenKind::kParameter: {
      CDI_ASSIGN_OR_RETURN(std::string literal, BindingLiteral());
      Emit(std::move(literal));
      ++at;
      return absl::OkStatus();
    }
    case TokenKind::kRaw:
      Emit(token.text);
      ++at;
      return absl::OkStatus();
    case TokenKind::kVariable:
      return Unsupported(absl::StrCat("variable $", token.text));
    default:
      return Unexpected(at);
  }
}

absl::Status ExpressionRewriter::StepWord(size_t& at, size_t end, std::vector<Level>& levels) {
  const Token& token = tokens_[at];
  Level& level = levels.back();
  const Token& next = tokens_[at + 1];
  const bool after_star = at > 0 && tokens_[at - 1].IsOperator("*");
  const bool calls = at + 1 < end && next.IsOperator("(") && !ParenthesisKeywords().contains(token.text) &&
                     !(after_star && token.text == "REPLACE");
  if (calls) return StepCall(at, end);
  if (UnsupportedWords().contains(token.text) && !next.IsOperator(".")) {
    const bool clause = token.text != "TOP" || (at > 0 && tokens_[at - 1].IsWord("SELECT"));
    if (clause) return Unsupported(token.text);
  }
  if (token.text == "X" && next.kind == TokenKind::kString && next.begin == token.end) {
    Emit(absl::StrCat("from_hex(", QuoteLiteral(next.text), ")"));
    at += 2;
    return absl::OkStatus();
  }
  if ((token.text == "DATE" || token.text == "TIMESTAMP" || token.text == "TIME") && next.kind == TokenKind::kString) {
    TokenReader reader(tokens_, at);
    CDI_ASSIGN_OR_RETURN(const SqlType type, ParseType(reader));
    Emit(CastExpression(QuoteLiteral(next.text), type, false));
    at += 2;
    return absl::OkStatus();
  }
  const bool dotted = next.IsOperator(".") || (at > 0 && tokens_[at - 1].IsOperator("."));
  if (!dotted) {
    if (const auto found = context_.context_functions.find(token.text);
        found != context_.context_functions.end() && token.text.find('$') == std::string::npos &&
        token.text != "CURRENT_VERSION" && token.text != "LAST_QUERY_ID" && token.text != "SYSDATE") {
      Emit(found->second);
      ++at;
      return absl::OkStatus();
    }
  }
  if (token.text == "MINUS") {
    Emit("EXCEPT");
    level.in_from = false;
    ++at;
    return absl::OkStatus();
  }
  if (!Keywords().contains(token.text)) return StepColumnName(at, end);
  if (token.text == "SELECT") {
    level.in_from = false;
    level.is_query = true;
    NoteItemNames(at, end, level);
  } else if (token.text == "FROM") {
    const bool comparison = at > 0 && tokens_[at - 1].IsWord("DISTINCT") && at > 1 &&
                            (tokens_[at - 2].IsWord("IS") || tokens_[at - 2].IsWord("NOT"));
    level.in_from = level.expect_table = !comparison;
  } else if (token.text == "JOIN" || (token.text == "USING" && !next.IsOperator("("))) {
    level.in_from = level.expect_table = true;
  } else if (NoAlias().contains(token.text) && token.text != "INNER" && token.text != "LEFT" && token.text != "RIGHT" &&
             token.text != "FULL" && token.text != "CROSS" && token.text != "NATURAL" && token.text != "ON" &&
             token.text != "USING") {
    level.in_from = false;
  }
  out_.push_back(token);
  ++at;
  return absl::OkStatus();
}

absl::Status ExpressionRewriter::StepOperator(size_t& at, size_t end, std::vector<Level>& levels) {
  const Token& token = tokens_[at];
  if (token.text == "::") return StepCast(at, end);
  if (token.text == ":") return StepPath(at, end);
  if (token.text == "(") {
    Level level;
    level.is_query = tokens_[at + 1].IsWord("SELECT") || tokens_[at + 1].IsWord("WITH");
    levels.push_back(std::move(level));
  } else if (token.text == ")") {
    if (levels.size() == 1) return Unexpected(at);
    const bool source = levels.back().is_table_source;
    levels.pop_back();
    out_.push_back(token);
    ++at;
    if (source) {
      CDI_ASSIGN_OR_RETURN(std::string alias, TakeAlias(at, end));
      if (!alias.empty()) Emit(std::move(alias));
    }
    return absl::OkStatus();
  } else if (token.text == ",") {
    if (levels.back().in_from) levels.back().expect_table = true;
  } else if (token.text == "@") {
    return Unsupported("stages");
  } else if (token.text == "->>" || token.text == "->") {
    return Unsupported(absl::StrCat("operator ", token.text));
  } else {
    static const auto* allowed =
        new Words{"+", "-", "*", "/", "%", "=", "<", ">", "<=", ">=", "<>", "!=", "||", ".", "[", "]"};
    if (!allowed->contains(token.text)) return Unexpected(at);
  }
  out_.push_back(token);
  ++at;
  return absl::OkStatus();
}

// At the place of a table: a subquery, a parenthesised join, TABLE(…), VALUES, or a name.
absl::Status ExpressionRewriter::StepTable(size_t& at, size_t end, Level& level, std::vector<Level>& levels) {
  const Token& token = tokens_[at];
  level.expect_table = false;
  if (token.IsOperator("(")) {
    Level inner;
    inner.is_query = tokens_[at + 1].IsWord("SELECT") || tokens_[at + 1].IsWord("WITH");
    inner.is_table_source = true;
    if (!inner.is_query && !tokens_[at + 1].IsWord("VALUES") && !tokens_[at + 1].IsOperator("(")) {
      inner.in_from = inner.expect_table = true;
    } else if (tokens_[at + 1].IsOperator("(")) {
      inner.in_from = inner.expect_table = true;
    }
    out_.push_back(token);
    levels.push_back(std::move(inner));
    ++at;
    return absl::OkStatus();
  }
  if (context_.table_source) {
    CDI_ASSIGN_OR_RETURN(const auto source, context_.table_source(tokens_, at));
    if (source.has_value()) {
      query_.known_columns.insert(query_.known_columns.end(), source->columns.begin(), source->columns.end());
      query_.needs_warehouse = query_.needs_warehouse || source->needs_warehouse;
      CDI_ASSIGN_OR_RETURN(const std::string source_alias, TakeAlias(at, end));
      Emit(absl::StrCat(source->sql, " ", source_alias.empty() ? "AS \"~SOURCE\"" : source_alias));
      return absl::OkStatus();
    }
  }
  if (token.IsWord("TABLE") && tokens_[at + 1].IsOperator("(")) return StepTableFunction(at, end);
  if (!token.IsName()) return Unexpected(at);
  TokenReader reader(tokens_, at);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  at = reader.position();
  if (tokens_[at].IsOperator("(")) return Unsupported("table functions without TABLE(…)");
  for (const char* clause :
       {"AT", "BEFORE", "CHANGES", "SAMPLE", "TABLESAMPLE", "PIVOT", "UNPIVOT", "MATCH_RECOGNIZE"}) {
    if (tokens_[at].IsWord(clause) && tokens_[at + 1].IsOperator("("))
      return Unsupported(absl::StrCat(clause, " clause"));
  }
  CDI_ASSIGN_OR_RETURN(std::string alias, TakeAlias(at, end));
  if (alias.empty()) alias = absl::StrCat("AS ", QuoteEngineName(EncodeName(parts.back())));
  if (parts.size() == 1 && common_tables_.contains(parts[0])) {
    Emit(absl::StrCat(QuoteEngineName(EncodeName(parts[0])), " ", alias));
    return absl::OkStatus();
  }
  query_.needs_warehouse = true;
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context_));
  if (name.schema == "INFORMATION_SCHEMA") {
    CDI_RETURN_IF_ERROR(CheckContainers(name, context_));
    CDI_ASSIGN_OR_RETURN(const std::string rows, InformationSchemaRows(name, context_));
    Emit(absl::StrCat(rows, " ", alias));
    return absl::OkStatus();
  }
  CDI_ASSIGN_OR_RETURN(const Relation* const relation, FindWithPrivilege(name, "SELECT", context_));
  query_.relations.push_back(name);
  if (view_depth_ == 0) {
    query_.known_columns.insert(query_.known_columns.end(), relation->columns.begin(), relation->columns.end());
  }
  if (relation->is_view) {
    CDI_ASSIGN_OR_RETURN(const std::string expanded, ExpandView(name, *relation));
    Emit(absl::StrCat(expanded, " ", alias));
  } else {
    Emit(absl::StrCat(PhysicalName(name), " ", alias));
  }
  return absl::OkStatus();
}

// TABLE(GENERATOR(ROWCOUNT => n)); a number of rows without columns.
absl::Status ExpressionRewriter::StepTableFunction(size_t& at, size_t end) {
  TokenReader reader(tokens_, at + 2);
  CDI_ASSIGN_OR_RETURN(const auto name, reader.DottedName());
  if (name.size() != 1 || name[0] != "GENERATOR") return Unsupported(absl::StrCat("table function ", name.back()));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
  CDI_RETURN_IF_ERROR(reader.ExpectWords("ROWCOUNT"));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator("=>"));
  int64_t rows = 0;
  if (!absl::SimpleAtoi(reader.Peek().text, &rows)) return reader.Unexpected();
  reader.Next();
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  at = reader.position();
  CDI_ASSIGN_OR_RETURN(std::string alias, TakeAlias(at, end));
  Emit(absl::StrCat("range(", rows, ") ", alias.empty() ? "AS \"~GENERATOR\"" : alias));
  query_.needs_warehouse = true;
  return absl::OkStatus();
}

absl::StatusOr<std::string> ExpressionRewriter::TakeAlias(size_t& at, size_t end) {
  const bool named = at < end && tokens_[at].IsWord("AS");
  if (named) ++at;
  const bool word = at < end && tokens_[at].kind == TokenKind::kWord;
  if (at >= end || !tokens_[at].IsName() || (word && (NoAlias().contains(tokens_[at].text)))) {
    if (named) return Unexpected(at);
    return std::string();
  }
  std::string alias = absl::StrCat("AS ", QuoteEngineName(EncodeName(tokens_[at].text)));
  ++at;
  if (at < end && tokens_[at].IsOperator("(")) {
    alias += "(";
    TokenReader reader(tokens_, at + 1);
    do {
      CDI_ASSIGN_OR_RETURN(const std::string column, reader.Name());
      if (alias.back() != '(') alias += ", ";
      alias += QuoteEngineName(EncodeName(column));
    } while (reader.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
    alias += ")";
    at = reader.position();
  }
  return alias;
}

absl::StatusOr<std::string> ExpressionRewriter::ExpandView(const ObjectName& name, const Relation& view) {
  if (view_depth_ >= kViewDepthMax) return Unsupported("views nested this deep");
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(view.view_query));
  // A view reads with its owner's privileges, in its own schema.
  RewriteContext context = context_;
  context.database = name.database;
  context.schema = name.schema;
  context.role = view.owner;
  ExpressionRewriter inner(tokens, context, query_);
  inner.view_depth_ = view_depth_ + 1;
  CDI_ASSIGN_OR_RETURN(const std::string text, inner.RewriteStatement(0, tokens.size() - 1));
  std::string columns;
  for (const Column& column : view.columns) {
    absl::StrAppend(&columns, columns.empty() ? "" : ", ", QuoteEngineName(EncodeName(column.name)));
  }
  return absl::StrCat("(SELECT * FROM (", text, ") AS \"~VIEW\"(", columns, "))");
}

// Names of WITH clauses anywhere in the range. A name that is both a table and a common table is taken as the latter
// in the whole statement.
void ExpressionRewriter::NoteCommonTables(size_t begin, size_t end) {
  for (size_t i = begin; i + 2 < end; ++i) {
    const bool starts = tokens_[i].IsWord("WITH") || tokens_[i].IsWord("RECURSIVE") || tokens_[i].IsOperator(",");
    if (!starts || !tokens_[i + 1].IsName()) continue;
    size_t next = i + 2;
    if (tokens_[next].IsOperator("(")) next = MatchingParenthesis(next, end) + 1;
    if (next + 1 < end && tokens_[next].IsWord("AS") && tokens_[next + 1].IsOperator("(")) {
      const Token& inside = tokens_[std::min(next + 2, end)];
      if (inside.IsWord("SELECT") || inside.IsWord("WITH") || inside.IsWord("VALUES"))
        common_tables_.insert(tokens_[i + 1].text);
    }
  }
}

size_t ExpressionRewriter::MatchingParenthesis(size_t open, size_t end) const {
  int depth = 0;
  for (size_t i = open; i < end; ++i) {
    if (tokens_[i].IsOperator("(")) ++depth;
    if (tokens_[i].IsOperator(")") && --depth == 0) return i;
  }
  return end;
}

std::vector<std::pair<size_t, size_t>> ExpressionRewriter::SplitArguments(size_t begin, size_t end) const {
  std::vector<std::pair<size_t, size_t>> arguments;
  if (begin == end) return arguments;
  int depth = 0;
  size_t first = begin;
  for (size_t i = begin; i < end; ++i) {
    if (tokens_[i].IsOperator("(") || tokens_[i].IsOperator("[")) ++depth;
    if (tokens_[i].IsOperator(")") || tokens_[i].IsOperator("]")) --depth;
    if (depth == 0 && tokens_[i].IsOperator(",")) {
      arguments.emplace_back(first, i);
      first = i + 1;
    }
  }
  arguments.emplace_back(first, end);
  return arguments;
}

absl::Status ExpressionRewriter::StepCall(size_t& at, size_t end) {
  const Token& name = tokens_[at];
  if (at > 0 && tokens_[at - 1].IsOperator(".")) return Unsupported("user-defined functions");
  const size_t close = MatchingParenthesis(at + 1, end);
  if (close >= end) return Unexpected(end);
  bool done = false;
  CDI_ASSIGN_OR_RETURN(std::string special, SpecialCall(name, at + 2, close, done));
  if (done) {
    Emit(std::move(special));
    at = close + 1;
    return absl::OkStatus();
  }
  const FunctionRewrite* const function = FindFunction(name.text);
  if (function == nullptr) return UnknownFunction(name);
  std::vector<std::string> arguments;
  for (const auto& [first, last] : SplitArguments(at + 2, close)) {
    if (first == last) return Unexpected(last);
    CDI_ASSIGN_OR_RETURN(std::string argument, Walk(first, last, false));
    if (argument == "*" && name.text != "COUNT") return Unsupported(absl::StrCat(name.text, "(*)"));
    arguments.push_back(std::move(argument));
  }
  CDI_ASSIGN_OR_RETURN(std::string call, ExpandFunction(*function, arguments, name));
  Emit(std::move(call));
  at = close + 1;
  return absl::OkStatus();
}

absl::Status ExpressionRewriter::StepColumnName(size_t& at, size_t end) {
  std::vector<std::string> parts;
  std::string tail;
  while (at < end) {
    if (tokens_[at].IsOperator("*")) {
      tail = "*";
      ++at;
      break;
    }
    if (!tokens_[at].IsName()) return Unexpected(at);
    const Token& token = tokens_[at];
    parts.push_back(token.kind == TokenKind::kQuoted ? QuoteEngineName(EncodeName(token.text)) : token.text);
    ++at;
    if (at >= end || !tokens_[at].IsOperator(".")) break;
    ++at;
  }
  if (at < end && tokens_[at].IsOperator("(") && parts.size() > 1) return Unsupported("user-defined functions");
  // DB.SCHEMA.T.C: the alias given to the table is its last part.
  const size_t keep = tail.empty() ? 2 : 1;
  while (parts.size() > keep) parts.erase(parts.begin());
  std::string text;
  for (const std::string& part : parts) absl::StrAppend(&text, text.empty() ? "" : ".", part);
  if (!tail.empty()) text += ".*";
  Emit(std::move(text));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ExpressionRewriter::PopPrimary(const Token& at) {
  const auto fail = [&] { return SyntaxError(at.place, at.text); };
  if (out_.empty()) return fail();
  size_t first = out_.size() - 1;
  const auto back_to = [&](std::string_view open, std::string_view close) {
    int depth = 0;
    for (;; --first) {
      if (out_[first].text == close) ++depth;
      if (out_[first].text == open && --depth == 0) return true;
      if (first == 0) return false;
    }
  };
  bool again = true;
  while (again) {
    again = false;
    if (out_[first].text == ")") {
      if (!back_to("(", ")")) return fail();
      if (first > 0 && out_[first - 1].IsWord("OVER") && first > 1) {
        first -= 2;
        again = true;
      }
    } else if (out_[first].text == "]") {
      if (!back_to("[", "]") || first == 0) return fail();
      --first;
      again = true;
    } else if (out_[first].IsWord("END")) {
      if (!back_to("CASE", "END")) return fail();
    } else if (out_[first].kind == TokenKind::kOperator) {
      return fail();
    } else if (out_[first].kind == TokenKind::kWord && out_[first].text != "NULL" && out_[first].text != "TRUE" &&
               out_[first].text != "FALSE") {
      return fail();  // columns are raw by now: this is a keyword
    }
  }
  std::vector<Token> head(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(first));
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(first));
  std::string text = Join();
  out_ = std::move(head);
  return text;
}

absl::Status ExpressionRewriter::StepCast(size_t& at, size_t end) {
  CDI_ASSIGN_OR_RETURN(const std::string operand, PopPrimary(tokens_[at]));
  TokenReader reader(tokens_, at + 1);
  CDI_ASSIGN_OR_RETURN(const SqlType type, ParseType(reader));
  if (reader.position() > end) return Unexpected(end);
  at = reader.position();
  Emit(CastExpression(operand, type, false));
  return absl::OkStatus();
}

// v:a.b[0]: a path into a VARIANT.
absl::Status ExpressionRewriter::StepPath(size_t& at, size_t end) {
  CDI_ASSIGN_OR_RETURN(const std::string operand, PopPrimary(tokens_[at]));
  std::string path = "$";
  ++at;
  while (true) {
    if (at >= end || !(tokens_[at].IsName() || tokens_[at].kind == TokenKind::kString)) return Unexpected(at);
    // Keys keep their case even when unquoted: take the source's spelling through the token's offsets.
    const Token& key = tokens_[at];
    const std::string spelling = key.kind == TokenKind::kWord ? key.source : key.text;
    absl::StrAppend(&path, ".", "\"", absl::StrReplaceAll(spelling, {{"\"", "\\\""}}), "\"");
    ++at;
    while (at + 2 < end && tokens_[at].IsOperator("[") && tokens_[at + 1].kind == TokenKind::kNumber &&
           tokens_[at + 2].IsOperator("]")) {
      absl::StrAppend(&path, "[", tokens_[at + 1].text, "]");
      at += 3;
    }
    if (at >= end || !tokens_[at].IsOperator(".")) break;
    ++at;
  }
  Emit(absl::StrCat("json_extract(", operand, ", ", QuoteLiteral(path), ")"));
  return absl::OkStatus();
}

}  // namespace cdi::snowflake_mock
