#include "tests/snowflake_mock/odbc/catalog.h"

#include <charconv>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "tests/snowflake_mock/odbc/sql_text.h"

namespace cdi::sfodbc {
namespace {

// Builds rows as the JSON that RowScanner reads.
class RowWriter {
 public:
  RowWriter& Begin() {
    rows_ += rows_.empty() ? "[" : ",[";
    first_ = true;
    return *this;
  }
  RowWriter& Text(std::string_view text) { return Raw(JsonQuote(text)); }
  RowWriter& Number(int64_t number) { return Raw(absl::StrCat("\"", number, "\"")); }
  RowWriter& Null() { return Raw("null"); }
  void End() { rows_ += "]"; }
  std::string Take() { return std::move(rows_); }

 private:
  RowWriter& Raw(std::string_view text) {
    if (!first_) rows_ += ',';
    first_ = false;
    rows_ += text;
    return *this;
  }
  std::string rows_;
  bool first_ = true;
};

ColumnDescription TextColumn(std::string name) {
  ColumnDescription column;
  column.name = std::move(name);
  column.length = 255;
  column.byte_length = 1020;
  return column;
}

ColumnDescription NumberColumn(std::string name) {
  ColumnDescription column;
  column.name = std::move(name);
  column.type = SnowflakeType::kFixed;
  column.precision = 10;
  column.scale = 0;
  return column;
}

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

std::string Scope(const CatalogName& catalog, const CatalogName& schema) {
  const bool has_catalog = catalog.has_value() && !catalog->empty() && *catalog != "%";
  const bool has_schema = schema.has_value() && !schema->empty() && *schema != "%";
  if (has_catalog && has_schema) return absl::StrCat(" IN SCHEMA ", QuoteName(*catalog), ".", QuoteName(*schema));
  if (has_catalog) return absl::StrCat(" IN DATABASE ", QuoteName(*catalog));
  return has_schema ? absl::StrCat(" IN SCHEMA ", QuoteName(*schema)) : std::string(" IN ACCOUNT");
}

absl::Status AppendTables(Statement& statement, std::string_view type, const CatalogName& catalog,
                          const CatalogName& schema, const CatalogName& table, RowWriter& rows) {
  const std::string sql = absl::StrCat("SHOW ", std::string(type), "S", Scope(catalog, schema));
  CDI_ASSIGN_OR_RETURN(const std::unique_ptr<Result> shown, statement.RunForDriver(sql));
  const NamedRow row(*shown);
  for (;;) {
    CDI_ASSIGN_OR_RETURN(const bool more, statement.AdvanceForDriver(*shown));
    if (!more) return absl::OkStatus();
    if (table.has_value() && !MatchesPattern(row.Get("name"), *table)) continue;
    rows.Begin().Text(row.Get("database_name")).Text(row.Get("schema_name")).Text(row.Get("name")).Text(type);
    rows.Text(row.Get("comment")).End();
  }
}

bool Wants(std::string_view types, std::string_view type) {
  const std::string upper = UpperAscii(types);
  return upper.empty() || upper == "%" || upper.find(type) != std::string::npos;
}

}  // namespace

bool MatchesPattern(std::string_view text, std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern.front() == '%') {
      pattern.remove_prefix(1);
      for (size_t i = 0; i <= text.size(); ++i) {
        if (MatchesPattern(text.substr(i), pattern)) return true;
      }
      return false;
    }
    if (text.empty()) return false;
    const bool any = pattern.front() == '_';
    if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    if (!any && pattern.front() != text.front()) return false;
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  return text.empty();
}

