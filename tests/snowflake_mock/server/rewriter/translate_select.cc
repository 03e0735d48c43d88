// One SELECT: items and stars, WHERE, GROUP BY, HAVING, QUALIFY, ORDER BY.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/language/show_pattern.h"
#include "tests/snowflake_mock/server/rewriter/functions.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

// A place in the select list: 1 …; nullopt when the expression is none.
std::optional<size_t> PlaceInList(const Expr& expr) {
  size_t place = 0;
  if (expr.kind != Expr::Kind::kNumber || expr.parenthesised || !absl::SimpleAtoi(expr.text, &place))
    return std::nullopt;
  return place;
}

absl::Status BadPlace(const char* clause, const Expr& expr) {
  return SqlError("002136", "42601",
                  absl::StrCat("SQL compilation error: error line ", expr.place.line, " at position ",
                               expr.place.position, "\nInvalid position '", expr.text, "' in ", clause, " clause"),
                  expr.place);
}

}  // namespace

bool ContainsAggregate(const Expr& expr) {
  if (IsAggregateCall(expr)) return true;
  for (const ExprPtr& child : expr.children) {
    if (child != nullptr && ContainsAggregate(*child)) return true;
  }
  if (expr.over != nullptr) {
    for (const ExprPtr& key : expr.over->partition) {
      if (ContainsAggregate(*key)) return true;
    }
    for (const OrderItem& key : expr.over->order) {
      if (ContainsAggregate(*key.value)) return true;
    }
  }
  return false;
}

absl::StatusOr<std::string> Translator::Condition(const Expr& expr, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(expr, scope));
  CDI_ASSIGN_OR_RETURN(const Typed condition, convert_.Boolean(value));
  return condition.sql;
}

absl::StatusOr<QueryResult> Translator::TranslateSelect(const Select& select, const Query* owner, const Scope* outer) {
  FromResult from;
  if (select.from != nullptr) {
    CDI_ASSIGN_OR_RETURN(from, TranslateFrom(*select.from, outer));
  }
  Scope scope = std::move(from.scope);
  scope.outer = outer;
  for (const SelectItem& item : select.items) {
    if (!item.alias.empty()) scope.aliases.emplace(item.alias, item.value.get());
  }
  std::string clauses;
  if (select.from != nullptr) absl::StrAppend(&clauses, " FROM ", from.sql);
  if (select.where != nullptr) {
    CDI_ASSIGN_OR_RETURN(const std::string where, Condition(*select.where, scope));
    absl::StrAppend(&clauses, " WHERE ", where);
  }
  if (select.group_by.has_value()) {
    CDI_ASSIGN_OR_RETURN(const std::string group, TranslateGroupBy(select, select.group_by->items, scope));
    absl::StrAppend(&clauses, group);
  }
  CDI_ASSIGN_OR_RETURN(const std::vector<Item> items, TranslateItems(select, scope));
  if (select.having != nullptr) {
    CDI_ASSIGN_OR_RETURN(const std::string having, Condition(*select.having, scope));
    absl::StrAppend(&clauses, " HAVING ", having);
  }
  if (select.qualify != nullptr) {
    CDI_ASSIGN_OR_RETURN(const std::string qualify, Condition(*select.qualify, scope));
    absl::StrAppend(&clauses, " QUALIFY ", qualify);
  }
  QueryResult result;
  std::vector<std::string> outputs;
  std::vector<std::string> keys;
  bool zoned = false;
  for (const Item& item : items) {
    const std::string name = QuoteEngineName(EncodeName(item.name));
    const SqlType type = item.value.type;
    std::string sql = item.value.null ? "CAST(NULL AS VARCHAR)" : item.value.sql;
    outputs.push_back(absl::StrCat(sql, " AS ", name));
    keys.push_back(convert_.EqualityKey(item.value));
    zoned = zoned || type.kind == Kind::kTimestampTz;
    result.columns.push_back({item.name, name, type, item.value.nullable, item.value.null, item.named});
  }
  if (owner != nullptr && !owner->order_by.empty()) {
    CDI_ASSIGN_OR_RETURN(const std::string order, TranslateOrder(owner->order_by, items, scope));
    absl::StrAppend(&clauses, order);
  }
  if (select.top.has_value()) {
    if (owner != nullptr && owner->limit != nullptr)
      return SqlError("001003", "42000", "SQL compilation error:\nTOP and LIMIT in one query");
    absl::StrAppend(&clauses, " LIMIT ", *select.top);
  }
  if (owner != nullptr) {
    CDI_ASSIGN_OR_RETURN(const std::string limits, Limits(*owner));
    absl::StrAppend(&clauses, limits);
  }
  const std::string distinct = !select.distinct ? ""
                               : zoned          ? absl::StrCat("DISTINCT ON (", absl::StrJoin(keys, ", "), ") ")
                                                : "DISTINCT ";
  result.sql = absl::StrCat("SELECT ", distinct, absl::StrJoin(outputs, ", "), clauses);
  return result;
}

