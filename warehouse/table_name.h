// Names of warehouse objects: parsed once, quoted always. The only way of a name into SQL text.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cdi::warehouse {

// One identifier. Unquoted text follows the warehouse's own folding rule when it is parsed (Snowflake: upper case;
// PostgreSQL: lower case); text in double quotes is taken as it stands, `""` meaning one quote.
enum class CaseFolding { kUpper, kLower };

class Identifier {
 public:
  // INVALID_ARGUMENT for the empty name, more than 255 bytes, NUL, invalid UTF-8, an unbalanced quote, or unquoted text
  // with anything but letters, digits, `_` and `$` (so that SQL in a name is refused, not escaped). `field` names the
  // request field in the error.
  static absl::StatusOr<Identifier> Parse(std::string_view text, CaseFolding folding, std::string_view field);

  const std::string& text() const { return text_; }  // folded, unquoted
  std::string Quoted() const;                        // "…" with inner quotes doubled

  friend bool operator==(const Identifier&, const Identifier&) = default;

 private:
  explicit Identifier(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct SchemaName {
  Identifier database;
  Identifier schema;
};

// database.schema.table of one table or view.
struct TableName {
  Identifier database;
  Identifier schema;
  Identifier table;

  SchemaName schema_name() const { return {database, schema}; }
  std::string Quoted() const;    // "D"."S"."T"
  std::string ToString() const;  // D.S.T, for people
};

absl::StatusOr<TableName> ParseTableName(std::string_view database, std::string_view schema, std::string_view table,
                                         CaseFolding folding);

}  // namespace cdi::warehouse