ColumnDescription ParseDeclaredType(std::string_view declared) {
  ColumnDescription column;
  const size_t open = declared.find('(');
  const std::string name = UpperAscii(declared.substr(0, open));
  std::vector<int64_t> numbers;
  if (open != std::string_view::npos) {
    const char* position = declared.data() + open + 1;
    const char* const end = declared.data() + declared.size();
    while (position < end) {
      int64_t number = 0;
      const auto [behind, error] = std::from_chars(position, end, number);
      if (error == std::errc()) numbers.push_back(number);
      position = behind == position ? position + 1 : behind;
    }
  }
  const auto number = [&](size_t i, int64_t otherwise) { return i < numbers.size() ? numbers[i] : otherwise; };
  static const std::map<std::string, std::string> kWireNames = {{"NUMBER", "fixed"},
                                                                {"DECIMAL", "fixed"},
                                                                {"FLOAT", "real"},
                                                                {"DOUBLE", "real"},
                                                                {"BOOLEAN", "boolean"},
                                                                {"BINARY", "binary"},
                                                                {"DATE", "date"},
                                                                {"TIME", "time"},
                                                                {"TIMESTAMP_NTZ", "timestamp_ntz"},
                                                                {"DECFLOAT", "decfloat"},
                                                                {"TIMESTAMP_LTZ", "timestamp_ltz"},
                                                                {"TIMESTAMP_TZ", "timestamp_tz"},
                                                                {"VARIANT", "variant"},
                                                                {"OBJECT", "object"},
                                                                {"ARRAY", "array"},
                                                                {"VECTOR", "vector"}};
  const auto found = kWireNames.find(name);
  column.type = ParseSnowflakeType(found == kWireNames.end() ? "text" : found->second);
  switch (column.type) {
    case SnowflakeType::kFixed:
      column.precision = number(0, 38);
      column.scale = number(1, 0);
      break;
    case SnowflakeType::kText:
    case SnowflakeType::kBinary:
      if (!numbers.empty()) column.length = numbers[0];
      break;
    case SnowflakeType::kTime:
    case SnowflakeType::kTimestampNtz:
    case SnowflakeType::kTimestampLtz:
    case SnowflakeType::kTimestampTz:
      column.scale = number(0, 9);
      break;
    default:
      break;
  }
  return column;
}

absl::StatusOr<std::unique_ptr<Result>> ListTables(Statement& statement, const CatalogName& catalog,
                                                   const CatalogName& schema, const CatalogName& table,
                                                   std::string_view types) {
  RowWriter rows;
  if (Wants(types, "TABLE")) CDI_RETURN_IF_ERROR(AppendTables(statement, "TABLE", catalog, schema, table, rows));
  if (Wants(types, "VIEW")) CDI_RETURN_IF_ERROR(AppendTables(statement, "VIEW", catalog, schema, table, rows));
  std::vector<ColumnDescription> columns;
  for (const char* name : {"TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS"})
    columns.push_back(TextColumn(name));
  return std::make_unique<Result>(std::move(columns), rows.Take(), statement.connection.session()->settings());
}

absl::StatusOr<std::unique_ptr<Result>> ListColumns(Statement& statement, const CatalogName& catalog,
                                                    const CatalogName& schema, const std::string& table,
                                                    const CatalogName& column) {
  std::string sql = "DESCRIBE TABLE ";
  if (catalog.has_value() && !catalog->empty()) absl::StrAppend(&sql, QuoteName(*catalog), ".");
  if (schema.has_value() && !schema->empty()) absl::StrAppend(&sql, QuoteName(*schema), ".");
  absl::StrAppend(&sql, QuoteName(table));
  CDI_ASSIGN_OR_RETURN(const std::unique_ptr<Result> described, statement.RunForDriver(sql));
  const Settings& settings = statement.connection.session()->settings();
  const NamedRow row(*described);
  RowWriter rows;
  for (int64_t ordinal = 1;; ++ordinal) {
    CDI_ASSIGN_OR_RETURN(const bool more, statement.AdvanceForDriver(*described));
    if (!more) break;
    const std::string name = row.Get("name");
    if (column.has_value() && !MatchesPattern(name, *column)) continue;
    const Column shape = DescribeForOdbc(ParseDeclaredType(row.Get("type")), settings);
    const bool nullable = row.Get("null?") != "N";
    const bool temporal = shape.sql_type >= SQL_TYPE_DATE && shape.sql_type <= SQL_TYPE_TIMESTAMP;
    rows.Begin().Text(catalog.value_or("")).Text(schema.value_or("")).Text(table).Text(name);
    rows.Number(shape.sql_type).Text(shape.type_name).Number(shape.column_size).Number(shape.octet_length);
    rows.Number(shape.decimal_digits);
    if (shape.is_signed_number) {
      rows.Number(10);
    } else {
      rows.Null();
    }
    rows.Number(nullable ? SQL_NULLABLE : SQL_NO_NULLS).Text(row.Get("comment")).Text(row.Get("default"));
    rows.Number(temporal ? SQL_DATETIME : shape.sql_type);
    if (temporal) {
      rows.Number(shape.sql_type - SQL_TYPE_DATE + SQL_CODE_DATE);
    } else {
      rows.Null();
    }
    rows.Number(shape.octet_length).Number(ordinal).Text(nullable ? "YES" : "NO").End();
  }
  std::vector<ColumnDescription> columns;
  for (const char* name : {"TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME"})
    columns.push_back(TextColumn(name));
  columns.push_back(NumberColumn("DATA_TYPE"));
  columns.push_back(TextColumn("TYPE_NAME"));
  for (const char* name : {"COLUMN_SIZE", "BUFFER_LENGTH", "DECIMAL_DIGITS", "NUM_PREC_RADIX", "NULLABLE"}) {
    columns.push_back(NumberColumn(name));
  }
  columns.push_back(TextColumn("REMARKS"));
  columns.push_back(TextColumn("COLUMN_DEF"));
  for (const char* name : {"SQL_DATA_TYPE", "SQL_DATETIME_SUB", "CHAR_OCTET_LENGTH", "ORDINAL_POSITION"}) {
    columns.push_back(NumberColumn(name));
  }
  columns.push_back(TextColumn("IS_NULLABLE"));
  return std::make_unique<Result>(std::move(columns), rows.Take(), settings);
}

