// ALTER TABLE, VIEW, SCHEMA, DATABASE.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/alter.h"
#include "tests/snowflake_mock/server/statements/create.h"
#include "tests/snowflake_mock/server/statements/sequences.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"

namespace cdi::snowflake_mock {

absl::StatusOr<Column*> FindColumn(Relation& table, const std::string& name) {
  for (Column& column : table.columns) {
    if (column.name == name) return &column;
  }
  return SqlError(
      "002003", "42S02",
      absl::StrCat("SQL compilation error:\ncolumn '", DisplayName(name), "' does not exist or not authorized."));
}

namespace {

ResultSet Done() {
  return StatusResult("Statement executed successfully.");
}

struct TableChange {
  Execution& run;
  ObjectName name;
  Relation& table;

  std::string Alter() const { return absl::StrCat("ALTER TABLE ", PhysicalName(name), " "); }
  absl::Status Engine(const std::string& sql) const { return RunEngine(run, sql).status(); }
};

// Rows that exist get the default; then NOT NULL can hold.
absl::Status FillColumn(TableChange& change, const Column& column) {
  if (!column.default_text.empty() || !column.sequence.empty()) {
    const RewriteContext context = MakeContext(change.run);
    TokenComposer composer(change.run.tokens);
    composer.Words("SELECT");
    CDI_RETURN_IF_ERROR(ComposeDefault(composer, column));
    CDI_ASSIGN_OR_RETURN(const std::vector<Token> tokens, ReplaceNextval(change.run, composer.Tokens(), context));
    CDI_ASSIGN_OR_RETURN(const RewrittenQuery query, RewriteQuery(tokens, context));
    const std::string value = column.sequence.empty()
                                  ? absl::StrCat("(SELECT ", WriteValue("\"SF 0\"", column, change.run.Zone()),
                                                 " FROM (", query.sql, ") AS \"~S\"(\"SF 0\"))")
                                  : absl::StrCat("nextval(", QuoteLiteral(column.sequence), ")");
    CDI_RETURN_IF_ERROR(change.Engine(
        absl::StrCat("UPDATE ", PhysicalName(change.name), " SET ", EngineColumn(column.name), " = ", value)));
  }
  if (column.nullable) return absl::OkStatus();
  return change.Engine(absl::StrCat(change.Alter(), "ALTER COLUMN ", EngineColumn(column.name), " SET NOT NULL"));
}

absl::Status AddOne(TableChange& change, TokenReader& reader) {
  reader.TakeWords("COLUMN");
  const bool if_not_exists = reader.TakeWords("IF NOT EXISTS");
  const RewriteContext context = MakeContext(change.run);
  std::optional<Constraint> own;
  CDI_ASSIGN_OR_RETURN(Column column, ReadColumn(reader, &context, &own));
  for (const Column& other : change.table.columns) {
    if (other.name != column.name) continue;
    if (if_not_exists) return absl::OkStatus();
    return SqlError("001430", "42601",
                    absl::StrCat("SQL compilation error:\ncolumn '", DisplayName(column.name), "' already exists"));
  }
  CDI_RETURN_IF_ERROR(CheckDefault(change.run, column));
  if (!column.sequence.empty()) CDI_RETURN_IF_ERROR(CreateIdentity(change.run, change.name, column));
  CDI_RETURN_IF_ERROR(change.Engine(
      absl::StrCat(change.Alter(), "ADD COLUMN ", EngineColumn(column.name), " ", column.type.EngineName())));
  if (const absl::Status filled = FillColumn(change, column); !filled.ok()) {
    // The engine does not let one transaction alter a table and write to it.
    change.Engine(absl::StrCat(change.Alter(), "DROP COLUMN ", EngineColumn(column.name))).IgnoreError();
    return filled;
  }
  if (own.has_value()) {
    own->columns = {column.name};
    if (own->name.empty()) own->name = absl::StrCat("SYS_CONSTRAINT_", change.run.now_ns);
    change.table.constraints.push_back(*std::move(own));
  }
  change.table.columns.push_back(std::move(column));
  return absl::OkStatus();
}

absl::Status DropColumns(TableChange& change, TokenReader& reader) {
  reader.TakeWords("COLUMN");
  const bool if_exists = reader.TakeWords("IF EXISTS");
  do {
    CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
    const auto column = FindColumn(change.table, name);
    if (!column.ok() && if_exists) continue;
    CDI_RETURN_IF_ERROR(column.status());
    if (change.table.columns.size() == 1) {
      return SqlError("002094", "0A000",
                      absl::StrCat("SQL compilation error:\nCannot drop the only column '", name, "' of table '",
                                   change.name.object, "'"));
    }
    CDI_RETURN_IF_ERROR(change.Engine(absl::StrCat(change.Alter(), "DROP COLUMN ", EngineColumn(name))));
    std::erase_if(change.table.columns, [&](const Column& one) { return one.name == name; });
    std::erase_if(change.table.constraints, [&](const Constraint& one) {
      return std::find(one.columns.begin(), one.columns.end(), name) != one.columns.end();
    });
  } while (reader.TakeOperator(","));
  return reader.ExpectEnd();
}

absl::Status RenameColumn(TableChange& change, TokenReader& reader) {
  CDI_ASSIGN_OR_RETURN(const std::string old_name, reader.Name());
  CDI_RETURN_IF_ERROR(reader.ExpectWords("TO"));
  CDI_ASSIGN_OR_RETURN(const std::string new_name, reader.Name());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  CDI_ASSIGN_OR_RETURN(Column* const column, FindColumn(change.table, old_name));
  if (FindColumn(change.table, new_name).ok()) {
    return SqlError("001430", "42601",
                    absl::StrCat("SQL compilation error:\ncolumn '", DisplayName(new_name), "' already exists"));
  }
  CDI_RETURN_IF_ERROR(change.Engine(
      absl::StrCat(change.Alter(), "RENAME COLUMN ", EngineColumn(old_name), " TO ", EngineColumn(new_name))));
  column->name = new_name;
  for (Constraint& constraint : change.table.constraints)
    std::replace(constraint.columns.begin(), constraint.columns.end(), old_name, new_name);
  return absl::OkStatus();
}

// What Snowflake lets a type become: a longer text, a wider number of the same scale (narrower where the rows fit).
absl::Status ChangeType(TableChange& change, Column& column, const SqlType& type) {
  const auto refuse = [&](const char* code, const std::string& because) {
    return SqlError(code, "22000",
                    absl::StrCat("SQL compilation error: cannot change column ", DisplayName(column.name),
                                 " from type ", column.type.SnowflakeName(), " to ", type.SnowflakeName(), because));
  };
  if (type.kind != column.type.kind) return refuse("002108", "");
  const bool sized = type.kind == SqlType::Kind::kText || type.kind == SqlType::Kind::kBinary;
  if (sized && type.length < column.type.length)
    return refuse("040052", " because reducing the byte-length of a varchar is not supported.");
  if (type.kind == SqlType::Kind::kNumber) {
    if (type.scale != column.type.scale)
      return refuse("040052", " because changing the scale of a number is not supported.");
    CDI_RETURN_IF_ERROR(change.Engine(absl::StrCat(change.Alter(), "ALTER COLUMN ", EngineColumn(column.name),
                                                   " SET DATA TYPE ", type.EngineName())));
  } else if (!sized && !(type == column.type)) {
    return refuse("002108", "");
  }
  column.type = type;
  return absl::OkStatus();
}

absl::Status AlterColumn(TableChange& change, TokenReader& reader) {
  reader.TakeWords("COLUMN");
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  CDI_ASSIGN_OR_RETURN(Column* const column, FindColumn(change.table, name));
  const std::string alter = absl::StrCat(change.Alter(), "ALTER COLUMN ", EngineColumn(name));
  if (reader.TakeWords("SET NOT NULL") || reader.TakeWords("NOT NULL")) {
    CDI_RETURN_IF_ERROR(change.Engine(absl::StrCat(alter, " SET NOT NULL")));
    column->nullable = false;
  } else if (reader.TakeWords("DROP NOT NULL")) {
    CDI_RETURN_IF_ERROR(change.Engine(absl::StrCat(alter, " DROP NOT NULL")));
    column->nullable = true;
  } else if (reader.TakeWords("DROP DEFAULT")) {
    column->default_text.clear();
  } else if (reader.TakeWords("SET DEFAULT")) {
    return Unsupported("ALTER COLUMN … SET DEFAULT");
  } else if (reader.TakeWords("UNSET COMMENT")) {
    column->comment.clear();
  } else if (reader.TakeWords("COMMENT")) {
    reader.TakeOperator("=");
    CDI_ASSIGN_OR_RETURN(column->comment, reader.OptionValue());
  } else {
    if (!reader.TakeWords("SET DATA TYPE")) reader.TakeWords("TYPE");
    CDI_ASSIGN_OR_RETURN(const SqlType type, ParseType(reader));
    CDI_RETURN_IF_ERROR(ChangeType(change, *column, type));
  }
  return absl::OkStatus();
}

absl::Status AlterColumns(TableChange& change, TokenReader& reader) {
  const bool parenthesised = reader.TakeOperator("(");
  do {
    CDI_RETURN_IF_ERROR(AlterColumn(change, reader));
  } while (reader.TakeOperator(","));
  if (parenthesised) CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  return reader.ExpectEnd();
}

void MoveGrants(Catalog& catalog, const std::string& kind, const std::string& from, const std::string& to) {
  for (Grant& grant : catalog.grants) {
    if (grant.kind == kind && grant.object == from) grant.object = to;
  }
}

// The rows of a table under another name: the engine renames inside a schema only.
absl::Status MovePhysical(Execution& run, const ObjectName& from, const ObjectName& to, const Relation& table) {
  if (from.database == to.database && from.schema == to.schema && from.physical.empty()) {
    const std::string full = PhysicalName(to);
    const std::string schema = PhysicalSchema(to.database, to.schema);
    return RunEngine(run,
                     absl::StrCat("ALTER TABLE ", PhysicalName(from), " RENAME TO ", full.substr(schema.size() + 1)))
        .status();
  }
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("CREATE ", to.physical.empty() ? "" : "TEMP ", "TABLE ",
                                                  PhysicalName(to), " ", EngineTableColumns(table.columns)))
                          .status());
  CDI_RETURN_IF_ERROR(
      RunEngine(run, absl::StrCat("INSERT INTO ", PhysicalName(to), " SELECT * FROM ", PhysicalName(from))).status());
  return RunEngine(run, absl::StrCat("DROP TABLE ", PhysicalName(from))).status();
}

