// Names of select items without an alias: Snowflake takes the item's text in upper case, the engine something else.
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/snowflake_mock/server/rewriter/expression_rewriter.h"

namespace cdi::snowflake_mock {
namespace {

bool IsOneOf(const Token& token, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (token.IsWord(word)) return true;
  }
  return false;
}

bool EndsSelectList(const Token& token, const Token& before) {
  if (token.IsWord("FROM")) return !before.IsWord("DISTINCT");
  return IsOneOf(token, {"WHERE", "GROUP", "ORDER", "HAVING", "QUALIFY", "LIMIT", "OFFSET", "FETCH", "UNION", "EXCEPT",
                         "INTERSECT", "MINUS"});
}

// Words that are operators or constants: what stands before or at the end of an item and is no name.
bool IsReserved(const Token& token) {
  return IsOneOf(token, {"AND", "OR", "NOT", "IS", "IN", "LIKE", "ILIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE",
                         "DISTINCT", "ALL", "AS", "ESCAPE", "ANY", "INTERVAL", "EXISTS"});
}

// The last token can end an operand, so that a name behind it is an alias.
bool EndsOperand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kString:
    case TokenKind::kNumber:
    case TokenKind::kQuoted:
    case TokenKind::kParameter:
      return true;
    case TokenKind::kWord:
      return !IsReserved(token);
    default:
      return token.IsOperator(")") || token.IsOperator("]");
  }
}

}  // namespace

bool ExpressionRewriter::ItemNeedsName(size_t first, size_t end) const {
  const Token& tail = tokens_[end - 1];
  if (tail.IsOperator("*")) return false;
  bool chain = true;  // a, t.a, s.t.a: named by the column
  for (size_t i = first; i < end; ++i) {
    const bool name_turn = (i - first) % 2 == 0;
    if (name_turn ? !tokens_[i].IsName() : !tokens_[i].IsOperator(".")) chain = false;
    if (i + 1 < end && tokens_[i].IsOperator("*") && IsOneOf(tokens_[i + 1], {"EXCLUDE", "RENAME", "REPLACE"}))
      return false;
  }
  if (chain) {
    return end - first == 1 &&
           (context_.context_functions.contains(tail.text) || IsOneOf(tail, {"NULL", "TRUE", "FALSE"}));
  }
  if (end - first < 2 || !tail.IsName() || IsOneOf(tail, {"END", "NULL", "TRUE", "FALSE"})) return true;
  const Token& before = tokens_[end - 2];
  return !(before.IsWord("AS") || EndsOperand(before));
}

void ExpressionRewriter::NoteItemNames(size_t select, size_t end, Level& level) {
  size_t first = select + 1;
  if (first < end && IsOneOf(tokens_[first], {"DISTINCT", "ALL"})) ++first;
  int depth = 0;
  for (size_t i = first; i <= end; ++i) {
    const Token& token = tokens_[i];
    const bool last = i == end || token.kind == TokenKind::kEnd;
    if (!last && (token.IsOperator("(") || token.IsOperator("["))) ++depth;
    if (!last && (token.IsOperator(")") || token.IsOperator("]"))) --depth;
    const bool stop = last || depth < 0 || (depth == 0 && EndsSelectList(token, tokens_[i - 1]));
    if (!stop && !(depth == 0 && token.IsOperator(","))) continue;
    if (i > first && ItemNeedsName(first, i)) level.aliases[i] = absl::AsciiStrToUpper(SourceText(first, i));
    if (stop) return;
    first = i + 1;
  }
}

std::string ExpressionRewriter::SourceText(size_t begin, size_t end) const {
  std::string text;
  for (size_t i = begin; i < end; ++i) {
    const Token& token = tokens_[i];
    if (i > begin && token.begin > tokens_[i - 1].end) text += ' ';
    if (token.kind == TokenKind::kString) {
      text += QuoteLiteral(token.text);
    } else if (token.kind == TokenKind::kQuoted) {
      absl::StrAppend(&text, "\"", token.text, "\"");
    } else {
      absl::StrAppend(&text, token.kind == TokenKind::kVariable ? "$" : "", token.text);
    }
  }
  return text;
}

}  // namespace cdi::snowflake_mock
