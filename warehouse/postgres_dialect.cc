// PostgreSQL's SQL (15; Redshift and others near it share what is used here).
#include "base/error.h"
#include "warehouse/concat.h"
#include "warehouse/dialect.h"

namespace cdi::warehouse {
namespace {

std::string Literal(std::string_view text) {
  return QuoteLiteral(text, /*escape_backslash=*/false);  // standard_conforming_strings is pinned on
}

class PostgresDialect final : public Dialect {
 public:
  CaseFolding folding() const override { return CaseFolding::kLower; }

  TypeClass Classify(std::string_view type) const override {
    const std::string_view base = type.substr(0, type.find('('));
    if (base.starts_with("timestamp")) return TypeClass::kTimestamp;
    if (base == "text" || base.starts_with("character") || base == "citext" || base == "uuid") return TypeClass::kText;
    if (base == "json" || base == "jsonb") return TypeClass::kSemiStructured;
    if (base == "smallint" || base == "integer" || base == "bigint") return TypeClass::kNumberAsText;
    return TypeClass::kOther;
  }

  std::vector<std::string> PinSession(const SessionRequest& request) const override {
    // application_name holds 63 bytes; the whole tag goes into a setting of our own, for whoever looks from inside.
    std::vector<std::string> statements = {
        "SET TIME ZONE 'UTC'",
        "SET standard_conforming_strings = on",
        "SET client_encoding = 'UTF8'",
        Concat("SET statement_timeout = ", std::chrono::milliseconds(request.statement_timeout).count()),
        // A slow receiver may leave a cursor waiting for a long time.
        "SET idle_in_transaction_session_timeout = 0",
        // A cursor is planned for its first tenth by default; all of it is read here.
        "SET cursor_tuple_fraction = 1.0",
        Concat("SET application_name = ", Literal(request.query_tag.substr(0, 63))),
    };
    if (!request.role.empty()) statements.push_back(Concat("SET ROLE ", QuoteRole(request.role)));
    statements.push_back("SET default_transaction_read_only = on");
    return statements;
  }

  std::string NowQuery() const override {
    return Concat("SELECT clock_timestamp() AT TIME ZONE 'UTC', '", kTextProbe, "'::text");
  }

  std::string ContextQuery() const override {
    return Concat(
        "SELECT current_setting('server_version'), session_user, current_user, NULL::text, current_database(), '",
        kTextProbe, "'::text");
  }

  std::string SchemaQuery(const Identifier& /*database*/, const Identifier& schema) const override {
    return Concat(
        "SELECT has_schema_privilege(oid, 'USAGE')::int AS usage, current_user AS role FROM pg_catalog.pg_namespace "
        "WHERE nspname = ",
        Literal(schema.text()));
  }

  absl::Status ReadSchema(const ResultTable& result, const Identifier& database, const Identifier& schema,
                          std::string_view /*role*/) const override {
    if (result.rows.empty()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "SCHEMA_MISSING",
                       Concat("schema ", schema.text(), " does not exist in database ", database.text(),
                              "; check the sync's schema"));
    }
    if (result.At(0, "usage") != "1") {
      return MakeError(absl::StatusCode::kPermissionDenied, "SCHEMA_MISSING",
                       Concat("the role may not use schema ", schema.text(), "; run GRANT USAGE ON SCHEMA ",
                              schema.Quoted(), " TO ", QuoteRole(result.At(0, "role"))));
    }
    return absl::OkStatus();
  }

  std::string DescribeQuery(const TableName& table) const override {
    return Concat(
        "SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, "
        "(NOT a.attnotnull)::int AS nullable, "
        "has_table_privilege(c.oid, 'SELECT')::int AS readable, has_schema_privilege(n.oid, 'USAGE')::int AS usage, "
        "current_user AS role\n"
        "FROM pg_catalog.pg_namespace n\n"
        "JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')\n"
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped\n"
        "WHERE n.nspname = ",
        Literal(table.schema.text()), " AND c.relname = ", Literal(table.table.text()), "\nORDER BY a.attnum");
  }

  absl::StatusOr<std::vector<ColumnFacts>> ReadColumns(const ResultTable& result, const TableName& table,
                                                       std::string_view /*role*/) const override {
    if (result.rows.empty()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "TABLE_MISSING",
                       Concat("table or view ", table.ToString(),
                              " does not exist; check schema and table (names without double quotes are lower case)"));
    }
    if (result.At(0, "usage") != "1") {
      return MakeError(absl::StatusCode::kPermissionDenied, "SCHEMA_MISSING",
                       Concat("the role may not use schema ", table.schema.text(), "; run GRANT USAGE ON SCHEMA ",
                              table.schema.Quoted(), " TO ", QuoteRole(result.At(0, "role"))));
    }
    if (result.At(0, "readable") != "1") {
      return MakeError(absl::StatusCode::kPermissionDenied, "GRANT_MISSING",
                       Concat("the role may not read ", table.ToString(), "; run GRANT SELECT ON ",
                              TableReference(table), " TO ", QuoteRole(result.At(0, "role"))));
    }
    std::vector<ColumnFacts> columns;
    for (size_t i = 0; i < result.rows.size(); ++i) {
      columns.push_back({result.At(i, "name"), result.At(i, "type"), result.At(i, "nullable") == "1"});
    }
    return columns;
  }

  std::vector<ListStatement> ListQueries(const Identifier& /*database*/, const Identifier& schema) const override {
    const auto list = [&](std::string_view kinds) {
      return Concat(
          "SELECT c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
          "c.relnamespace\nWHERE n.nspname = ",
          Literal(schema.text()), " AND c.relkind IN (", kinds, ")");
    };
    return {{list("'r', 'p', 'f'"), false}, {list("'v', 'm'"), true}};
  }

 protected:
  // The database belongs to the login; it is compared before, and never part of a statement.
  std::string TableReference(const TableName& table) const override {
    return Concat(table.schema.Quoted(), ".", table.table.Quoted());
  }

  std::string AsText(const std::string& quoted, std::string_view type) const override {
    return type == "text" ? quoted : Concat(quoted, "::text");
  }

  std::string AsUtc(const std::string& expression, std::string_view type) const override {
    return IsZoned(type) ? Concat(expression, " AT TIME ZONE 'UTC'") : expression;
  }

  // Microseconds: a lower bound goes up to the next one, an upper bound down, which changes no comparison with a column
  // that holds microseconds.
  std::string TimestampLiteral(const Timestamp& value, std::string_view type, bool round_up) const override {
    Timestamp rounded = value;
    const int32_t rest = rounded.nanos % 1000;
    rounded.nanos -= rest;
    if (round_up && rest != 0) rounded = rounded.Plus(std::chrono::microseconds(1));
    std::string text = rounded.ToString();
    text.resize(text.size() - 4);  // "000Z"
    text[10] = ' ';
    return IsZoned(type) ? Concat("TIMESTAMPTZ '", text, "+00'") : Concat("TIMESTAMP '", text, "'");
  }

  // '-infinity' and the years BC cannot be carried.
  std::optional<Timestamp> EarliestCursor() const override { return Timestamp::FromCivil(1, 1, 1, 0, 0, 0, 0); }

 private:
  static bool IsZoned(std::string_view type) { return type.find("with time zone") != std::string_view::npos; }

  static std::string QuoteRole(std::string_view role) {
    std::string quoted = "\"";
    for (const char c : role) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + "\"";
  }
};

}  // namespace

const Dialect& PostgresDialectInstance() {
  static const PostgresDialect dialect;
  return dialect;
}

}  // namespace cdi::warehouse
