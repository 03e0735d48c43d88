// GENERATOR, FLATTEN, SPLIT_TO_TABLE and STRTOK_SPLIT_TO_TABLE.
//
// A lateral function multiplies the rows before it: they become one derived table with the unnested list beside them,
// which keeps the order of elements. Names that pointed into the rows before are redirected.
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/translator.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = SqlType::Kind;

const Expr* Argument(const Expr& call, std::string_view name, size_t position) {
  for (size_t i = 0; i < call.children.size(); ++i) {
    if (call.argument_names[i] == name) return call.children[i].get();
  }
  if (position < call.children.size() && call.argument_names[position].empty()) return call.children[position].get();
  return nullptr;
}

absl::StatusOr<bool> Flag(const Expr& call, const char* name) {
  const Expr* const value = Argument(call, name, SIZE_MAX);
  if (value == nullptr) return false;
  if (value->kind == Expr::Kind::kTrue) return true;
  if (value->kind == Expr::Kind::kFalse) return false;
  return SyntaxError(value->place, value->text);
}

}  // namespace

absl::StatusOr<FromResult> Translator::TranslateLateral(const FromItem& join, FromResult left, const Scope* outer) {
  const FromItem& item = *join.right;
  const std::string& name = item.call->parts[0];
  if (name == "GENERATOR") {
    CDI_ASSIGN_OR_RETURN(FromResult right, TranslateTableFunction(item, nullptr, outer));
    FromResult result;
    result.sql = absl::StrCat(left.sql, " CROSS JOIN ", right.sql);
    result.scope = std::move(left.scope);
    for (Source& source : right.scope.sources) result.scope.sources.push_back(std::move(source));
    return result;
  }
  if (join.on != nullptr && join.on->kind != Expr::Kind::kTrue) return Unsupported("ON with a table function");
  if (join.join == "LEFT") return Unsupported("LEFT JOIN of a table function; use OUTER => TRUE");
  return TranslateTableFunction(item, &left, outer);
}

absl::StatusOr<FromResult> Translator::TranslateTableFunction(const FromItem& item, const FromResult* left,
                                                              const Scope* outer) {
  const Expr& call = *item.call;
  const std::string& name = call.parts[0];
  if (name == "FLATTEN") return TranslateFlatten(item, left, outer);
  if (name == "SPLIT_TO_TABLE" || name == "STRTOK_SPLIT_TO_TABLE") return TranslateSplit(item, left, outer);
  if (name != "GENERATOR") return Unsupported(absl::StrCat("table function ", name));
  shared_.query.needs_warehouse = true;
  const Expr* const rows = Argument(call, "ROWCOUNT", SIZE_MAX);
  if (rows == nullptr || call.children.size() != 1) return Unsupported("GENERATOR without ROWCOUNT");
  int64_t count = 0;
  if (rows->kind != Expr::Kind::kNumber || !absl::SimpleAtoi(rows->text, &count) || count < 0)
    return SyntaxError(rows->place, rows->text);
  return Aliased(absl::StrCat("range(", count, ")"), item.alias, {item.alias}, {}, item);
}

std::string Translator::UnnestBeside(const FromResult* left, const std::string& list, FromResult& result,
                                     std::string& element) {
  const std::string alias = UniqueAlias("~FLAT");
  std::vector<std::string> items;
  const auto redirect = [&](ScopeColumn& column) {
    const std::string name = absl::StrCat("\"~", items.size() + 1, "\"");
    items.push_back(absl::StrCat(column.sql, " AS ", name));
    column.sql = absl::StrCat(alias, ".", name);
  };
  if (left != nullptr) {
    result.scope = left->scope;
    for (Source& source : result.scope.sources) {
      for (ScopeColumn& column : source.columns) redirect(column);
    }
    for (ScopeColumn& column : result.scope.merged) redirect(column);
  }
  items.push_back(absl::StrCat("unnest(", list, ") AS \"~E\""));
  element = absl::StrCat(alias, ".\"~E\"");
  return absl::StrCat("(SELECT ", absl::StrJoin(items, ", "), left == nullptr ? "" : absl::StrCat(" FROM ", left->sql),
                      ") AS ", alias);
}

