// MERGE, and INSERT into several tables.
//
// docs.snowflake.com "MERGE" (deterministic and nondeterministic results), "INSERT (multi-table)", read 2026-11.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/statements/dml.h"

namespace cdi::snowflake_mock {
namespace {

constexpr const char* kStage = "temp.main.\"~DML\"";

struct Clause {
  enum class Kind { kUpdate, kDelete, kInsert };
  Kind kind = Kind::kUpdate;
  size_t condition_begin = 0;  // tokens behind AND; begin == end: none
  size_t condition_end = 0;
  size_t begin = 0;  // tokens of SET or VALUES
  size_t end = 0;
  std::vector<size_t> columns;
  size_t first_value = 0;  // place of its first value among the stage's columns

  bool matched() const { return kind != Kind::kInsert; }
};

struct Merge {
  DmlTarget target;
  size_t source_begin = 0;
  size_t source_end = 0;
  size_t on_begin = 0;
  size_t on_end = 0;
  std::vector<Clause> clauses;
};

absl::StatusOr<Clause> ReadClause(Execution& run, TokenReader& reader, const Relation& relation) {
  const size_t end = run.tokens.size() - 1;
  Clause clause;
  const bool matched = !reader.TakeWords("NOT");
  CDI_RETURN_IF_ERROR(reader.ExpectWords("MATCHED"));
  if (reader.TakeWords("AND")) {
    clause.condition_begin = reader.position();
    clause.condition_end = FindTopLevelWord(run.tokens, reader.position(), end, {"THEN"});
    reader.Seek(clause.condition_end);
  }
  CDI_RETURN_IF_ERROR(reader.ExpectWords("THEN"));
  const size_t next = FindTopLevelWord(run.tokens, reader.position(), end, {"WHEN"});
  if (reader.Peek(1).IsWord("ALL") && reader.Peek(2).IsWord("BY")) return Unsupported("MERGE … ALL BY NAME");
  if (matched && reader.TakeWords("DELETE")) {
    clause.kind = Clause::Kind::kDelete;
  } else if (matched) {
    CDI_RETURN_IF_ERROR(reader.ExpectWords("UPDATE SET"));
  } else {
    clause.kind = Clause::Kind::kInsert;
    CDI_RETURN_IF_ERROR(reader.ExpectWords("INSERT"));
    CDI_ASSIGN_OR_RETURN(clause.columns, ReadColumnList(reader, relation));
    CDI_RETURN_IF_ERROR(reader.ExpectWords("VALUES"));
  }
  clause.begin = reader.position();
  clause.end = next;
  if (clause.kind == Clause::Kind::kDelete && clause.begin != next) return reader.Unexpected();
  reader.Seek(next);
  return clause;
}

absl::StatusOr<Merge> ReadMerge(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const size_t end = run.tokens.size() - 1;
  Merge merge;
  CDI_RETURN_IF_ERROR(reader.ExpectWords("INTO"));
  const size_t name_at = reader.position();
  // The privilege depends on the clauses: looked at again below.
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  std::string alias = parts.back();
  const bool named = reader.TakeWords("AS");
  if (named || (reader.Peek().IsName() && !reader.Peek().IsWord("USING"))) {
    CDI_ASSIGN_OR_RETURN(alias, reader.Name());
  }
  CDI_RETURN_IF_ERROR(reader.ExpectWords("USING"));
  merge.source_begin = reader.position();
  merge.source_end = FindTopLevelWord(run.tokens, merge.source_begin, end, {"ON"});
  reader.Seek(merge.source_end);
  CDI_RETURN_IF_ERROR(reader.ExpectWords("ON"));
  merge.on_begin = reader.position();
  merge.on_end = FindTopLevelWord(run.tokens, merge.on_begin, end, {"WHEN"});
  if (merge.on_begin == merge.on_end || merge.source_begin == merge.source_end) return reader.Unexpected();
  const size_t clauses_at = merge.on_end;
  std::vector<const char*> privileges;
  for (size_t i = clauses_at; i < end; ++i) {
    if (!run.tokens[i].IsWord("THEN")) continue;
    for (const char* privilege : {"UPDATE", "DELETE", "INSERT"}) {
      if (run.tokens[i + 1].IsWord(privilege)) privileges.push_back(privilege);
    }
  }
  if (privileges.empty()) privileges.push_back("INSERT");
  for (const char* privilege : privileges) {
    TokenReader name_reader(run.tokens, name_at);
    CDI_ASSIGN_OR_RETURN(merge.target, FindTarget(run, name_reader, privilege));
  }
  merge.target.alias = alias;
  reader.Seek(clauses_at);
  if (reader.AtEnd()) return reader.Unexpected();
  while (reader.TakeWords("WHEN")) {
    CDI_ASSIGN_OR_RETURN(Clause clause, ReadClause(run, reader, merge.target.relation));
    merge.clauses.push_back(std::move(clause));
  }
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  return merge;
}

std::string RowId(const Merge& merge) {
  return absl::StrCat(EngineColumn(merge.target.alias), ".rowid");
}

// Holds for the rows of clause `at`: matched or not, its condition, and none of the earlier ones of its sort.
TokenComposer Guard(Execution& run, const Merge& merge, size_t at) {
  const Clause& clause = merge.clauses[at];
  TokenComposer guard(run.tokens);
  guard.Operator("(").Raw(RowId(merge)).Words(clause.matched() ? "IS NOT NULL" : "IS NULL");
  if (clause.condition_begin < clause.condition_end)
    guard.Words("AND").Operator("(").Range(clause.condition_begin, clause.condition_end).Operator(")");
  for (size_t i = 0; i < at; ++i) {
    const Clause& earlier = merge.clauses[i];
    if (earlier.matched() != clause.matched()) continue;
    // A clause without a condition leaves nothing for later ones.
    guard.Words("AND NOT COALESCE").Operator("(");
    if (earlier.condition_begin < earlier.condition_end) {
      guard.Operator("(").Range(earlier.condition_begin, earlier.condition_end).Operator(")");
    } else {
      guard.Words("TRUE");
    }
    guard.Operator(",").Words("FALSE").Operator(")");
  }
  guard.Operator(")");
  return guard;
}

// One row per pair of source and target row, and per source row without a target: row id, clause, values.
absl::StatusOr<TokenComposer> ComposePairs(Execution& run, Merge& merge) {
  TokenComposer query(run.tokens);
  ComposeRowId(query.Words("SELECT"), merge.target);
  query.Operator(",").Words("CASE");
  for (size_t i = 0; i < merge.clauses.size(); ++i)
    query.Words("WHEN").Append(Guard(run, merge, i)).Words("THEN").Number(static_cast<int64_t>(i) + 1);
  query.Words("END AS").Quoted("SF CLAUSE");
  size_t values = 0;
  for (size_t i = 0; i < merge.clauses.size(); ++i) {
    Clause& clause = merge.clauses[i];
    clause.first_value = values;
    const TokenComposer guard = Guard(run, merge, i);
    if (clause.kind == Clause::Kind::kUpdate) {
      CDI_RETURN_IF_ERROR(
          ComposeAssignments(run, clause.begin, clause.end, merge.target, query, clause.columns, &guard));
    } else if (clause.kind == Clause::Kind::kInsert) {
      const auto unexpected = [&](size_t at) { return SyntaxError(run.tokens[at].place, run.tokens[at].text); };
      if (clause.begin >= clause.end || !run.tokens[clause.begin].IsOperator("(")) return unexpected(clause.begin);
      const size_t close = ClosingParenthesis(run.tokens, clause.begin, clause.end);
      if (close + 1 != clause.end) return unexpected(std::min(close + 1, run.tokens.size() - 1));
      const auto parts = SplitAtCommas(run.tokens, clause.begin + 1, close);
      if (parts.size() != clause.columns.size()) {
        return SqlError("002020", "21S01",
                        absl::StrCat("SQL compilation error:\nInsert value list does not match column list expecting ",
                                     clause.columns.size(), " but got ", parts.size()));
      }
      for (size_t j = 0; j < parts.size(); ++j) {
        query.Operator(",").Words("CASE WHEN").Append(guard).Words("THEN");
        if (run.tokens[parts[j].first].IsWord("DEFAULT") && parts[j].first + 1 == parts[j].second) {
          CDI_RETURN_IF_ERROR(ComposeDefault(query, merge.target.relation.columns[clause.columns[j]]));
        } else {
          query.Operator("(").Range(parts[j].first, parts[j].second).Operator(")");
        }
        query.Words("END AS").Quoted(absl::StrCat("SF I", i, " ", j));
      }
      for (size_t place = 0; place < merge.target.relation.columns.size(); ++place) {
        const Column& column = merge.target.relation.columns[place];
        const bool given = std::find(clause.columns.begin(), clause.columns.end(), place) != clause.columns.end();
        if (given || (column.default_text.empty() && column.sequence.empty())) continue;
        query.Operator(",").Words("CASE WHEN").Append(guard).Words("THEN");
        CDI_RETURN_IF_ERROR(ComposeDefault(query, column));
        query.Words("END AS").Quoted(absl::StrCat("SF D", i, " ", place));
        clause.columns.push_back(place);
      }
    }
    values += clause.columns.size();
  }
  query.Words("FROM").Range(merge.source_begin, merge.source_end);
  query.Words("LEFT JOIN").Name(merge.target.name).Words("AS").Quoted(merge.target.alias);
  query.Words("ON").Operator("(").Range(merge.on_begin, merge.on_end).Operator(")");
  return query;
}

absl::StatusOr<std::string> StageStatement(Execution& run, const Merge& merge, const TokenComposer& pairs) {
  CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RewriteComposed(run, pairs, &merge.target));
  const auto described = run.session.connection->Describe(query.sql);
  if (!described.ok()) return TranslateEngineError(described.status(), run.tokens);
  std::string names = "\"SF ROWID\", \"SF CLAUSE\"";
  std::string values = names;
  for (size_t i = 0; i < merge.clauses.size(); ++i) {
    const Clause& clause = merge.clauses[i];
    for (size_t j = 0; j < clause.columns.size(); ++j) {
      const Column& column = merge.target.relation.columns[clause.columns[j]];
      const size_t value = clause.first_value + j;
      CDI_RETURN_IF_ERROR(CheckAssignable(query, value + 2, column));
      const std::string name = absl::StrCat("\"SF ", value, "\"");
      absl::StrAppend(&names, ", ", name);
      absl::StrAppend(&values, ", CASE WHEN \"SF CLAUSE\" = ", i + 1, " THEN ", WriteValue(name, column, run.Zone()),
                      " END AS ", name);
    }
  }
  return absl::StrCat("CREATE OR REPLACE TEMP TABLE ", kStage, " AS SELECT ", values, " FROM (", query.sql,
                      ") AS \"~S\"(", names, ") WHERE \"SF CLAUSE\" IS NOT NULL");
}

absl::StatusOr<int64_t> ApplyClause(Execution& run, const Merge& merge, size_t at) {
  const Clause& clause = merge.clauses[at];
  const std::string table = PhysicalName(merge.target.name);
  const std::string mine = absl::StrCat(" FROM ", kStage, " WHERE \"SF CLAUSE\" = ", at + 1);
  const auto value = [&](size_t j) { return absl::StrCat("\"SF ", clause.first_value + j, "\""); };
  std::vector<std::string> parts;
  std::vector<std::string> names;
  for (size_t j = 0; j < clause.columns.size(); ++j) {
    const std::string name = EngineColumn(merge.target.relation.columns[clause.columns[j]].name);
    names.push_back(name);
    parts.push_back(clause.kind == Clause::Kind::kUpdate ? absl::StrCat(name, " = \"~S\".", value(j)) : value(j));
  }
  switch (clause.kind) {
    case Clause::Kind::kDelete:
      return RunEngine(run, absl::StrCat("DELETE FROM ", table, " WHERE rowid IN (SELECT \"SF ROWID\"", mine, ")"));
    case Clause::Kind::kUpdate:
      return RunEngine(run, absl::StrCat("UPDATE ", table, " AS \"~T\" SET ", absl::StrJoin(parts, ", "),
                                         " FROM (SELECT DISTINCT ON (\"SF ROWID\") *", mine,
                                         ") AS \"~S\" WHERE \"~T\".rowid = \"~S\".\"SF ROWID\""));
    default:
      return RunEngine(run, absl::StrCat("INSERT INTO ", table, " (", absl::StrJoin(names, ", "), ") SELECT ",
                                         absl::StrJoin(parts, ", "), mine));
  }
}

// A target row may be updated by one source row only; several that all delete it are fine.
absl::Status CheckDeterministic(Execution& run, const Merge& merge) {
  const auto setting = run.session.parameters.find("ERROR_ON_NONDETERMINISTIC_MERGE");
  if (setting != run.session.parameters.end() && setting->second == "false") return absl::OkStatus();
  std::vector<std::string> updates;
  for (size_t i = 0; i < merge.clauses.size(); ++i) {
    if (merge.clauses[i].kind == Clause::Kind::kUpdate) updates.push_back(std::to_string(i + 1));
  }
  if (updates.empty()) return absl::OkStatus();
  const std::string where = absl::StrCat("WHERE \"SF ROWID\" IN (SELECT \"SF ROWID\" FROM ", kStage,
                                         " WHERE \"SF CLAUSE\" IN (", absl::StrJoin(updates, ", "), "))");
  CDI_ASSIGN_OR_RETURN(const int64_t several, CountSeveral(run, kStage, where));
  return several == 0 ? absl::OkStatus() : DuplicateRow(run, merge.target, kStage, where);
}

}  // namespace