absl::Status RenameRelation(Execution& run, TokenReader& reader, const ObjectName& name) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  CDI_ASSIGN_OR_RETURN(ObjectName to, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(to, context));
  Catalog& catalog = run.account.catalog;
  if (run.session.temporaries.contains(name.Display())) {
    to.physical = PrivateName("", to);
    if (run.session.temporaries.contains(to.Display())) return AlreadyExists(to.Display());
    Relation moved = run.session.temporaries.at(name.Display());
    CDI_RETURN_IF_ERROR(RunAtomicallyLocked(run, [&] { return MovePhysical(run, name, to, moved); }));
    moved.name = to.object;
    run.session.temporaries.erase(name.Display());
    run.session.temporaries[to.Display()] = std::move(moved);
    return absl::OkStatus();
  }
  to.physical.clear();
  if (catalog.FindRelation(to) != nullptr) return AlreadyExists(to.Display());
  Relation moved = *catalog.FindRelation(name);
  const std::string kind = moved.is_view ? "VIEW" : "TABLE";
  if (!HasCreatePrivilege(context, absl::StrCat("CREATE ", kind), "SCHEMA", to.SchemaDisplay()))
    return InsufficientPrivileges("schema", DisplayName(to.schema));
  if (!moved.is_view) CDI_RETURN_IF_ERROR(RunAtomicallyLocked(run, [&] { return MovePhysical(run, name, to, moved); }));
  moved.name = to.object;
  catalog.FindSchema(name.database, name.schema)->relations.erase(name.object);
  catalog.FindSchema(to.database, to.schema)->relations[to.object] = std::move(moved);
  MoveGrants(catalog, kind, name.Display(), to.Display());
  return absl::OkStatus();
}

