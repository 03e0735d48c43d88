// The arguments of catalog functions: names, patterns, identifiers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdi::sfodbc {

// SQL's LIKE with backslash as escape character.
bool MatchesPattern(std::string_view text, std::string_view pattern);

// One argument. How it is read depends on the function and on SQL_ATTR_METADATA_ID.
class CatalogArgument {
 public:
  enum class Rule {
    kExact,       // ODBC's "ordinary argument": as it stands
    kPattern,     // `%`, `_`, and `\` to escape them
    kIdentifier,  // SQL_ATTR_METADATA_ID: upper-cased unless quoted, blanks around it dropped
  };
  CatalogArgument(std::optional<std::string> text, Rule rule);

  bool given() const { return text_.has_value(); }
  bool is_empty() const { return text_.has_value() && text_->empty(); }
  // The pattern "%" alone.
  bool is_everything() const { return rule_ == Rule::kPattern && text_ == "%"; }
  // Absent matches everything.
  bool Matches(std::string_view name) const;
  // The one name that can match; nullopt when it may be several.
  std::optional<std::string> OnlyName() const;

 private:
  std::optional<std::string> text_;
  Rule rule_;
};

}  // namespace cdi::sfodbc
