// SHOW of what databases hold: TABLES, VIEWS, OBJECTS, COLUMNS, SCHEMAS, DATABASES, SEQUENCES, keys. No warehouse
// needed. Columns: docs.snowflake.com, the page of each SHOW, read 2026-11.
#include <algorithm>
#include <shared_mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/language/show_pattern.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/sequences.h"
#include "tests/snowflake_mock/server/statements/show.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"

namespace cdi::snowflake_mock {

bool ShowFilter::Accepts(const std::string& name) const {
  return (!like.has_value() || LikeMatches(absl::AsciiStrToUpper(*like), absl::AsciiStrToUpper(name))) &&
         absl::StartsWith(name, starts_with) && (from.empty() || name > from);
}

namespace {

absl::Status CheckScope(const RewriteContext& context, const ShowFilter& filter) {
  if (!filter.database.empty() && (context.catalog.FindDatabase(filter.database) == nullptr ||
                                   !HasPrivilege(context, "USAGE", "DATABASE", DisplayName(filter.database)))) {
    return MissingOrImpossible();
  }
  if (!filter.schema.empty() && filter.schema != "INFORMATION_SCHEMA" &&
      context.catalog.FindSchema(filter.database, filter.schema) == nullptr)
    return MissingOrImpossible();
  return absl::OkStatus();
}

absl::Status ReadScope(TokenReader& reader, const RewriteContext& context, ShowFilter& filter) {
  filter.database = filter.schema = "";
  if (reader.TakeWords("ACCOUNT")) return absl::OkStatus();
  if (reader.Peek().IsWord("TABLE") || reader.Peek().IsWord("VIEW")) {
    reader.Next();
    CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
    CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
    filter.database = name.database;
    filter.schema = name.schema;
    filter.relation = name.object;
    CDI_RETURN_IF_ERROR(CheckScope(context, filter));
    if (context.catalog.FindRelation(name) == nullptr && FindTemporary(name, context) == nullptr)
      return MissingObject("Table", name.Display());
    return absl::OkStatus();
  }
  const bool database = reader.TakeWords("DATABASE");
  const bool schema = !database && reader.TakeWords("SCHEMA");
  std::vector<std::string> parts;
  if (reader.Peek().IsName() && !reader.Peek().IsWord("STARTS") && !reader.Peek().IsWord("LIMIT")) {
    CDI_ASSIGN_OR_RETURN(parts, reader.DottedName());
  }
  if (parts.size() > 2 || (database && parts.size() > 1)) return reader.Unexpected();
  filter.database = parts.empty() || (schema && parts.size() == 1) ? context.database : parts[0];
  if (schema || parts.size() == 2) filter.schema = parts.empty() ? context.schema : parts.back();
  return CheckScope(context, filter);
}

}  // namespace

absl::StatusOr<ShowFilter> ReadShowFilter(TokenReader& reader, const RewriteContext& context) {
  ShowFilter filter;
  filter.database = context.database;
  filter.schema = context.schema;
  filter.history = reader.TakeWords("HISTORY");
  if (reader.TakeWords("LIKE")) {
    if (reader.Peek().kind != TokenKind::kString) return reader.Unexpected();
    filter.like = reader.Next().text;
  }
  if (reader.TakeWords("IN")) CDI_RETURN_IF_ERROR(ReadScope(reader, context, filter));
  if (reader.TakeWords("LIKE")) {
    CDI_ASSIGN_OR_RETURN(filter.like, reader.OptionValue());
  }
  if (reader.TakeWords("STARTS WITH")) {
    CDI_ASSIGN_OR_RETURN(filter.starts_with, reader.OptionValue());
  }
  if (reader.TakeWords("LIMIT")) {
    CDI_ASSIGN_OR_RETURN(const std::string rows, reader.OptionValue());
    filter.limit = std::atoll(rows.c_str());
    if (reader.TakeWords("FROM")) {
      CDI_ASSIGN_OR_RETURN(filter.from, reader.OptionValue());
    }
  }
  CDI_RETURN_IF_ERROR(reader.ExpectEnd());
  return filter;
}

std::optional<std::string> ShowTime(int64_t ns) {
  if (ns == 0) return std::nullopt;
  std::string millis = std::to_string(ns / 1'000'000 % 1000);
  millis.insert(0, 3 - millis.size(), '0');
  return absl::StrCat(ns / 1'000'000'000, ".", millis, "000000");
}

ResultSet Shown(const std::vector<std::string>& columns, ShowRows rows, const ShowFilter& filter) {
  if (filter.limit >= 0 && rows.size() > static_cast<size_t>(filter.limit))
    rows.resize(static_cast<size_t>(filter.limit));
  ResultWriter writer;
  std::vector<ResultColumn> described;
  for (const std::string& column : columns) {
    const SqlType type = column[0] == '@'   ? SqlType::Of(SqlType::Kind::kTimestampLtz, 3)
                         : column[0] == '#' ? SqlType::Number(38, 0)
                                            : SqlType::Text();
    described.push_back({column[0] == '@' || column[0] == '#' ? column.substr(1) : column, type, true});
  }
  if (filter.history) described.push_back({"dropped_on", SqlType::Of(SqlType::Kind::kTimestampLtz, 3), true});
  writer.SetColumns(std::move(described));
  for (auto& row : rows) {
    if (filter.history) row.emplace_back(std::nullopt);
    writer.AddRow(row);
  }
  ResultSet result = writer.Finish();
  result.statement_type = kShow;
  return result;
}

namespace {

// A table or view that the role may see.
struct Seen {
  ObjectName name;
  const Relation* relation = nullptr;
  bool temporary = false;
};

std::vector<Seen> SeenRelations(const RewriteContext& context, const ShowFilter& filter) {
  std::vector<Seen> seen;
  const auto wanted = [&](const ObjectName& name) {
    return (filter.database.empty() || name.database == filter.database) &&
           (filter.schema.empty() || name.schema == filter.schema) &&
           (filter.relation.empty() || name.object == filter.relation);
  };
  for (const auto& [database_name, database] : context.catalog.databases) {
    for (const auto& [schema_name, schema] : database.schemas) {
      for (const auto& [name, relation] : schema.relations) {
        const ObjectName full{database_name, schema_name, name};
        if (!wanted(full) || !CheckContainers(full, context).ok() ||
            !HasAnyPrivilege(context, relation.is_view ? "VIEW" : "TABLE", full.Display())) {
          continue;
        }
        if (context.temporaries == nullptr || !context.temporaries->contains(full.Display()))
          seen.push_back({full, &relation, false});
      }
      if (context.temporaries == nullptr) continue;
      for (const auto& [display, relation] : *context.temporaries) {
        ObjectName full{database_name, schema_name, relation.name};
        if (full.Display() != display || !wanted(full)) continue;
        full.physical = PrivateName("", full);
        seen.push_back({full, &relation, true});
      }
    }
  }
  return seen;
}

std::string CountRows(Execution& run, const ObjectName& name) {
  const auto rows = ReadNumber(run, absl::StrCat("SELECT count(*) FROM ", PhysicalName(name)));
  return std::to_string(rows.ok() ? *rows : 0);
}

std::string Kind(const Seen& one) {
  return one.relation->is_view ? "VIEW" : one.temporary ? "TEMPORARY" : one.relation->transient ? "TRANSIENT" : "TABLE";
}

const std::vector<std::string>& TerseColumns() {
  static const auto* columns =
      new std::vector<std::string>{"@created_on", "name", "kind", "database_name", "schema_name"};
  return *columns;
}

ResultSet ShowTables(Execution& run, const RewriteContext& context, const ShowFilter& filter, bool objects) {
  ShowRows rows;
  for (const Seen& one : SeenRelations(context, filter)) {
    const Relation& relation = *one.relation;
    if ((relation.is_view && !objects) || !filter.Accepts(relation.name)) continue;
    if (filter.terse) {
      rows.push_back({ShowTime(relation.created_ns), relation.name, Kind(one), one.name.database, one.name.schema});
      continue;
    }
    const std::string count = relation.is_view ? "" : CountRows(run, one.name);
    const std::optional<std::string> number = relation.is_view ? std::nullopt : std::optional(count);
    const std::optional<std::string> bytes =
        relation.is_view ? std::nullopt : std::optional(std::to_string(std::atoll(count.c_str()) * 64));
    rows.push_back({ShowTime(relation.created_ns), relation.name, one.name.database, one.name.schema, Kind(one),
                    relation.comment, relation.cluster_by, number, bytes, relation.owner});
    auto& row = rows.back();
    row.emplace_back(relation.is_view ? std::nullopt : std::optional<std::string>("1"));
    if (objects) {
      for (const char* value : {"ROLE", "", "N", "N", "N"}) row.emplace_back(value);
    } else {
      row.emplace_back(relation.cluster_by.empty() ? "OFF" : "ON");
      row.emplace_back(relation.change_tracking ? "ON" : "OFF");
      for (const char* value : {"N", "N", "ROLE", "N"}) row.emplace_back(value);
      row.emplace_back(std::nullopt);
      for (const char* value : {"N", "N", "N", "N"}) row.emplace_back(value);
    }
  }
  if (filter.terse) return Shown(TerseColumns(), std::move(rows), filter);
  std::vector<std::string> columns{"@created_on", "name",  "database_name", "schema_name", "kind",          "comment",
                                   "cluster_by",  "#rows", "#bytes",        "owner",       "retention_time"};
  if (objects) {
    columns.insert(columns.end(), {"owner_role_type", "budget", "is_hybrid", "is_dynamic", "is_iceberg"});
  } else {
    columns.insert(columns.end(),
                   {"automatic_clustering", "change_tracking", "is_external", "enable_schema_evolution",
                    "owner_role_type", "is_event", "budget", "is_hybrid", "is_iceberg", "is_dynamic", "is_immutable"});
  }
  return Shown(columns, std::move(rows), filter);
}

ResultSet ShowViews(const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  for (const Seen& one : SeenRelations(context, filter)) {
    const Relation& view = *one.relation;
    if (!view.is_view || !filter.Accepts(view.name)) continue;
    if (filter.terse) {
      rows.push_back({ShowTime(view.created_ns), view.name, "VIEW", one.name.database, one.name.schema});
      continue;
    }
    // The text of a secure view is its owner's to see.
    const bool text = !view.secure || IsOwner(context, view.owner);
    rows.push_back({ShowTime(view.created_ns), view.name, "", one.name.database, one.name.schema, view.owner,
                    view.comment, text ? view.ddl : "", view.secure ? "true" : "false", "false", "ROLE",
                    view.change_tracking ? "ON" : "OFF"});
  }
  if (filter.terse) return Shown(TerseColumns(), std::move(rows), filter);
  return Shown({"@created_on", "name", "reserved", "database_name", "schema_name", "owner", "comment", "text",
                "is_secure", "is_materialized", "owner_role_type", "change_tracking"},
               std::move(rows), filter);
}

// {"type":"FIXED","precision":38,"scale":0,"nullable":true}
std::string TypeJson(const Column& column) {
  using Kind = SqlType::Kind;
  nlohmann::ordered_json json;
  const SqlType& type = column.type;
  switch (type.kind) {
    case Kind::kNumber:
      json = {{"type", "FIXED"}, {"precision", type.precision}, {"scale", type.scale}, {"nullable", column.nullable}};
      break;
    case Kind::kText:
      json = {{"type", "TEXT"},
              {"length", type.length},
              {"byteLength", std::min<int64_t>(type.length * 4, std::max(type.length, SqlType::kTextLengthMax))},
              {"nullable", column.nullable},
              {"fixed", false}};
      break;
    case Kind::kBinary:
      json = {{"type", "BINARY"},
              {"length", type.length},
              {"byteLength", type.length},
              {"nullable", column.nullable},
              {"fixed", true}};
      break;
    case Kind::kTime:
    case Kind::kTimestampNtz:
    case Kind::kTimestampLtz:
    case Kind::kTimestampTz:
      json = {{"type", type.ShortName()}, {"precision", 0}, {"scale", type.scale}, {"nullable", column.nullable}};
      break;
    default:
      json = {{"type", type.kind == Kind::kFloat ? "REAL" : type.ShortName()}, {"nullable", column.nullable}};
  }
  return json.dump();
}

ResultSet ShowColumns(const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  for (const Seen& one : SeenRelations(context, filter)) {
    for (const Column& column : one.relation->columns) {
      if (!filter.Accepts(column.name)) continue;
      const std::string identity =
          column.sequence.empty()
              ? ""
              : absl::StrCat("IDENTITY START ", column.identity_start, " INCREMENT ", column.identity_step, " NOORDER");
      rows.push_back({one.relation->name, one.name.schema, column.name, TypeJson(column),
                      column.nullable ? "true" : "NOT_NULL", column.default_text, "COLUMN", "", column.comment,
                      one.name.database, identity, std::nullopt});
    }
  }
  return Shown({"table_name", "schema_name", "column_name", "data_type", "null?", "default", "kind", "expression",
                "comment", "database_name", "autoincrement", "schema_evolution_record"},
               std::move(rows), filter);
}

ResultSet ShowSchemas(const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  for (const auto& [database_name, database] : context.catalog.databases) {
    if (!filter.database.empty() && database_name != filter.database) continue;
    if (!HasPrivilege(context, "USAGE", "DATABASE", DisplayName(database_name))) continue;
    std::map<std::string, Schema> schemas = {};
    for (const auto& [name, schema] : database.schemas) {
      if (HasAnyPrivilege(context, "SCHEMA", ObjectName{database_name, name, ""}.SchemaDisplay()))
        schemas[name] = Schema{name, schema.owner, schema.comment, schema.created_ns, {}, {}};
    }
    schemas["INFORMATION_SCHEMA"] =
        Schema{"INFORMATION_SCHEMA", "", "Views describing the contents of schemas in this database",
               database.created_ns,  {}, {}};
    for (const auto& [name, schema] : schemas) {
      if (!filter.Accepts(name)) continue;
      if (filter.terse) {
        rows.push_back({ShowTime(schema.created_ns), name, std::nullopt, database_name, std::nullopt});
        continue;
      }
      const bool current = name == context.schema && database_name == context.database;
      rows.push_back({ShowTime(schema.created_ns), name, "N", current ? "Y" : "N", database_name, schema.owner,
                      schema.comment, "", "1", schema.owner.empty() ? "" : "ROLE", std::nullopt});
    }
  }
  if (filter.terse) return Shown(TerseColumns(), std::move(rows), filter);
  return Shown({"@created_on", "name", "is_default", "is_current", "database_name", "owner", "comment", "options",
                "retention_time", "owner_role_type", "budget"},
               std::move(rows), filter);
}

ResultSet ShowDatabases(const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  for (const auto& [name, database] : context.catalog.databases) {
    if (!filter.Accepts(name) || !HasAnyPrivilege(context, "DATABASE", DisplayName(name))) continue;
    if (filter.terse) {
      rows.push_back({ShowTime(database.created_ns), name, "STANDARD", std::nullopt, std::nullopt});
      continue;
    }
    rows.push_back({ShowTime(database.created_ns), name, "N", name == context.database ? "Y" : "N", "", database.owner,
                    database.comment, "", "1", "STANDARD", std::nullopt, "ROLE"});
  }
  if (filter.terse) return Shown(TerseColumns(), std::move(rows), filter);
  return Shown({"@created_on", "name", "is_default", "is_current", "origin", "owner", "comment", "options",
                "retention_time", "kind", "budget", "owner_role_type"},
               std::move(rows), filter);
}

absl::StatusOr<ResultSet> ShowSequences(Execution& run, const RewriteContext& context, const ShowFilter& filter) {
  ShowRows rows;
  for (const auto& [database_name, database] : context.catalog.databases) {
    if (!filter.database.empty() && database_name != filter.database) continue;
    for (const auto& [schema_name, schema] : database.schemas) {
      if (!filter.schema.empty() && schema_name != filter.schema) continue;
      for (const auto& [name, sequence] : schema.sequences) {
        const ObjectName full{database_name, schema_name, name};
        if (!filter.Accepts(name) || !HasAnyPrivilege(context, "SEQUENCE", full.Display())) continue;
        CDI_ASSIGN_OR_RETURN(const int64_t next, NextOfSequence(run, SequencePhysicalName(full), sequence.start));
        rows.push_back({name, database_name, schema_name, std::to_string(next), std::to_string(sequence.step),
                        ShowTime(sequence.created_ns), sequence.owner, sequence.comment, "ROLE", "N"});
      }
    }
  }
  return Shown({"name", "database_name", "schema_name", "#next_value", "#interval", "@created_on", "owner", "comment",
                "owner_role_type", "ordered"},
               std::move(rows), filter);
}

ResultSet ShowKeys(const RewriteContext& context, const ShowFilter& filter, const std::string& kind) {
  ShowRows rows;
  for (const Seen& one : SeenRelations(context, filter)) {
    for (const Constraint& constraint : one.relation->constraints) {
      for (size_t i = 0; constraint.kind == kind && i < constraint.columns.size(); ++i) {
        rows.push_back({ShowTime(one.relation->created_ns), one.name.database, one.name.schema, one.name.object,
                        constraint.columns[i], std::to_string(i + 1), constraint.name, "false", std::nullopt});
      }
    }
  }
  return Shown({"@created_on", "database_name", "schema_name", "table_name", "column_name", "#key_sequence",
                "constraint_name", "rely", "comment"},
               std::move(rows), filter);
}

// IMPORTED: foreign keys of the tables in scope; EXPORTED: those that point at them.
ResultSet ShowForeignKeys(const RewriteContext& context, const ShowFilter& filter, bool exported) {
  ShowRows rows;
  ShowFilter everywhere = filter;
  if (exported) everywhere.database = everywhere.schema = everywhere.relation = "";
  for (const Seen& one : SeenRelations(context, everywhere)) {
    for (const Constraint& key : one.relation->constraints) {
      if (key.kind != "FOREIGN KEY") continue;
      if (exported && ((!filter.database.empty() && key.references[0] != filter.database) ||
                       (!filter.schema.empty() && key.references[1] != filter.schema) ||
                       (!filter.relation.empty() && key.references[2] != filter.relation))) {
        continue;
      }
      std::optional<std::string> primary_name;
      if (const Relation* const other =
              context.catalog.FindRelation({key.references[0], key.references[1], key.references[2]})) {
        for (const Constraint& primary : other->constraints) {
          if (primary.columns == key.referenced_columns) primary_name = primary.name;
        }
      }
      for (size_t i = 0; i < key.columns.size(); ++i) {
        const std::string referenced = i < key.referenced_columns.size() ? key.referenced_columns[i] : "";
        rows.push_back({ShowTime(one.relation->created_ns), key.references[0], key.references[1], key.references[2],
                        referenced, one.name.database, one.name.schema, one.name.object, key.columns[i],
                        std::to_string(i + 1), "NO ACTION", "NO ACTION", key.name, primary_name, "NOT DEFERRABLE",
                        "false", std::nullopt});
      }
    }
  }
  return Shown({"@created_on", "pk_database_name", "pk_schema_name", "pk_table_name", "pk_column_name",
                "fk_database_name", "fk_schema_name", "fk_table_name", "fk_column_name", "#key_sequence", "update_rule",
                "delete_rule", "fk_name", "pk_name", "deferrability", "rely", "comment"},
               std::move(rows), filter);
}

// None can be made here, so the empty list is the true one. Built-in functions are not listed.
ResultSet ShowRoutines(const ShowFilter& filter) {
  return Shown({"@created_on", "name", "schema_name", "is_builtin", "is_aggregate", "is_ansi", "#min_num_arguments",
                "#max_num_arguments", "arguments", "description", "catalog_name", "is_table_function",
                "valid_for_clustering", "is_secure", "secrets", "external_access_integrations"},
               {}, filter);
}

}  // namespace

// SQL LIKE with % and _.
bool LikeMatches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (LikeMatches(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  if (pattern[0] == '\\' && pattern.size() > 1) {
    return !text.empty() && pattern[1] == text[0] && LikeMatches(pattern.substr(2), text.substr(1));
  }
  if (text.empty() || (pattern[0] != '_' && pattern[0] != text[0])) return false;
  return LikeMatches(pattern.substr(1), text.substr(1));
}

absl::StatusOr<ResultSet> RunShow(Execution& run) {
  TokenReader reader(run.tokens, 1);
  const bool terse = reader.TakeWords("TERSE");
  const RewriteContext context = MakeContext(run);
  const std::shared_lock lock(run.account.catalog.mutex);
  Token kind = reader.Next();
  for (const char* second : {"POLICIES", "KEYS", "FUNCTIONS", "PROCEDURES"}) {
    if (kind.kind == TokenKind::kWord && reader.Peek().IsWord(second))
      kind.text = absl::StrCat(kind.text, " ", reader.Next().text);
  }
  if (kind.IsWord("GRANTS")) return ShowGrants(run, reader, context, false);
  if (kind.IsWord("FUTURE") && reader.TakeWords("GRANTS")) return ShowGrants(run, reader, context, true);
  CDI_ASSIGN_OR_RETURN(ShowFilter filter, ReadShowFilter(reader, context));
  filter.terse = terse;
  const std::string& what = kind.text;
  if (what == "TABLES" || what == "OBJECTS") return ShowTables(run, context, filter, what == "OBJECTS");
  if (what == "VIEWS") return ShowViews(context, filter);
  if (what == "COLUMNS") return ShowColumns(context, filter);
  if (what == "SCHEMAS") return ShowSchemas(context, filter);
  if (what == "DATABASES") return ShowDatabases(context, filter);
  if (what == "SEQUENCES") return ShowSequences(run, context, filter);
  if (what == "PRIMARY KEYS") return ShowKeys(context, filter, "PRIMARY KEY");
  if (what == "UNIQUE KEYS") return ShowKeys(context, filter, "UNIQUE");
  if (what == "IMPORTED KEYS") return ShowForeignKeys(context, filter, false);
  if (what == "EXPORTED KEYS") return ShowForeignKeys(context, filter, true);
  if (what == "FUNCTIONS" || what == "PROCEDURES" || what == "USER FUNCTIONS" || what == "USER PROCEDURES")
    return ShowRoutines(filter);
  CDI_ASSIGN_OR_RETURN(auto shown, ShowAccountObjects(run, what, context, filter));
  if (shown.has_value()) return *std::move(shown);
  if (kind.kind != TokenKind::kWord) return SyntaxError(kind.place, kind.text.empty() ? "<EOF>" : kind.text);
  return Unsupported(absl::StrCat("SHOW ", what));
}

}  // namespace cdi::snowflake_mock
