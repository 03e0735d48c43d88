// CREATE TABLE (also AS, LIKE, CLONE, TEMPORARY), VIEW, SEQUENCE. The caller holds write_mutex and the catalog.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/create.h"
#include "tests/snowflake_mock/server/statements/sequences.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"

namespace cdi::snowflake_mock {
namespace {

// nullopt: go on. Otherwise the answer of IF NOT EXISTS.
absl::StatusOr<std::optional<ResultSet>> MakeRoom(Execution& run, const ObjectName& name, const std::string& kind,
                                                  const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  if (name.schema == "INFORMATION_SCHEMA" ||
      !HasCreatePrivilege(context, absl::StrCat("CREATE ", kind), "SCHEMA", name.SchemaDisplay())) {
    return InsufficientPrivileges("schema", DisplayName(name.schema));
  }
  if (options.temporary) {
    if (!run.session.temporaries.contains(name.Display()) || options.or_replace) return std::optional<ResultSet>();
    if (options.if_not_exists) return std::optional<ResultSet>(StatusResult(ExistsText(name.object)));
    return AlreadyExists(name.Display());
  }
  const Relation* const old = run.account.catalog.FindRelation(name);
  if (old == nullptr) return std::optional<ResultSet>();
  if (options.if_not_exists) return std::optional<ResultSet>(StatusResult(ExistsText(name.object)));
  if (!options.or_replace || old->is_view != (kind == "VIEW")) return AlreadyExists(name.Display());
  if (!IsOwner(context, old->owner))
    return InsufficientPrivileges(old->is_view ? "view" : "table", DisplayName(name.object));
  return std::optional<ResultSet>();
}

void Enter(Execution& run, const ObjectName& name, Relation relation, bool copy_grants) {
  Catalog& catalog = run.account.catalog;
  const std::string kind = relation.is_view ? "VIEW" : "TABLE";
  std::vector<Grant> kept;
  for (const Grant& grant : catalog.grants) {
    if (copy_grants && grant.kind == kind && grant.object == name.Display() && grant.privilege != "OWNERSHIP")
      kept.push_back(grant);
  }
  catalog.ForgetGrants(kind, name.Display());
  catalog.FindSchema(name.database, name.schema)->relations[name.object] = std::move(relation);
  AddOwnership(run, kind, name.Display(), run.session.role);
  catalog.grants.insert(catalog.grants.end(), kept.begin(), kept.end());
  if (!copy_grants) catalog.ApplyFutureGrants(kind, name, run.now_ns);
}

struct TableOptions {
  std::string comment;
  std::string cluster_by;
  bool change_tracking = false;
  bool copy_grants = false;
};

absl::StatusOr<TableOptions> ReadTableOptions(Execution& run, TokenReader& reader) {
  TableOptions options;
  static const auto* known = new std::set<std::string>{"COMMENT", "CHANGE_TRACKING", "DATA_RETENTION_TIME_IN_DAYS",
                                                       "MAX_DATA_EXTENSION_TIME_IN_DAYS", "ENABLE_SCHEMA_EVOLUTION"};
  while (true) {
    const size_t before = reader.position();
    CDI_ASSIGN_OR_RETURN(auto properties, ReadOptions(reader, *known));
    if (properties.contains("COMMENT")) options.comment = properties["COMMENT"];
    if (properties.contains("CHANGE_TRACKING")) options.change_tracking = properties["CHANGE_TRACKING"] == "TRUE";
    if (reader.TakeWords("COPY GRANTS")) options.copy_grants = true;
    if (reader.TakeWords("CLUSTER BY")) {
      const size_t open = reader.position();
      CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
      const size_t close = ClosingParenthesis(run.tokens, open, run.tokens.size() - 1);
      if (close + 1 >= run.tokens.size()) return reader.Unexpected();
      options.cluster_by = absl::StrCat(
          "LINEAR", run.sql.substr(run.tokens[open].begin, run.tokens[close].end - run.tokens[open].begin));
      reader.Seek(close + 1);
    }
    for (const char* other : {"STAGE_FILE_FORMAT", "STAGE_COPY_OPTIONS", "DEFAULT_DDL_COLLATION"}) {
      if (reader.Peek().IsWord(other)) return Unsupported(other);
    }
    if (reader.position() == before) return options;
  }
}

// Columns as another table declares them, with sequences of their own.
absl::StatusOr<Relation> CopyOfDefinition(Execution& run, TokenReader& reader, ObjectName& from) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(from, CompleteName(parts, context));
  if (reader.Peek().IsWord("AT") || reader.Peek().IsWord("BEFORE")) return Unsupported("time travel");
  CDI_ASSIGN_OR_RETURN(const Relation* const source, FindWithPrivilege(from, "SELECT", context));
  if (source->is_view) return MissingObject("Table", from.Display());
  return *source;
}

absl::Status InvalidColumnList() {
  return SqlError("002026", "42601", "SQL compilation error:\nInvalid column definition list");
}

// What a table or view without a column list is made of has names.
absl::Status CheckNamed(const RewrittenQuery& query) {
  if (std::find(query.named.begin(), query.named.end(), false) == query.named.end()) return absl::OkStatus();
  return SqlError("002022", "42601", "SQL compilation error:\nMissing column specification");
}

// Declared columns of CREATE TABLE … AS take the query's types where they give none.
absl::Status MergeQueryColumns(const RewrittenQuery& query, const std::vector<Column>& from_query,
                               const std::vector<bool>& typed, std::vector<Column>& columns) {
  if (columns.empty()) {
    CDI_RETURN_IF_ERROR(CheckNamed(query));
    columns = from_query;
  }
  if (columns.size() != from_query.size()) return InvalidColumnList();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i < typed.size() && !typed[i]) columns[i].type = from_query[i].type;
    if (i < typed.size() && typed[i]) CDI_RETURN_IF_ERROR(CheckAssignable(query, i, columns[i]));
  }
  return absl::OkStatus();
}