absl::StatusOr<FromResult> Translator::TranslateFlatten(const FromItem& item, const FromResult* left,
                                                        const Scope* outer) {
  const Expr& call = *item.call;
  for (const std::string& name : call.argument_names) {
    if (!name.empty() && name != "INPUT" && name != "PATH" && name != "OUTER" && name != "RECURSIVE" && name != "MODE")
      return SqlError("001003", "42000",
                      absl::StrCat("SQL compilation error:\nunknown argument '", name, "' of FLATTEN"));
  }
  const Expr* const input = Argument(call, "INPUT", 0);
  if (input == nullptr)
    return SqlError("000938", "22023", "SQL compilation error:\nnot enough arguments for function [FLATTEN]");
  CDI_ASSIGN_OR_RETURN(const bool keep_outer, Flag(call, "OUTER"));
  CDI_ASSIGN_OR_RETURN(const bool recursive, Flag(call, "RECURSIVE"));
  std::string mode = "BOTH";
  if (const Expr* const given = Argument(call, "MODE", SIZE_MAX)) mode = absl::AsciiStrToUpper(given->text);
  if (mode != "BOTH" && mode != "OBJECT" && mode != "ARRAY")
    return SqlError("001003", "42000", absl::StrCat("SQL compilation error:\ninvalid MODE '", mode, "' of FLATTEN"));
  Scope scope;
  if (left != nullptr) scope = left->scope;
  scope.outer = outer;
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*input, scope));
  if (!IsSemiStructured(value.type) && !value.null) {
    return SqlError("001044", "42P13",
                    absl::StrCat("SQL compilation error:\nInvalid argument types for function 'FLATTEN': (",
                                 value.type.SnowflakeName(), ")"));
  }
  std::string path = "''";
  if (const Expr* const given = Argument(call, "PATH", SIZE_MAX)) {
    CDI_ASSIGN_OR_RETURN(const Typed text, Translate(*given, scope));
    path = text.sql;
  }
  FromResult result;
  std::string element;
  const std::string json = value.null ? "CAST(NULL AS JSON)" : value.sql;
  result.sql = UnnestBeside(left,
                            absl::StrCat("SF_FLATTEN(", json, ", ", path, ", ", keep_outer ? "TRUE" : "FALSE", ", ",
                                         recursive ? "TRUE" : "FALSE", ", '", mode, "')"),
                            result, element);
  const auto column = [&](const char* name, const char* function, const SqlType& type) {
    const std::string sql = absl::StrCat(function, "(", element, ")");
    return ScopeColumn{name,
                       type.kind == Kind::kNumber ? absl::StrCat("CAST(", sql, " AS ", type.EngineName(), ")") : sql,
                       type, true};
  };
  Source source{
      item.alias.empty() ? std::vector<std::string>{} : std::vector{item.alias},
      {column("SEQ", "SF_FLAT_SEQ", SqlType::Number(18, 0)), column("KEY", "SF_FLAT_KEY", SqlType::Text()),
       column("PATH", "SF_FLAT_PATH", SqlType::Text()), column("INDEX", "SF_FLAT_INDEX", SqlType::Number(18, 0)),
       column("VALUE", "SF_FLAT_VALUE", SqlType::Of(Kind::kVariant)),
       column("THIS", "SF_FLAT_THIS", SqlType::Of(Kind::kVariant))}};
  result.scope.sources.push_back(std::move(source));
  return result;
}

absl::StatusOr<FromResult> Translator::TranslateSplit(const FromItem& item, const FromResult* left,
                                                      const Scope* outer) {
  const Expr& call = *item.call;
  const bool strtok = call.parts[0] == "STRTOK_SPLIT_TO_TABLE";
  if (call.children.size() != 2) return SyntaxError(call.place, call.parts[0]);
  Scope scope;
  if (left != nullptr) scope = left->scope;
  scope.outer = outer;
  CDI_ASSIGN_OR_RETURN(const Typed value, Translate(*call.children[0], scope));
  CDI_ASSIGN_OR_RETURN(const Typed text, convert_.Text(value));
  CDI_ASSIGN_OR_RETURN(const Typed separator, Translate(*call.children[1], scope));
  FromResult result;
  std::string element;
  const std::string array = absl::StrCat(strtok ? "SF_STRTOK_SPLIT(" : "SF_SPLIT(", text.sql, ", ", separator.sql, ")");
  result.sql = UnnestBeside(left, absl::StrCat("SF_FLATTEN(", array, ", '', FALSE, FALSE, 'ARRAY')"), result, element);
  Source source{
      item.alias.empty() ? std::vector<std::string>{} : std::vector{item.alias},
      {{"SEQ", absl::StrCat("CAST(SF_FLAT_SEQ(", element, ") AS DECIMAL(18,0))"), SqlType::Number(18, 0), false},
       {"INDEX", absl::StrCat("CAST(SF_FLAT_INDEX(", element, ") + 1 AS DECIMAL(18,0))"), SqlType::Number(18, 0),
        false},
       {"VALUE", absl::StrCat("SF_TEXT(SF_FLAT_VALUE(", element, "))"), SqlType::Text(), false}}};
  result.scope.sources.push_back(std::move(source));
  return result;
}

}  // namespace cdi::snowflake_mock
