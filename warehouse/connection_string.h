// The text that SQLDriverConnect takes: `DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;…`.
//
// Held in wiped memory from the first byte, because it can hold a password; never logged, never part of a message.
#pragma once

#include <string_view>
#include <vector>

namespace cdi::warehouse {

class ConnectionString {
 public:
  ConnectionString() = default;
  ~ConnectionString();
  ConnectionString(const ConnectionString&) = delete;
  ConnectionString& operator=(const ConnectionString&) = delete;

  // Appends `keyword=value;`. A value with `;`, braces, or blanks at its ends goes into braces, a closing brace in it
  // doubled (ODBC's own rule; Snowflake's driver refuses everything else). Plain values stay bare, because psqlODBC
  // takes the braces off some keywords only. A value that is empty is left out.
  void Add(std::string_view keyword, std::string_view value);
  // The same, always in braces: DRIVER, PWD, and psqlODBC's pqopt, which is parsed by its braces.
  void AddBraced(std::string_view keyword, std::string_view value);

  std::string_view Expose() const { return {text_.data(), text_.size()}; }

 private:
  void Append(std::string_view part);
  std::vector<char> text_;
};

}  // namespace cdi::warehouse