absl::Status SwapTables(Execution& run, TokenReader& reader, const ObjectName& name) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  CDI_ASSIGN_OR_RETURN(const ObjectName other, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(other, context));
  if (!name.physical.empty() || !other.physical.empty()) return Unsupported("SWAP WITH of temporary tables");
  Catalog& catalog = run.account.catalog;
  Relation* const second = catalog.FindRelation(other);
  if (second == nullptr || second->is_view) return MissingObject("Table", other.Display());
  if (!IsOwner(context, second->owner)) return InsufficientPrivileges("table", DisplayName(other.object));
  if (name.Display() == other.Display()) return absl::OkStatus();
  Relation* const first = catalog.FindRelation(name);
  const ObjectName aside{name.database, name.schema, absl::StrCat("~SWAP", run.now_ns)};
  CDI_RETURN_IF_ERROR(RunAtomicallyLocked(run, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(MovePhysical(run, name, aside, *first));
    CDI_RETURN_IF_ERROR(MovePhysical(run, other, name, *second));
    return MovePhysical(run, aside, other, *first);
  }));
  std::swap(*first, *second);
  std::swap(first->name, second->name);
  // Grants belong to the tables, not to the names.
  MoveGrants(catalog, "TABLE", name.Display(), "~");
  MoveGrants(catalog, "TABLE", other.Display(), name.Display());
  MoveGrants(catalog, "TABLE", "~", other.Display());
  return absl::OkStatus();
}

