// INSERT (also OVERWRITE and into several tables), UPDATE, DELETE, TRUNCATE.
#include <algorithm>
#include <shared_mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/dml.h"
#include "tests/snowflake_mock/server/statements/transactions.h"

namespace cdi::snowflake_mock {
namespace {

// Where the stage of a statement's changes is: a temporary table of the session, gone when the statement ends.
constexpr const char* kStage = "temp.main.\"~DML\"";

bool StartsQuery(const Token& token) {
  return token.IsWord("SELECT") || token.IsWord("WITH") || token.IsOperator("(");
}

absl::Status ComposeSource(Execution& run, TokenReader& reader, const Relation& relation,
                           const std::vector<size_t>& columns, TokenComposer& source) {
  const size_t end = run.tokens.size() - 1;
  if (reader.TakeWords("VALUES")) return ComposeValues(run.tokens, reader.position(), end, relation, columns, source);
  if (!StartsQuery(reader.Peek())) return reader.Unexpected();
  source.Range(reader.position(), end);
  return absl::OkStatus();
}

absl::StatusOr<ResultSet> RunInsert(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const bool overwrite = reader.TakeWords("OVERWRITE");
  if (reader.Peek().IsWord("ALL") || reader.Peek().IsWord("FIRST")) return RunMultiInsert(run, overwrite);
  CDI_RETURN_IF_ERROR(reader.ExpectWords("INTO"));
  reader.TakeWords("TABLE");
  CDI_ASSIGN_OR_RETURN(DmlTarget target, FindTarget(run, reader, "INSERT"));
  if (overwrite) {
    TokenReader again(run.tokens, 3);
    CDI_RETURN_IF_ERROR(FindTarget(run, again, "DELETE").status());
  }
  CDI_ASSIGN_OR_RETURN(const std::vector<size_t> columns, ReadColumnList(reader, target.relation));
  int64_t inserted = 0;
  if (!run.describe_only) {
    TokenComposer source(run.tokens);
    CDI_RETURN_IF_ERROR(ComposeSource(run, reader, target.relation, columns, source));
    // Compiled before the warehouse is woken and the table locked; again when the table is now the transaction's copy.
    CDI_ASSIGN_OR_RETURN(std::string sql, InsertStatement(run, target, columns, source));
    const std::string compiled_for = target.name.physical;
    CDI_RETURN_IF_ERROR(UseWarehouse(run));
    CDI_RETURN_IF_ERROR(PrepareWrite(run, target));
    if (target.name.physical != compiled_for) {
      CDI_ASSIGN_OR_RETURN(sql, InsertStatement(run, target, columns, source));
    }
    CDI_RETURN_IF_ERROR(RunAtomically(run, [&]() -> absl::Status {
      if (!overwrite) {
        CDI_ASSIGN_OR_RETURN(inserted, RunEngine(run, sql));
        return absl::OkStatus();
      }
      // What is read may be the table itself.
      const size_t select = sql.find(") SELECT ") + 2;
      CDI_RETURN_IF_ERROR(
          RunEngine(run, absl::StrCat("CREATE OR REPLACE TEMP TABLE ", kStage, " AS ", sql.substr(select))).status());
      CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DELETE FROM ", PhysicalName(target.name))).status());
      CDI_ASSIGN_OR_RETURN(inserted, RunEngine(run, absl::StrCat(sql.substr(0, select), "SELECT * FROM ", kStage)));
      return RunEngine(run, absl::StrCat("DROP TABLE ", kStage)).status();
    }));
    NoteWrite(run, target.name, /*only_appended=*/!overwrite);
  }
  return CountsResult({{"number of rows inserted", inserted}}, kInsert, {.inserted = inserted}, run.describe_only);
}

struct Changes {
  TokenComposer query;
  std::vector<size_t> columns;  // set by the query's columns behind the row id
};

void TakeTargetAlias(TokenReader& reader, const char* stop, DmlTarget& target) {
  const bool named = reader.TakeWords("AS");
  const Token& next = reader.Peek();
  if (named || (next.IsName() && !next.IsWord(stop) && !next.IsWord("WHERE"))) target.alias = reader.Next().text;
}

absl::StatusOr<Changes> ComposeUpdate(Execution& run, TokenReader& reader, const DmlTarget& target) {
  CDI_RETURN_IF_ERROR(reader.ExpectWords("SET"));
  const size_t end = run.tokens.size() - 1;
  const size_t set_end = FindTopLevelWord(run.tokens, reader.position(), end, {"FROM", "WHERE"});
  const size_t from = set_end < end && run.tokens[set_end].IsWord("FROM") ? set_end : end;
  const size_t where = FindTopLevelWord(run.tokens, set_end, end, {"WHERE"});
  Changes changes{TokenComposer(run.tokens), {}};
  ComposeRowId(changes.query.Words("SELECT"), target);
  CDI_RETURN_IF_ERROR(ComposeAssignments(run, reader.position(), set_end, target, changes.query, changes.columns));
  changes.query.Words("FROM").Name(target.name).Words("AS").Quoted(target.alias);
  if (from < end) changes.query.Operator(",").Range(from + 1, where);
  changes.query.Range(where, end);
  return changes;
}

absl::StatusOr<Changes> ComposeDelete(Execution& run, TokenReader& reader, const DmlTarget& target) {
  const size_t end = run.tokens.size() - 1;
  const size_t where = FindTopLevelWord(run.tokens, reader.position(), end, {"WHERE"});
  Changes changes{TokenComposer(run.tokens), {}};
  ComposeRowId(changes.query.Words("SELECT"), target);
  changes.query.Words("FROM").Name(target.name).Words("AS").Quoted(target.alias);
  if (reader.TakeWords("USING")) {
    changes.query.Operator(",").Range(reader.position(), where);
  } else if (reader.position() != where) {
    return reader.Unexpected();
  }
  changes.query.Range(where, end);
  return changes;
}

// The query's rows into the stage: "SF ROWID", then a fit value for each column.
absl::StatusOr<std::string> StageStatement(Execution& run, const DmlTarget& target, const Changes& changes) {
  CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RewriteComposed(run, changes.query, &target));
  const auto described = run.session.connection->Describe(query.sql);
  if (!described.ok()) return TranslateEngineError(described.status(), run.tokens);
  std::string names = "\"SF ROWID\"";
  std::string values = names;
  for (size_t i = 0; i < changes.columns.size(); ++i) {
    const Column& column = target.relation.columns[changes.columns[i]];
    CDI_RETURN_IF_ERROR(CheckAssignable(query, i + 1, column));
    const std::string name = absl::StrCat("\"SF ", i, "\"");
    absl::StrAppend(&names, ", ", name);
    absl::StrAppend(&values, ", ", WriteValue(name, column, run.Zone()), " AS ", name);
  }
  return absl::StrCat("CREATE OR REPLACE TEMP TABLE ", kStage, " AS SELECT ", values, " FROM (", query.sql,
                      ") AS \"~S\"(", names, ")");
}

absl::StatusOr<ResultSet> RunUpdate(Execution& run) {
  TokenReader reader(run.tokens, 1);
  CDI_ASSIGN_OR_RETURN(DmlTarget target, FindTarget(run, reader, "UPDATE"));
  TakeTargetAlias(reader, "SET", target);
  CDI_ASSIGN_OR_RETURN(const Changes changes, ComposeUpdate(run, reader, target));
  CDI_ASSIGN_OR_RETURN(std::string stage, StageStatement(run, target, changes));
  const std::string compiled_for = target.name.physical;
  int64_t updated = 0;
  int64_t several = 0;
  if (!run.describe_only) {
    CDI_RETURN_IF_ERROR(UseWarehouse(run));
    CDI_RETURN_IF_ERROR(PrepareWrite(run, target));
    if (target.name.physical != compiled_for) {
      CDI_ASSIGN_OR_RETURN(stage, StageStatement(run, target, changes));
    }
    const bool strict = ParameterIsTrue(run.session, "ERROR_ON_NONDETERMINISTIC_UPDATE");
    CDI_RETURN_IF_ERROR(RunAtomically(run, [&]() -> absl::Status {
      CDI_RETURN_IF_ERROR(RunEngine(run, stage).status());
      CDI_ASSIGN_OR_RETURN(several, CountSeveral(run, kStage, ""));
      if (several > 0 && strict) return DuplicateRow(run, target, kStage, "");
      std::vector<std::string> sets;
      for (size_t i = 0; i < changes.columns.size(); ++i) {
        sets.push_back(
            absl::StrCat(EngineColumn(target.relation.columns[changes.columns[i]].name), " = \"~S\".\"SF ", i, "\""));
      }
      CDI_ASSIGN_OR_RETURN(
          updated,
          RunEngine(run, absl::StrCat("UPDATE ", PhysicalName(target.name), " AS \"~T\" SET ",
                                      absl::StrJoin(sets, ", "), " FROM (SELECT DISTINCT ON (\"SF ROWID\") * ", "FROM ",
                                      kStage, ") AS \"~S\" WHERE \"~T\".rowid = \"~S\".\"SF ROWID\"")));
      return RunEngine(run, absl::StrCat("DROP TABLE ", kStage)).status();
    }));
    if (updated > 0) NoteWrite(run, target.name, false);
  }
  return CountsResult({{"number of rows updated", updated}, {"number of multi-joined rows updated", several}}, kUpdate,
                      {.updated = updated}, run.describe_only);
}

absl::StatusOr<ResultSet> RunDelete(Execution& run) {
  TokenReader reader(run.tokens, 1);
  CDI_RETURN_IF_ERROR(reader.ExpectWords("FROM"));
  CDI_ASSIGN_OR_RETURN(DmlTarget target, FindTarget(run, reader, "DELETE"));
  TakeTargetAlias(reader, "USING", target);
  CDI_ASSIGN_OR_RETURN(const Changes changes, ComposeDelete(run, reader, target));
  CDI_ASSIGN_OR_RETURN(std::string stage, StageStatement(run, target, changes));
  const std::string compiled_for = target.name.physical;
  int64_t deleted = 0;
  if (!run.describe_only) {
    CDI_RETURN_IF_ERROR(UseWarehouse(run));
    CDI_RETURN_IF_ERROR(PrepareWrite(run, target));
    if (target.name.physical != compiled_for) {
      CDI_ASSIGN_OR_RETURN(stage, StageStatement(run, target, changes));
    }
    CDI_RETURN_IF_ERROR(RunAtomically(run, [&]() -> absl::Status {
      CDI_RETURN_IF_ERROR(RunEngine(run, stage).status());
      CDI_ASSIGN_OR_RETURN(deleted,
                           RunEngine(run, absl::StrCat("DELETE FROM ", PhysicalName(target.name),
                                                       " WHERE rowid IN (SELECT \"SF ROWID\" FROM ", kStage, ")")));
      return RunEngine(run, absl::StrCat("DROP TABLE ", kStage)).status();
    }));
    if (deleted > 0) NoteWrite(run, target.name, false);
  }
  return CountsResult({{"number of rows deleted", deleted}}, kDelete, {.deleted = deleted}, run.describe_only);
}

}  // namespace