std::unique_ptr<Result> ListTypes(SQLSMALLINT sql_type, const Settings& settings) {
  RowWriter rows;
  for (const char* declared :
       {"BOOLEAN", "BINARY", "DECIMAL(38,0)", "DOUBLE", "VARCHAR", "DATE", "TIME(9)", "TIMESTAMP_NTZ(9)"}) {
    const Column shape = DescribeForOdbc(ParseDeclaredType(declared), settings);
    if (sql_type != SQL_ALL_TYPES && sql_type != shape.sql_type) continue;
    const bool quoted = !shape.is_signed_number && shape.sql_type != SQL_BIT;
    rows.Begin().Text(shape.type_name).Number(shape.sql_type).Number(shape.column_size);
    for (int i = 0; i < 2; ++i) {
      if (quoted) {
        rows.Text("'");
      } else {
        rows.Null();
      }
    }
    rows.Null().Number(SQL_NULLABLE).Number(shape.sql_type == SQL_VARCHAR ? 1 : 0).Number(SQL_SEARCHABLE);
    rows.Number(shape.is_signed_number ? 0 : 1).Number(0).Number(0).Text(shape.type_name).Number(0);
    rows.Number(shape.sql_type == SQL_DECIMAL ? 37 : shape.decimal_digits).Number(shape.sql_type).Null();
    rows.Number(10).Null().End();
  }
  std::vector<ColumnDescription> columns;
  columns.push_back(TextColumn("TYPE_NAME"));
  columns.push_back(NumberColumn("DATA_TYPE"));
  columns.push_back(NumberColumn("COLUMN_SIZE"));
  for (const char* name : {"LITERAL_PREFIX", "LITERAL_SUFFIX", "CREATE_PARAMS"}) columns.push_back(TextColumn(name));
  for (const char* name :
       {"NULLABLE", "CASE_SENSITIVE", "SEARCHABLE", "UNSIGNED_ATTRIBUTE", "FIXED_PREC_SCALE", "AUTO_UNIQUE_VALUE"}) {
    columns.push_back(NumberColumn(name));
  }
  columns.push_back(TextColumn("LOCAL_TYPE_NAME"));
  for (const char* name : {"MINIMUM_SCALE", "MAXIMUM_SCALE", "SQL_DATA_TYPE", "SQL_DATETIME_SUB", "NUM_PREC_RADIX",
                           "INTERVAL_PRECISION"}) {
    columns.push_back(NumberColumn(name));
  }
  return std::make_unique<Result>(std::move(columns), rows.Take(), settings);
}

}  // namespace cdi::sfodbc
