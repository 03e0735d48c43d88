#include "tests/snowflake_mock/server/statements/table_writer.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/rewriter/function_table.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/sequences.h"
#include "tests/snowflake_mock/server/statements/transactions.h"

namespace cdi::snowflake_mock {
namespace {

// What a write converts by itself: less than a cast does (docs.snowflake.com "Data type conversion", the column
// "coercible", read 2026-11).
bool Assignable(SqlType::Kind from, SqlType::Kind to) {
  using Kind = SqlType::Kind;
  const auto is_timestamp = [](Kind kind) {
    return kind == Kind::kTimestampNtz || kind == Kind::kTimestampLtz || kind == Kind::kTimestampTz;
  };
  if (from == to || from == Kind::kVariant) return true;
  switch (to) {
    case Kind::kText:
      return true;
    case Kind::kNumber:
      return from == Kind::kFloat || from == Kind::kText;
    case Kind::kFloat:
      return from == Kind::kNumber || from == Kind::kText;
    case Kind::kBoolean:
      return from == Kind::kNumber || from == Kind::kFloat || from == Kind::kText;
    case Kind::kDate:
      return is_timestamp(from) || from == Kind::kText;
    case Kind::kTime:
      return is_timestamp(from) || from == Kind::kText;
    case Kind::kTimestampNtz:
    case Kind::kTimestampLtz:
    case Kind::kTimestampTz:
      return is_timestamp(from) || from == Kind::kDate || from == Kind::kNumber || from == Kind::kText;
    case Kind::kBinary:
      return from == Kind::kText;
    case Kind::kVariant:
      return from != Kind::kText;
    case Kind::kObject:
    case Kind::kArray:
      return false;
  }
  return false;
}

std::string TooLong(const std::string& shown) {
  return absl::StrCat("error('~SF:100078:22000:String ''' || ", shown, " || ''' is too long and would be truncated')");
}

absl::Status CountMismatch(size_t expected, size_t got) {
  return SqlError("002020", "21S01",
                  absl::StrCat("SQL compilation error:\nInsert value list does not match column list expecting ",
                               expected, " but got ", got));
}

}  // namespace

std::string WriteValue(const std::string& source_column, const Column& column, const std::string& zone) {
  SqlType type = column.type;
  const int64_t length = type.length;
  if (type.kind == SqlType::Kind::kText) type.length = SqlType::kTextLengthMax;
  if (type.kind == SqlType::Kind::kBinary) type.length = SqlType::kBinaryLengthMax;
  const std::string cast = CastExpression(source_column, type, false, zone);
  if (column.type.kind == SqlType::Kind::kText) {
    return absl::StrCat("CASE WHEN length(", cast, ") > ", length, " THEN ", TooLong(cast), " ELSE ", cast, " END");
  }
  if (column.type.kind == SqlType::Kind::kBinary) {
    return absl::StrCat("CASE WHEN octet_length(", cast, ") > ", length, " THEN CAST(",
                        TooLong(absl::StrCat("to_hex(", cast, ")")), " AS BLOB) ELSE ", cast, " END");
  }
  return cast;
}

absl::Status CheckAssignable(const RewrittenQuery& query, size_t place, const Column& column) {
  if (place >= query.columns.size()) return absl::OkStatus();
  const SqlType& from = query.columns[place].type;
  if (query.nulls[place] || Assignable(from.kind, column.type.kind)) return absl::OkStatus();
  return SqlError("002023", "22000",
                  absl::StrCat("SQL compilation error:\nExpression type does not match column data type, expecting ",
                               column.type.SnowflakeName(), " but got ", from.SnowflakeName(), " for column ",
                               DisplayName(column.name)));
}

std::string EngineTableColumns(const std::vector<Column>& columns) {
  return absl::StrCat("(",
                      absl::StrJoin(columns, ", ",
                                    [](std::string* out, const Column& column) {
                                      absl::StrAppend(out, EngineColumn(column.name), " ", column.type.EngineName(),
                                                      column.nullable ? "" : " NOT NULL");
                                    }),
                      ")");
}

absl::Status RunAtomicallyLocked(Execution& run, const std::function<absl::Status()>& steps) {
  CDI_RETURN_IF_ERROR(RunEngine(run, "BEGIN TRANSACTION").status());
  absl::Status done = steps();
  if (done.ok()) done = RunEngine(run, "COMMIT").status();
  if (done.ok()) return done;
  const StopSignal never;
  // A failed COMMIT has rolled back already; then this answers an error that nobody needs.
  run.session.connection->Run("ROLLBACK", never, nullptr).IgnoreError();
  return done;
}

absl::Status RunAtomically(Execution& run, const std::function<absl::Status()>& steps) {
  const std::lock_guard lock(run.account.write_mutex);
  return RunAtomicallyLocked(run, steps);
}

absl::StatusOr<std::vector<EngineRow>> ReadEngine(Execution& run, const std::string& sql) {
  ResultWriter writer;
  const auto done = run.session.connection->Run(sql, run.stop, &writer);
  if (!done.ok()) return TranslateEngineError(done.status(), run.tokens);
  std::vector<EngineRow> rows;
  for (const auto& row : writer.Finish().AllRows()) {
    EngineRow& one = rows.emplace_back();
    for (const auto& cell : row) one.push_back(cell.is_null() ? std::nullopt : std::optional(cell.get<std::string>()));
  }
  return rows;
}

absl::StatusOr<int64_t> ReadNumber(Execution& run, const std::string& sql) {
  CDI_ASSIGN_OR_RETURN(const auto rows, ReadEngine(run, sql));
  int64_t number = 0;
  if (rows.size() != 1 || !rows[0][0].has_value() || !absl::SimpleAtoi(*rows[0][0], &number)) return 0;
  return number;
}

absl::StatusOr<DmlTarget> FindTarget(Execution& run, TokenReader& reader, const std::string& privilege) {
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  const RewriteContext context = MakeContext(run);
  DmlTarget target;
  target.privilege = privilege;
  CDI_ASSIGN_OR_RETURN(target.name, CompleteName(parts, context));
  const std::shared_lock lock(run.account.catalog.mutex);
  CDI_ASSIGN_OR_RETURN(const Relation* const relation, FindWithPrivilege(target.name, privilege, context));
  if (relation->is_view) return InsufficientPrivileges("view", DisplayName(target.name.object));
  target.relation = *relation;
  target.alias = target.name.object;
  return target;
}

absl::Status PrepareWrite(Execution& run, DmlTarget& target) {
  CDI_RETURN_IF_ERROR(BeginIfAutocommitIsOff(run));
  const bool temporary = run.session.temporaries.contains(target.name.Display());
  if (!temporary) CDI_RETURN_IF_ERROR(LockTable(run, target.name));
  if (run.session.transaction.has_value()) CDI_RETURN_IF_ERROR(CopyForTransaction(run, target.name, target.relation));
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(target.name,
                       CompleteName({target.name.database, target.name.schema, target.name.object}, context));
  return absl::OkStatus();
}

absl::StatusOr<RewrittenQuery> RewriteComposed(Execution& run, const TokenComposer& composer, const DmlTarget* target) {
  RewriteContext context = MakeContext(run);
  if (target != nullptr) {
    context.write_target = target->name.Display();
    context.write_privilege = target->privilege;
  }
  const std::shared_lock lock(run.account.catalog.mutex);
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, ReplaceNextval(run, composer.Tokens(), context));
  return RewriteQuery(tokens, context);
}

