// FROM: tables, subqueries, VALUES, table functions, joins, aliases.
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/parser.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int kJoinsMax = 200;

}  // namespace

bool EndsTableSource(std::string_view word) {
  static const auto* words = new std::unordered_set<std::string_view>{
      "AT",    "BEFORE",  "CHANGES", "PIVOT", "UNPIVOT", "MATCH_RECOGNIZE", "WINDOW", "ASOF",
      "START", "CONNECT", "FOR",     "FETCH", "EXCEPT",  "INNER",           "CROSS",  "NATURAL"};
  return IsReservedWord(word) || words->contains(word);
}

absl::StatusOr<std::vector<std::string>> Parser::ParseNameList() {
  std::vector<std::string> names;
  do {
    CDI_ASSIGN_OR_RETURN(std::string name, reader_.Name());
    names.push_back(std::move(name));
  } while (reader_.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  return names;
}

absl::StatusOr<std::unique_ptr<FromItem>> Parser::ParseFrom() {
  CDI_ASSIGN_OR_RETURN(auto left, ParseJoins());
  int joins = 0;
  while (reader_.TakeOperator(",")) {
    if (++joins > kJoinsMax) return Unsupported("as many joins");
    auto join = std::make_unique<FromItem>();
    join->kind = FromItem::Kind::kJoin;
    join->join = "CROSS";
    CDI_ASSIGN_OR_RETURN(join->right, ParseJoins());
    join->left = std::move(left);
    left = std::move(join);
  }
  return left;
}

absl::StatusOr<std::unique_ptr<FromItem>> Parser::ParseJoins() {
  CDI_ASSIGN_OR_RETURN(auto left, ParseSource());
  for (int joins = 0;; ++joins) {
    if (joins > kJoinsMax) return Unsupported("as many joins");
    if (reader_.Peek().IsWord("ASOF")) return Unsupported("ASOF JOIN");
    auto join = std::make_unique<FromItem>();
    join->kind = FromItem::Kind::kJoin;
    join->place = reader_.Peek().place;
    join->natural = reader_.TakeWords("NATURAL");
    for (const char* side : {"LEFT", "RIGHT", "FULL"}) {
      if (!reader_.TakeWords(side)) continue;
      join->join = side;
      reader_.TakeWords("OUTER");
    }
    if (join->join.empty() && reader_.TakeWords("CROSS")) join->join = "CROSS";
    if (join->join.empty()) {
      const bool inner = reader_.TakeWords("INNER");
      if (!inner && !join->natural && !reader_.Peek().IsWord("JOIN")) return left;
      join->join = "INNER";
    }
    CDI_RETURN_IF_ERROR(reader_.ExpectWords("JOIN"));
    CDI_ASSIGN_OR_RETURN(join->right, ParseSource());
    join->left = std::move(left);
    CDI_RETURN_IF_ERROR(ParseJoinCondition(*join));
    left = std::move(join);
  }
}

absl::Status Parser::ParseJoinCondition(FromItem& join) {
  if (join.join == "CROSS" || join.natural) return absl::OkStatus();
  if (reader_.TakeWords("ON")) {
    CDI_ASSIGN_OR_RETURN(join.on, ParseExpression());
    return absl::OkStatus();
  }
  if (reader_.TakeWords("USING")) {
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
    CDI_ASSIGN_OR_RETURN(join.using_columns, ParseNameList());
    return absl::OkStatus();
  }
  if (join.join == "INNER") {
    join.join = "CROSS";  // JOIN without a condition
    return absl::OkStatus();
  }
  // LEFT JOIN LATERAL … needs none.
  return join.right->lateral ? absl::OkStatus() : reader_.Unexpected();
}

absl::StatusOr<std::unique_ptr<FromItem>> Parser::ParseSource() {
  auto item = std::make_unique<FromItem>();
  item->lateral = reader_.TakeWords("LATERAL");
  item->place = reader_.Peek().place;
  item->token = reader_.position();
  CDI_ASSIGN_OR_RETURN(const bool hooked, ParseHook(*item));
  const Token& token = reader_.Peek();
  const auto function = [&]() -> absl::Status {
    item->kind = FromItem::Kind::kFunction;
    CDI_ASSIGN_OR_RETURN(item->call, ParsePostfix());
    if (item->call->kind != Expr::Kind::kCall) return reader_.Unexpected();
    return absl::OkStatus();
  };
  if (hooked) {
    item->kind = FromItem::Kind::kHook;
  } else if (token.IsOperator("(")) {
    const bool lateral = item->lateral;
    CDI_ASSIGN_OR_RETURN(item, ParseParenthesisedSource());
    item->lateral = lateral;
  } else if (token.IsWord("TABLE") && reader_.Peek(1).IsOperator("(")) {
    reader_.Next();
    reader_.Next();
    CDI_RETURN_IF_ERROR(function());
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  } else if (token.IsWord("VALUES")) {
    reader_.Next();
    item->kind = FromItem::Kind::kValues;
    CDI_ASSIGN_OR_RETURN(item->rows, ParseRows());
  } else if (token.IsOperator("@")) {
    return Unsupported("stages");
  } else {
    if (!token.IsName() || (token.kind == TokenKind::kWord && IsReservedWord(token.text))) return reader_.Unexpected();
    if (reader_.Peek(1).IsOperator("(")) {
      if (!item->lateral && !token.IsWord("FLATTEN")) return Unsupported("table functions without TABLE(…)");
      CDI_RETURN_IF_ERROR(function());
    } else {
      CDI_ASSIGN_OR_RETURN(item->name, reader_.DottedName());
    }
  }
  CDI_RETURN_IF_ERROR(ParseSourceAlias(*item));
  return item;
}

// ( query ), ( VALUES … ) or ( joins )
absl::StatusOr<std::unique_ptr<FromItem>> Parser::ParseParenthesisedSource() {
  const Deeper deeper(*this);
  CDI_RETURN_IF_ERROR(deeper.Check());
  auto item = std::make_unique<FromItem>();
  item->place = reader_.Peek().place;
  reader_.Next();
  size_t ahead = 0;
  while (reader_.Peek(ahead).IsOperator("(")) ++ahead;
  const Token& inside = reader_.Peek(ahead);
  const bool query = inside.IsWord("SELECT") || inside.IsWord("VALUES") || inside.IsWord("WITH");
  if (query && ahead == 0) {
    item->kind = FromItem::Kind::kSubquery;
    CDI_ASSIGN_OR_RETURN(item->query, ParseQuery());
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
    return item;
  }
  if (query) {  // ((SELECT …) UNION …) or ((SELECT …) a JOIN …): the first that fits
    const size_t here = reader_.position();
    auto parsed = ParseQuery();
    if (parsed.ok() && reader_.TakeOperator(")")) {
      item->kind = FromItem::Kind::kSubquery;
      item->query = *std::move(parsed);
      return item;
    }
    reader_.Seek(here);
  }
  CDI_ASSIGN_OR_RETURN(item, ParseFrom());
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  return item;
}

// Sources that the statement layer answers: RESULT_SCAN, `$1` behind ->>, histories.
absl::StatusOr<bool> Parser::ParseHook(FromItem& item) {
  if (!context_.table_source) return false;
  size_t at = reader_.position();
  CDI_ASSIGN_OR_RETURN(auto source, context_.table_source(tokens_, at));
  if (!source.has_value()) return false;
  reader_.Seek(at);
  item.engine_sql = source->sql;
  for (const Column& column : source->columns) {
    item.hook_columns.emplace_back(column.name, column.type);
    item.hook_nullable.push_back(column.nullable);
  }
  if (source->needs_warehouse) needs_warehouse_ = true;
  return true;
}

absl::Status Parser::ParseSourceAlias(FromItem& item) {
  for (const char* clause :
       {"AT", "BEFORE", "CHANGES", "SAMPLE", "TABLESAMPLE", "PIVOT", "UNPIVOT", "MATCH_RECOGNIZE"}) {
    if (reader_.Peek().IsWord(clause) && (reader_.Peek(1).IsOperator("(") || IsReservedWord(clause)))
      return Unsupported(absl::StrCat(clause, " clause"));
  }
  const bool named = reader_.TakeWords("AS");
  const Token& next = reader_.Peek();
  const bool here = next.kind == TokenKind::kQuoted || (next.kind == TokenKind::kWord && !EndsTableSource(next.text));
  if (!here) return named ? reader_.Unexpected() : absl::OkStatus();
  item.alias = reader_.Next().text;
  if (reader_.TakeOperator("(")) {
    CDI_ASSIGN_OR_RETURN(item.alias_columns, ParseNameList());
  }
  for (const char* clause : {"SAMPLE", "TABLESAMPLE", "PIVOT", "UNPIVOT"}) {
    if (reader_.Peek().IsWord(clause)) return Unsupported(absl::StrCat(clause, " clause"));
  }
  return absl::OkStatus();
}

}  // namespace cdi::snowflake_mock