absl::StatusOr<std::vector<Translator::Item>> Translator::TranslateItems(const Select& select, Scope& scope) {
  std::vector<Item> items;
  for (const SelectItem& item : select.items) {
    if (item.value->kind == Expr::Kind::kStar) {
      if (scope.sources.empty()) return SqlError("002004", "42601", "SQL compilation error:\nSELECT with no columns");
      CDI_RETURN_IF_ERROR(ExpandStar(*item.value->star, item.value->place, scope, items));
      continue;
    }
    Item one;
    one.name = item.alias.empty() ? ItemName(*item.value) : item.alias;
    one.named = !item.alias.empty() || item.value->kind == Expr::Kind::kName;
    one.expr = item.value.get();
    CDI_ASSIGN_OR_RETURN(one.value, Translate(*item.value, scope));
    items.push_back(std::move(one));
  }
  return items;
}

// The columns that a star stands for, after EXCLUDE and ILIKE.
absl::StatusOr<std::vector<const ScopeColumn*>> Translator::StarColumns(const Star& star, Place place,
                                                                        const Scope& scope) {
  std::vector<const ScopeColumn*> columns;
  bool found = star.qualifier.empty();
  const auto merged = [&](const std::string& name) {
    return std::any_of(scope.merged.begin(), scope.merged.end(),
                       [&](const ScopeColumn& column) { return column.name == name; });
  };
  if (star.qualifier.empty()) {
    for (const ScopeColumn& column : scope.merged) columns.push_back(&column);
  }
  for (const Source& source : scope.sources) {
    const auto& path = source.path;
    const bool here =
        star.qualifier.empty() || (star.qualifier.size() <= path.size() &&
                                   std::equal(star.qualifier.rbegin(), star.qualifier.rend(), path.rbegin()));
    if (!here) continue;
    found = true;
    for (const ScopeColumn& column : source.columns) {
      if (!star.qualifier.empty() || !merged(column.name)) columns.push_back(&column);
    }
  }
  if (!found) return InvalidIdentifier(place, absl::StrJoin(star.qualifier, "."));
  for (const std::string& name : star.exclude) {
    const auto end =
        std::remove_if(columns.begin(), columns.end(), [&](const ScopeColumn* column) { return column->name == name; });
    if (end == columns.end()) return InvalidIdentifier(place, DisplayName(name));
    columns.erase(end, columns.end());
  }
  if (star.ilike.has_value()) {
    const std::string pattern = absl::AsciiStrToUpper(*star.ilike);
    const auto end = std::remove_if(columns.begin(), columns.end(), [&](const ScopeColumn* column) {
      return !LikeMatches(pattern, absl::AsciiStrToUpper(column->name));
    });
    columns.erase(end, columns.end());
  }
  if (columns.empty()) return SqlError("002004", "42601", "SQL compilation error:\nSELECT with no columns");
  return columns;
}

absl::Status Translator::ExpandStar(const Star& star, Place place, const Scope& scope, std::vector<Item>& items) {
  CDI_ASSIGN_OR_RETURN(const std::vector<const ScopeColumn*> columns, StarColumns(star, place, scope));
  std::set<std::string> used;
  for (const ScopeColumn* const column : columns) {
    Item item;
    item.name = column->name;
    item.value = Typed{column->sql, column->type, column->nullable, false, {}, {}};
    for (const auto& [name, value] : star.replace) {
      if (name != column->name) continue;
      CDI_ASSIGN_OR_RETURN(item.value, Translate(*value, scope));
      used.insert(name);
    }
    for (const auto& [from, to] : star.rename) {
      if (from != column->name) continue;
      item.name = to;
      used.insert(from);
    }
    items.push_back(std::move(item));
  }
  for (const auto& [name, value] : star.replace) {
    if (!used.contains(name)) return InvalidIdentifier(place, DisplayName(name));
  }
  for (const auto& [name, to] : star.rename) {
    if (!used.contains(name)) return InvalidIdentifier(place, DisplayName(name));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Translator::GroupKey(const Expr& key, const Select& select, Scope& scope) {
  const Expr* expr = &key;
  if (const auto place = PlaceInList(key)) {
    if (*place < 1 || *place > select.items.size()) return BadPlace("GROUP BY", key);
    expr = select.items[*place - 1].value.get();
    if (expr->kind == Expr::Kind::kStar) return Unsupported("GROUP BY of a place that is *");
  }
  if (ContainsAggregate(*expr)) {
    return SqlError("002081", "42601",
                    "SQL compilation error:\n[" + ItemName(*expr) + "] is not a valid group by expression");
  }
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*expr, scope));
  const std::string by = convert_.EqualityKey(value);
  if (by != value.sql) scope.regrouped.insert(value.sql);
  // A bare number would be a place for the engine.
  return absl::StrCat("(", by, ")");
}

