// FROM: tables and views with their grants, common tables, subqueries, joins.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/information_schema.h"
#include "tests/snowflake_mock/server/rewriter/parser.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

constexpr int kViewDepthMax = 16;

void MakeNullable(Scope& scope) {
  for (Source& source : scope.sources) {
    for (ScopeColumn& column : source.columns) column.nullable = true;
  }
  for (ScopeColumn& column : scope.merged) column.nullable = true;
}

}  // namespace

// The engine must not mix up names of nested queries: every source gets one that is used nowhere else.
std::string Translator::UniqueAlias(const std::string& wanted) {
  const std::string encoded = wanted[0] == '~' ? wanted : EncodeName(wanted);
  std::string name = encoded;
  for (int n = 2; !shared_.used_aliases.insert(name).second; ++n) name = absl::StrCat(encoded, "~", n);
  return QuoteEngineName(name);
}

FromResult Translator::Aliased(const std::string& sql, const std::string& alias, std::vector<std::string> path,
                               std::vector<ScopeColumn> columns, const FromItem& item) {
  FromResult result;
  const std::string engine = UniqueAlias(alias.empty() ? "~SOURCE" : alias);
  result.sql = absl::StrCat(sql, " AS ", engine);
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i].sql = absl::StrCat(engine, ".", columns[i].sql);
    if (i < item.alias_columns.size()) columns[i].name = item.alias_columns[i];
  }
  result.scope.sources.push_back({std::move(path), std::move(columns)});
  return result;
}

absl::StatusOr<FromResult> Translator::TranslateFrom(const FromItem& item, const Scope* outer) {
  if (item.kind == FromItem::Kind::kJoin) return TranslateJoin(item, outer);
  if (item.kind == FromItem::Kind::kFunction) return TranslateTableFunction(item, nullptr, outer);
  return TranslateSource(item, outer);
}

absl::StatusOr<FromResult> Translator::TranslateSource(const FromItem& item, const Scope* outer) {
  if (item.kind == FromItem::Kind::kTable) return TranslateTable(item);
  const std::vector<std::string> path = item.alias.empty() ? std::vector<std::string>{} : std::vector{item.alias};
  if (item.kind == FromItem::Kind::kHook) {
    std::vector<ScopeColumn> columns;
    for (size_t i = 0; i < item.hook_columns.size(); ++i) {
      columns.push_back({item.hook_columns[i].first, absl::StrCat("\"~", i + 1, "\""), item.hook_columns[i].second,
                         item.hook_nullable[i]});
    }
    std::vector<std::string> names;
    for (const ScopeColumn& column : columns) names.push_back(column.sql);
    FromResult result = Aliased(item.engine_sql, item.alias, path, std::move(columns), item);
    absl::StrAppend(&result.sql, "(", absl::StrJoin(names, ", "), ")");
    return result;
  }
  QueryResult inner;
  if (item.kind == FromItem::Kind::kValues) {
    CDI_ASSIGN_OR_RETURN(inner, TranslateValues(item.rows, outer));
  } else {
    CDI_ASSIGN_OR_RETURN(inner, TranslateQuery(*item.query, outer));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < inner.columns.size(); ++i) {
    names.push_back(absl::StrCat("\"~", i + 1, "\""));
    inner.columns[i].sql = names.back();
  }
  if (item.alias_columns.size() > names.size())
    return SqlError("002020", "21S01", "SQL compilation error:\nInvalid column definition list");
  FromResult result = Aliased(absl::StrCat("(", inner.sql, ")"), item.alias, path, std::move(inner.columns), item);
  absl::StrAppend(&result.sql, "(", absl::StrJoin(names, ", "), ")");
  return result;
}