absl::Status ComposeDefault(TokenComposer& composer, const Column& column) {
  if (!column.sequence.empty()) {
    composer.Raw(absl::StrCat("nextval(", QuoteLiteral(column.sequence), ")"));
    return absl::OkStatus();
  }
  if (column.default_text.empty()) {
    composer.Words("NULL");
    return absl::OkStatus();
  }
  return composer.Text(column.default_text);
}

absl::StatusOr<std::vector<size_t>> ReadColumnList(TokenReader& reader, const Relation& relation) {
  std::vector<size_t> columns;
  const bool has_list = reader.Peek().IsOperator("(") && !reader.Peek(1).IsWord("SELECT") &&
                        !reader.Peek(1).IsWord("WITH") && !reader.Peek(1).IsOperator("(");
  if (!has_list) {
    for (size_t i = 0; i < relation.columns.size(); ++i) columns.push_back(i);
    return columns;
  }
  reader.Next();
  do {
    const Token token = reader.Peek();
    CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
    const auto found = std::find_if(relation.columns.begin(), relation.columns.end(),
                                    [&](const Column& column) { return column.name == name; });
    if (found == relation.columns.end()) return InvalidIdentifier(token.place, DisplayName(name));
    const auto place = static_cast<size_t>(found - relation.columns.begin());
    if (std::find(columns.begin(), columns.end(), place) != columns.end()) {
      return SqlError("002025", "42S21",
                      absl::StrCat("SQL compilation error:\nduplicate column name '", DisplayName(name), "'"));
    }
    columns.push_back(place);
  } while (reader.TakeOperator(","));
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  return columns;
}

