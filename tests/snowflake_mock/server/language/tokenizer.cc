#include "tests/snowflake_mock/server/language/tokenizer.h"

#include <array>
#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"

namespace cdi::snowflake_mock {
namespace {

bool IsWordStart(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsWordPart(char c) {
  return IsWordStart(c) || IsDigit(c) || c == '$';
}

void AppendUtf8(uint32_t code_point, std::string& out) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

// One pass over the text; each Read… takes one token and leaves `at_` behind it.
class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  absl::StatusOr<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (true) {
      CDI_RETURN_IF_ERROR(SkipBlanks());
      Token token;
      token.begin = at_;
      token.place = {line_, static_cast<int>(at_ - line_begin_)};
      CDI_RETURN_IF_ERROR(Read(token));
      token.end = at_;
      tokens.push_back(token);
      before_ = token.kind;
      if (token.kind == TokenKind::kEnd) return tokens;
    }
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  bool AtEnd() const { return at_ >= sql_.size(); }

  void Advance() {
    if (sql_[at_] == '\n') {
      ++line_;
      line_begin_ = at_ + 1;
    }
    ++at_;
  }

  absl::Status SkipBlanks() {
    while (!AtEnd()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(Peek()))) {
        Advance();
      } else if ((Peek() == '-' && Peek(1) == '-') || (Peek() == '/' && Peek(1) == '/')) {
        while (!AtEnd() && Peek() != '\n') Advance();
      } else if (Peek() == '/' && Peek(1) == '*') {
        const Place begin{line_, static_cast<int>(at_ - line_begin_)};
        while (!AtEnd() && !(Peek() == '*' && Peek(1) == '/')) Advance();
        if (AtEnd()) return SyntaxError(begin, "/*");
        at_ += 2;
      } else {
        break;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Read(Token& token) {
    if (AtEnd()) return absl::OkStatus();
    const char c = Peek();
    if (c == '\'') return ReadString(token);
    if (c == '"') return ReadQuoted(token);
    if (c == '$' && Peek(1) == '$') return ReadDollarString(token);
    if (c == '$' && (IsWordStart(Peek(1)) || IsDigit(Peek(1)))) {
      ++at_;
      ReadWord(token);
      token.kind = TokenKind::kVariable;
      return absl::OkStatus();
    }
    if (IsWordStart(c)) {
      ReadWord(token);
      return absl::OkStatus();
    }
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) {
      ReadNumber(token);
      return absl::OkStatus();
    }
    if (c == '?') {
      token.kind = TokenKind::kParameter;
      token.text = "?";
      token.index = parameters_++;
      ++at_;
      return absl::OkStatus();
    }
    // Behind a text it is the colon of {'key':1}; a path goes on with a name, so elsewhere it can only be a place.
    if (c == ':' && IsDigit(Peek(1)) && before_ != TokenKind::kString) return ReadNumbered(token);
    return ReadOperator(token);
  }

  absl::Status ReadNumbered(Token& token) {
    token.kind = TokenKind::kParameter;
    const size_t begin = at_++;
    while (IsDigit(Peek())) ++at_;
    token.text = std::string(sql_.substr(begin, at_ - begin));
    if (!absl::SimpleAtoi(token.text.substr(1), &token.index) || token.index == 0)
      return SyntaxError(token.place, token.text);
    --token.index;
    return absl::OkStatus();
  }

  void ReadWord(Token& token) {
    token.kind = TokenKind::kWord;
    const size_t begin = at_;
    while (!AtEnd() && IsWordPart(Peek())) ++at_;
    token.source = std::string(sql_.substr(begin, at_ - begin));
    token.text = absl::AsciiStrToUpper(token.source);
  }

  void ReadNumber(Token& token) {
    token.kind = TokenKind::kNumber;
    const size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.') {
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    if ((Peek() == 'e' || Peek() == 'E') &&
        (IsDigit(Peek(1)) || ((Peek(1) == '-' || Peek(1) == '+') && IsDigit(Peek(2))))) {
      at_ += 2;
      while (IsDigit(Peek())) ++at_;
    }
    token.text = std::string(sql_.substr(begin, at_ - begin));
  }

  absl::Status ReadQuoted(Token& token) {
    token.kind = TokenKind::kQuoted;
    ++at_;
    while (true) {
      if (AtEnd()) return SyntaxError(token.place, "\"");
      if (Peek() == '"' && Peek(1) != '"') break;
      if (Peek() == '"') ++at_;
      token.text += Peek();
      Advance();
    }
    ++at_;
    if (token.text.empty()) return SyntaxError(token.place, "\"\"");
    return absl::OkStatus();
  }

  absl::Status ReadDollarString(Token& token) {
    token.kind = TokenKind::kString;
    at_ += 2;
    while (!(Peek() == '$' && Peek(1) == '$')) {
      if (AtEnd()) return SyntaxError(token.place, "$$");
      token.text += Peek();
      Advance();
    }
    at_ += 2;
    return absl::OkStatus();
  }

  absl::Status ReadString(Token& token) {
    token.kind = TokenKind::kString;
    ++at_;
    while (true) {
      if (AtEnd()) return SyntaxError(token.place, "'");
      if (Peek() == '\\') {
        ++at_;
        if (AtEnd()) return SyntaxError(token.place, "'");
        ReadEscape(token.text);
        continue;
      }
      if (Peek() == '\'' && Peek(1) != '\'') break;
      if (Peek() == '\'') ++at_;
      token.text += Peek();
      Advance();
    }
    ++at_;
    return absl::OkStatus();
  }

  // Behind a backslash.
  void ReadEscape(std::string& out) {
    const char c = Peek();
    const auto digits = [&](size_t from, size_t count_max, int base) {
      size_t n = 0;
      while (n < count_max && (base == 16 ? absl::ascii_isxdigit(static_cast<unsigned char>(Peek(from + n)))
                                          : (Peek(from + n) >= '0' && Peek(from + n) <= '7'))) {
        ++n;
      }
      return n;
    };
    const auto take_code = [&](size_t skip, size_t count, int base) {
      AppendUtf8(static_cast<uint32_t>(std::stoul(std::string(sql_.substr(at_ + skip, count)), nullptr, base)), out);
      at_ += skip + count;
    };
    if (c == 'u' && digits(1, 4, 16) == 4) return take_code(1, 4, 16);
    if (c == 'x' && digits(1, 2, 16) == 2) return take_code(1, 2, 16);
    if (c >= '0' && c <= '7') return take_code(0, digits(0, 3, 8), 8);
    switch (c) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      default:
        out += c;
    }
    Advance();
  }

