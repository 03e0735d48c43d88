#include "warehouse/table_name.h"

#include "absl/strings/str_replace.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "warehouse/concat.h"

namespace cdi::warehouse {
namespace {

constexpr size_t kNameBytesMax = 255;

bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool IsWordStart(char c) {
  return IsUpper(c) || IsLower(c) || c == '_';
}
bool IsWord(char c) {
  return IsWordStart(c) || (c >= '0' && c <= '9') || c == '$';
}

// Takes the text between the outer quotes, where every quote must be doubled.
absl::StatusOr<std::string> Unquote(std::string_view text, std::string_view field) {
  if (text.size() < 2 || text.back() != '"') {
    return InvalidField(field, Concat(field, " starts with a double quote and does not end with one; close it"));
  }
  const std::string_view inner = text.substr(1, text.size() - 2);
  std::string name;
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '"' && (++i == inner.size() || inner[i] != '"')) {
      return InvalidField(field, Concat(field, " has a single double quote inside; write it twice"));
    }
    name.push_back(inner[i]);
  }
  if (name.empty()) return InvalidField(field, Concat(field, " is an empty quoted name; give a name"));
  return name;
}

absl::StatusOr<std::string> Fold(std::string_view text, CaseFolding folding, std::string_view field) {
  std::string name;
  for (const char c : text) {
    if (name.empty() ? !IsWordStart(c) : !IsWord(c)) {
      return InvalidField(field, Concat(field,
                                        " must be letters, digits, _ and $, not starting with a digit or $; put "
                                        "any other name into double quotes; got ",
                                        JsonQuote(CutText(text, 80))));
    }
    if (folding == CaseFolding::kUpper && IsLower(c)) {
      name.push_back(static_cast<char>(c - 'a' + 'A'));
    } else if (folding == CaseFolding::kLower && IsUpper(c)) {
      name.push_back(static_cast<char>(c - 'A' + 'a'));
    } else {
      name.push_back(c);
    }
  }
  return name;
}

}  // namespace

absl::StatusOr<Identifier> Identifier::Parse(std::string_view text, CaseFolding folding, std::string_view field) {
  if (text.empty()) return InvalidField(field, Concat(field, " is empty; give a name"));
  if (text.find('\0') != std::string_view::npos) {
    return InvalidField(field, Concat(field, " contains a NUL character; remove it"));
  }
  if (!IsValidUtf8(text)) return InvalidField(field, Concat(field, " is not valid UTF-8; give it in UTF-8"));
  const bool quoted = text.front() == '"';
  CDI_ASSIGN_OR_RETURN(std::string name, quoted ? Unquote(text, field) : Fold(text, folding, field));
  if (name.size() > kNameBytesMax) {
    return InvalidField(field, Concat(field, " must be 1..", kNameBytesMax, " bytes; got ", name.size()));
  }
  return Identifier(std::move(name));
}

std::string Identifier::Quoted() const {
  return Concat("\"", absl::StrReplaceAll(text_, {{"\"", "\"\""}}), "\"");
}

std::string TableName::Quoted() const {
  return Concat(database.Quoted(), ".", schema.Quoted(), ".", table.Quoted());
}

std::string TableName::ToString() const {
  return Concat(database.text(), ".", schema.text(), ".", table.text());
}

absl::StatusOr<TableName> ParseTableName(std::string_view database, std::string_view schema, std::string_view table,
                                         CaseFolding folding) {
  CDI_ASSIGN_OR_RETURN(Identifier database_name, Identifier::Parse(database, folding, "database"));
  CDI_ASSIGN_OR_RETURN(Identifier schema_name, Identifier::Parse(schema, folding, "schema"));
  CDI_ASSIGN_OR_RETURN(Identifier table_name, Identifier::Parse(table, folding, "table"));
  return TableName{std::move(database_name), std::move(schema_name), std::move(table_name)};
}

}  // namespace cdi::warehouse