absl::StatusOr<ResultSet> RunMerge(Execution& run) {
  CDI_ASSIGN_OR_RETURN(Merge merge, ReadMerge(run));
  CDI_ASSIGN_OR_RETURN(const TokenComposer pairs, ComposePairs(run, merge));
  CDI_ASSIGN_OR_RETURN(std::string stage, StageStatement(run, merge, pairs));
  RowCounts counts;
  if (!run.describe_only) {
    const std::string compiled_for = merge.target.name.physical;
    CDI_RETURN_IF_ERROR(UseWarehouse(run));
    CDI_RETURN_IF_ERROR(PrepareWrite(run, merge.target));
    if (merge.target.name.physical != compiled_for) {
      CDI_ASSIGN_OR_RETURN(stage, StageStatement(run, merge, pairs));
    }
    CDI_RETURN_IF_ERROR(RunAtomically(run, [&]() -> absl::Status {
      CDI_RETURN_IF_ERROR(RunEngine(run, stage).status());
      CDI_RETURN_IF_ERROR(CheckDeterministic(run, merge));
      for (size_t i = 0; i < merge.clauses.size(); ++i) {
        CDI_ASSIGN_OR_RETURN(const int64_t changed, ApplyClause(run, merge, i));
        const Clause::Kind kind = merge.clauses[i].kind;
        (kind == Clause::Kind::kInsert   ? counts.inserted
         : kind == Clause::Kind::kUpdate ? counts.updated
                                         : counts.deleted) += changed;
      }
      return RunEngine(run, absl::StrCat("DROP TABLE ", kStage)).status();
    }));
    if (counts.inserted + counts.updated + counts.deleted > 0)
      NoteWrite(run, merge.target.name, counts.updated + counts.deleted == 0);
  }
  const auto has = [&](Clause::Kind kind) {
    return std::any_of(merge.clauses.begin(), merge.clauses.end(),
                       [&](const Clause& clause) { return clause.kind == kind; });
  };
  std::vector<std::pair<std::string, int64_t>> shown;
  if (has(Clause::Kind::kInsert)) shown.emplace_back("number of rows inserted", counts.inserted);
  if (has(Clause::Kind::kUpdate)) shown.emplace_back("number of rows updated", counts.updated);
  if (has(Clause::Kind::kDelete)) shown.emplace_back("number of rows deleted", counts.deleted);
  return CountsResult(shown, kMerge, counts, run.describe_only);
}

