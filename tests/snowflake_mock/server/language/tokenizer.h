// Snowflake SQL text into tokens. The only place that knows quoting, string escapes and comments.
//
// Unquoted identifiers are folded to upper case here, so that everything behind compares exactly. Rules:
// docs.snowflake.com "Identifier requirements" and "String & binary data types" (escape sequences), read 2026-11.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/language/sql_error.h"

namespace cdi::snowflake_mock {

enum class TokenKind {
  kWord,       // unquoted identifier or keyword; `text` is upper case
  kQuoted,     // "quoted identifier"; `text` without quotes, doubled quotes undone
  kString,     // 'text' or $$text$$; `text` is the value, escapes undone
  kNumber,     // as written
  kOperator,   // "(", "::", "=>", ",", …
  kParameter,  // ? or :1; `text` as written, `index` the value it stands for
  kVariable,   // $name or $1; `text` without the dollar sign, upper case
  kRaw,        // finished engine SQL, made by the rewriter only
  kEnd,        // behind the last token
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  std::string source;  // kWord: as written
  size_t index = 0;    // kParameter: which bound value, from 0; ? counts in order, :1 is the first
  Place place;
  size_t begin = 0;  // byte offsets in the statement
  size_t end = 0;

  bool IsWord(std::string_view word) const { return kind == TokenKind::kWord && text == word; }
  bool IsOperator(std::string_view op) const { return kind == TokenKind::kOperator && text == op; }
  bool IsName() const { return kind == TokenKind::kWord || kind == TokenKind::kQuoted; }
};

// All tokens of `sql`, the last being kEnd. A 001003 for an unterminated string, identifier or comment and for a
// character that no token begins with.
absl::StatusOr<std::vector<Token>> Tokenize(std::string_view sql);

// The statements of a script, cut at top-level semicolons; empty ones are left out. Each is the trimmed source text.
absl::StatusOr<std::vector<std::string>> SplitStatements(std::string_view script);

// "T" as T, "my t" as "my t": how messages and SHOW columns write a name.
std::string DisplayName(std::string_view name);
// A string literal of this dialect that reads as `text`, for text that is tokenized again.
std::string StringLiteral(std::string_view text);
// True when the name reads the same without quotes.
bool IsPlainName(std::string_view name);

}  // namespace cdi::snowflake_mock
