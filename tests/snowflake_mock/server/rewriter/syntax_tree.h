// A query as written: the tree between the parser and the translator. Plain values that own their children.
//
// Names are folded as the tokenizer folds them; nothing is resolved yet.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/snowflake_mock/server/language/sql_type.h"
#include "tests/snowflake_mock/server/language/tokenizer.h"

namespace cdi::snowflake_mock {

struct Expr;
struct Query;
using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::unique_ptr<Query>;

struct OrderItem {
  ExprPtr value;
  bool descending = false;
  std::optional<bool> nulls_first;
};

// OVER (…)
struct Window {
  std::vector<ExprPtr> partition;
  std::vector<OrderItem> order;
  std::string frame;  // "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW"; empty: none given
};

// * with what may follow it
struct Star {
  std::vector<std::string> qualifier;  // of t.*; empty: all
  std::vector<std::string> exclude;
  std::vector<std::pair<std::string, std::string>> rename;
  std::vector<std::pair<std::string, ExprPtr>> replace;
  std::optional<std::string> ilike;
};

struct Expr {
  enum class Kind {
    kNumber,      // text
    kString,      // text
    kBytes,       // X'…': text in hex
    kTrue,        //
    kFalse,       //
    kNull,        //
    kBinding,     // ? or :1; `index` counts from 0
    kVariable,    // $NAME or $1
    kRaw,         // finished engine SQL
    kName,        // parts
    kStar,        // star; only as a select item or an argument
    kUnary,       // text: - + NOT
    kBinary,      // text: + - * / % || = <> < <= > >=
    kChain,       // text: AND OR; all operands in children
    kIs,          // text: NULL, TRUE, FALSE, or DISTINCT (two children); negated
    kIn,          // children[0] IN the rest, or in query; negated
    kBetween,     // three children; negated
    kLike,        // text: LIKE ILIKE RLIKE; children: value, patterns…; `quantifier` ANY or ALL; escape; negated
    kCase,        // children: [operand] when then … [else]; flags has_operand, has_else
    kCast,        // children[0] to type; try_cast
    kPath,        // children[0] : path steps in children[1…]: strings (keys) or numbers and other expressions
    kCall,        // parts[0] the name; children, argument_names, and the clauses below
    kExists,      // query
    kSubquery,    // query
    kRow,         // (a, b)
    kQuantified,  // children[0] text quantifier (query)
    kInterval,    // text
  };

  Kind kind = Kind::kNull;
  Place place;
  size_t begin = 0;  // tokens [begin, end): the source of unnamed columns' names
  size_t end = 0;
  std::string text;
  std::vector<std::string> parts;
  std::vector<ExprPtr> children;
  bool negated = false;
  bool try_cast = false;
  bool has_operand = false;
  bool has_else = false;
  bool parenthesised = false;
  size_t index = 0;
  int height = 1;
  std::string quantifier;
  SqlType type;
  QueryPtr query;
  std::unique_ptr<Star> star;

  // kCall
  std::vector<std::string> argument_names;  // name => value; empty for plain ones
  bool distinct = false;
  std::vector<OrderItem> within_group;
  std::string nulls;  // IGNORE or RESPECT
  std::unique_ptr<Window> over;
};

struct SelectItem {
  ExprPtr value;      // kStar for stars
  std::string alias;  // empty: none given
};

// One table-like thing in FROM.
struct FromItem {
  enum class Kind { kTable, kSubquery, kValues, kFunction, kJoin, kHook } kind = Kind::kTable;
  Place place;
  size_t token = 0;                        // where it begins; for the statement layer's own sources
  std::vector<std::string> name;           // kTable; kFunction: the function's
  QueryPtr query;                          // kSubquery
  std::vector<std::vector<ExprPtr>> rows;  // kValues
  ExprPtr call;                            // kFunction
  bool lateral = false;
  std::string alias;
  std::vector<std::string> alias_columns;
  // kHook: answered by RewriteContext::table_source
  std::string engine_sql;
  std::vector<std::pair<std::string, SqlType>> hook_columns;
  std::vector<bool> hook_nullable;

  // kJoin
  std::string join;  // INNER LEFT RIGHT FULL CROSS
  bool natural = false;
  std::unique_ptr<FromItem> left;
  std::unique_ptr<FromItem> right;
  ExprPtr on;
  std::vector<std::string> using_columns;
};

struct GroupBy {
  bool all = false;
  std::string form;  // "", ROLLUP, CUBE, GROUPING SETS
  std::vector<ExprPtr> items;
  std::vector<std::vector<ExprPtr>> sets;  // GROUPING SETS
};

struct Select {
  bool distinct = false;
  std::vector<SelectItem> items;
  std::unique_ptr<FromItem> from;  // nullptr: no FROM; comma lists are CROSS joins
  ExprPtr where;
  std::optional<GroupBy> group_by;
  ExprPtr having;
  ExprPtr qualify;
  std::optional<int64_t> top;
};

// SELECT, VALUES, a set operation, or a query in parentheses.
struct QueryBody {
  enum class Kind { kSelect, kValues, kSetOperation, kNested } kind = Kind::kSelect;
  std::unique_ptr<Select> select;
  std::vector<std::vector<ExprPtr>> rows;
  std::string operation;  // UNION, EXCEPT, INTERSECT
  bool all = false;
  std::unique_ptr<QueryBody> left;
  std::unique_ptr<QueryBody> right;
  QueryPtr nested;
  Place place;
  int height = 1;
};

struct CommonTable {
  std::string name;
  std::vector<std::string> columns;
  QueryPtr query;
};

struct Query {
  bool recursive = false;
  std::vector<CommonTable> with;
  std::unique_ptr<QueryBody> body;
  std::vector<OrderItem> order_by;
  ExprPtr limit;   // nullptr: none
  ExprPtr offset;  // nullptr: none
};

}  // namespace cdi::snowflake_mock