namespace {

// One INTO of a multi-table INSERT.
struct Into {
  DmlTarget target;
  std::vector<size_t> columns;
  size_t values_begin = 0;  // begin == end: all columns of the source
  size_t values_end = 0;
  TokenComposer condition;
};

absl::StatusOr<Into> ReadInto(Execution& run, TokenReader& reader, TokenComposer condition) {
  CDI_RETURN_IF_ERROR(reader.ExpectWords("INTO"));
  CDI_ASSIGN_OR_RETURN(DmlTarget target, FindTarget(run, reader, "INSERT"));
  const bool list_ahead = reader.Peek().IsOperator("(");
  std::vector<size_t> columns;
  if (list_ahead) {
    CDI_ASSIGN_OR_RETURN(columns, ReadColumnList(reader, target.relation));
  } else {
    for (size_t i = 0; i < target.relation.columns.size(); ++i) columns.push_back(i);
  }
  Into into{std::move(target), std::move(columns), 0, 0, std::move(condition)};
  if (reader.TakeWords("VALUES")) {
    into.values_begin = reader.position();
    into.values_end = ClosingParenthesis(run.tokens, into.values_begin, run.tokens.size() - 1) + 1;
    if (!reader.Peek().IsOperator("(") || into.values_end >= run.tokens.size()) return reader.Unexpected();
    reader.Seek(into.values_end);
  }
  return into;
}

absl::StatusOr<std::vector<Into>> ReadIntos(Execution& run, TokenReader& reader, bool first) {
  std::vector<Into> intos;
  const size_t end = run.tokens.size() - 1;
  TokenComposer nothing(run.tokens);
  if (!reader.Peek().IsWord("WHEN")) {
    while (reader.Peek().IsWord("INTO")) {
      CDI_ASSIGN_OR_RETURN(Into into, ReadInto(run, reader, nothing));
      intos.push_back(std::move(into));
    }
    return intos;
  }
  TokenComposer earlier(run.tokens);  // "AND NOT COALESCE((…), FALSE)" of the conditions before
  TokenComposer none_of_all(run.tokens);
  const auto but_not = [&](TokenComposer& composer, size_t begin, size_t until) {
    composer.Words("AND NOT COALESCE").Operator("(").Operator("(").Range(begin, until);
    composer.Operator(")").Operator(",").Words("FALSE").Operator(")");
  };
  while (reader.Peek().IsWord("WHEN") || reader.Peek().IsWord("ELSE")) {
    TokenComposer condition(run.tokens);
    if (reader.TakeWords("ELSE")) {
      condition.Words("TRUE").Append(none_of_all);
    } else {
      reader.Next();
      const size_t begin = reader.position();
      const size_t then = FindTopLevelWord(run.tokens, begin, end, {"THEN"});
      reader.Seek(then);
      CDI_RETURN_IF_ERROR(reader.ExpectWords("THEN"));
      condition.Operator("(").Range(begin, then).Operator(")");
      if (first) condition.Append(earlier);
      but_not(earlier, begin, then);
      but_not(none_of_all, begin, then);
    }
    if (!reader.Peek().IsWord("INTO")) return reader.Unexpected();
    while (reader.Peek().IsWord("INTO")) {
      CDI_ASSIGN_OR_RETURN(Into into, ReadInto(run, reader, condition));
      intos.push_back(std::move(into));
    }
  }
  return intos;
}

absl::StatusOr<std::string> IntoStatement(Execution& run, const Into& into, size_t source_begin) {
  TokenComposer query(run.tokens);
  query.Words("SELECT");
  if (into.values_begin < into.values_end) {
    bool first = true;
    for (const auto& [begin, end] : SplitAtCommas(run.tokens, into.values_begin + 1, into.values_end - 1)) {
      if (!first) query.Operator(",");
      first = false;
      query.Range(begin, end);
    }
  } else {
    query.Operator("*");
  }
  query.Words("FROM").Operator("(").Range(source_begin, run.tokens.size() - 1).Operator(")").Words("AS").Quoted("SF S");
  if (into.condition.Tokens().size() > 1) query.Words("WHERE").Append(into.condition);
  return InsertStatement(run, into.target, into.columns, query);
}

}  // namespace

