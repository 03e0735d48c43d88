// Tokens into a syntax tree: Snowflake's grammar of queries and expressions, by recursive descent.
//
// What Snowflake has and the mock does not is refused here by name (000002); what nobody has is 001003 at its token.
// Nesting is bounded, so that no statement can overflow the stack.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"
#include "tests/snowflake_mock/server/rewriter/syntax_tree.h"

namespace cdi::snowflake_mock {

// `tokens` ends with kEnd; it and `context` outlive the parser. Of the context only table_source is used.
class Parser {
 public:
  Parser(const std::vector<Token>& tokens, const RewriteContext& context)
      : tokens_(tokens), reader_(tokens), context_(context) {}

  // A whole statement: up to the end of the tokens.
  absl::StatusOr<QueryPtr> ParseStatement();
  // A whole expression: up to the end of the tokens.
  absl::StatusOr<ExprPtr> ParseLoneExpression();
  bool needs_warehouse() const { return needs_warehouse_; }

 private:
  // queries: query_parser.cc
  absl::StatusOr<QueryPtr> ParseQuery();
  absl::Status ParseWith(Query& query);
  absl::Status ParseLimits(Query& query);
  absl::StatusOr<std::unique_ptr<QueryBody>> ParseSetOperations(int level);
  absl::StatusOr<std::unique_ptr<QueryBody>> ParseOperand();
  absl::StatusOr<std::unique_ptr<Select>> ParseSelect();
  absl::StatusOr<SelectItem> ParseSelectItem();
  absl::StatusOr<std::unique_ptr<Star>> ParseStar(std::vector<std::string> qualifier);
  absl::Status ParseGroupBy(Select& select);
  absl::StatusOr<std::vector<std::vector<ExprPtr>>> ParseRows();
  absl::StatusOr<std::vector<OrderItem>> ParseOrderItems();

  // FROM: from_parser.cc
  absl::StatusOr<std::unique_ptr<FromItem>> ParseFrom();
  absl::StatusOr<std::unique_ptr<FromItem>> ParseJoins();
  absl::Status ParseJoinCondition(FromItem& join);
  absl::StatusOr<std::unique_ptr<FromItem>> ParseSource();
  absl::StatusOr<std::unique_ptr<FromItem>> ParseParenthesisedSource();
  absl::StatusOr<bool> ParseHook(FromItem& item);
  absl::Status ParseSourceAlias(FromItem& item);
  absl::StatusOr<std::vector<std::string>> ParseNameList();

  // expressions: expression_parser.cc
  absl::StatusOr<ExprPtr> ParseExpression();
  absl::StatusOr<ExprPtr> ParseChain(std::string_view word, int level);
  absl::StatusOr<ExprPtr> ParseNot();
  absl::StatusOr<ExprPtr> ParseComparison();
  absl::StatusOr<ExprPtr> ParseComparisonTail(ExprPtr left);
  absl::StatusOr<ExprPtr> ParseIs(ExprPtr left);
  absl::StatusOr<ExprPtr> ParseIn(ExprPtr left, bool negated);
  absl::StatusOr<ExprPtr> ParseLike(ExprPtr left, bool negated);
  absl::StatusOr<ExprPtr> ParseOperators(int level);
  absl::StatusOr<ExprPtr> ParseUnary();
  absl::StatusOr<ExprPtr> ParsePostfix();
  absl::Status ParsePath(Expr& path);
  absl::Status ParseSubscript(Expr& path);

  // primaries: primary_parser.cc
  absl::StatusOr<ExprPtr> ParsePrimary();
  absl::StatusOr<ExprPtr> ParseWordPrimary();
  absl::StatusOr<ExprPtr> ParseParenthesis();
  absl::StatusOr<ExprPtr> ParseCase();
  absl::StatusOr<ExprPtr> ParseCastCall(bool try_cast);
  absl::StatusOr<ExprPtr> ParseNameOrCall();
  absl::StatusOr<ExprPtr> ParseCall(ExprPtr call);
  absl::Status ParseArguments(Expr& call);
  absl::Status ParseCallTail(Expr& call);
  absl::StatusOr<std::unique_ptr<Window>> ParseOver();
  absl::StatusOr<std::string> ParseFrame();
  absl::StatusOr<std::string> ParseFrameBound();
  absl::StatusOr<ExprPtr> ParseConstructor(std::string_view close, const char* function);

  ExprPtr Make(Expr::Kind kind) const;
  // Sets the end and the height; refuses what is too high.
  absl::StatusOr<ExprPtr> Finish(ExprPtr expr) const;
  bool AtQuery() const;

  // Counts nested calls for as long as it lives.
  class Deeper {
   public:
    explicit Deeper(Parser& parser) : parser_(parser) {
      ++parser_.depth_;
      ++parser_.steps_;
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    absl::Status Check() const;

   private:
    Parser& parser_;
  };

  const std::vector<Token>& tokens_;
  TokenReader reader_;
  const RewriteContext& context_;
  int depth_ = 0;
  int steps_ = 0;  // never decreases: bounds what ParseParenthesisedSource reads twice
  bool needs_warehouse_ = false;
};

// Words that cannot be a column or an alias without quotes.
bool IsReservedWord(std::string_view word);
// Words that end a table source, so that they are no alias of it.
bool EndsTableSource(std::string_view word);

}  // namespace cdi::snowflake_mock
