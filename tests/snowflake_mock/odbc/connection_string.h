// Takes an ODBC connection string apart: `KEY=value;KEY={value with ; and }} inside};…`.
//
// Keywords are case-insensitive and come back in upper case; blanks around keywords and around unbraced values are
// dropped. Version 4 of Snowflake's driver refuses a keyword given twice, an opening brace never closed and text after
// a closing brace (spec/snowflake.md §2.2); version 3 takes what it can. Values may be secret: no message repeats one.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cdi::sfodbc {

// Keyword in upper case -> value. Wipes its values when it goes, for a key or a password may be among them.
class Keywords {
 public:
  Keywords() = default;
  Keywords(Keywords&&) noexcept = default;
  Keywords& operator=(Keywords&&) noexcept = default;
  ~Keywords();

  // False when the keyword is there already.
  bool Add(std::string_view keyword, std::string_view value);
  bool Has(std::string_view keyword) const { return values_.contains(std::string(keyword)); }
  // "" when absent.
  std::string_view Get(std::string_view keyword) const;
  const std::map<std::string, std::string>& all() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
};

enum class StringRules {
  kStrict,   // SQLSTATE HY000 with what is wrong and where
  kLenient,  // never fails: the first of two wins, an open brace ends with the text, parts without `=` are dropped
};
absl::StatusOr<Keywords> ParseConnectionString(std::string_view text, StringRules rules = StringRules::kStrict);

// `value` as it has to stand in a connection string: in braces when it needs them.
std::string QuoteConnectionValue(std::string_view value);

std::string UpperAscii(std::string_view text);

}  // namespace cdi::sfodbc
