// WITH, set operations, VALUES, ORDER BY and LIMIT of a whole query.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

// "~1", "~2" …
std::vector<std::string> PlaceNames(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 1; i <= count; ++i) names.push_back(absl::StrCat("\"~", i, "\""));
  return names;
}

// The rows of `result` with every column cast to `types`.
std::string AsTypes(const QueryResult& result, const std::vector<SqlType>& types, const Conversions& convert,
                    absl::Status& status) {
  bool same = true;
  for (size_t i = 0; i < types.size(); ++i) same = same && result.columns[i].type == types[i];
  if (same) return absl::StrCat("SELECT * FROM (", result.sql, ")");
  const std::vector<std::string> names = PlaceNames(types.size());
  std::vector<std::string> items;
  for (size_t i = 0; i < types.size(); ++i) {
    const auto cast = convert.Coerce({names[i], result.columns[i].type, true, false, {}, {}}, types[i]);
    if (!cast.ok()) {
      status = cast.status();
      return "";
    }
    items.push_back(absl::StrCat(cast->sql, " AS ", names[i]));
  }
  return absl::StrCat("SELECT ", absl::StrJoin(items, ", "), " FROM (", result.sql, ") AS \"~CAST\"(",
                      absl::StrJoin(names, ", "), ")");
}

// True when the query names the table in a FROM of its right branch.
bool Mentions(const FromItem& item, const std::string& name) {
  if (item.kind == FromItem::Kind::kJoin) return Mentions(*item.left, name) || Mentions(*item.right, name);
  return item.kind == FromItem::Kind::kTable && item.name.size() == 1 && item.name[0] == name;
}

bool IsRecursive(const CommonTable& table) {
  const QueryBody& body = *table.query->body;
  if (body.kind != QueryBody::Kind::kSetOperation || body.operation != "UNION") return false;
  const QueryBody& right = *body.right;
  return right.kind == QueryBody::Kind::kSelect && right.select->from != nullptr &&
         Mentions(*right.select->from, table.name);
}

}  // namespace

absl::StatusOr<QueryResult> Translator::TranslateQuery(const Query& query, const Scope* outer) {
  common_tables_.emplace_back();
  const auto run = [&]() -> absl::StatusOr<QueryResult> {
    CDI_ASSIGN_OR_RETURN(const std::string with, TranslateWith(query, outer));
    CDI_ASSIGN_OR_RETURN(QueryResult result, TranslateBody(*query.body, &query, outer));
    result.sql = with + result.sql;
    return result;
  };
  auto result = run();
  common_tables_.pop_back();
  return result;
}

absl::StatusOr<std::string> Translator::TranslateWith(const Query& query, const Scope* outer) {
  std::string text;
  bool recursive = false;
  for (const CommonTable& table : query.with) {
    CommonTableInfo info;
    info.engine_name = UniqueAlias(table.name);
    std::string sql;
    if (IsRecursive(table)) {
      recursive = true;
      CDI_ASSIGN_OR_RETURN(sql, TranslateRecursive(table, outer, info));
    } else {
      CDI_ASSIGN_OR_RETURN(const QueryResult result, TranslateQuery(*table.query, outer));
      sql = result.sql;
      info.columns = result.columns;
    }
    if (!table.columns.empty() && table.columns.size() != info.columns.size()) {
      return SqlError("002020", "21S01",
                      absl::StrCat("SQL compilation error:\nInvalid column definition list of '", table.name, "'"));
    }
    for (size_t i = 0; i < table.columns.size(); ++i) info.columns[i].name = table.columns[i];
    const std::vector<std::string> names = PlaceNames(info.columns.size());
    for (size_t i = 0; i < names.size(); ++i) info.columns[i].sql = names[i];
    absl::StrAppend(&text, text.empty() ? "" : ", ", info.engine_name, "(", absl::StrJoin(names, ", "), ") AS (", sql,
                    ")");
    common_tables_.back()[table.name] = std::move(info);
  }
  if (text.empty()) return text;
  return absl::StrCat("WITH ", recursive ? "RECURSIVE " : "", text, " ");
}