absl::Status SetTableOptions(TableChange& change, TokenReader& reader) {
  static const auto* known = new std::set<std::string>{"CHANGE_TRACKING", "COMMENT", "DATA_RETENTION_TIME_IN_DAYS",
                                                       "MAX_DATA_EXTENSION_TIME_IN_DAYS", "ENABLE_SCHEMA_EVOLUTION"};
  CDI_ASSIGN_OR_RETURN(auto options, ReadOptions(reader, *known));
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  if (options.empty()) return reader.Unexpected();
  if (options.contains("CHANGE_TRACKING")) change.table.change_tracking = options["CHANGE_TRACKING"] == "TRUE";
  if (options.contains("COMMENT")) change.table.comment = options["COMMENT"];
  return absl::OkStatus();
}

absl::Status ApplyTableChange(TableChange& change, TokenReader& reader) {
  const RewriteContext context = MakeContext(change.run);
  if (reader.TakeWords("ADD")) {
    const Token& next = reader.Peek();
    if (next.IsWord("CONSTRAINT") || next.IsWord("PRIMARY") || next.IsWord("FOREIGN") ||
        (next.IsWord("UNIQUE") && reader.Peek(1).IsOperator("("))) {
      CDI_RETURN_IF_ERROR(ReadConstraint(reader, context, change.table));
      return reader.ExpectEnd();
    }
    if (next.IsWord("ROW") || next.IsWord("SEARCH")) return Unsupported(absl::StrCat("ALTER TABLE … ADD ", next.text));
    do {
      CDI_RETURN_IF_ERROR(AddOne(change, reader));
    } while (reader.TakeOperator(","));
    return reader.ExpectEnd();
  }
  if (reader.TakeWords("DROP PRIMARY KEY")) {
    for (Column& column : change.table.columns) column.primary_key = false;
    std::erase_if(change.table.constraints, [](const Constraint& one) { return one.kind == "PRIMARY KEY"; });
    return reader.ExpectEnd();
  }
  if (reader.TakeWords("DROP CONSTRAINT")) {
    CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
    const size_t gone =
        std::erase_if(change.table.constraints, [&](const Constraint& one) { return one.name == name; });
    return gone > 0 ? absl::OkStatus() : MissingObject("Constraint", DisplayName(name));
  }
  if (reader.TakeWords("DROP CLUSTERING KEY")) {
    change.table.cluster_by.clear();
    return reader.ExpectEnd();
  }
  if (reader.TakeWords("DROP")) return DropColumns(change, reader);
  if (reader.TakeWords("RENAME COLUMN")) return RenameColumn(change, reader);
  if (reader.TakeWords("ALTER") || reader.TakeWords("MODIFY")) return AlterColumns(change, reader);
  if (reader.TakeWords("SET")) return SetTableOptions(change, reader);
  if (reader.TakeWords("UNSET")) {
    if (reader.TakeWords("COMMENT"))
      change.table.comment.clear();
    else if (reader.TakeWords("CHANGE_TRACKING"))
      change.table.change_tracking = false;
    return reader.ExpectEnd();
  }
  return Unsupported(absl::StrCat("ALTER TABLE … ", reader.Peek().text));
}

}  // namespace