absl::StatusOr<FromResult> Translator::TranslateTable(const FromItem& item) {
  const std::string alias = item.alias.empty() ? item.name.back() : item.alias;
  if (item.name.size() == 1) {
    for (auto frame = common_tables_.rbegin(); frame != common_tables_.rend(); ++frame) {
      const auto found = frame->find(item.name[0]);
      if (found != frame->end()) return Aliased(found->second.engine_name, alias, {alias}, found->second.columns, item);
    }
  }
  shared_.query.needs_warehouse = true;
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(item.name, context_));
  std::vector<std::string> path{alias};
  if (item.alias.empty()) path = {name.database, name.schema, name.object};
  if (name.schema == "INFORMATION_SCHEMA") {
    CDI_RETURN_IF_ERROR(CheckContainers(name, context_));
    CDI_ASSIGN_OR_RETURN(const std::string rows, InformationSchemaRows(name, context_));
    if (!context_.describe) return Unsupported("INFORMATION_SCHEMA without an engine");
    CDI_ASSIGN_OR_RETURN(const std::vector<Column> columns, context_.describe(absl::StrCat("SELECT * FROM ", rows)));
    std::vector<ScopeColumn> scope_columns;
    for (const Column& column : columns)
      scope_columns.push_back({column.name, QuoteEngineName(EncodeName(column.name)), column.type, column.nullable});
    return Aliased(rows, alias, std::move(path), std::move(scope_columns), item);
  }
  CDI_ASSIGN_OR_RETURN(const Relation* const relation, FindWithPrivilege(name, "SELECT", context_));
  shared_.query.relations.push_back(name);
  if (shared_.view_depth == 0) {
    shared_.query.known_columns.insert(shared_.query.known_columns.end(), relation->columns.begin(),
                                       relation->columns.end());
  }
  if (!relation->is_view) {
    std::vector<ScopeColumn> columns;
    for (const Column& column : relation->columns)
      columns.push_back({column.name, QuoteEngineName(EncodeName(column.name)), column.type, column.nullable});
    return Aliased(PhysicalName(name), alias, std::move(path), std::move(columns), item);
  }
  CDI_ASSIGN_OR_RETURN(QueryResult view, ExpandView(name, *relation));
  std::vector<std::string> names;
  for (size_t i = 0; i < view.columns.size(); ++i) {
    names.push_back(absl::StrCat("\"~", i + 1, "\""));
    view.columns[i].sql = names.back();
    view.columns[i].name = relation->columns[i].name;
  }
  FromResult result = Aliased(absl::StrCat("(", view.sql, ")"), alias, std::move(path), std::move(view.columns), item);
  absl::StrAppend(&result.sql, "(", absl::StrJoin(names, ", "), ")");
  return result;
}

namespace {

// What a view's own query meets, as Snowflake tells the reader of the view. What the mock does not support stays as it
// is.
absl::Status FailureOfView(const ObjectName& name, const absl::Status& error) {
  if (SqlErrorCode(error) == "000002") return error;
  return SqlError("002037", "42601",
                  absl::StrCat("SQL compilation error:\nFailure during expansion of view '", DisplayName(name.object),
                               "': ", std::string(error.message())));
}

}  // namespace

absl::StatusOr<QueryResult> Translator::ExpandView(const ObjectName& name, const Relation& view) {
  if (shared_.view_depth >= kViewDepthMax) return Unsupported("views nested this deep");
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(view.view_query));
  // A view reads with its owner's privileges, in its own schema.
  RewriteContext context = context_;
  context.database = name.database;
  context.schema = name.schema;
  context.role = view.owner;
  Parser parser(tokens, context);
  CDI_ASSIGN_OR_RETURN(const QueryPtr query, parser.ParseStatement());
  Translator inner(tokens, context, shared_);
  ++shared_.view_depth;
  auto result = inner.TranslateQuery(*query, nullptr);
  --shared_.view_depth;
  if (!result.ok()) return FailureOfView(name, result.status());
  if (result->columns.size() != view.columns.size()) {
    return SqlError("002057", "42601",
                    absl::StrCat("SQL compilation error:\nView definition for '", name.Display(), "' declared ",
                                 view.columns.size(), " column(s), but view query produces ", result->columns.size(),
                                 " column(s)."));
  }
  return result;
}

