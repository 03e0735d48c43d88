#include "warehouse/dialect.h"

#include "warehouse/concat.h"

namespace cdi::warehouse {

const Dialect& Dialect::Of(WarehouseKind kind) {
  return kind == WarehouseKind::kSnowflake ? SnowflakeDialectInstance() : PostgresDialectInstance();
}

std::string QuoteLiteral(std::string_view text, bool escape_backslash) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'' || (c == '\\' && escape_backslash)) literal.push_back(c);
    literal.push_back(c);
  }
  literal.push_back('\'');
  return literal;
}

std::string Dialect::WindowQueryText(const WindowSelect& select) const {
  const std::string cursor = select.cursor.name.Quoted();
  std::string sql = Concat("SELECT ", AsUtc(cursor, select.cursor.type));
  std::string any_oversize;
  std::string oversize_list;
  for (const TypedColumn& column : select.texts) {
    const std::string text = AsText(column.name.Quoted(), column.type);
    AppendTo(oversize_list, oversize_list.empty() ? "" : " ||\n    ");
    if (Classify(column.type) == TypeClass::kNumberAsText) {  // never long
      AppendTo(sql, ",\n  ", text);
      AppendTo(oversize_list, "','");
      continue;
    }
    const std::string length = Concat("OCTET_LENGTH(", text, ")");
    const std::string oversize = Concat(length, " > ", select.cell_bytes_max);
    AppendTo(sql, ",\n  CASE WHEN ", length, " <= ", select.cell_bytes_max, " THEN ", text, " END");
    AppendTo(any_oversize, any_oversize.empty() ? "" : " OR ", oversize);
    AppendTo(oversize_list, "CASE WHEN ", oversize, " THEN ", AsText(length, "INTEGER"), " || ':' || MD5(", text,
             ") || ',' ELSE ',' END");
  }
  if (any_oversize.empty()) {
    AppendTo(sql, ",\n  NULL");
  } else {
    AppendTo(sql, ",\n  CASE WHEN ", any_oversize, " THEN\n    ", oversize_list, " END");
  }
  AppendTo(sql, "\nFROM ", TableReference(select.table), "\nWHERE ");
  const std::optional<Timestamp> lower = select.lower ? select.lower : EarliestCursor();
  if (lower) AppendTo(sql, cursor, " >= ", TimestampLiteral(*lower, select.cursor.type, true), " AND ");
  AppendTo(sql, cursor, " <= ", TimestampLiteral(select.upper, select.cursor.type, false));
  AppendTo(sql, "\nORDER BY ", cursor, "\nLIMIT ", select.rows_max);
  return sql;
}

std::string Dialect::WaitingQuery(const TableName& table, const TypedColumn& cursor, const Timestamp& upper) const {
  const std::string name = cursor.name.Quoted();
  return Concat("SELECT COUNT(", name, "), ", AsUtc(Concat("MIN(", name, ")"), cursor.type), ", COUNT(*) - COUNT(",
                name, ")\nFROM ", TableReference(table), "\nWHERE ", name, " > ",
                TimestampLiteral(upper, cursor.type, false), " OR ", name, " IS NULL");
}

std::string Dialect::PreviewQuery(const TableName& table, const std::vector<ColumnFacts>& columns,
                                  const Identifier& order_by, size_t chars_max, int row_limit) const {
  std::string sql = "SELECT";
  const char* separator = " ";
  for (const ColumnFacts& column : columns) {
    // The name is the warehouse's own, so it is quoted as it stands.
    std::string quoted = "\"";
    for (const char c : column.name) quoted.append(c == '"' ? 2 : 1, c);
    quoted.push_back('"');
    AppendTo(sql, separator, "SUBSTR(", AsText(quoted, column.type), ", 1, ", chars_max + 1, ")");
    separator = ",\n  ";
  }
  return Concat(sql, "\nFROM ", TableReference(table), "\nORDER BY ", order_by.Quoted(), " DESC NULLS LAST\nLIMIT ",
                row_limit);
}

}  // namespace cdi::warehouse
