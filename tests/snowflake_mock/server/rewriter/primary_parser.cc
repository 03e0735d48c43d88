// Literals, names, calls and everything in brackets.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/parser.h"

namespace cdi::snowflake_mock {

bool Parser::AtQuery() const {
  size_t ahead = 0;
  while (reader_.Peek(ahead).IsOperator("(")) ++ahead;
  const Token& token = reader_.Peek(ahead);
  if (token.IsWord("SELECT") || (token.IsWord("WITH") && reader_.Peek(ahead + 1).IsName())) return true;
  return ahead == 0 && token.IsWord("VALUES");
}

absl::StatusOr<ExprPtr> Parser::ParsePrimary() {
  const Token& token = reader_.Peek();
  const auto literal = [&](Expr::Kind kind) {
    ExprPtr expr = Make(kind);
    expr->text = reader_.Next().text;
    return Finish(std::move(expr));
  };
  switch (token.kind) {
    case TokenKind::kNumber:
      return literal(Expr::Kind::kNumber);
    case TokenKind::kString:
      if (token.text.find('\0') != std::string::npos) return Unsupported("a NUL character in a string");
      return literal(Expr::Kind::kString);
    case TokenKind::kVariable:
      return literal(Expr::Kind::kVariable);
    case TokenKind::kRaw:
      return literal(Expr::Kind::kRaw);
    case TokenKind::kParameter: {
      ExprPtr expr = Make(Expr::Kind::kBinding);
      expr->index = token.index;
      expr->text = reader_.Next().text;
      return Finish(std::move(expr));
    }
    case TokenKind::kQuoted:
      return ParseNameOrCall();
    case TokenKind::kWord:
      return ParseWordPrimary();
    default:
      break;
  }
  if (token.IsOperator("(")) return ParseParenthesis();
  if (token.IsOperator("[")) return ParseConstructor("]", "ARRAY_CONSTRUCT");
  if (token.IsOperator("{")) return ParseConstructor("}", "OBJECT_CONSTRUCT_KEEP_NULL");
  if (token.IsOperator("@")) return Unsupported("stages");
  return reader_.Unexpected();
}

absl::StatusOr<ExprPtr> Parser::ParseWordPrimary() {
  const Token& token = reader_.Peek();
  const Token& next = reader_.Peek(1);
  const auto constant = [&](Expr::Kind kind) {
    ExprPtr expr = Make(kind);
    reader_.Next();
    return Finish(std::move(expr));
  };
  if (token.IsWord("NULL")) return constant(Expr::Kind::kNull);
  if (token.IsWord("TRUE")) return constant(Expr::Kind::kTrue);
  if (token.IsWord("FALSE")) return constant(Expr::Kind::kFalse);
  if (token.IsWord("CASE") && !next.IsOperator(".")) return ParseCase();
  if (next.IsOperator("(")) {
    if (token.IsWord("CAST") || token.IsWord("TRY_CAST")) return ParseCastCall(token.IsWord("TRY_CAST"));
    if (token.IsWord("EXISTS")) {
      ExprPtr expr = Make(Expr::Kind::kExists);
      reader_.Next();
      reader_.Next();
      CDI_ASSIGN_OR_RETURN(expr->query, ParseQuery());
      CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
      return Finish(std::move(expr));
    }
  }
  if (next.kind == TokenKind::kString) {
    if (token.IsWord("X") && next.begin == token.end) {
      ExprPtr expr = Make(Expr::Kind::kBytes);
      reader_.Next();
      expr->text = reader_.Next().text;
      return Finish(std::move(expr));
    }
    if (token.IsWord("INTERVAL")) {
      ExprPtr expr = Make(Expr::Kind::kInterval);
      reader_.Next();
      expr->text = reader_.Next().text;
      return Finish(std::move(expr));
    }
    if (IsTypeName(token.text)) {
      ExprPtr cast = Make(Expr::Kind::kCast);
      CDI_ASSIGN_OR_RETURN(cast->type, ParseType(reader_));
      ExprPtr text = Make(Expr::Kind::kString);
      text->text = reader_.Next().text;
      cast->children.push_back(std::move(text));
      return Finish(std::move(cast));
    }
  }
  const bool callable = next.IsOperator("(") && (token.IsWord("LEFT") || token.IsWord("RIGHT") ||
                                                 token.IsWord("RLIKE") || token.IsWord("REGEXP") ||
                                                 token.IsWord("LIKE") || token.IsWord("ILIKE") || token.IsWord("ANY"));
  if (IsReservedWord(token.text) && !callable) return reader_.Unexpected();
  return ParseNameOrCall();
}

// (a), (a, b), (SELECT …)
absl::StatusOr<ExprPtr> Parser::ParseParenthesis() {
  const Deeper deeper(*this);
  CDI_RETURN_IF_ERROR(deeper.Check());
  ExprPtr expr = Make(Expr::Kind::kRow);
  if (reader_.Peek(1).IsWord("SELECT") || (reader_.Peek(1).IsWord("WITH") && reader_.Peek(2).IsName())) {
    reader_.Next();
    expr->kind = Expr::Kind::kSubquery;
    CDI_ASSIGN_OR_RETURN(expr->query, ParseQuery());
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
    return Finish(std::move(expr));
  }
  reader_.Next();
  do {
    CDI_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
    expr->children.push_back(std::move(value));
  } while (reader_.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  if (expr->children.size() > 1) return Finish(std::move(expr));
  ExprPtr inner = std::move(expr->children[0]);
  inner->begin = expr->begin;
  inner->end = reader_.position();
  inner->parenthesised = true;
  return inner;
}

absl::StatusOr<ExprPtr> Parser::ParseCase() {
  ExprPtr expr = Make(Expr::Kind::kCase);
  reader_.Next();
  if (!reader_.Peek().IsWord("WHEN")) {
    expr->has_operand = true;
    CDI_ASSIGN_OR_RETURN(ExprPtr operand, ParseExpression());
    expr->children.push_back(std::move(operand));
  }
  CDI_RETURN_IF_ERROR(reader_.ExpectWords("WHEN"));
  do {
    CDI_ASSIGN_OR_RETURN(ExprPtr when, ParseExpression());
    CDI_RETURN_IF_ERROR(reader_.ExpectWords("THEN"));
    CDI_ASSIGN_OR_RETURN(ExprPtr then, ParseExpression());
    expr->children.push_back(std::move(when));
    expr->children.push_back(std::move(then));
  } while (reader_.TakeWords("WHEN"));
  if (reader_.TakeWords("ELSE")) {
    expr->has_else = true;
    CDI_ASSIGN_OR_RETURN(ExprPtr otherwise, ParseExpression());
    expr->children.push_back(std::move(otherwise));
  }
  CDI_RETURN_IF_ERROR(reader_.ExpectWords("END"));
  return Finish(std::move(expr));
}

absl::StatusOr<ExprPtr> Parser::ParseCastCall(bool try_cast) {
  ExprPtr cast = Make(Expr::Kind::kCast);
  cast->try_cast = try_cast;
  reader_.Next();
  reader_.Next();
  CDI_ASSIGN_OR_RETURN(ExprPtr operand, ParseExpression());
  CDI_RETURN_IF_ERROR(reader_.ExpectWords("AS"));
  CDI_ASSIGN_OR_RETURN(cast->type, ParseType(reader_));
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  cast->children.push_back(std::move(operand));
  return Finish(std::move(cast));
}

absl::StatusOr<ExprPtr> Parser::ParseNameOrCall() {
  ExprPtr expr = Make(Expr::Kind::kName);
  do {
    if (expr->parts.size() > 0 && reader_.Peek().IsOperator("*")) {
      expr->kind = Expr::Kind::kStar;
      CDI_ASSIGN_OR_RETURN(expr->star, ParseStar(std::move(expr->parts)));
      return Finish(std::move(expr));
    }
    if (!reader_.Peek().IsName()) return reader_.Unexpected();
    expr->parts.push_back(reader_.Next().text);
  } while (reader_.TakeOperator("."));
  if (reader_.Peek().IsOperator("(")) {
    if (expr->parts.size() > 1) return Unsupported("user-defined functions");
    return ParseCall(std::move(expr));
  }
  return Finish(std::move(expr));
}

absl::StatusOr<ExprPtr> Parser::ParseCall(ExprPtr call) {
  call->kind = Expr::Kind::kCall;
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
  CDI_RETURN_IF_ERROR(ParseArguments(*call));
  CDI_RETURN_IF_ERROR(ParseCallTail(*call));
  return Finish(std::move(call));
}

// Behind "(", up to and with ")".
absl::Status Parser::ParseArguments(Expr& call) {
  if (reader_.TakeOperator(")")) return absl::OkStatus();
  call.distinct = reader_.TakeWords("DISTINCT");
  if (!call.distinct && reader_.Peek().IsWord("ALL")) reader_.Next();
  const bool extract = call.parts[0] == "EXTRACT";
  const bool position = call.parts[0] == "POSITION";
  do {
    std::string name;
    if (reader_.Peek().kind == TokenKind::kWord && reader_.Peek(1).IsOperator("=>")) {
      name = reader_.Next().text;
      reader_.Next();
    }
    if (reader_.Peek().IsOperator("*")) {
      ExprPtr star = Make(Expr::Kind::kStar);
      CDI_ASSIGN_OR_RETURN(star->star, ParseStar({}));
      CDI_ASSIGN_OR_RETURN(star, Finish(std::move(star)));
      call.children.push_back(std::move(star));
    } else {
      if (reader_.Peek(1).IsOperator("->")) return Unsupported("lambda expressions");
      const bool query = AtQuery() && !reader_.Peek().IsOperator("(");
      if (query) {  // f(SELECT …)
        ExprPtr sub = Make(Expr::Kind::kSubquery);
        CDI_ASSIGN_OR_RETURN(sub->query, ParseQuery());
        call.children.push_back(std::move(sub));
      } else {
        auto value = position && call.children.empty() ? ParseOperators(0) : ParseExpression();
        CDI_RETURN_IF_ERROR(value.status());
        call.children.push_back(*std::move(value));
      }
    }
    call.argument_names.push_back(name);
    if ((reader_.Peek().IsWord("IGNORE") || reader_.Peek().IsWord("RESPECT")) && reader_.Peek(1).IsWord("NULLS")) {
      call.nulls = reader_.Next().text;
      reader_.Next();
    }
    if (call.children.size() == 1 && ((extract && reader_.TakeWords("FROM")) || (position && reader_.TakeWords("IN"))))
      continue;
    if (!reader_.TakeOperator(",")) break;
  } while (true);
  return reader_.ExpectOperator(")");
}

absl::Status Parser::ParseCallTail(Expr& call) {
  if (reader_.TakeWords("WITHIN GROUP")) {
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
    CDI_RETURN_IF_ERROR(reader_.ExpectWords("ORDER BY"));
    CDI_ASSIGN_OR_RETURN(call.within_group, ParseOrderItems());
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  }
  if ((reader_.Peek().IsWord("IGNORE") || reader_.Peek().IsWord("RESPECT")) && reader_.Peek(1).IsWord("NULLS")) {
    call.nulls = reader_.Next().text;
    reader_.Next();
  }
  if (reader_.Peek().IsWord("FILTER") && reader_.Peek(1).IsOperator("(")) return Unsupported("FILTER");
  if (reader_.TakeWords("OVER")) {
    CDI_ASSIGN_OR_RETURN(call.over, ParseOver());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Window>> Parser::ParseOver() {
  auto window = std::make_unique<Window>();
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
  if (reader_.TakeWords("PARTITION BY")) {
    do {
      CDI_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
      window->partition.push_back(std::move(value));
    } while (reader_.TakeOperator(","));
  }
  if (reader_.TakeWords("ORDER BY")) {
    CDI_ASSIGN_OR_RETURN(window->order, ParseOrderItems());
  }
  if (reader_.Peek().IsWord("ROWS") || reader_.Peek().IsWord("RANGE")) {
    CDI_ASSIGN_OR_RETURN(window->frame, ParseFrame());
  }
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  return window;
}

absl::StatusOr<std::string> Parser::ParseFrame() {
  std::string frame = reader_.Next().text;
  if (!reader_.TakeWords("BETWEEN")) {
    CDI_ASSIGN_OR_RETURN(const std::string from, ParseFrameBound());
    return absl::StrCat(frame, " BETWEEN ", from, " AND CURRENT ROW");
  }
  CDI_ASSIGN_OR_RETURN(const std::string from, ParseFrameBound());
  CDI_RETURN_IF_ERROR(reader_.ExpectWords("AND"));
  CDI_ASSIGN_OR_RETURN(const std::string to, ParseFrameBound());
  return absl::StrCat(frame, " BETWEEN ", from, " AND ", to);
}

absl::StatusOr<std::string> Parser::ParseFrameBound() {
  for (const char* bound : {"UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING", "CURRENT ROW"}) {
    if (reader_.TakeWords(bound)) return std::string(bound);
  }
  int64_t rows = 0;
  if (reader_.Peek().IsWord("INTERVAL")) return Unsupported("RANGE with an interval");
  if (reader_.Peek().kind != TokenKind::kNumber || !absl::SimpleAtoi(reader_.Peek().text, &rows))
    return reader_.Unexpected();
  reader_.Next();
  if (reader_.TakeWords("PRECEDING")) return absl::StrCat(rows, " PRECEDING");
  CDI_RETURN_IF_ERROR(reader_.ExpectWords("FOLLOWING"));
  return absl::StrCat(rows, " FOLLOWING");
}

// [a, b] and {'k': v}
absl::StatusOr<ExprPtr> Parser::ParseConstructor(std::string_view close, const char* function) {
  const Deeper deeper(*this);
  CDI_RETURN_IF_ERROR(deeper.Check());
  ExprPtr call = Make(Expr::Kind::kCall);
  call->parts = {function};
  reader_.Next();
  if (reader_.TakeOperator(close)) return Finish(std::move(call));
  do {
    if (close == "}") {
      if (reader_.Peek().IsOperator("*")) {
        ExprPtr star = Make(Expr::Kind::kStar);
        CDI_ASSIGN_OR_RETURN(star->star, ParseStar({}));
        call->children.push_back(std::move(star));
        call->argument_names.emplace_back();
        continue;
      }
      if (reader_.Peek().kind != TokenKind::kString) return reader_.Unexpected();
      ExprPtr key = Make(Expr::Kind::kString);
      key->text = reader_.Next().text;
      call->children.push_back(std::move(key));
      call->argument_names.emplace_back();
      CDI_RETURN_IF_ERROR(reader_.ExpectOperator(":"));
    }
    CDI_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
    call->children.push_back(std::move(value));
    call->argument_names.emplace_back();
  } while (reader_.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator(close));
  return Finish(std::move(call));
}

}  // namespace cdi::snowflake_mock
