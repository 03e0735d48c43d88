// Columns: docs.snowflake.com, the page of each view of the Information Schema, read 2026-11; those that would say
// nothing here are left out.
#include "tests/snowflake_mock/server/rewriter/information_schema.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"

namespace cdi::snowflake_mock {
namespace {

constexpr const char* kText = "VARCHAR";
constexpr const char* kNumber = "DECIMAL(38,0)";
constexpr const char* kTime = "SF_LTZ";

struct ViewColumn {
  const char* name;
  const char* type;
};

std::string Text(const std::string& value) {
  return QuoteLiteral(value);
}
std::string TextOrNull(const std::string& value) {
  return value.empty() ? "NULL" : Text(value);
}
std::string Number(int64_t value) {
  return std::to_string(value);
}
std::string Time(int64_t ns) {
  return ns == 0 ? "NULL" : absl::StrCat("SF_TO_LTZ(make_timestamp_ns(", ns, "))");
}
std::string YesNo(bool yes) {
  return yes ? "'YES'" : "'NO'";
}

using Cells = std::vector<std::string>;
using Visit = std::function<void(const ObjectName&, const Relation&, bool temporary)>;

void ForEachRelation(const ObjectName& name, const RewriteContext& context, const Visit& visit) {
  const Database& database = *context.catalog.FindDatabase(name.database);
  for (const auto& [schema_name, schema] : database.schemas) {
    for (const auto& [relation_name, relation] : schema.relations) {
      const ObjectName full{name.database, schema_name, relation_name};
      if (context.temporaries != nullptr && context.temporaries->contains(full.Display())) continue;
      if (HasAnyPrivilege(context, relation.is_view ? "VIEW" : "TABLE", full.Display())) visit(full, relation, false);
    }
    if (context.temporaries == nullptr) continue;
    for (const auto& [display, relation] : *context.temporaries) {
      ObjectName full{name.database, schema_name, relation.name};
      if (full.Display() != display) continue;
      full.physical = PrivateName("", full);
      visit(full, relation, true);
    }
  }
}

std::string Rows(const std::vector<ViewColumn>& columns, const std::vector<Cells>& rows) {
  std::vector<std::string> names;
  std::vector<std::string> casts;
  Cells nulls;
  for (const ViewColumn& column : columns) {
    names.push_back(absl::StrCat("\"", column.name, "\""));
    casts.push_back(absl::StrCat("CAST(\"", column.name, "\" AS ", column.type, ") AS \"", column.name, "\""));
    nulls.push_back(absl::StrCat("CAST(NULL AS ", column.type, ")"));
  }
  std::vector<std::string> texts;
  for (const Cells& row : rows) texts.push_back(absl::StrCat("(", absl::StrJoin(row, ", "), ")"));
  // The last row gives the types; it is the only one without a first column.
  texts.push_back(absl::StrCat("(", absl::StrJoin(nulls, ", "), ")"));
  return absl::StrCat("(SELECT ", absl::StrJoin(casts, ", "), " FROM (VALUES ", absl::StrJoin(texts, ", "),
                      ") AS \"~ROWS\"(", absl::StrJoin(names, ", "), ") WHERE ", names[0], " IS NOT NULL)");
}

std::string Columns(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  ForEachRelation(name, context, [&](const ObjectName& full, const Relation& relation, bool) {
    int64_t position = 0;
    for (const Column& column : relation.columns) {
      using Kind = SqlType::Kind;
      const SqlType& type = column.type;
      const bool number = type.kind == Kind::kNumber;
      const bool sized = type.kind == Kind::kText || type.kind == Kind::kBinary;
      const bool time = type.kind == Kind::kTime || type.kind == Kind::kTimestampNtz ||
                        type.kind == Kind::kTimestampLtz || type.kind == Kind::kTimestampTz;
      const int64_t octets = type.kind == Kind::kText
                                 ? std::min<int64_t>(type.length * 4, std::max(type.length, SqlType::kTextLengthMax))
                                 : type.length;
      rows.push_back({Text(full.database), Text(full.schema), Text(relation.name), Text(column.name),
                      Number(++position), TextOrNull(column.default_text), YesNo(column.nullable),
                      Text(type.ShortName()), type.kind == Kind::kText ? Number(type.length) : "NULL",
                      sized ? Number(octets) : "NULL", number ? Number(type.precision) : "NULL", number ? "10" : "NULL",
                      number ? Number(type.scale) : "NULL", time ? Number(type.scale) : "NULL",
                      YesNo(!column.sequence.empty()), column.sequence.empty() ? "NULL" : "'BY DEFAULT'",
                      column.sequence.empty() ? "NULL" : Text(std::to_string(column.identity_start)),
                      column.sequence.empty() ? "NULL" : Text(std::to_string(column.identity_step)),
                      TextOrNull(column.comment)});
    }
  });
  return Rows({{"TABLE_CATALOG", kText},
               {"TABLE_SCHEMA", kText},
               {"TABLE_NAME", kText},
               {"COLUMN_NAME", kText},
               {"ORDINAL_POSITION", kNumber},
               {"COLUMN_DEFAULT", kText},
               {"IS_NULLABLE", kText},
               {"DATA_TYPE", kText},
               {"CHARACTER_MAXIMUM_LENGTH", kNumber},
               {"CHARACTER_OCTET_LENGTH", kNumber},
               {"NUMERIC_PRECISION", kNumber},
               {"NUMERIC_PRECISION_RADIX", kNumber},
               {"NUMERIC_SCALE", kNumber},
               {"DATETIME_PRECISION", kNumber},
               {"IS_IDENTITY", kText},
               {"IDENTITY_GENERATION", kText},
               {"IDENTITY_START", kText},
               {"IDENTITY_INCREMENT", kText},
               {"COMMENT", kText}},
              rows);
}

std::string Tables(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  ForEachRelation(name, context, [&](const ObjectName& full, const Relation& relation, bool temporary) {
    const std::string count =
        relation.is_view ? "NULL" : absl::StrCat("(SELECT count(*) FROM ", PhysicalName(full), ")");
    rows.push_back({Text(full.database), Text(full.schema), Text(relation.name), TextOrNull(relation.owner),
                    relation.is_view ? "'VIEW'"
                    : temporary      ? "'LOCAL TEMPORARY'"
                                     : "'BASE TABLE'",
                    relation.is_view ? "NULL" : YesNo(relation.transient), TextOrNull(relation.cluster_by), count,
                    relation.is_view ? "NULL" : absl::StrCat(count, " * 64"), relation.is_view ? "NULL" : "1",
                    Time(relation.created_ns), Time(relation.changed_ns), Time(relation.changed_ns),
                    relation.is_view ? "NULL" : Text(relation.cluster_by.empty() ? "NO" : "YES"),
                    TextOrNull(relation.comment), YesNo(temporary)});
  });
  return Rows({{"TABLE_CATALOG", kText},
               {"TABLE_SCHEMA", kText},
               {"TABLE_NAME", kText},
               {"TABLE_OWNER", kText},
               {"TABLE_TYPE", kText},
               {"IS_TRANSIENT", kText},
               {"CLUSTERING_KEY", kText},
               {"ROW_COUNT", kNumber},
               {"BYTES", kNumber},
               {"RETENTION_TIME", kNumber},
               {"CREATED", kTime},
               {"LAST_ALTERED", kTime},
               {"LAST_DDL", kTime},
               {"AUTO_CLUSTERING_ON", kText},
               {"COMMENT", kText},
               {"IS_TEMPORARY", kText}},
              rows);
}

std::string Views(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  ForEachRelation(name, context, [&](const ObjectName& full, const Relation& view, bool) {
    if (!view.is_view) return;
    const bool text = !view.secure || IsOwner(context, view.owner);
    rows.push_back({Text(full.database), Text(full.schema), Text(view.name), TextOrNull(view.owner),
                    text ? TextOrNull(view.ddl) : "NULL", "'NONE'", "'NO'", "'NO'", YesNo(view.secure),
                    Time(view.created_ns), Time(view.changed_ns), TextOrNull(view.comment)});
  });
  return Rows({{"TABLE_CATALOG", kText},
               {"TABLE_SCHEMA", kText},
               {"TABLE_NAME", kText},
               {"TABLE_OWNER", kText},
               {"VIEW_DEFINITION", kText},
               {"CHECK_OPTION", kText},
               {"IS_UPDATABLE", kText},
               {"INSERTABLE_INTO", kText},
               {"IS_SECURE", kText},
               {"CREATED", kTime},
               {"LAST_ALTERED", kTime},
               {"COMMENT", kText}},
              rows);
}

std::string Schemata(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  for (const auto& [schema_name, schema] : context.catalog.FindDatabase(name.database)->schemas) {
    if (!HasAnyPrivilege(context, "SCHEMA", ObjectName{name.database, schema_name, ""}.SchemaDisplay())) continue;
    rows.push_back({Text(name.database), Text(schema_name), TextOrNull(schema.owner), "'NO'", "'NO'", "1",
                    Time(schema.created_ns), Time(schema.created_ns), TextOrNull(schema.comment)});
  }
  rows.push_back({Text(name.database), "'INFORMATION_SCHEMA'", "NULL", "'NO'", "'NO'", "1", "NULL", "NULL",
                  "'Views describing the contents of schemas in this database'"});
  return Rows({{"CATALOG_NAME", kText},
               {"SCHEMA_NAME", kText},
               {"SCHEMA_OWNER", kText},
               {"IS_TRANSIENT", kText},
               {"IS_MANAGED_ACCESS", kText},
               {"RETENTION_TIME", kNumber},
               {"CREATED", kTime},
               {"LAST_ALTERED", kTime},
               {"COMMENT", kText}},
              rows);
}

std::string Databases(const RewriteContext& context) {
  std::vector<Cells> rows;
  for (const auto& [name, database] : context.catalog.databases) {
    if (!HasAnyPrivilege(context, "DATABASE", DisplayName(name))) continue;
    rows.push_back({Text(name), TextOrNull(database.owner), "'NO'", TextOrNull(database.comment),
                    Time(database.created_ns), Time(database.created_ns), "1", "'STANDARD'"});
  }
  return Rows({{"DATABASE_NAME", kText},
               {"DATABASE_OWNER", kText},
               {"IS_TRANSIENT", kText},
               {"COMMENT", kText},
               {"CREATED", kTime},
               {"LAST_ALTERED", kTime},
               {"RETENTION_TIME", kNumber},
               {"TYPE", kText}},
              rows);
}

std::string TableConstraints(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  ForEachRelation(name, context, [&](const ObjectName& full, const Relation& relation, bool) {
    for (const Constraint& one : relation.constraints) {
      rows.push_back({Text(full.database), Text(full.schema), Text(one.name), Text(full.database), Text(full.schema),
                      Text(relation.name), Text(one.kind), "'NO'", "'NO'", "'NO'", "NULL", Time(relation.created_ns),
                      "'NO'"});
    }
  });
  return Rows({{"CONSTRAINT_CATALOG", kText},
               {"CONSTRAINT_SCHEMA", kText},
               {"CONSTRAINT_NAME", kText},
               {"TABLE_CATALOG", kText},
               {"TABLE_SCHEMA", kText},
               {"TABLE_NAME", kText},
               {"CONSTRAINT_TYPE", kText},
               {"IS_DEFERRABLE", kText},
               {"INITIALLY_DEFERRED", kText},
               {"ENFORCED", kText},
               {"COMMENT", kText},
               {"CREATED", kTime},
               {"RELY", kText}},
              rows);
}

std::string TablePrivileges(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  ForEachRelation(name, context, [&](const ObjectName& full, const Relation& relation, bool) {
    for (const Grant& grant : context.catalog.grants) {
      if (grant.object != full.Display() || (grant.kind != "TABLE" && grant.kind != "VIEW")) continue;
      rows.push_back({TextOrNull(grant.granted_by), Text(grant.role), "'ROLE'", Text(full.database), Text(full.schema),
                      Text(relation.name), Text(grant.privilege), YesNo(grant.grant_option), "'NO'",
                      Time(grant.created_ns)});
    }
  });
  // A grant of the system has no grantor: the grantee stands first in the test for rows.
  for (Cells& row : rows) {
    if (row[0] == "NULL") row[0] = "''";
  }
  return Rows({{"GRANTOR", kText},
               {"GRANTEE", kText},
               {"GRANTED_TO", kText},
               {"TABLE_CATALOG", kText},
               {"TABLE_SCHEMA", kText},
               {"TABLE_NAME", kText},
               {"PRIVILEGE_TYPE", kText},
               {"IS_GRANTABLE", kText},
               {"WITH_HIERARCHY", kText},
               {"CREATED", kTime}},
              rows);
}

// Every grant of a role to another that the session's role can use.
std::string ApplicableRoles(const RewriteContext& context) {
  std::vector<Cells> rows;
  const std::set<std::string> closure = context.catalog.RoleClosure(context.role);
  for (const std::string& name : closure) {
    const auto role = context.catalog.roles.find(name);
    if (role == context.catalog.roles.end()) continue;
    for (const std::string& inherited : role->second.inherits)
      rows.push_back({Text(name), Text(inherited), TextOrNull(role->second.owner), "'NO'"});
  }
  return Rows({{"GRANTEE", kText}, {"ROLE_NAME", kText}, {"ROLE_OWNER", kText}, {"IS_GRANTABLE", kText}}, rows);
}

std::string EnabledRoles(const RewriteContext& context) {
  std::vector<Cells> rows;
  for (const std::string& name : context.catalog.RoleClosure(context.role)) {
    const auto role = context.catalog.roles.find(name);
    rows.push_back({Text(name), role == context.catalog.roles.end() ? "NULL" : TextOrNull(role->second.owner)});
  }
  return Rows({{"ROLE_NAME", kText}, {"ROLE_OWNER", kText}}, rows);
}

std::string Sequences(const ObjectName& name, const RewriteContext& context) {
  std::vector<Cells> rows;
  for (const auto& [schema_name, schema] : context.catalog.FindDatabase(name.database)->schemas) {
    for (const auto& [sequence_name, one] : schema.sequences) {
      if (!HasAnyPrivilege(context, "SEQUENCE", ObjectName{name.database, schema_name, sequence_name}.Display()))
        continue;
      rows.push_back({Text(name.database), Text(schema_name), Text(sequence_name), TextOrNull(one.owner), "'NUMBER'",
                      Text(std::to_string(one.start)), Text(std::to_string(one.step)), Time(one.created_ns),
                      TextOrNull(one.comment)});
    }
  }
  return Rows({{"SEQUENCE_CATALOG", kText},
               {"SEQUENCE_SCHEMA", kText},
               {"SEQUENCE_NAME", kText},
               {"SEQUENCE_OWNER", kText},
               {"DATA_TYPE", kText},
               {"START_VALUE", kText},
               {"INCREMENT", kText},
               {"CREATED", kTime},
               {"COMMENT", kText}},
              rows);
}

// Nothing is loaded here: the empty list is the true one.
std::string LoadHistory() {
  return Rows({{"SCHEMA_NAME", kText},
               {"FILE_NAME", kText},
               {"TABLE_NAME", kText},
               {"LAST_LOAD_TIME", kTime},
               {"STATUS", kText},
               {"ROW_COUNT", kNumber},
               {"ROW_PARSED", kNumber},
               {"FIRST_ERROR_MESSAGE", kText},
               {"FIRST_ERROR_LINE_NUMBER", kNumber},
               {"FIRST_ERROR_CHARACTER_POSITION", kNumber},
               {"FIRST_ERROR_COL_NAME", kText},
               {"ERROR_COUNT", kNumber},
               {"ERROR_LIMIT", kNumber}},
              {});
}

}  // namespace

absl::StatusOr<std::string> InformationSchemaRows(const ObjectName& name, const RewriteContext& context) {
  if (name.object == "COLUMNS") return Columns(name, context);
  if (name.object == "TABLES") return Tables(name, context);
  if (name.object == "VIEWS") return Views(name, context);
  if (name.object == "SCHEMATA") return Schemata(name, context);
  if (name.object == "DATABASES") return Databases(context);
  if (name.object == "TABLE_CONSTRAINTS") return TableConstraints(name, context);
  if (name.object == "TABLE_PRIVILEGES") return TablePrivileges(name, context);
  if (name.object == "APPLICABLE_ROLES") return ApplicableRoles(context);
  if (name.object == "ENABLED_ROLES") return EnabledRoles(context);
  if (name.object == "SEQUENCES") return Sequences(name, context);
  if (name.object == "LOAD_HISTORY") return LoadHistory();
  return Unsupported(absl::StrCat("INFORMATION_SCHEMA.", name.object));
}

}  // namespace cdi::snowflake_mock