  absl::Status ReadOperator(Token& token) {
    static constexpr std::array<std::string_view, 11> kLong = {
        "->>", "::", "=>", "->", "||", "<=", ">=", "<>", "!=", ":=", "=="};
    token.kind = TokenKind::kOperator;
    for (const std::string_view op : kLong) {
      if (sql_.substr(at_, op.size()) == op) {
        token.text = std::string(op);
        at_ += op.size();
        return absl::OkStatus();
      }
    }
    constexpr std::string_view kSingle = "()[]{},;.+-*/%=<>:|&^~@!";
    if (kSingle.find(Peek()) == std::string_view::npos) return SyntaxError(token.place, std::string(1, Peek()));
    token.text = std::string(1, Peek());
    ++at_;
    return absl::OkStatus();
  }

  std::string_view sql_;
  size_t at_ = 0;
  int line_ = 1;
  size_t line_begin_ = 0;
  size_t parameters_ = 0;               // ? so far
  TokenKind before_ = TokenKind::kEnd;  // of the token read last
};

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(std::string_view sql) {
  // Snowflake takes it inside strings; the engine's parser takes it nowhere.
  if (sql.find('\0') != std::string_view::npos) return Unsupported("a NUL character in a statement");
  return Scanner(sql).Run();
}

absl::StatusOr<std::vector<std::string>> SplitStatements(std::string_view script) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(script));
  std::vector<std::string> statements;
  size_t first = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].IsOperator(";") && tokens[i].kind != TokenKind::kEnd) continue;
    if (i > first) statements.emplace_back(script.substr(tokens[first].begin, tokens[i - 1].end - tokens[first].begin));
    first = i + 1;
  }
  return statements;
}

bool IsPlainName(std::string_view name) {
  if (name.empty() || !(absl::ascii_isupper(static_cast<unsigned char>(name[0])) || name[0] == '_')) return false;
  for (const char c : name) {
    if (!(absl::ascii_isupper(static_cast<unsigned char>(c)) || IsDigit(c) || c == '_' || c == '$')) return false;
  }
  return true;
}

std::string StringLiteral(std::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(std::string(text), {{"'", "''"}, {"\\", "\\\\"}}), "'");
}

std::string DisplayName(std::string_view name) {
  if (IsPlainName(name)) return std::string(name);
  return absl::StrCat("\"", absl::StrReplaceAll(std::string(name), {{"\"", "\"\""}}), "\"");
}

}  // namespace cdi::snowflake_mock
