// The syntax tree into engine SQL: names resolved, every expression typed as Snowflake types it, views expanded.
//
// Internal to the rewriter. The engine sees physical tables and columns under names made unique here, explicit column
// lists instead of stars, and casts wherever its own typing would differ from Snowflake's.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/rewriter/syntax_tree.h"
#include "tests/snowflake_mock/server/rewriter/typed.h"

namespace cdi::snowflake_mock {

// A column that names can find. `sql` is how the engine reaches it.
struct ScopeColumn {
  std::string name;
  std::string sql;
  SqlType type;
  bool nullable = true;
  bool null = false;  // the literal NULL in every row: it goes into any column
  bool named = true;  // false: an expression without an alias
};

// A table-like thing in FROM.
struct Source {
  std::vector<std::string> path;  // DB, SCHEMA, NAME; or the alias alone
  std::vector<ScopeColumn> columns;
};

// Where names of one SELECT are looked up.
struct Scope {
  const Scope* outer = nullptr;
  std::vector<Source> sources;
  // Columns of USING and NATURAL joins, which unqualified names and * see once.
  std::vector<ScopeColumn> merged;
  // Select items by their alias; used where no column has the name.
  std::map<std::string, const Expr*> aliases;
  // Aliases before columns: ORDER BY.
  bool aliases_first = false;
  // Engine SQL of grouping keys that are grouped by something else (TIMESTAMP_TZ by its instant).
  std::set<std::string> regrouped;
  int alias_depth = 0;
};

struct QueryResult {
  std::string sql;
  std::vector<ScopeColumn> columns;  // `sql` is the quoted output name
};

struct FromResult {
  std::string sql;
  Scope scope;
};

// What all translators of one statement share: views get translators of their own.
struct Translation {
  RewrittenQuery& query;
  std::set<std::string> used_aliases;
  int view_depth = 0;
  int bytes = 0;  // of everything produced: aliases inside aliases can grow without bound
};

class Translator {
 public:
  // All references outlive the translator.
  Translator(const std::vector<Token>& tokens, const RewriteContext& context, Translation& shared)
      : tokens_(tokens), context_(context), convert_(context), shared_(shared) {}

  absl::StatusOr<QueryResult> TranslateQuery(const Query& query, const Scope* outer);
  absl::StatusOr<Typed> Translate(const Expr& expr, const Scope& scope);
  const RewriteContext& context() const { return context_; }

 private:
  friend class Calls;

  struct CommonTableInfo {
    std::string engine_name;
    std::vector<ScopeColumn> columns;
  };

  // queries: translate_query.cc
  absl::StatusOr<std::string> TranslateWith(const Query& query, const Scope* outer);
  absl::StatusOr<std::string> TranslateRecursive(const CommonTable& table, const Scope* outer, CommonTableInfo& info);
  absl::StatusOr<QueryResult> TranslateBody(const QueryBody& body, const Query* owner, const Scope* outer);
  absl::StatusOr<QueryResult> TranslateValues(const std::vector<std::vector<ExprPtr>>& rows, const Scope* outer);
  absl::StatusOr<QueryResult> TranslateSetOperation(const QueryBody& body, const Scope* outer);
  absl::StatusOr<std::string> OrderOfOutput(const std::vector<OrderItem>& items, const QueryResult& result,
                                            const std::string& alias);
  absl::StatusOr<std::string> Limits(const Query& query);
  absl::StatusOr<std::string> Limit(const Expr& expr);

  // SELECT: translate_select.cc
  absl::StatusOr<QueryResult> TranslateSelect(const Select& select, const Query* owner, const Scope* outer);
  struct Item {
    std::string name;
    Typed value;
    const Expr* expr = nullptr;  // nullptr: from a star
    bool named = true;
  };
  absl::StatusOr<std::vector<Item>> TranslateItems(const Select& select, Scope& scope);
  absl::Status ExpandStar(const Star& star, Place place, const Scope& scope, std::vector<Item>& items);
  absl::StatusOr<std::vector<const ScopeColumn*>> StarColumns(const Star& star, Place place, const Scope& scope);
  absl::StatusOr<std::string> TranslateGroupBy(const Select& select, const std::vector<ExprPtr>& keys, Scope& scope);
  absl::StatusOr<std::string> GroupKey(const Expr& key, const Select& select, Scope& scope);
  absl::StatusOr<std::string> TranslateOrder(const std::vector<OrderItem>& order, const std::vector<Item>& items,
                                             const Scope& scope);
  absl::StatusOr<std::string> OrderItemSql(const OrderItem& item, const Scope& scope);
  absl::StatusOr<std::string> Condition(const Expr& expr, const Scope& scope);

