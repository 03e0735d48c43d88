// SELECT and its clauses, set operations, WITH, ORDER BY and LIMIT.
#include "absl/strings/numbers.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/parser.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int kSetOperationsMax = 400;

// Clauses of Snowflake's that the mock does not have, at the place where a clause may begin.
const char* MissingClause(const TokenReader& reader) {
  for (const char* word : {"CONNECT", "START", "MATCH_RECOGNIZE", "FOR", "WINDOW", "INTO"}) {
    if (reader.Peek().IsWord(word)) return word;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<QueryPtr> Parser::ParseStatement() {
  const Token& first = reader_.Peek();
  if (!first.IsOperator("(") && !first.IsWord("SELECT") && !first.IsWord("WITH") && !first.IsWord("VALUES"))
    return reader_.Unexpected();
  CDI_ASSIGN_OR_RETURN(QueryPtr query, ParseQuery());
  if (const char* const missing = MissingClause(reader_)) return Unsupported(missing);
  CDI_RETURN_IF_ERROR(reader_.ExpectEnd());
  return query;
}

absl::StatusOr<QueryPtr> Parser::ParseQuery() {
  const Deeper deeper(*this);
  CDI_RETURN_IF_ERROR(deeper.Check());
  auto query = std::make_unique<Query>();
  CDI_RETURN_IF_ERROR(ParseWith(*query));
  CDI_ASSIGN_OR_RETURN(query->body, ParseSetOperations(0));
  if (reader_.TakeWords("ORDER BY")) {
    CDI_ASSIGN_OR_RETURN(query->order_by, ParseOrderItems());
  }
  CDI_RETURN_IF_ERROR(ParseLimits(*query));
  return query;
}

absl::Status Parser::ParseWith(Query& query) {
  if (!reader_.TakeWords("WITH")) return absl::OkStatus();
  if (reader_.Peek().IsWord("RECURSIVE") && !reader_.Peek(1).IsWord("AS")) {
    query.recursive = true;
    reader_.Next();
  }
  do {
    CommonTable table;
    CDI_ASSIGN_OR_RETURN(table.name, reader_.Name());
    if (reader_.TakeOperator("(")) {
      CDI_ASSIGN_OR_RETURN(table.columns, ParseNameList());
    }
    CDI_RETURN_IF_ERROR(reader_.ExpectWords("AS"));
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
    CDI_ASSIGN_OR_RETURN(table.query, ParseQuery());
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
    query.with.push_back(std::move(table));
  } while (reader_.TakeOperator(","));
  return absl::OkStatus();
}

absl::Status Parser::ParseLimits(Query& query) {
  const auto amount = [&](ExprPtr& into) -> absl::Status {
    const bool allowed = reader_.Peek().kind == TokenKind::kNumber || reader_.Peek().kind == TokenKind::kParameter ||
                         reader_.Peek().kind == TokenKind::kVariable || reader_.Peek().IsWord("NULL");
    if (!allowed || into != nullptr) return reader_.Unexpected();
    CDI_ASSIGN_OR_RETURN(into, ParsePrimary());
    return absl::OkStatus();
  };
  while (true) {
    if (reader_.TakeWords("LIMIT")) {
      CDI_RETURN_IF_ERROR(amount(query.limit));
    } else if (reader_.TakeWords("OFFSET")) {
      CDI_RETURN_IF_ERROR(amount(query.offset));
      if (!reader_.TakeWords("ROWS")) reader_.TakeWords("ROW");
    } else if (reader_.TakeWords("FETCH")) {
      if (!reader_.TakeWords("FIRST")) reader_.TakeWords("NEXT");
      CDI_RETURN_IF_ERROR(amount(query.limit));
      if (!reader_.TakeWords("ROWS")) reader_.TakeWords("ROW");
      reader_.TakeWords("ONLY");
    } else {
      return absl::OkStatus();
    }
  }
}

// Level 0: UNION, EXCEPT and MINUS; level 1: INTERSECT, which binds tighter.
absl::StatusOr<std::unique_ptr<QueryBody>> Parser::ParseSetOperations(int level) {
  if (level == 2) return ParseOperand();
  CDI_ASSIGN_OR_RETURN(auto left, ParseSetOperations(level + 1));
  while (true) {
    const Token& next = reader_.Peek();
    const bool here =
        level == 0 ? next.IsWord("UNION") || next.IsWord("EXCEPT") || next.IsWord("MINUS") : next.IsWord("INTERSECT");
    if (!here) return left;
    auto both = std::make_unique<QueryBody>();
    both->kind = QueryBody::Kind::kSetOperation;
    both->place = next.place;
    both->operation = reader_.Next().text;
    if (both->operation == "MINUS") both->operation = "EXCEPT";
    both->all = reader_.TakeWords("ALL");
    if (!both->all) reader_.TakeWords("DISTINCT");
    if (both->all && both->operation != "UNION") return reader_.Unexpected();
    if (reader_.TakeWords("BY NAME")) return Unsupported("UNION BY NAME");
    CDI_ASSIGN_OR_RETURN(both->right, ParseSetOperations(level + 1));
    both->left = std::move(left);
    both->height = both->left->height + 1;
    if (both->height > kSetOperationsMax) return Unsupported("as many set operations");
    left = std::move(both);
  }
}

absl::StatusOr<std::unique_ptr<QueryBody>> Parser::ParseOperand() {
  auto body = std::make_unique<QueryBody>();
  body->place = reader_.Peek().place;
  if (reader_.TakeOperator("(")) {
    body->kind = QueryBody::Kind::kNested;
    CDI_ASSIGN_OR_RETURN(body->nested, ParseQuery());
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
    return body;
  }
  if (reader_.TakeWords("VALUES")) {
    body->kind = QueryBody::Kind::kValues;
    CDI_ASSIGN_OR_RETURN(body->rows, ParseRows());
    return body;
  }
  CDI_RETURN_IF_ERROR(reader_.ExpectWords("SELECT"));
  CDI_ASSIGN_OR_RETURN(body->select, ParseSelect());
  return body;
}

// Behind VALUES.
absl::StatusOr<std::vector<std::vector<ExprPtr>>> Parser::ParseRows() {
  std::vector<std::vector<ExprPtr>> rows;
  do {
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
    std::vector<ExprPtr> row;
    do {
      CDI_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
      row.push_back(std::move(value));
    } while (reader_.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
    if (!rows.empty() && rows[0].size() != row.size()) {
      return SqlError("001058", "42601", "SQL compilation error:\nVALUES rows have different numbers of columns");
    }
    rows.push_back(std::move(row));
  } while (reader_.TakeOperator(","));
  return rows;
}

absl::StatusOr<std::unique_ptr<Select>> Parser::ParseSelect() {
  auto select = std::make_unique<Select>();
  select->distinct = reader_.TakeWords("DISTINCT");
  if (!select->distinct) reader_.TakeWords("ALL");
  if (reader_.Peek().IsWord("TOP") && reader_.Peek(1).kind == TokenKind::kNumber) {
    reader_.Next();
    int64_t top = 0;
    if (!absl::SimpleAtoi(reader_.Peek().text, &top)) return reader_.Unexpected();
    reader_.Next();
    select->top = top;
  }
  do {
    CDI_ASSIGN_OR_RETURN(SelectItem item, ParseSelectItem());
    select->items.push_back(std::move(item));
    if (reader_.Peek().IsOperator(",") && reader_.Peek(1).IsWord("FROM")) reader_.Next();  // a trailing comma is fine
  } while (reader_.TakeOperator(","));
  if (reader_.TakeWords("FROM")) {
    CDI_ASSIGN_OR_RETURN(select->from, ParseFrom());
  }
  if (reader_.TakeWords("WHERE")) {
    CDI_ASSIGN_OR_RETURN(select->where, ParseExpression());
  }
  if (const char* const missing = MissingClause(reader_)) return Unsupported(missing);
  if (reader_.TakeWords("GROUP BY")) CDI_RETURN_IF_ERROR(ParseGroupBy(*select));
  if (reader_.TakeWords("HAVING")) {
    CDI_ASSIGN_OR_RETURN(select->having, ParseExpression());
  }
  if (reader_.TakeWords("QUALIFY")) {
    CDI_ASSIGN_OR_RETURN(select->qualify, ParseExpression());
  }
  return select;
}

absl::StatusOr<SelectItem> Parser::ParseSelectItem() {
  SelectItem item;
  if (reader_.Peek().IsOperator("*")) {
    item.value = Make(Expr::Kind::kStar);
    CDI_ASSIGN_OR_RETURN(item.value->star, ParseStar({}));
    CDI_ASSIGN_OR_RETURN(item.value, Finish(std::move(item.value)));
    return item;
  }
  CDI_ASSIGN_OR_RETURN(item.value, ParseExpression());
  if (item.value->kind == Expr::Kind::kStar) return item;
  const bool named = reader_.TakeWords("AS");
  const Token& next = reader_.Peek();
  if (named || (next.IsName() && (next.kind == TokenKind::kQuoted || !IsReservedWord(next.text)))) {
    const bool option = !named && (MissingClause(reader_) != nullptr) && reader_.Peek(1).kind != TokenKind::kEnd &&
                        !reader_.Peek(1).IsOperator(",") && !reader_.Peek(1).IsWord("FROM");
    if (option) return item;
    CDI_ASSIGN_OR_RETURN(item.alias, reader_.Name());
  }
  return item;
}

// At "*"; takes EXCLUDE, RENAME, REPLACE and ILIKE too.
absl::StatusOr<std::unique_ptr<Star>> Parser::ParseStar(std::vector<std::string> qualifier) {
  auto star = std::make_unique<Star>();
  star->qualifier = std::move(qualifier);
  CDI_RETURN_IF_ERROR(reader_.ExpectOperator("*"));
  if (reader_.TakeWords("ILIKE")) {
    if (reader_.Peek().kind != TokenKind::kString) return reader_.Unexpected();
    star->ilike = reader_.Next().text;
  }
  if (reader_.TakeWords("EXCLUDE")) {
    if (reader_.TakeOperator("(")) {
      CDI_ASSIGN_OR_RETURN(star->exclude, ParseNameList());
    } else {
      CDI_ASSIGN_OR_RETURN(std::string name, reader_.Name());
      star->exclude.push_back(std::move(name));
    }
  }
  if (reader_.TakeWords("REPLACE")) {
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
    do {
      CDI_ASSIGN_OR_RETURN(ExprPtr value, ParseExpression());
      CDI_RETURN_IF_ERROR(reader_.ExpectWords("AS"));
      CDI_ASSIGN_OR_RETURN(std::string name, reader_.Name());
      star->replace.emplace_back(std::move(name), std::move(value));
    } while (reader_.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  }
  if (reader_.TakeWords("RENAME")) {
    const bool list = reader_.TakeOperator("(");
    do {
      CDI_ASSIGN_OR_RETURN(std::string from, reader_.Name());
      CDI_RETURN_IF_ERROR(reader_.ExpectWords("AS"));
      CDI_ASSIGN_OR_RETURN(std::string to, reader_.Name());
      star->rename.emplace_back(std::move(from), std::move(to));
    } while (list && reader_.TakeOperator(","));
    if (list) CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  }
  return star;
}

absl::Status Parser::ParseGroupBy(Select& select) {
  GroupBy group;
  if (reader_.TakeWords("ALL")) {
    group.all = true;
    select.group_by = std::move(group);
    return absl::OkStatus();
  }
  if (reader_.TakeWords("GROUPING SETS")) {
    group.form = "GROUPING SETS";
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator("("));
    do {
      std::vector<ExprPtr> set;
      if (reader_.TakeOperator("(")) {
        while (!reader_.TakeOperator(")")) {
          CDI_ASSIGN_OR_RETURN(ExprPtr item, ParseExpression());
          set.push_back(std::move(item));
          if (!reader_.TakeOperator(",") && !reader_.Peek().IsOperator(")")) return reader_.Unexpected();
        }
      } else {
        CDI_ASSIGN_OR_RETURN(ExprPtr item, ParseExpression());
        set.push_back(std::move(item));
      }
      group.sets.push_back(std::move(set));
    } while (reader_.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
    select.group_by = std::move(group);
    return absl::OkStatus();
  }
  for (const char* form : {"ROLLUP", "CUBE"}) {
    if (reader_.Peek().IsWord(form) && reader_.Peek(1).IsOperator("(")) group.form = form;
  }
  if (!group.form.empty()) reader_.Next();
  const bool list = !group.form.empty() && reader_.TakeOperator("(");
  do {
    CDI_ASSIGN_OR_RETURN(ExprPtr item, ParseExpression());
    group.items.push_back(std::move(item));
  } while (reader_.TakeOperator(","));
  if (list) CDI_RETURN_IF_ERROR(reader_.ExpectOperator(")"));
  select.group_by = std::move(group);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<OrderItem>> Parser::ParseOrderItems() {
  std::vector<OrderItem> items;
  do {
    OrderItem item;
    CDI_ASSIGN_OR_RETURN(item.value, ParseExpression());
    item.descending = reader_.TakeWords("DESC");
    if (!item.descending) reader_.TakeWords("ASC");
    if (reader_.TakeWords("NULLS FIRST")) item.nulls_first = true;
    if (reader_.TakeWords("NULLS LAST")) item.nulls_first = false;
    items.push_back(std::move(item));
  } while (reader_.TakeOperator(","));
  return items;
}

}  // namespace cdi::snowflake_mock
