// A forward reader over tokens for the statements that the mock parses itself (DDL, grants, SHOW …).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/language/tokenizer.h"

namespace cdi::snowflake_mock {

// `tokens` ends with kEnd and outlives the reader.
class TokenReader {
 public:
  explicit TokenReader(const std::vector<Token>& tokens, size_t at = 0) : tokens_(tokens), at_(at) {}

  const Token& Peek(size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : tokens_.back();
  }
  Token Next() {
    Token token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }
  size_t position() const { return at_; }
  void Seek(size_t at) { at_ = at; }

  // Takes the words if all of them come next ("IF NOT EXISTS").
  bool TakeWords(std::string_view words) {
    size_t ahead = 0;
    size_t begin = 0;
    while (begin < words.size()) {
      const size_t end = std::min(words.find(' ', begin), words.size());
      if (!Peek(ahead).IsWord(words.substr(begin, end - begin))) return false;
      ++ahead;
      begin = end + 1;
    }
    at_ += ahead;
    return true;
  }
  bool TakeOperator(std::string_view op) {
    if (!Peek().IsOperator(op)) return false;
    Next();
    return true;
  }
  absl::Status Unexpected() const {
    const Token& token = Peek();
    return SyntaxError(token.place, token.kind == TokenKind::kEnd ? "<EOF>" : token.text);
  }
  absl::Status ExpectWords(std::string_view words) { return TakeWords(words) ? absl::OkStatus() : Unexpected(); }
  absl::Status ExpectOperator(std::string_view op) { return TakeOperator(op) ? absl::OkStatus() : Unexpected(); }
  absl::Status ExpectEnd() const { return AtEnd() ? absl::OkStatus() : Unexpected(); }

  // One identifier, folded.
  absl::StatusOr<std::string> Name() {
    if (!Peek().IsName()) return Unexpected();
    return Next().text;
  }
  // a, a.b or a.b.c
  absl::StatusOr<std::vector<std::string>> DottedName() {
    std::vector<std::string> parts;
    do {
      if (!Peek().IsName()) return Unexpected();
      parts.push_back(Next().text);
    } while (TakeOperator("."));
    return parts;
  }
  // A word, string or number as text: the value of an option. A leading minus belongs to a number.
  absl::StatusOr<std::string> OptionValue() {
    std::string sign;
    if (Peek().IsOperator("-") && Peek(1).kind == TokenKind::kNumber) sign = Next().text;
    if (!Peek().IsName() && Peek().kind != TokenKind::kString && Peek().kind != TokenKind::kNumber) return Unexpected();
    return sign + Next().text;
  }

 private:
  const std::vector<Token>& tokens_;
  size_t at_;
};

}  // namespace cdi::snowflake_mock