  // FROM: translate_from.cc
  absl::StatusOr<FromResult> TranslateFrom(const FromItem& item, const Scope* outer);
  absl::StatusOr<FromResult> TranslateSource(const FromItem& item, const Scope* outer);
  absl::StatusOr<FromResult> TranslateTable(const FromItem& item);
  absl::StatusOr<FromResult> TranslateJoin(const FromItem& item, const Scope* outer);
  absl::StatusOr<FromResult> TranslateLateral(const FromItem& join, FromResult left, const Scope* outer);
  absl::StatusOr<FromResult> TranslateTableFunction(const FromItem& item, const FromResult* left, const Scope* outer);
  absl::StatusOr<FromResult> TranslateFlatten(const FromItem& item, const FromResult* left, const Scope* outer);
  absl::StatusOr<FromResult> TranslateSplit(const FromItem& item, const FromResult* left, const Scope* outer);
  // rows of `list` (engine SQL of a list) beside the rows of `left`.
  std::string UnnestBeside(const FromResult* left, const std::string& list, FromResult& result, std::string& element);
  absl::StatusOr<std::string> JoinCondition(const FromItem& item, FromResult& left, FromResult& right, Scope& both,
                                            const Scope* outer);
  absl::StatusOr<QueryResult> ExpandView(const ObjectName& name, const Relation& view);
  FromResult Aliased(const std::string& sql, const std::string& alias, std::vector<std::string> path,
                     std::vector<ScopeColumn> columns, const FromItem& item);
  std::string UniqueAlias(const std::string& wanted);

  // names: translate_names.cc
  absl::StatusOr<Typed> Name(const Expr& expr, const Scope& scope);
  absl::StatusOr<const ScopeColumn*> FindColumn(const std::vector<std::string>& parts, const Scope& scope,
                                                Place place) const;
  absl::StatusOr<Typed> Binding(const Expr& expr);
  absl::StatusOr<Typed> VariableValue(const Expr& expr, const Scope& scope);
  std::string ItemName(const Expr& expr) const;

  // expressions: translate_expression.cc
  absl::StatusOr<Typed> TranslateNode(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Unary(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Chain(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Is(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> In(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> InQuery(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Quantified(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Between(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Like(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Case(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Path(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> ScalarQuery(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> RowComparison(const std::string& op, const Expr& left, const Expr& right, const Scope& scope);
  absl::StatusOr<std::vector<Typed>> TranslateAll(const std::vector<ExprPtr>& exprs, const Scope& scope);

  // operators: translate_operators.cc
  absl::StatusOr<Typed> Binary(const Expr& expr, const Scope& scope);
  absl::StatusOr<Typed> Arithmetic(const std::string& op, const Typed& left, const Typed& right);
  absl::StatusOr<Typed> TimeArithmetic(const std::string& op, const Typed& left, const Typed& right);
  absl::StatusOr<Typed> AddInterval(const Expr& interval, const Typed& time, bool subtract);
  absl::StatusOr<Typed> Concatenate(const Typed& left, const Typed& right);

  // window clauses: translate_window.cc
  absl::StatusOr<std::string> Over(const Window& window, const Scope& scope);
  absl::StatusOr<std::string> OrderList(const std::vector<OrderItem>& items, const Scope& scope);

  const std::vector<Token>& tokens_;
  const RewriteContext& context_;
  Conversions convert_;
  Translation& shared_;
  std::vector<std::map<std::string, CommonTableInfo>> common_tables_;
};

bool IsAggregateCall(const Expr& expr);
// Any aggregate (not a window function) inside, subqueries left out.
bool ContainsAggregate(const Expr& expr);

}  // namespace cdi::snowflake_mock
