#include "tests/snowflake_mock/server/statements/token_composer.h"

#include <algorithm>

#include "base/status_macros.h"

namespace cdi::snowflake_mock {

void TokenComposer::Add(TokenKind kind, std::string_view text) {
  Token token;
  token.kind = kind;
  token.text = token.source = std::string(text);
  token.place = source_.empty() ? Place{1, 0} : source_[0].place;
  tokens_.push_back(std::move(token));
}

TokenComposer& TokenComposer::Words(std::string_view words) {
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    Add(TokenKind::kWord, words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return *this;
}

TokenComposer& TokenComposer::Quoted(std::string_view name) {
  Add(TokenKind::kQuoted, name);
  return *this;
}
TokenComposer& TokenComposer::Operator(std::string_view text) {
  Add(TokenKind::kOperator, text);
  return *this;
}
TokenComposer& TokenComposer::Raw(std::string_view engine_sql) {
  Add(TokenKind::kRaw, engine_sql);
  return *this;
}
TokenComposer& TokenComposer::Number(int64_t value) {
  Add(TokenKind::kNumber, std::to_string(value));
  return *this;
}

TokenComposer& TokenComposer::Range(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) tokens_.push_back(source_[i]);
  return *this;
}

absl::Status TokenComposer::Text(std::string_view sql) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(sql));
  Operator("(");
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end() - 1);
  Operator(")");
  return absl::OkStatus();
}

TokenComposer& TokenComposer::Name(const ObjectName& name) {
  return Quoted(name.database).Operator(".").Quoted(name.schema).Operator(".").Quoted(name.object);
}

TokenComposer& TokenComposer::Append(const TokenComposer& other) {
  tokens_.insert(tokens_.end(), other.tokens_.begin(), other.tokens_.end());
  return *this;
}

std::vector<Token> TokenComposer::Tokens() const {
  std::vector<Token> tokens = tokens_;
  Token end;
  if (!source_.empty()) end.place = source_.back().place;
  tokens.push_back(end);
  return tokens;
}

size_t ClosingParenthesis(const std::vector<Token>& tokens, size_t open, size_t end) {
  int depth = 0;
  for (size_t i = open; i < end; ++i) {
    if (tokens[i].IsOperator("(")) ++depth;
    if (tokens[i].IsOperator(")") && --depth == 0) return i;
  }
  return end;
}

size_t FindTopLevelWord(const std::vector<Token>& tokens, size_t begin, size_t end,
                        const std::vector<std::string_view>& words) {
  int depth = 0;
  int cases = 0;
  for (size_t i = begin; i < end; ++i) {
    if (tokens[i].IsOperator("(")) ++depth;
    if (tokens[i].IsOperator(")")) --depth;
    if (tokens[i].IsWord("CASE")) ++cases;
    const bool closes_case = cases > 0 && tokens[i].IsWord("END");
    if (closes_case) --cases;
    if (depth > 0 || cases > 0 || closes_case || tokens[i].kind != TokenKind::kWord) continue;
    if (tokens[i].IsWord("FROM") && i > begin && tokens[i - 1].IsWord("DISTINCT")) continue;
    if (std::find(words.begin(), words.end(), tokens[i].text) != words.end()) return i;
  }
  return end;
}

std::vector<std::pair<size_t, size_t>> SplitAtCommas(const std::vector<Token>& tokens, size_t begin, size_t end) {
  std::vector<std::pair<size_t, size_t>> parts;
  int depth = 0;
  size_t first = begin;
  for (size_t i = begin; i < end; ++i) {
    if (tokens[i].IsOperator("(") || tokens[i].IsOperator("[") || tokens[i].IsOperator("{")) ++depth;
    if (tokens[i].IsOperator(")") || tokens[i].IsOperator("]") || tokens[i].IsOperator("}")) --depth;
    if (depth != 0 || !tokens[i].IsOperator(",")) continue;
    parts.emplace_back(first, i);
    first = i + 1;
  }
  if (first < end || !parts.empty()) parts.emplace_back(first, end);
  return parts;
}

}  // namespace cdi::snowflake_mock