void ComposeRowId(TokenComposer& query, const DmlTarget& target) {
  query.Raw(absl::StrCat(EngineColumn(target.alias), ".rowid")).Words("AS").Quoted("SF ROWID");
}

absl::Status ComposeAssignments(Execution& run, size_t begin, size_t end, const DmlTarget& target, TokenComposer& query,
                                std::vector<size_t>& columns, const TokenComposer* guard) {
  for (const auto& [first, last] : SplitAtCommas(run.tokens, begin, end)) {
    TokenReader reader(run.tokens, first);
    const Token token = reader.Peek();
    CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
    CDI_RETURN_IF_ERROR(reader.ExpectOperator("="));
    if (reader.position() >= last) return reader.Unexpected();
    size_t place = 0;
    while (place < target.relation.columns.size() && target.relation.columns[place].name != parts.back()) ++place;
    const bool foreign = parts.size() > 1 && parts[parts.size() - 2] != target.alias;
    if (place == target.relation.columns.size() || foreign) {
      return InvalidIdentifier(token.place, absl::StrJoin(parts, ".", [](std::string* out, const std::string& part) {
                                 *out += DisplayName(part);
                               }));
    }
    if (std::find(columns.begin(), columns.end(), place) != columns.end()) {
      return SqlError("002025", "42S21",
                      absl::StrCat("SQL compilation error:\nduplicate column name '", DisplayName(parts.back()), "'"));
    }
    query.Operator(",");
    if (guard != nullptr) query.Words("CASE WHEN").Append(*guard).Words("THEN");
    if (run.tokens[reader.position()].IsWord("DEFAULT") && reader.position() + 1 == last) {
      CDI_RETURN_IF_ERROR(ComposeDefault(query, target.relation.columns[place]));
    } else {
      query.Operator("(").Range(reader.position(), last).Operator(")");
    }
    if (guard != nullptr) query.Words("END");
    query.Words("AS").Quoted(absl::StrCat("SF V", columns.size()));
    columns.push_back(place);
  }
  return columns.empty() ? SyntaxError(run.tokens[begin].place, run.tokens[begin].text) : absl::OkStatus();
}