std::string FillStatement(const ObjectName& name, const std::vector<Column>& columns, const std::string& query,
                          const std::string& zone) {
  std::vector<std::string> inner;
  std::vector<std::string> values;
  for (size_t i = 0; i < columns.size(); ++i) {
    inner.push_back(absl::StrCat("\"SF ", i, "\""));
    values.push_back(WriteValue(inner.back(), columns[i], zone));
  }
  return absl::StrCat("INSERT INTO ", PhysicalName(name), " SELECT ", absl::StrJoin(values, ", "), " FROM (", query,
                      ") AS \"~S\"(", absl::StrJoin(inner, ", "), ")");
}

}  // namespace

absl::Status CreateIdentity(Execution& run, const ObjectName& name, Column& column) {
  const std::string own =
      absl::StrCat("~ID.", DisplayName(name.object), ".", DisplayName(column.name), ".", run.account.Now());
  const std::string engine = name.physical.empty() ? absl::StrCat(PhysicalSchema(name.database, name.schema), ".",
                                                                  QuoteEngineName(EncodeName(own)))
                                                   : absl::StrCat("temp.main.", QuoteEngineName(EncodeName(own)));
  CDI_RETURN_IF_ERROR(
      CreateEngineSequence(run, engine, !name.physical.empty(), column.identity_start, column.identity_step));
  column.sequence = engine;
  return absl::OkStatus();
}

absl::Status CreatePhysicalTable(Execution& run, const ObjectName& name, Relation& table, bool or_replace) {
  for (Column& column : table.columns) {
    if (!column.sequence.empty()) CDI_RETURN_IF_ERROR(CreateIdentity(run, name, column));
  }
  return RunEngine(run, absl::StrCat("CREATE ", or_replace ? "OR REPLACE " : "", name.physical.empty() ? "" : "TEMP ",
                                     "TABLE ", PhysicalName(name), " ", EngineTableColumns(table.columns)))
      .status();
}

absl::Status DropPhysicalTable(Execution& run, const ObjectName& name, const Relation& table) {
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DROP TABLE ", PhysicalName(name))).status());
  for (const Column& column : table.columns) {
    if (!column.sequence.empty())
      CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DROP SEQUENCE IF EXISTS ", column.sequence)).status());
  }
  return absl::OkStatus();
}