// The source runs once for each INTO, in one engine transaction; only a source that differs from run to run (RANDOM)
// would show it, and is refused.
absl::StatusOr<ResultSet> RunMultiInsert(Execution& run, bool overwrite) {
  TokenReader reader(run.tokens, overwrite ? 2 : 1);
  const bool first = reader.TakeWords("FIRST");
  if (!first) CDI_RETURN_IF_ERROR(reader.ExpectWords("ALL"));
  CDI_ASSIGN_OR_RETURN(std::vector<Into> intos, ReadIntos(run, reader, first));
  if (intos.empty() || !(reader.Peek().IsWord("SELECT") || reader.Peek().IsWord("WITH"))) return reader.Unexpected();
  const size_t source_begin = reader.position();
  for (size_t i = source_begin; i < run.tokens.size(); ++i) {
    for (const char* word : {"RANDOM", "UUID_STRING", "RANDSTR", "UNIFORM", "NEXTVAL"}) {
      if (run.tokens[i].IsWord(word)) return Unsupported(absl::StrCat(word, " in a multi-table INSERT"));
    }
  }
  std::vector<std::pair<std::string, int64_t>> shown;
  RowCounts counts;
  for (const Into& into : intos)
    shown.emplace_back(absl::StrCat("number of rows inserted into ", into.target.name.object), 0);
  if (!run.describe_only) {
    CDI_RETURN_IF_ERROR(UseWarehouse(run));
    for (Into& into : intos) CDI_RETURN_IF_ERROR(PrepareWrite(run, into.target));
    std::vector<std::string> statements;
    for (const Into& into : intos) {
      CDI_ASSIGN_OR_RETURN(statements.emplace_back(), IntoStatement(run, into, source_begin));
    }
    // All sources read what was before the statement: staged first, then put in.
    CDI_RETURN_IF_ERROR(RunAtomically(run, [&]() -> absl::Status {
      for (size_t i = 0; i < intos.size(); ++i) {
        const size_t select = statements[i].find(") SELECT ") + 2;
        CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("CREATE OR REPLACE TEMP TABLE temp.main.\"~DML", i, "\" AS ",
                                                        statements[i].substr(select)))
                                .status());
        statements[i].resize(select);
      }
      for (size_t i = 0; overwrite && i < intos.size(); ++i)
        CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DELETE FROM ", PhysicalName(intos[i].target.name))).status());
      for (size_t i = 0; i < intos.size(); ++i) {
        CDI_ASSIGN_OR_RETURN(shown[i].second,
                             RunEngine(run, absl::StrCat(statements[i], "SELECT * FROM temp.main.\"~DML", i, "\"")));
        CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DROP TABLE temp.main.\"~DML", i, "\"")).status());
        counts.inserted += shown[i].second;
      }
      return absl::OkStatus();
    }));
    for (const Into& into : intos) NoteWrite(run, into.target.name, !overwrite);
  }
  return CountsResult(shown, kMultiInsert, counts, run.describe_only);
}

}  // namespace cdi::snowflake_mock