absl::StatusOr<int64_t> CountSeveral(Execution& run, const std::string& stage, const std::string& where) {
  return ReadNumber(run, absl::StrCat("SELECT count(*) FROM (SELECT \"SF ROWID\" FROM ", stage, " ", where,
                                      " GROUP BY \"SF ROWID\" HAVING count(*) > 1)"));
}

absl::Status DuplicateRow(Execution& run, const DmlTarget& target, const std::string& stage, const std::string& where) {
  CDI_ASSIGN_OR_RETURN(
      const auto rows,
      ReadEngine(run, absl::StrCat("SELECT * FROM ", PhysicalName(target.name),
                                   " WHERE rowid = (SELECT min(\"SF ROWID\")", " FROM (SELECT \"SF ROWID\" FROM ",
                                   stage, " ", where, " GROUP BY \"SF ROWID\" HAVING count(*) > 1))")));
  std::vector<std::string> values;
  for (size_t i = 0; !rows.empty() && i < rows[0].size(); ++i) {
    const bool bare = target.relation.columns[i].type.kind == SqlType::Kind::kNumber ||
                      target.relation.columns[i].type.kind == SqlType::Kind::kFloat;
    values.push_back(!rows[0][i].has_value() ? "NULL" : bare ? *rows[0][i] : absl::StrCat("\"", *rows[0][i], "\""));
  }
  return SqlError(
      "100090", "42P18",
      absl::StrCat("Duplicate row detected during DML action\nRow Values: [", absl::StrJoin(values, ", "), "]"));
}

void NoteWrite(Execution& run, const ObjectName& name, bool only_appended) {
  if (run.session.transaction.has_value()) {
    if (const auto copy = run.session.transaction->copies.find(name.Display());
        copy != run.session.transaction->copies.end()) {
      copy->second.changed = true;
      if (!only_appended) copy->second.only_appended = false;
    }
    return;
  }
  NoteChange(run, name);
}

bool ParameterIsTrue(const Session& session, const std::string& name) {
  const auto found = session.parameters.find(name);
  return found != session.parameters.end() && (found->second == "true" || found->second == "TRUE");
}

absl::StatusOr<ResultSet> RunDml(Execution& run) {
  if (run.tokens[0].IsWord("INSERT")) return RunInsert(run);
  return run.tokens[0].IsWord("UPDATE") ? RunUpdate(run) : RunDelete(run);
}

}  // namespace cdi::snowflake_mock