absl::StatusOr<ResultSet> AlterTable(Execution& run, TokenReader& reader) {
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  Relation* table = FindTemporary(name, context);
  const bool temporary = table != nullptr;
  if (!temporary) table = run.account.catalog.FindRelation(name);
  if (table == nullptr || table->is_view) {
    if (if_exists) return Done();
    return MissingObject("Table", name.Display());
  }
  if (!temporary && !IsOwner(context, table->owner)) return InsufficientPrivileges("table", DisplayName(name.object));
  if (reader.TakeWords("RENAME TO")) {
    CDI_RETURN_IF_ERROR(RenameRelation(run, reader, name));
    return Done();
  }
  if (reader.TakeWords("SWAP WITH")) {
    CDI_RETURN_IF_ERROR(SwapTables(run, reader, name));
    return Done();
  }
  Relation changed = *table;
  TableChange change{run, name, changed};
  const absl::Status done = ApplyTableChange(change, reader);
  // Of several changes those before the failing one stay, in the engine as in the catalog.
  *table = std::move(changed);
  CDI_RETURN_IF_ERROR(done);
  return Done();
}

absl::StatusOr<ResultSet> AlterView(Execution& run, TokenReader& reader) {
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  Relation* const view = run.account.catalog.FindRelation(name);
  if (view == nullptr || !view->is_view) {
    if (if_exists) return Done();
    return MissingObject("View", name.Display());
  }
  if (!IsOwner(context, view->owner)) return InsufficientPrivileges("view", DisplayName(name.object));
  if (reader.TakeWords("RENAME TO")) {
    CDI_RETURN_IF_ERROR(RenameRelation(run, reader, name));
    return Done();
  }
  const bool set = reader.TakeWords("SET");
  if (!set) CDI_RETURN_IF_ERROR(reader.ExpectWords("UNSET"));
  if (reader.TakeWords("SECURE")) {
    view->secure = set;
    CDI_RETURN_IF_ERROR(reader.ExpectEnd());
    return Done();
  }
  if (!set) {
    CDI_RETURN_IF_ERROR(reader.ExpectWords("COMMENT"));
    view->comment.clear();
    return Done();
  }
  Relation changed = *view;
  TableChange change{run, name, changed};
  CDI_RETURN_IF_ERROR(SetTableOptions(change, reader));
  *view = std::move(changed);
  return Done();
}

namespace {

// SET COMMENT = … and the like of a container; 000002 for the rest.
absl::Status AlterContainer(TokenReader& reader, const char* kind, std::string& comment) {
  if (reader.TakeWords("UNSET COMMENT")) {
    comment.clear();
    return reader.ExpectEnd();
  }
  if (!reader.TakeWords("SET")) return Unsupported(absl::StrCat("ALTER ", kind, " … ", reader.Peek().text));
  CDI_ASSIGN_OR_RETURN(auto options, ReadOptions(reader, {"COMMENT", "DATA_RETENTION_TIME_IN_DAYS"}));
  if (options.contains("COMMENT")) comment = options["COMMENT"];
  return options.empty() ? reader.Unexpected() : reader.ExpectEnd();
}

}  // namespace

absl::StatusOr<ResultSet> AlterSchema(Execution& run, TokenReader& reader) {
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(auto parts, reader.DottedName());
  const RewriteContext context = MakeContext(run);
  if (parts.size() == 1) parts.insert(parts.begin(), run.session.database);
  const ObjectName name{parts[0], parts[1], ""};
  Schema* const schema = run.account.catalog.FindSchema(name.database, name.schema);
  if (schema == nullptr || !HasAnyPrivilege(context, "SCHEMA", name.SchemaDisplay())) {
    if (if_exists) return Done();
    return MissingObject("Schema", name.SchemaDisplay());
  }
  if (!IsOwner(context, schema->owner)) return InsufficientPrivileges("schema", DisplayName(name.schema));
  CDI_RETURN_IF_ERROR(AlterContainer(reader, "SCHEMA", schema->comment));
  return Done();
}

absl::StatusOr<ResultSet> AlterDatabase(Execution& run, TokenReader& reader) {
  const bool if_exists = reader.TakeWords("IF EXISTS");
  CDI_ASSIGN_OR_RETURN(const std::string name, reader.Name());
  const RewriteContext context = MakeContext(run);
  Database* const database = run.account.catalog.FindDatabase(name);
  if (database == nullptr || !HasAnyPrivilege(context, "DATABASE", DisplayName(name))) {
    if (if_exists) return Done();
    return MissingObject("Database", DisplayName(name));
  }
  if (!IsOwner(context, database->owner)) return InsufficientPrivileges("database", DisplayName(name));
  CDI_RETURN_IF_ERROR(AlterContainer(reader, "DATABASE", database->comment));
  return Done();
}

}  // namespace cdi::snowflake_mock