absl::Status ComposeValues(const std::vector<Token>& tokens, size_t begin, size_t end, const Relation& relation,
                           const std::vector<size_t>& columns, TokenComposer& composer) {
  composer.Words("VALUES");
  bool first_row = true;
  for (const auto& [row_begin, row_end] : SplitAtCommas(tokens, begin, end)) {
    const auto unexpected = [&](size_t at) {
      return SyntaxError(tokens[at].place, tokens[at].kind == TokenKind::kEnd ? "<EOF>" : tokens[at].text);
    };
    if (row_begin >= row_end || !tokens[row_begin].IsOperator("(")) return unexpected(row_begin);
    if (ClosingParenthesis(tokens, row_begin, row_end) + 1 != row_end)
      return unexpected(std::min(ClosingParenthesis(tokens, row_begin, row_end) + 1, row_end));
    const auto values = SplitAtCommas(tokens, row_begin + 1, row_end - 1);
    if (values.size() != columns.size()) return CountMismatch(columns.size(), values.size());
    if (!first_row) composer.Operator(",");
    first_row = false;
    composer.Operator("(");
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) composer.Operator(",");
      const auto& [value_begin, value_end] = values[i];
      if (value_begin >= value_end) return unexpected(value_end);
      if (tokens[value_begin].IsWord("DEFAULT") && value_end == value_begin + 1) {
        CDI_RETURN_IF_ERROR(ComposeDefault(composer, relation.columns[columns[i]]));
      } else {
        composer.Range(value_begin, value_end);
      }
    }
    composer.Operator(")");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> InsertStatement(Execution& run, const DmlTarget& target, const std::vector<size_t>& columns,
                                            const TokenComposer& source) {
  const std::vector<Column>& all = target.relation.columns;
  CDI_ASSIGN_OR_RETURN(RewrittenQuery query, RewriteComposed(run, source, &target));
  const auto described = run.session.connection->Describe(query.sql);
  if (!described.ok()) return TranslateEngineError(described.status(), run.tokens);
  if (described->size() != columns.size()) return CountMismatch(columns.size(), described->size());
  for (size_t i = 0; i < columns.size(); ++i) CDI_RETURN_IF_ERROR(CheckAssignable(query, i, all[columns[i]]));
  std::vector<size_t> written = columns;
  TokenComposer outer(run.tokens);
  outer.Words("SELECT");
  const auto value_name = [](size_t i) { return absl::StrCat("SF ", i); };
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) outer.Operator(",");
    outer.Quoted(value_name(i));
  }
  for (size_t i = 0; i < all.size(); ++i) {
    const bool given = std::find(columns.begin(), columns.end(), i) != columns.end();
    if (given || (all[i].default_text.empty() && all[i].sequence.empty())) continue;
    outer.Operator(",");
    CDI_RETURN_IF_ERROR(ComposeDefault(outer, all[i]));
    outer.Words("AS").Quoted(value_name(written.size()));
    written.push_back(i);
  }
  if (written.size() > columns.size()) {
    outer.Words("FROM").Operator("(").Append(source).Operator(")").Words("AS").Quoted("SF SOURCE").Operator("(");
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) outer.Operator(",");
      outer.Quoted(value_name(i));
    }
    outer.Operator(")");
    CDI_ASSIGN_OR_RETURN(query, RewriteComposed(run, outer, &target));
  }
  std::vector<std::string> names;
  std::vector<std::string> inner_names;
  std::vector<std::string> values;
  for (size_t i = 0; i < written.size(); ++i) {
    const std::string inner = QuoteEngineName(value_name(i));
    names.push_back(EngineColumn(all[written[i]].name));
    inner_names.push_back(inner);
    values.push_back(WriteValue(inner, all[written[i]], run.Zone()));
  }
  return absl::StrCat("INSERT INTO ", PhysicalName(target.name), " (", absl::StrJoin(names, ", "), ") SELECT ",
                      absl::StrJoin(values, ", "), " FROM (", query.sql, ") AS \"~S\"(",
                      absl::StrJoin(inner_names, ", "), ")");
}

ResultSet CountsResult(const std::vector<std::pair<std::string, int64_t>>& counts, int statement_type,
                       const RowCounts& row_counts, bool describe_only) {
  ResultWriter writer;
  std::vector<ResultColumn> columns;
  EngineRow row;
  for (const auto& [label, count] : counts) {
    columns.push_back({label, SqlType::Number(19, 0), false});
    row.emplace_back(std::to_string(count));
  }
  writer.SetColumns(std::move(columns));
  if (!describe_only) writer.AddRow(row);
  ResultSet result = writer.Finish();
  result.statement_type = statement_type;
  result.row_counts = row_counts;
  return result;
}

}  // namespace cdi::snowflake_mock
