#include "tests/snowflake_mock/odbc/sql_text.h"

namespace cdi::sfodbc {
namespace {

// Behind the closing `quote` of a quoted text that begins at `position`; a doubled quote belongs to it.
size_t SkipQuoted(std::string_view sql, size_t position, char quote, bool backslashes) {
  for (++position; position < sql.size(); ++position) {
    if (backslashes && sql[position] == '\\') {
      ++position;
    } else if (sql[position] == quote) {
      if (position + 1 >= sql.size() || sql[position + 1] != quote) return position + 1;
      ++position;
    }
  }
  return sql.size();
}

size_t SkipPast(std::string_view sql, size_t position, std::string_view end) {
  const size_t found = sql.find(end, position);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

}  // namespace

size_t CountParameterMarkers(std::string_view sql) {
  size_t markers = 0;
  for (size_t i = 0; i < sql.size();) {
    const std::string_view two = sql.substr(i, 2);
    if (sql[i] == '\'') {
      i = SkipQuoted(sql, i, '\'', true);
    } else if (sql[i] == '"') {
      i = SkipQuoted(sql, i, '"', false);
    } else if (two == "$$") {
      i = SkipPast(sql, i + 2, "$$");
    } else if (two == "--" || two == "//") {
      i = SkipPast(sql, i + 2, "\n");
    } else if (two == "/*") {
      i = SkipPast(sql, i + 2, "*/");
    } else {
      if (sql[i] == '?') ++markers;
      ++i;
    }
  }
  return markers;
}

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace cdi::sfodbc