// The anchor decides names and types; the recursive branch is cast to them.
absl::StatusOr<std::string> Translator::TranslateRecursive(const CommonTable& table, const Scope* outer,
                                                           CommonTableInfo& info) {
  const QueryBody& body = *table.query->body;
  if (!table.query->order_by.empty() || table.query->limit != nullptr || !table.query->with.empty())
    return Unsupported("ORDER BY, LIMIT or WITH inside a recursive common table");
  CDI_ASSIGN_OR_RETURN(const QueryResult anchor, TranslateBody(*body.left, nullptr, outer));
  info.columns = anchor.columns;
  // Texts and numbers may grow from step to step.
  std::vector<SqlType> types;
  for (ScopeColumn& column : info.columns) {
    if (column.type.kind == Kind::kNumber) column.type = SqlType::Number(38, column.type.scale);
    if (column.type.kind == Kind::kText) column.type = SqlType::Text();
    column.nullable = true;
    types.push_back(column.type);
  }
  CommonTableInfo seen = info;
  const std::vector<std::string> names = PlaceNames(seen.columns.size());
  for (size_t i = 0; i < names.size(); ++i) {
    seen.columns[i].sql = names[i];
    if (i < table.columns.size()) seen.columns[i].name = table.columns[i];
  }
  common_tables_.back()[table.name] = seen;
  CDI_ASSIGN_OR_RETURN(const QueryResult step, TranslateBody(*body.right, nullptr, outer));
  if (step.columns.size() != types.size()) {
    return SqlError("002057", "42601", "SQL compilation error:\nthe branches of a recursive query differ in columns");
  }
  absl::Status status;
  const std::string first = AsTypes(anchor, types, convert_, status);
  const std::string next = AsTypes(step, types, convert_, status);
  CDI_RETURN_IF_ERROR(status);
  return absl::StrCat(first, body.all ? " UNION ALL " : " UNION ", next);
}

absl::StatusOr<QueryResult> Translator::TranslateBody(const QueryBody& body, const Query* owner, const Scope* outer) {
  if (body.kind == QueryBody::Kind::kSelect) return TranslateSelect(*body.select, owner, outer);
  QueryResult result;
  if (body.kind == QueryBody::Kind::kNested) {
    CDI_ASSIGN_OR_RETURN(result, TranslateQuery(*body.nested, outer));
    result.sql = absl::StrCat("(", result.sql, ")");
  } else if (body.kind == QueryBody::Kind::kValues) {
    CDI_ASSIGN_OR_RETURN(result, TranslateValues(body.rows, outer));
  } else {
    CDI_ASSIGN_OR_RETURN(result, TranslateSetOperation(body, outer));
  }
  if (owner == nullptr || (owner->order_by.empty() && owner->limit == nullptr && owner->offset == nullptr))
    return result;
  const std::vector<std::string> names = PlaceNames(result.columns.size());
  const std::string alias = UniqueAlias("~ORDERED");
  std::vector<std::string> items;
  for (size_t i = 0; i < names.size(); ++i) {
    items.push_back(absl::StrCat(alias, ".", names[i], " AS ", QuoteEngineName(EncodeName(result.columns[i].name))));
  }
  CDI_ASSIGN_OR_RETURN(const std::string order, OrderOfOutput(owner->order_by, result, alias));
  CDI_ASSIGN_OR_RETURN(const std::string limits, Limits(*owner));
  result.sql = absl::StrCat("SELECT ", absl::StrJoin(items, ", "), " FROM (", result.sql, ") AS ", alias, "(",
                            absl::StrJoin(names, ", "), ")", order, limits);
  return result;
}

// ORDER BY behind a set operation or VALUES: names and places of the output.
absl::StatusOr<std::string> Translator::OrderOfOutput(const std::vector<OrderItem>& items, const QueryResult& result,
                                                      const std::string& alias) {
  if (items.empty()) return std::string();
  Scope scope;
  scope.sources.emplace_back();
  for (size_t i = 0; i < result.columns.size(); ++i) {
    ScopeColumn column = result.columns[i];
    column.sql = absl::StrCat(alias, ".\"~", i + 1, "\"");
    scope.sources.back().columns.push_back(std::move(column));
  }
  std::vector<Item> outputs;
  for (const ScopeColumn& column : scope.sources.back().columns)
    outputs.push_back({column.name, Typed{column.sql, column.type, true, false, {}, {}}, nullptr});
  return TranslateOrder(items, outputs, scope);
}

