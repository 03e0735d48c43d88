#include "tests/snowflake_mock/server/rewriter/information_schema.h"

#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"

namespace cdi::snowflake_mock {
namespace {

std::string Text(const std::string& value) {
  return absl::StrCat("CAST(", QuoteLiteral(value), " AS VARCHAR)");
}
std::string TextOrNull(const std::string& value) {
  return value.empty() ? "CAST(NULL AS VARCHAR)" : Text(value);
}
std::string Number(int64_t value) {
  return absl::StrCat("CAST(", value, " AS DECIMAL(9,0))");
}
std::string Time(int64_t ns) {
  return absl::StrCat("SF_TO_LTZ(make_timestamp_ns(", ns, "))");
}

using Cells = std::vector<std::string>;
using Visit = std::function<void(const Schema&, const Relation&)>;

void ForEachRelation(const ObjectName& name, const RewriteContext& context, const Visit& visit) {
  const Database& database = *context.catalog.FindDatabase(name.database);
  for (const auto& [schema_name, schema] : database.schemas) {
    for (const auto& [relation_name, relation] : schema.relations) {
      const ObjectName full{name.database, schema_name, relation_name};
      if (HasAnyPrivilege(context, relation.is_view ? "VIEW" : "TABLE", full.Display())) visit(schema, relation);
    }
  }
}

std::string Rows(const std::vector<Cells>& rows, const Cells& types, const Cells& names) {
  std::vector<std::string> texts;
  for (const Cells& row : rows) texts.push_back(absl::StrCat("(", absl::StrJoin(row, ", "), ")"));
  const std::string header = absl::StrJoin(
      names, ", ", [](std::string* out, const std::string& name) { absl::StrAppend(out, "\"", name, "\""); });
  if (texts.empty()) {
    std::vector<std::string> nulls;
    for (const std::string& type : types) nulls.push_back(absl::StrCat("CAST(NULL AS ", type, ")"));
    return absl::StrCat("(SELECT * FROM (VALUES (", absl::StrJoin(nulls, ", "), ")) AS \"~ROWS\"(", header,
                        ") LIMIT 0)");
  }
  return absl::StrCat("(SELECT * FROM (VALUES ", absl::StrJoin(texts, ", "), ") AS \"~ROWS\"(", header, "))");
}

std::string Columns(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  ForEachRelation(name, context, [&](const Schema& schema, const Relation& relation) {
    int64_t position = 0;
    for (const Column& column : relation.columns) {
      const bool number = column.type.kind == SqlType::Kind::kNumber;
      rows.push_back({Text(name.database), Text(schema.name), Text(relation.name), Text(column.name),
                      Number(++position), TextOrNull(column.default_text), Text(column.nullable ? "YES" : "NO"),
                      Text(column.type.ShortName()),
                      column.type.kind == SqlType::Kind::kText ? Number(column.type.length) : "NULL",
                      number ? Number(column.type.precision) : "NULL", number ? Number(column.type.scale) : "NULL",
                      TextOrNull(column.comment)});
    }
  });
  return Rows(
      rows,
      {"VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "DECIMAL(9,0)", "VARCHAR", "VARCHAR", "VARCHAR", "DECIMAL(9,0)",
       "DECIMAL(9,0)", "DECIMAL(9,0)", "VARCHAR"},
      {"TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "ORDINAL_POSITION", "COLUMN_DEFAULT",
       "IS_NULLABLE", "DATA_TYPE", "CHARACTER_MAXIMUM_LENGTH", "NUMERIC_PRECISION", "NUMERIC_SCALE", "COMMENT"});
}

std::string Tables(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  ForEachRelation(name, context, [&](const Schema& schema, const Relation& relation) {
    rows.push_back({Text(name.database), Text(schema.name), Text(relation.name), TextOrNull(relation.owner),
                    Text(relation.is_view ? "VIEW" : "BASE TABLE"), Time(relation.created_ns),
                    Time(relation.changed_ns), TextOrNull(relation.comment)});
  });
  return Rows(rows, {"VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "SF_LTZ", "SF_LTZ", "VARCHAR"},
              {"TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "TABLE_OWNER", "TABLE_TYPE", "CREATED", "LAST_ALTERED",
               "COMMENT"});
}

std::string Schemata(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  for (const auto& [schema_name, schema] : context.catalog.FindDatabase(name.database)->schemas) {
    if (!HasAnyPrivilege(context, "SCHEMA", ObjectName{name.database, schema_name, ""}.SchemaDisplay())) continue;
    rows.push_back({Text(name.database), Text(schema_name), TextOrNull(schema.owner), Time(schema.created_ns),
                    TextOrNull(schema.comment)});
  }
  return Rows(rows, {"VARCHAR", "VARCHAR", "VARCHAR", "SF_LTZ", "VARCHAR"},
              {"CATALOG_NAME", "SCHEMA_NAME", "SCHEMA_OWNER", "CREATED", "COMMENT"});
}

}  // namespace

absl::StatusOr<std::string> InformationSchemaRows(const ObjectName& name, const RewriteContext& context) {
  if (name.object == "COLUMNS") return Columns(name, context);
  if (name.object == "TABLES") return Tables(name, context);
  if (name.object == "SCHEMATA") return Schemata(name, context);
  return Unsupported(absl::StrCat("INFORMATION_SCHEMA.", name.object));
}

}  // namespace cdi::snowflake_mock
