#include "tests/snowflake_mock/odbc/sql_text.h"

#include <sql.h>
#include <sqlext.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"

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

constexpr std::array<std::string_view, 9> kDdlWords = {"CREATE", "ALTER",  "DROP",    "GRANT",
                                                       "REVOKE", "UNDROP", "COMMENT", "TRUNCATE"};

struct NamedFunction {
  std::string_view first, second;  // words of the statement; second "" for any
  DynamicFunction function;
};

constexpr std::array<NamedFunction, 15> kFunctions = {{
    {"SELECT", "", {"SELECT CURSOR", SQL_DIAG_SELECT_CURSOR}},
    {"WITH", "", {"SELECT CURSOR", SQL_DIAG_SELECT_CURSOR}},
    {"INSERT", "", {"INSERT", SQL_DIAG_INSERT}},
    {"UPDATE", "", {"UPDATE WHERE", SQL_DIAG_UPDATE_WHERE}},
    {"DELETE", "", {"DELETE WHERE", SQL_DIAG_DELETE_WHERE}},
    {"CREATE", "TABLE", {"CREATE TABLE", SQL_DIAG_CREATE_TABLE}},
    {"CREATE", "VIEW", {"CREATE VIEW", SQL_DIAG_CREATE_VIEW}},
    {"CREATE", "SCHEMA", {"CREATE SCHEMA", SQL_DIAG_CREATE_SCHEMA}},
    {"ALTER", "TABLE", {"ALTER TABLE", SQL_DIAG_ALTER_TABLE}},
    {"DROP", "TABLE", {"DROP TABLE", SQL_DIAG_DROP_TABLE}},
    {"DROP", "VIEW", {"DROP VIEW", SQL_DIAG_DROP_VIEW}},
    {"DROP", "SCHEMA", {"DROP SCHEMA", SQL_DIAG_DROP_SCHEMA}},
    {"GRANT", "", {"GRANT", SQL_DIAG_GRANT}},
    {"REVOKE", "", {"REVOKE", SQL_DIAG_REVOKE}},
    {"CALL", "", {"CALL", SQL_DIAG_CALL}},
}};

}  // namespace

std::string NextWord(std::string_view sql, size_t& i) {
  while (i < sql.size()) {
    const std::string_view two = sql.substr(i, 2);
    if (two == "--" || two == "//") {
      i = SkipPast(sql, i + 2, "\n");
    } else if (two == "/*") {
      i = SkipPast(sql, i + 2, "*/");
    } else if (absl::ascii_isalnum(static_cast<unsigned char>(sql[i])) || sql[i] == '_') {
      break;
    } else if (absl::ascii_isspace(static_cast<unsigned char>(sql[i])) || sql[i] == '(') {
      ++i;
    } else {
      return {};
    }
  }
  std::string word;
  for (; i < sql.size() && (absl::ascii_isalnum(static_cast<unsigned char>(sql[i])) || sql[i] == '_'); ++i) {
    word += absl::ascii_toupper(static_cast<unsigned char>(sql[i]));
  }
  return word;
}

bool IsDdl(std::string_view sql) {
  size_t position = 0;
  const std::string first = NextWord(sql, position);
  if (first.empty() || std::find(kDdlWords.begin(), kDdlWords.end(), first) == kDdlWords.end()) return false;
  return first != "ALTER" || NextWord(sql, position) != "SESSION";
}

DynamicFunction DynamicFunctionOf(std::string_view sql) {
  size_t position = 0;
  const std::string first = NextWord(sql, position);
  std::string second = NextWord(sql, position);
  while (second == "OR" || second == "REPLACE" || second == "TEMPORARY" || second == "TEMP" || second == "TRANSIENT") {
    second = NextWord(sql, position);
  }
  for (const NamedFunction& named : kFunctions) {
    if (named.first == first && (named.second.empty() || named.second == second)) return named.function;
  }
  return {};
}

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