absl::Status CheckDefault(Execution& run, const Column& column) {
  if (column.default_text.empty()) return absl::OkStatus();
  TokenComposer composer(run.tokens);
  composer.Words("SELECT");
  CDI_RETURN_IF_ERROR(composer.Text(column.default_text));
  RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, ReplaceNextval(run, composer.Tokens(), context));
  CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RewriteQuery(tokens, context));
  const auto described = run.session.connection->Describe(query.sql);
  if (!described.ok()) return TranslateEngineError(described.status(), run.tokens);
  return absl::OkStatus();
}

absl::StatusOr<RewrittenQuery> RelationFromQuery(Execution& run, const ObjectName* scope, size_t query_begin,
                                                 Relation& relation) {
  const std::vector<Token> query_tokens(run.tokens.begin() + static_cast<std::ptrdiff_t>(query_begin),
                                        run.tokens.end());
  RewriteContext context = MakeContext(run);
  if (scope != nullptr) {
    context.database = scope->database;
    context.schema = scope->schema;
  }
  CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, ReplaceNextval(run, query_tokens, context));
  CDI_ASSIGN_OR_RETURN(RewrittenQuery query, RewriteQuery(tokens, context));
  const auto described = run.session.connection->Describe(query.sql);
  if (!described.ok()) return TranslateEngineError(described.status(), run.tokens);
  for (const Column& column : query.columns) {
    Column one;
    one.name = column.name;
    one.type = column.type;
    for (const Column& other : relation.columns) {
      if (other.name == one.name)
        return SqlError("002025", "42S21",
                        absl::StrCat("SQL compilation error:\nduplicate column name '", DisplayName(one.name), "'"));
    }
    relation.columns.push_back(std::move(one));
  }
  return query;
}

absl::StatusOr<ResultSet> CreateTable(Execution& run, TokenReader& reader, const CreateOptions& options) {
  CDI_RETURN_IF_ERROR(RefuseReservedWord(reader));
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(ObjectName name, CompleteName(parts, MakeContext(run)));
  name.physical = options.temporary ? PrivateName("", name) : "";
  CDI_ASSIGN_OR_RETURN(auto early, MakeRoom(run, name, "TABLE", options));
  if (early.has_value()) return *std::move(early);
  Relation table;
  std::vector<bool> typed;
  std::string fill;
  const bool clone = reader.Peek().IsWord("CLONE");
  if (clone || reader.Peek().IsWord("LIKE")) {
    reader.Next();
    ObjectName from;
    CDI_ASSIGN_OR_RETURN(table, CopyOfDefinition(run, reader, from));
    if (clone) fill = absl::StrCat("INSERT INTO ", PhysicalName(name), " SELECT * FROM ", PhysicalName(from));
    for (Column& column : table.columns) {
      if (!clone || column.sequence.empty()) continue;
      CDI_ASSIGN_OR_RETURN(column.identity_start, NextOfSequence(run, column.sequence, column.identity_start));
    }
  } else if (reader.TakeOperator("(")) {
    CDI_ASSIGN_OR_RETURN(table, ReadTableBody(reader, MakeContext(run), typed));
  }
  CDI_ASSIGN_OR_RETURN(const TableOptions given, ReadTableOptions(run, reader));
  table.name = name.object;
  table.owner = run.session.role;
  if (!given.comment.empty() || !clone) table.comment = given.comment;
  table.cluster_by = given.cluster_by;
  table.created_ns = table.changed_ns = run.now_ns;
  table.change_tracking = given.change_tracking;
  table.transient = options.transient;
  table.ddl = run.sql;
  for (const Column& column : table.columns) CDI_RETURN_IF_ERROR(CheckDefault(run, column));
  if (reader.TakeWords("AS")) {
    Relation from_query;
    CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RelationFromQuery(run, nullptr, reader.position(), from_query));
    CDI_RETURN_IF_ERROR(MergeQueryColumns(query, from_query.columns, typed, table.columns));
    fill = FillStatement(name, table.columns, query.sql, run.Zone());
    CDI_RETURN_IF_ERROR(UseWarehouseLocked(run));
  } else {
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    if (std::find(typed.begin(), typed.end(), false) != typed.end()) return reader.Unexpected();
  }
  if (table.columns.empty()) return reader.Unexpected();
  CDI_RETURN_IF_ERROR(RunAtomicallyLocked(run, [&]() -> absl::Status {
    const Relation* const old = options.temporary ? nullptr : run.account.catalog.FindRelation(name);
    // What is read may be the table that is replaced.
    if (!fill.empty() && options.or_replace) {
      const size_t select = fill.find(" SELECT ") + 1;
      CDI_RETURN_IF_ERROR(
          RunEngine(run, absl::StrCat("CREATE OR REPLACE TEMP TABLE temp.main.\"~CTAS\" AS ", fill.substr(select)))
              .status());
      fill = absl::StrCat(fill.substr(0, select), "SELECT * FROM temp.main.\"~CTAS\"");
    }
    if (old != nullptr && options.or_replace) CDI_RETURN_IF_ERROR(DropPhysicalTable(run, name, *old));
    CDI_RETURN_IF_ERROR(CreatePhysicalTable(run, name, table, options.temporary));
    if (!fill.empty()) CDI_RETURN_IF_ERROR(RunEngine(run, fill).status());
    return RunEngine(run, "DROP TABLE IF EXISTS temp.main.\"~CTAS\"").status();
  }));
  if (options.temporary) {
    run.session.temporaries[name.Display()] = std::move(table);
  } else {
    Enter(run, name, std::move(table), given.copy_grants);
  }
  return StatusResult(CreatedText("Table", name.object));
}

