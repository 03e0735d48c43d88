#include "tests/snowflake_mock/odbc/catalog.h"

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/catalog_rows.h"
#include "tests/snowflake_mock/odbc/sql_text.h"

namespace cdi::sfodbc {
namespace {

constexpr char kSeparator = '\1';  // between the parts of a sort key: below every character of a name

// Fields of SHOW and DESCRIBE rows by their (lower-case) name.
class NamedRow {
 public:
  explicit NamedRow(const Result& result) : result_(result) {
    for (size_t i = 0; i < result.columns().size(); ++i) positions_[result.columns()[i].described.name] = i;
  }
  std::string Get(const std::string& name) const {
    const auto found = positions_.find(name);
    if (found == positions_.end() || result_.row()[found->second].is_null()) return {};
    return std::string(result_.row()[found->second].text());
  }

 private:
  const Result& result_;
  std::map<std::string, size_t> positions_;
};

// Runs `sql` and calls `on_row` for each of its rows. Something that does not exist (2003, 2043) has no rows.
template <typename OnRow>
absl::Status ForEachShown(Statement& statement, const std::string& sql, OnRow on_row) {
  const absl::StatusOr<std::unique_ptr<Result>> shown = statement.RunForDriver(sql);
  if (!shown.ok()) {
    const int code = NativeCodeOf(shown.status());
    return code == 2003 || code == 2043 ? absl::OkStatus() : shown.status();
  }
  const NamedRow row(**shown);
  for (;;) {
    CDI_ASSIGN_OR_RETURN(const bool more, statement.AdvanceForDriver(**shown));
    if (!more) return absl::OkStatus();
    on_row(row);
  }
}

std::string Scope(const CatalogArgument& catalog, const CatalogArgument& schema) {
  const std::optional<std::string> database = catalog.OnlyName();
  const std::optional<std::string> name = schema.OnlyName();
  if (!database.has_value() || database->empty()) return " IN ACCOUNT";
  if (!name.has_value() || name->empty()) return absl::StrCat(" IN DATABASE ", QuoteName(*database));
  return absl::StrCat(" IN SCHEMA ", QuoteName(*database), ".", QuoteName(*name));
}

struct Relation {
  std::string catalog, schema, name, type, comment;
};

bool MatchesOrEmpty(const CatalogArgument& argument, std::string_view name) {
  return argument.is_empty() || argument.Matches(name);
}

absl::Status FindRelations(Statement& statement, std::string_view type, const CatalogArgument& catalog,
                           const CatalogArgument& schema, const CatalogArgument& table,
                           std::vector<Relation>& relations) {
  const std::string sql = absl::StrCat("SHOW ", std::string(type), "S", Scope(catalog, schema));
  return ForEachShown(statement, sql, [&](const NamedRow& row) {
    Relation relation{row.Get("database_name"), row.Get("schema_name"), row.Get("name"), std::string(type),
                      row.Get("comment")};
    if (!MatchesOrEmpty(catalog, relation.catalog) || !MatchesOrEmpty(schema, relation.schema)) return;
    if (MatchesOrEmpty(table, relation.name)) relations.push_back(std::move(relation));
  });
}

absl::StatusOr<std::vector<Relation>> FindAllRelations(Statement& statement, const CatalogArgument& catalog,
                                                       const CatalogArgument& schema, const CatalogArgument& table) {
  std::vector<Relation> relations;
  for (const char* const type : {"TABLE", "VIEW"}) {
    CDI_RETURN_IF_ERROR(FindRelations(statement, type, catalog, schema, table, relations));
  }
  return relations;
}

bool Wants(std::string_view types, std::string_view type) {
  bool any = false;
  for (absl::string_view item : absl::StrSplit(absl::string_view(types.data(), types.size()), ',')) {
    std::string word = UpperAscii({item.data(), item.size()});
    std::erase(word, '\'');
    std::erase(word, ' ');
    if (word == type || word == "%") return true;
    any = any || !word.empty();
  }
  return !any;
}

absl::StatusOr<std::unique_ptr<Result>> ListCatalogs(Statement& statement, const Settings& settings) {
  RowWriter rows;
  CDI_RETURN_IF_ERROR(ForEachShown(statement, "SHOW DATABASES", [&](const NamedRow& row) {
    const std::string name = row.Get("name");
    rows.Begin(name).Text(name).Null().Null().Null().Null();
  }));
  return rows.Finish(TablesShape(), settings);
}

absl::StatusOr<std::unique_ptr<Result>> ListSchemas(Statement& statement, const Settings& settings) {
  RowWriter rows;
  CDI_RETURN_IF_ERROR(ForEachShown(statement, "SHOW SCHEMAS IN ACCOUNT", [&](const NamedRow& row) {
    const std::string database = row.Get("database_name");
    const std::string name = row.Get("name");
    rows.Begin(database + kSeparator + name).TextOrNull(database).Text(name).Null().Null().Null();
  }));
  return rows.Finish(TablesShape(), settings);
}

std::unique_ptr<Result> ListTableTypes(const Settings& settings) {
  RowWriter rows;
  for (const char* const type : {"TABLE", "VIEW"}) rows.Begin(type).Null().Null().Null().Text(type).Null();
  return rows.Finish(TablesShape(), settings);
}

std::string QualifiedName(const Relation& relation) {
  return absl::StrCat(QuoteName(relation.catalog), ".", QuoteName(relation.schema), ".", QuoteName(relation.name));
}

// A name without wildcards in a known schema needs no search: DESCRIBE finds it or not.
absl::StatusOr<std::vector<Relation>> TablesToDescribe(Statement& statement, const CatalogArgument& catalog,
                                                       const CatalogArgument& schema, const CatalogArgument& table) {
  const auto database = catalog.OnlyName();
  const auto schema_name = schema.OnlyName();
  const auto name = table.OnlyName();
  const bool exact = database.has_value() && !database->empty() && schema_name.has_value() && !schema_name->empty() &&
                     name.has_value() && !name->empty();
  if (exact) return std::vector<Relation>{{*database, *schema_name, *name, "", ""}};
  return FindAllRelations(statement, catalog, schema, table);
}

SQLLEN CatalogSize(const Column& shape, const Settings& settings) {
  if (shape.sql_type != SQL_TYPE_TIMESTAMP || !settings.personality.sizes_timestamps_by_keyword) {
    return shape.column_size;
  }
  return settings.standard_timestamp_size ? 29 : 35;
}

void AppendColumn(const Relation& table, const NamedRow& row, int64_t ordinal, const Settings& settings,
                  const TypeOptions& options, RowWriter& rows) {
  const Column shape = DescribeForOdbc(ParseDeclaredType(row.Get("type")), settings, options);
  const bool nullable = row.Get("null?") != "N";
  const SQLSMALLINT code = DatetimeCode(shape.sql_type);
  const SnowflakeType type = shape.described.type;
  const bool has_bytes = type == SnowflakeType::kText || type == SnowflakeType::kVariant ||
                         type == SnowflakeType::kBinary || type == SnowflakeType::kVector;
  const bool has_digits = shape.sql_type == SQL_DECIMAL || shape.sql_type == SQL_BIGINT || code > SQL_CODE_DATE;
  rows.Begin(absl::StrCat(table.catalog, std::string(1, kSeparator), table.schema, std::string(1, kSeparator),
                          table.name, std::string(1, kSeparator), absl::Dec(ordinal, absl::kZeroPad6)));
  rows.Text(table.catalog).Text(table.schema).Text(table.name).Text(row.Get("name"));
  rows.Number(shape.sql_type).Text(shape.type_name).Number(CatalogSize(shape, settings)).Number(shape.octet_length);
  rows.NumberOrNull(has_digits, shape.decimal_digits);
  rows.NumberOrNull(shape.is_signed_number, shape.sql_type == SQL_DOUBLE && shape.column_size == 53 ? 2 : 10);
  rows.Number(nullable ? SQL_NULLABLE : SQL_NO_NULLS).TextOrNull(row.Get("comment")).TextOrNull(row.Get("default"));
  rows.Number(VerboseType(shape.sql_type)).NumberOrNull(code != 0, code);
  rows.NumberOrNull(has_bytes, shape.octet_length).Number(ordinal).Text(nullable ? "YES" : "NO");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Result>> ListTables(Statement& statement, const CatalogArgument& catalog,
                                                   const CatalogArgument& schema, const CatalogArgument& table,
                                                   std::string_view types) {
  const Settings& settings = statement.connection.session()->settings();
  if (catalog.is_everything() && schema.is_empty() && table.is_empty()) return ListCatalogs(statement, settings);
  if (catalog.is_empty() && schema.is_everything() && table.is_empty()) return ListSchemas(statement, settings);
  if (catalog.is_empty() && schema.is_empty() && table.is_empty() && types == "%") return ListTableTypes(settings);
  std::vector<Relation> relations;
  for (const char* const type : {"TABLE", "VIEW"}) {
    if (Wants(types, type)) CDI_RETURN_IF_ERROR(FindRelations(statement, type, catalog, schema, table, relations));
  }
  RowWriter rows;
  for (const Relation& found : relations) {
    std::string key;
    for (const std::string* const part : {&found.type, &found.catalog, &found.schema, &found.name}) {
      key += *part + kSeparator;
    }
    rows.Begin(std::move(key)).Text(found.catalog).Text(found.schema).Text(found.name).Text(found.type);
    rows.TextOrNull(found.comment);
  }
  return rows.Finish(TablesShape(), settings);
}

absl::StatusOr<std::unique_ptr<Result>> ListColumns(Statement& statement, const CatalogArgument& catalog,
                                                    const CatalogArgument& schema, const CatalogArgument& table,
                                                    const CatalogArgument& column) {
  const Settings& settings = statement.connection.session()->settings();
  const TypeOptions options = statement.connection.session()->type_options();
  CDI_ASSIGN_OR_RETURN(const std::vector<Relation> tables, TablesToDescribe(statement, catalog, schema, table));
  RowWriter rows;
  for (const Relation& relation : tables) {
    int64_t ordinal = 0;
    CDI_RETURN_IF_ERROR(
        ForEachShown(statement, absl::StrCat("DESCRIBE TABLE ", QualifiedName(relation)), [&](const NamedRow& row) {
          ++ordinal;
          if (MatchesOrEmpty(column, row.Get("name"))) AppendColumn(relation, row, ordinal, settings, options, rows);
        }));
  }
  return rows.Finish(ColumnsShape(), settings);
}

absl::StatusOr<std::unique_ptr<Result>> ListPrimaryKeys(Statement& statement, const CatalogArgument& catalog,
                                                        const CatalogArgument& schema, const CatalogArgument& table) {
  CDI_ASSIGN_OR_RETURN(const std::vector<Relation> tables, TablesToDescribe(statement, catalog, schema, table));
  RowWriter rows;
  for (const Relation& relation : tables) {
    int64_t sequence = 0;
    CDI_RETURN_IF_ERROR(
        ForEachShown(statement, absl::StrCat("DESCRIBE TABLE ", QualifiedName(relation)), [&](const NamedRow& row) {
          if (row.Get("primary key") != "Y") return;
          ++sequence;
          rows.Begin(absl::StrCat(QualifiedName(relation), absl::Dec(sequence, absl::kZeroPad6)));
          rows.Text(relation.catalog).Text(relation.schema).Text(relation.name).Text(row.Get("name"));
          rows.Number(sequence).Null();
        }));
  }
  return rows.Finish(PrimaryKeysShape(), statement.connection.session()->settings());
}

}  // namespace cdi::sfodbc
