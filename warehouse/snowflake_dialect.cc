// Snowflake's SQL. Sources: Snowflake documentation and drivers as restated in the fact sheet (2026-11).
#include <algorithm>

#include "absl/strings/ascii.h"
#include "base/error.h"
#include "warehouse/concat.h"
#include "warehouse/dialect.h"

namespace cdi::warehouse {
namespace {

constexpr bool kBackslashEscapes = true;

// "TIMESTAMP_NTZ" of "TIMESTAMP_NTZ(9)".
std::string BaseType(std::string_view type) {
  std::string base(type.substr(0, type.find('(')));
  absl::AsciiStrToUpper(&base);
  return base;
}

bool IsOneOf(const std::string& type, std::initializer_list<std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

class SnowflakeDialect final : public Dialect {
 public:
  CaseFolding folding() const override { return CaseFolding::kUpper; }

  TypeClass Classify(std::string_view type) const override {
    const std::string base = BaseType(type);
    if (base.starts_with("TIMESTAMP_") || base == "DATETIME" || base == "TIMESTAMP") return TypeClass::kTimestamp;
    if (IsOneOf(base, {"VARCHAR", "CHAR", "CHARACTER", "STRING", "TEXT"})) return TypeClass::kText;
    if (IsOneOf(base, {"VARIANT", "OBJECT"})) return TypeClass::kSemiStructured;
    if (base == "NUMBER" || base == "DECIMAL" || base == "INTEGER" || base == "BIGINT") {
      // A whole number is an identifier; a fraction is a mistake.
      const bool whole = type.find('(') == std::string_view::npos || type.ends_with(",0)") || type.ends_with(", 0)");
      return whole ? TypeClass::kNumberAsText : TypeClass::kOther;
    }
    return TypeClass::kOther;
  }

  std::vector<std::string> PinSession(const SessionRequest& request) const override {
    const auto timeout = request.statement_timeout.count();
    // LTZ values and every comparison with them depend on the session's zone. A query whose client has vanished ends by
    // itself. The driver's own read-ahead is kept small: it would hold 1.5 GB by default.
    return {
        Concat("ALTER SESSION SET TIMEZONE = 'UTC', QUERY_TAG = ", QuoteLiteral(request.query_tag, kBackslashEscapes),
               ", STATEMENT_TIMEOUT_IN_SECONDS = ", timeout, ", STATEMENT_QUEUED_TIMEOUT_IN_SECONDS = ", timeout,
               ", ABORT_DETACHED_QUERY = TRUE, CLIENT_SESSION_KEEP_ALIVE = FALSE, CLIENT_PREFETCH_THREADS = 2, "
               "CLIENT_MEMORY_LIMIT = 192")};
  }

  std::string NowQuery() const override {
    return Concat("SELECT CONVERT_TIMEZONE('UTC', CURRENT_TIMESTAMP())::TIMESTAMP_NTZ, '", kTextProbe, "'");
  }

  std::string ContextQuery() const override {
    return Concat(
        "SELECT CURRENT_VERSION(), CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_DATABASE(), '",
        kTextProbe, "'");
  }

  // SHOW needs no warehouse, and fails by itself when the database is missing. The pattern's wildcards can only let
  // more names in: ReadSchema compares them exactly.
  std::string SchemaQuery(const Identifier& database, const Identifier& schema) const override {
    return Concat("SHOW SCHEMAS LIKE ", QuoteLiteral(schema.text(), kBackslashEscapes), " IN DATABASE ",
                  database.Quoted());
  }

  absl::Status ReadSchema(const ResultTable& result, const Identifier& database, const Identifier& schema,
                          std::string_view role) const override {
    for (size_t i = 0; i < result.rows.size(); ++i) {
      if (result.At(i, "name") == schema.text()) return absl::OkStatus();
    }
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "SCHEMA_MISSING",
        Concat("schema ", database.text(), ".", schema.text(),
               " does not exist or the role may not use it; check its name, and run GRANT USAGE ON SCHEMA ",
               database.Quoted(), ".", schema.Quoted(), " TO ROLE ", role));
  }

  std::string DescribeQuery(const TableName& table) const override { return Concat("DESCRIBE TABLE ", table.Quoted()); }

  absl::StatusOr<std::vector<ColumnFacts>> ReadColumns(const ResultTable& result, const TableName& table,
                                                       std::string_view role) const override {
    std::vector<ColumnFacts> columns;
    for (size_t i = 0; i < result.rows.size(); ++i) {
      const std::string kind = result.At(i, "kind");
      if (!kind.empty() && kind != "COLUMN") continue;
      columns.push_back({result.At(i, "name"), result.At(i, "type"), result.At(i, "null?") != "N"});
    }
    if (columns.empty()) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "TABLE_MISSING",
                       Concat("table or view ", table.ToString(), " shows no columns to role ", role,
                              "; check its name and the role's grants"));
    }
    return columns;
  }

  std::vector<ListStatement> ListQueries(const Identifier& database, const Identifier& schema) const override {
    const std::string place = Concat(" IN SCHEMA ", database.Quoted(), ".", schema.Quoted());
    return {{Concat("SHOW TABLES", place), false}, {Concat("SHOW VIEWS", place), true}};
  }

 protected:
  std::string TableReference(const TableName& table) const override { return table.Quoted(); }

  std::string AsText(const std::string& quoted, std::string_view type) const override {
    switch (Classify(type)) {
      case TypeClass::kText:
        return quoted;
      case TypeClass::kSemiStructured:
        return Concat("TO_JSON(", quoted, ")");
      default:
        return Concat("TO_VARCHAR(", quoted, ")");
    }
  }

  // TIMESTAMP_NTZ holds UTC by the rule of the ingestion tables.
  std::string AsUtc(const std::string& expression, std::string_view type) const override {
    if (IsZoned(type)) return Concat("CONVERT_TIMEZONE('UTC', ", expression, ")::TIMESTAMP_NTZ");
    return expression;
  }

  std::string TimestampLiteral(const Timestamp& value, std::string_view type, bool /*round_up*/) const override {
    std::string text = value.ToString();
    text[10] = ' ';
    text.pop_back();
    const std::string base = BaseType(type);
    if (!IsZoned(type)) return Concat("'", text, "'::TIMESTAMP_NTZ");
    return Concat("'", text, " +00:00'::", base);
  }

  std::optional<Timestamp> EarliestCursor() const override { return std::nullopt; }

 private:
  static bool IsZoned(std::string_view type) {
    const std::string base = BaseType(type);
    return base == "TIMESTAMP_LTZ" || base == "TIMESTAMP_TZ";
  }
};

}  // namespace

const Dialect& SnowflakeDialectInstance() {
  static const SnowflakeDialect dialect;
  return dialect;
}

}  // namespace cdi::warehouse