absl::StatusOr<ResultSet> CreateView(Execution& run, TokenReader& reader, const CreateOptions& options) {
  if (options.temporary) return Unsupported("TEMPORARY views");
  CDI_RETURN_IF_ERROR(RefuseReservedWord(reader));
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(ObjectName name, CompleteName(parts, MakeContext(run)));
  name.physical.clear();
  CDI_ASSIGN_OR_RETURN(auto early, MakeRoom(run, name, "VIEW", options));
  if (early.has_value()) return *std::move(early);
  std::vector<std::pair<std::string, std::string>> names;  // and comments
  if (reader.TakeOperator("(")) {
    do {
      CDI_ASSIGN_OR_RETURN(const std::string column, reader.Name());
      names.emplace_back(column, "");
      if (reader.TakeWords("COMMENT")) {
        CDI_ASSIGN_OR_RETURN(names.back().second, reader.OptionValue());
      }
    } while (reader.TakeOperator(","));
    CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  }
  CDI_ASSIGN_OR_RETURN(const TableOptions given, ReadTableOptions(run, reader));
  CDI_RETURN_IF_ERROR(reader.ExpectWords("AS"));
  Relation view;
  view.name = name.object;
  view.is_view = true;
  view.secure = options.secure;
  view.owner = run.session.role;
  view.comment = given.comment;
  view.created_ns = view.changed_ns = run.now_ns;
  view.change_tracking = given.change_tracking;
  view.view_query = run.sql.substr(reader.Peek().begin);
  view.ddl = run.sql;
  // Names inside are those of the view's own schema.
  CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RelationFromQuery(run, &name, reader.position(), view));
  if (names.empty()) CDI_RETURN_IF_ERROR(CheckNamed(query));
  if (!names.empty() && names.size() != view.columns.size()) return InvalidColumnList();
  for (size_t i = 0; i < names.size(); ++i) {
    view.columns[i].name = names[i].first;
    view.columns[i].comment = names[i].second;
  }
  Enter(run, name, std::move(view), given.copy_grants);
  return StatusResult(CreatedText("View", name.object));
}

absl::Status CloneSchema(Execution& run, const ObjectName& from, const ObjectName& to) {
  const Schema source = *run.account.catalog.FindSchema(from.database, from.schema);
  for (const auto& [relation_name, relation] : source.relations) {
    Relation copy = relation;
    copy.owner = run.session.role;
    copy.created_ns = copy.changed_ns = run.now_ns;
    const ObjectName old_name{from.database, from.schema, relation_name};
    const ObjectName new_name{to.database, to.schema, relation_name};
    if (!relation.is_view) {
      CDI_RETURN_IF_ERROR(CreatePhysicalTable(run, new_name, copy, false));
      CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("INSERT INTO ", PhysicalName(new_name), " SELECT * FROM ",
                                                      PhysicalName(old_name)))
                              .status());
    }
    Enter(run, new_name, std::move(copy), false);
  }
  return absl::OkStatus();
}

}  // namespace cdi::snowflake_mock