absl::StatusOr<std::string> Translator::TranslateGroupBy(const Select& select, const std::vector<ExprPtr>& keys,
                                                         Scope& scope) {
  const GroupBy& group = *select.group_by;
  std::vector<std::string> texts;
  if (group.all) {
    for (const SelectItem& item : select.items) {
      if (item.value->kind == Expr::Kind::kStar) return Unsupported("GROUP BY ALL with *");
      if (ContainsAggregate(*item.value)) continue;
      CDI_ASSIGN_OR_RETURN(std::string key, GroupKey(*item.value, select, scope));
      texts.push_back(std::move(key));
    }
    return texts.empty() ? std::string() : absl::StrCat(" GROUP BY ", absl::StrJoin(texts, ", "));
  }
  if (group.form == "GROUPING SETS") {
    for (const auto& set : group.sets) {
      std::vector<std::string> inner;
      for (const ExprPtr& key : set) {
        CDI_ASSIGN_OR_RETURN(std::string text, GroupKey(*key, select, scope));
        inner.push_back(std::move(text));
      }
      texts.push_back(absl::StrCat("(", absl::StrJoin(inner, ", "), ")"));
    }
    return absl::StrCat(" GROUP BY GROUPING SETS (", absl::StrJoin(texts, ", "), ")");
  }
  for (const ExprPtr& key : keys) {
    if (key->kind == Expr::Kind::kRow) return Unsupported("lists inside GROUP BY");
    CDI_ASSIGN_OR_RETURN(std::string text, GroupKey(*key, select, scope));
    texts.push_back(std::move(text));
  }
  if (group.form.empty()) return absl::StrCat(" GROUP BY ", absl::StrJoin(texts, ", "));
  return absl::StrCat(" GROUP BY ", group.form, " (", absl::StrJoin(texts, ", "), ")");
}

// Aliases first, then columns; places are counted in the output.
absl::StatusOr<std::string> Translator::TranslateOrder(const std::vector<OrderItem>& order,
                                                       const std::vector<Item>& items, const Scope& scope) {
  Scope ordering = scope;
  ordering.aliases_first = true;
  std::vector<std::string> texts;
  for (const OrderItem& item : order) {
    std::string key;
    if (const auto place = PlaceInList(*item.value)) {
      if (*place < 1 || *place > items.size()) return BadPlace("ORDER BY", *item.value);
      const Typed& value = items[*place - 1].value;
      key = convert_.OrderKey(value) == value.sql ? absl::StrCat(*place) : convert_.OrderKey(value);
    } else {
      // A name of the output is that output, not an expression computed again.
      const Item* named = nullptr;
      if (item.value->kind == Expr::Kind::kName && item.value->parts.size() == 1) {
        const auto found =
            std::find_if(items.begin(), items.end(), [&](const Item& one) { return one.name == item.value->parts[0]; });
        if (found != items.end()) named = &*found;
      }
      if (named != nullptr) {
        const Typed& value = named->value;
        key = convert_.OrderKey(value) == value.sql ? absl::StrCat(named - items.data() + 1) : convert_.OrderKey(value);
      } else {
        CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*item.value, ordering));
        key = absl::StrCat("(", convert_.OrderKey(value), ")");
      }
    }
    absl::StrAppend(&key, item.descending ? " DESC" : " ASC");
    if (item.nulls_first.has_value()) absl::StrAppend(&key, *item.nulls_first ? " NULLS FIRST" : " NULLS LAST");
    texts.push_back(std::move(key));
  }
  return absl::StrCat(" ORDER BY ", absl::StrJoin(texts, ", "));
}

absl::StatusOr<std::string> Translator::OrderItemSql(const OrderItem& item, const Scope& scope) {
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*item.value, scope));
  std::string text = absl::StrCat("(", convert_.OrderKey(value), ")", item.descending ? " DESC" : " ASC");
  if (item.nulls_first.has_value()) absl::StrAppend(&text, *item.nulls_first ? " NULLS FIRST" : " NULLS LAST");
  return text;
}

// ---- windows ----

absl::StatusOr<std::string> Translator::OrderList(const std::vector<OrderItem>& items, const Scope& scope) {
  std::vector<std::string> texts;
  for (const OrderItem& item : items) {
    CDI_ASSIGN_OR_RETURN(std::string text, OrderItemSql(item, scope));
    texts.push_back(std::move(text));
  }
  return texts.empty() ? std::string() : absl::StrCat("ORDER BY ", absl::StrJoin(texts, ", "));
}

absl::StatusOr<std::string> Translator::Over(const Window& window, const Scope& scope) {
  std::vector<std::string> keys;
  for (const ExprPtr& key : window.partition) {
    CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*key, scope));
    keys.push_back(value.null ? "CAST(NULL AS BIGINT)" : convert_.EqualityKey(value));
  }
  CDI_ASSIGN_OR_RETURN(const std::string order, OrderList(window.order, scope));
  std::string text = keys.empty() ? "" : absl::StrCat("PARTITION BY ", absl::StrJoin(keys, ", "));
  for (const std::string& part : {order, window.frame}) {
    if (!part.empty()) absl::StrAppend(&text, text.empty() ? "" : " ", part);
  }
  return absl::StrCat(" OVER (", text, ")");
}

}  // namespace cdi::snowflake_mock