absl::StatusOr<QueryResult> Translator::TranslateValues(const std::vector<std::vector<ExprPtr>>& rows,
                                                        const Scope* outer) {
  Scope scope;
  scope.outer = outer;
  std::vector<std::vector<Typed>> columns(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      CDI_ASSIGN_OR_RETURN(Typed value, Translate(*row[i], scope));
      columns[i].push_back(std::move(value));
    }
  }
  QueryResult result;
  std::vector<std::string> texts(rows.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    SqlType type;
    CDI_ASSIGN_OR_RETURN(const std::vector<Typed> unified, convert_.Unified(columns[i], &type));
    bool nullable = false;
    for (size_t row = 0; row < unified.size(); ++row) {
      absl::StrAppend(&texts[row], i == 0 ? "" : ", ", unified[row].sql);
      nullable = nullable || unified[row].nullable;
    }
    const std::string name = absl::StrCat("COLUMN", i + 1);
    const bool null = std::all_of(columns[i].begin(), columns[i].end(), [](const Typed& value) { return value.null; });
    result.columns.push_back({name, QuoteEngineName(name), type, nullable, null});
  }
  std::vector<std::string> names;
  for (const ScopeColumn& column : result.columns) names.push_back(column.sql);
  result.sql = absl::StrCat("SELECT * FROM (VALUES (", absl::StrJoin(texts, "), ("), ")) AS \"~VALUES\"(",
                            absl::StrJoin(names, ", "), ")");
  return result;
}

absl::StatusOr<QueryResult> Translator::TranslateSetOperation(const QueryBody& body, const Scope* outer) {
  CDI_ASSIGN_OR_RETURN(const QueryResult left, TranslateBody(*body.left, nullptr, outer));
  CDI_ASSIGN_OR_RETURN(const QueryResult right, TranslateBody(*body.right, nullptr, outer));
  if (left.columns.size() != right.columns.size()) {
    return SqlError(
        "002057", "42601",
        absl::StrCat("SQL compilation error:\ninvalid number of result columns for set operator input branches, "
                     "expected ",
                     left.columns.size(), ", got ", right.columns.size(), " in a branch"),
        body.place);
  }
  QueryResult result;
  std::vector<SqlType> types;
  bool zoned = false;
  for (size_t i = 0; i < left.columns.size(); ++i) {
    const Typed a{"a", left.columns[i].type, left.columns[i].nullable, false, {}, {}};
    const Typed b{"b", right.columns[i].type, right.columns[i].nullable, false, {}, {}};
    CDI_ASSIGN_OR_RETURN(const SqlType type, convert_.Unify({a, b}));
    types.push_back(type);
    zoned = zoned || type.kind == Kind::kTimestampTz;
    result.columns.push_back({left.columns[i].name, left.columns[i].sql, type, a.nullable || b.nullable,
                              left.columns[i].null && right.columns[i].null, left.columns[i].named});
  }
  if (zoned && !body.all) return Unsupported(absl::StrCat(body.operation, " of TIMESTAMP_TZ columns"));
  absl::Status status;
  const std::string first = AsTypes(left, types, convert_, status);
  const std::string second = AsTypes(right, types, convert_, status);
  CDI_RETURN_IF_ERROR(status);
  result.sql = absl::StrCat(first, " ", body.operation, body.all ? " ALL " : " ", second);
  return result;
}

absl::StatusOr<std::string> Translator::Limit(const Expr& expr) {
  if (expr.kind == Expr::Kind::kNull) return std::string();
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(expr, Scope{}));
  int64_t amount = 0;
  const std::string text = value.number_text.value_or(value.literal.value_or(""));
  if (!text.empty()) {
    if (!absl::SimpleAtoi(text, &amount) || amount < 0)
      return SqlError("001003", "42601",
                      absl::StrCat("SQL compilation error:\nInvalid row count '", text, "' in limit clause"));
    return absl::StrCat(amount);
  }
  if (value.null) return std::string();
  return convert_.Bigint(value);
}

absl::StatusOr<std::string> Translator::Limits(const Query& query) {
  std::string text;
  if (query.limit != nullptr) {
    CDI_ASSIGN_OR_RETURN(const std::string limit, Limit(*query.limit));
    if (!limit.empty()) absl::StrAppend(&text, " LIMIT ", limit);
  }
  if (query.offset != nullptr) {
    CDI_ASSIGN_OR_RETURN(const std::string offset, Limit(*query.offset));
    if (!offset.empty()) absl::StrAppend(&text, " OFFSET ", offset);
  }
  return text;
}

}  // namespace cdi::snowflake_mock