absl::StatusOr<FromResult> Translator::TranslateJoin(const FromItem& item, const Scope* outer) {
  CDI_ASSIGN_OR_RETURN(FromResult left, TranslateFrom(*item.left, outer));
  const FromItem& right_item = *item.right;
  if (right_item.kind == FromItem::Kind::kFunction) {
    if (item.join != "CROSS" && item.join != "INNER" && item.join != "LEFT")
      return Unsupported(absl::StrCat(item.join, " JOIN of a table function"));
    return TranslateLateral(item, std::move(left), outer);
  }
  Scope seen = left.scope;
  seen.outer = outer;
  CDI_ASSIGN_OR_RETURN(FromResult right, TranslateFrom(right_item, right_item.lateral ? &seen : outer));
  if (item.join == "LEFT" || item.join == "FULL") MakeNullable(right.scope);
  if (item.join == "RIGHT" || item.join == "FULL") MakeNullable(left.scope);
  Scope both;
  both.outer = outer;
  CDI_ASSIGN_OR_RETURN(const std::string on, JoinCondition(item, left, right, both, outer));
  FromResult result;
  const bool bare = item.join == "CROSS" && on.empty();
  const std::string right_sql =
      right_item.kind == FromItem::Kind::kJoin ? absl::StrCat("(", right.sql, ")") : right.sql;
  result.sql = absl::StrCat(left.sql, " ", item.join, " JOIN ", right_item.lateral ? "LATERAL " : "", right_sql,
                            bare ? "" : absl::StrCat(" ON ", on.empty() ? "TRUE" : on));
  result.scope = std::move(both);
  return result;
}

// Fills `both` with the sources of the two sides and their merged columns.
absl::StatusOr<std::string> Translator::JoinCondition(const FromItem& item, FromResult& left, FromResult& right,
                                                      Scope& both, const Scope* outer) {
  std::vector<std::string> names = item.using_columns;
  if (item.natural) {
    std::set<std::string> right_names;
    for (const Source& source : right.scope.sources) {
      for (const ScopeColumn& column : source.columns) right_names.insert(column.name);
    }
    for (const Source& source : left.scope.sources) {
      for (const ScopeColumn& column : source.columns) {
        if (right_names.contains(column.name) && std::find(names.begin(), names.end(), column.name) == names.end())
          names.push_back(column.name);
      }
    }
  }
  std::vector<std::string> conditions;
  for (const std::string& name : names) {
    CDI_ASSIGN_OR_RETURN(const ScopeColumn* const a, FindColumn({name}, left.scope, item.place));
    CDI_ASSIGN_OR_RETURN(const ScopeColumn* const b, FindColumn({name}, right.scope, item.place));
    if (a == nullptr || b == nullptr) return InvalidIdentifier(item.place, DisplayName(name));
    const Typed x{a->sql, a->type, a->nullable, false, {}, {}};
    const Typed y{b->sql, b->type, b->nullable, false, {}, {}};
    CDI_ASSIGN_OR_RETURN(const Typed same, convert_.Compare("=", x, y));
    conditions.push_back(same.sql);
    ScopeColumn merged = item.join == "RIGHT" ? *b : *a;
    if (item.join == "FULL") {
      CDI_ASSIGN_OR_RETURN(const auto unified, convert_.Unified({x, y}));
      merged = {name, absl::StrCat("coalesce(", unified[0].sql, ", ", unified[1].sql, ")"), unified[0].type, true};
    }
    both.merged.push_back(std::move(merged));
  }
  for (const ScopeColumn& column : left.scope.merged) {
    if (std::find(names.begin(), names.end(), column.name) == names.end()) both.merged.push_back(column);
  }
  for (const ScopeColumn& column : right.scope.merged) {
    if (std::find(names.begin(), names.end(), column.name) == names.end()) both.merged.push_back(column);
  }
  for (Scope* const side : {&left.scope, &right.scope}) {
    for (Source& source : side->sources) both.sources.push_back(std::move(source));
  }
  both.outer = outer;
  if (item.on != nullptr) return Condition(*item.on, both);
  return absl::StrJoin(conditions, " AND ");
}

}  // namespace cdi::snowflake_mock
