#include "keys/alter_user.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "keys/concat.h"
#include "keys/rsa_key.h"

namespace cdi::keys {
namespace {

constexpr size_t kCharactersMax = 255;

// Snowflake's reserved words that no unquoted identifier may be, and IF, which ALTER USER would read as IF EXISTS.
// docs.snowflake.com, "Reserved & limited keywords", read 2026-11. Sorted.
constexpr auto kReservedWords = std::to_array<std::string_view>({"ACCOUNT",
                                                                 "ALL",
                                                                 "ALTER",
                                                                 "AND",
                                                                 "ANY",
                                                                 "AS",
                                                                 "BETWEEN",
                                                                 "BY",
                                                                 "CASE",
                                                                 "CAST",
                                                                 "CHECK",
                                                                 "COLUMN",
                                                                 "CONNECT",
                                                                 "CONNECTION",
                                                                 "CONSTRAINT",
                                                                 "CREATE",
                                                                 "CROSS",
                                                                 "CURRENT",
                                                                 "CURRENT_DATE",
                                                                 "CURRENT_TIME",
                                                                 "CURRENT_TIMESTAMP",
                                                                 "CURRENT_USER",
                                                                 "DATABASE",
                                                                 "DELETE",
                                                                 "DISTINCT",
                                                                 "DROP",
                                                                 "ELSE",
                                                                 "EXISTS",
                                                                 "FALSE",
                                                                 "FOLLOWING",
                                                                 "FOR",
                                                                 "FROM",
                                                                 "FULL",
                                                                 "GRANT",
                                                                 "GROUP",
                                                                 "GSCLUSTER",
                                                                 "HAVING",
                                                                 "IF",
                                                                 "ILIKE",
                                                                 "IN",
                                                                 "INCREMENT",
                                                                 "INNER",
                                                                 "INSERT",
                                                                 "INTERSECT",
                                                                 "INTO",
                                                                 "IS",
                                                                 "ISSUE",
                                                                 "JOIN",
                                                                 "LATERAL",
                                                                 "LEFT",
                                                                 "LIKE",
                                                                 "LOCALTIME",
                                                                 "LOCALTIMESTAMP",
                                                                 "MINUS",
                                                                 "NATURAL",
                                                                 "NOT",
                                                                 "NULL",
                                                                 "OF",
                                                                 "ON",
                                                                 "OR",
                                                                 "ORDER",
                                                                 "ORGANIZATION",
                                                                 "QUALIFY",
                                                                 "REGEXP",
                                                                 "REVOKE",
                                                                 "RIGHT",
                                                                 "RLIKE",
                                                                 "ROW",
                                                                 "ROWS",
                                                                 "SAMPLE",
                                                                 "SCHEMA",
                                                                 "SELECT",
                                                                 "SET",
                                                                 "SOME",
                                                                 "START",
                                                                 "TABLE",
                                                                 "TABLESAMPLE",
                                                                 "THEN",
                                                                 "TO",
                                                                 "TRIGGER",
                                                                 "TRUE",
                                                                 "TRY_CAST",
                                                                 "UNION",
                                                                 "UNIQUE",
                                                                 "UPDATE",
                                                                 "USING",
                                                                 "VALUES",
                                                                 "VIEW",
                                                                 "WHEN",
                                                                 "WHENEVER",
                                                                 "WHERE",
                                                                 "WITH"});
static_assert(std::is_sorted(kReservedWords.begin(), kReservedWords.end()));

// [A-Z_][A-Z0-9_$]*: means the same with and without quotes.
bool IsPlain(std::string_view name) {
  const auto is_word = [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)) || c == '_'; };
  const auto is_rest = [&](char c) {
    return is_word(c) || absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '$';
  };
  return !name.empty() && is_word(name.front()) && std::all_of(name.begin(), name.end(), is_rest);
}

absl::Status Refuse(std::string_view fault) {
  return InvalidField("user", Concat("user ", fault));
}

// The name that a spelling means, as Snowflake stores it.
absl::StatusOr<std::string> ParseUserName(std::string_view spelling) {
  if (spelling.empty()) return Refuse("must not be empty");
  if (!spelling.starts_with('"')) {
    std::string upper = absl::AsciiStrToUpper(ToAbsl(spelling));
    return IsPlain(upper) ? upper : std::string(spelling);
  }
  if (spelling.size() < 2 || !spelling.ends_with('"')) return Refuse("starts with a double quote that is never closed");
  std::string name;
  const std::string_view inner = spelling.substr(1, spelling.size() - 2);
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '"' && (++i == inner.size() || inner[i] != '"')) {
      return Refuse("holds a single double quote inside double quotes; double it");
    }
    name += inner[i];
  }
  if (name.empty()) return Refuse("must not be empty between its double quotes");
  return name;
}

absl::Status CheckCharacters(std::string_view name) {
  if (!IsValidUtf8(name)) return Refuse("must be UTF-8 text");
  const auto is_control = [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); };
  if (std::any_of(name.begin(), name.end(), is_control)) {
    return Refuse("must not hold NUL, line breaks or other control characters");
  }
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  const auto characters = std::count_if(name.begin(), name.end(), starts_character);
  if (static_cast<size_t>(characters) > kCharactersMax) {
    return Refuse(Concat("must have at most 255 characters; got ", characters));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> QuoteUserName(std::string_view user) {
  CDI_ASSIGN_OR_RETURN(const std::string name, ParseUserName(user));
  CDI_RETURN_IF_ERROR(CheckCharacters(name));
  if (IsPlain(name) && !std::binary_search(kReservedWords.begin(), kReservedWords.end(), name)) return name;
  return Concat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

absl::StatusOr<std::string> AlterUserSetStatement(std::string_view user, KeySlot slot,
                                                  std::string_view public_key_line) {
  CDI_ASSIGN_OR_RETURN(const std::string quoted, QuoteUserName(user));
  // What has a fingerprint is base64 and nothing else; see there.
  CDI_RETURN_IF_ERROR(Fingerprint(public_key_line).status());
  return Concat("ALTER USER ", quoted, " SET ", SlotProperty(slot), "='", public_key_line, "'");
}

absl::StatusOr<std::string> AlterUserUnsetStatement(std::string_view user, KeySlot slot) {
  CDI_ASSIGN_OR_RETURN(const std::string quoted, QuoteUserName(user));
  return Concat("ALTER USER ", quoted, " UNSET ", SlotProperty(slot));
}

}  // namespace cdi::keys
