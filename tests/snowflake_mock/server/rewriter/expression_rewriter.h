// The token pass of the query rewriter. Internal to query_rewriter.cc.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

namespace cdi::snowflake_mock {

// Walks a token range once, writing engine SQL tokens; calls itself for arguments, sub-ranges and views.
class ExpressionRewriter {
 public:
  // All references outlive the rewriter. `query` collects relations and known columns.
  ExpressionRewriter(const std::vector<Token>& tokens, const RewriteContext& context, RewrittenQuery& query)
      : tokens_(tokens), context_(context), query_(query) {}

  // [begin, end) is a SELECT, WITH, VALUES or a parenthesised one. 001003 when it begins with anything else.
  absl::StatusOr<std::string> RewriteStatement(size_t begin, size_t end);
  // [begin, end) is an expression or the clauses of an UPDATE or DELETE.
  absl::StatusOr<std::string> RewriteClauses(size_t begin, size_t end);

 private:
  // One level of parentheses that holds a query or a FROM list.
  struct Level {
    bool is_query = false;
    bool in_from = false;
    bool expect_table = false;
    bool is_table_source = false;           // closes to something that may take an alias
    std::map<size_t, std::string> aliases;  // token index -> name to give before that token
  };

  absl::StatusOr<std::string> Walk(size_t begin, size_t end, bool is_query);
  absl::Status Step(size_t& at, size_t end, std::vector<Level>& levels);
  absl::Status StepWord(size_t& at, size_t end, std::vector<Level>& levels);
  absl::Status StepOperator(size_t& at, size_t end, std::vector<Level>& levels);
  absl::Status StepTable(size_t& at, size_t end, Level& level, std::vector<Level>& levels);
  absl::Status StepTableFunction(size_t& at, size_t end);
  absl::Status StepCall(size_t& at, size_t end);
  absl::Status StepCast(size_t& at, size_t end);
  absl::Status StepPath(size_t& at, size_t end);
  absl::Status StepColumnName(size_t& at, size_t end);

  absl::StatusOr<std::string> SpecialCall(const Token& name, size_t begin, size_t end, bool& done);
  absl::StatusOr<std::string> CastCall(size_t begin, size_t end, bool try_cast);
  absl::StatusOr<std::string> DateCall(const Token& name, size_t begin, size_t end);
  // The value of SYSTEM$LAST_CHANGE_COMMIT_TIME for a table or view.
  absl::StatusOr<std::string> LastChange(const std::string& name_text);
  absl::StatusOr<std::string> ExpandView(const ObjectName& name, const Relation& view);

  // Alias behind a table source: "AS x (a, b)" or "x"; empty when there is none.
  absl::StatusOr<std::string> TakeAlias(size_t& at, size_t end);
  void NoteCommonTables(size_t begin, size_t end);
  void NoteItemNames(size_t select, size_t end, Level& level);
  bool ItemNeedsName(size_t first, size_t end) const;
  std::string SourceText(size_t begin, size_t end) const;
  size_t MatchingParenthesis(size_t open, size_t end) const;
  std::vector<std::pair<size_t, size_t>> SplitArguments(size_t begin, size_t end) const;
  absl::StatusOr<std::string> BindingLiteral();
  absl::Status Unexpected(size_t at) const;

  void Emit(std::string text) { out_.push_back({TokenKind::kRaw, std::move(text), "", {}, 0, 0}); }
  // Takes the last primary expression off the output: what a postfix :: or : applies to.
  absl::StatusOr<std::string> PopPrimary(const Token& at);
  std::string Join() const;

  const std::vector<Token>& tokens_;
  const RewriteContext& context_;
  RewrittenQuery& query_;
  std::vector<Token> out_;
  std::set<std::string> common_tables_;
  size_t next_binding_ = 0;
  int view_depth_ = 0;
};

}  // namespace cdi::snowflake_mock
