// Builds a Snowflake query out of pieces of a statement: DML becomes a SELECT of what is to be written, so that there
// is one way from client SQL to engine SQL.
#pragma once

#include <string>
#include <vector>

#include "tests/snowflake_mock/server/language/tokenizer.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

// `source` outlives the composer. A ? keeps the number of its value: the bindings of the statement serve here too.
class TokenComposer {
 public:
  explicit TokenComposer(const std::vector<Token>& source) : source_(source) {}

  TokenComposer& Words(std::string_view words);
  TokenComposer& Quoted(std::string_view name);
  TokenComposer& Operator(std::string_view text);
  TokenComposer& Raw(std::string_view engine_sql);
  TokenComposer& Number(int64_t value);
  // Tokens [begin, end) of the statement.
  TokenComposer& Range(size_t begin, size_t end);
  // "(" tokens of some other Snowflake text ")"; without bindings.
  absl::Status Text(std::string_view sql);
  // a.b.c, quoted.
  TokenComposer& Name(const ObjectName& name);
  TokenComposer& Append(const TokenComposer& other);

  // With kEnd behind the last token.
  std::vector<Token> Tokens() const;

 private:
  void Add(TokenKind kind, std::string_view text);

  const std::vector<Token>& source_;
  std::vector<Token> tokens_;
};

// Behind `open`, the index of the parenthesis that closes it, or `end`.
size_t ClosingParenthesis(const std::vector<Token>& tokens, size_t open, size_t end);
// The first of `words` in [begin, end) outside parentheses and CASE … END; `end` when there is none. IS DISTINCT FROM
// does not count as FROM.
size_t FindTopLevelWord(const std::vector<Token>& tokens, size_t begin, size_t end,
                        const std::vector<std::string_view>& words);
// [begin, end) cut at commas outside parentheses.
std::vector<std::pair<size_t, size_t>> SplitAtCommas(const std::vector<Token>& tokens, size_t begin, size_t end);

}  // namespace cdi::snowflake_mock
