// What the driver has to know about a statement's text without understanding SQL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cdi::sfodbc {

// The number of `?` markers outside quotes ('…' with '' and backslashes, "…", $$…$$) and comments (--, //, /* */).
size_t CountParameterMarkers(std::string_view sql);

// The word that begins at `position`, in upper case, behind blanks and comments; `position` moves behind it.
std::string NextWord(std::string_view sql, size_t& position);

// CREATE, ALTER (not SESSION), DROP, GRANT and the like: what version 3.x of the driver executes in SQLPrepare.
bool IsDdl(std::string_view sql);

// SQL_DIAG_DYNAMIC_FUNCTION and its code; "" and 0 for statements ODBC has no name for.
struct DynamicFunction {
  std::string_view name;
  int code = 0;
};
DynamicFunction DynamicFunctionOf(std::string_view sql);

// "name" with inner quotes doubled; 'text' with quotes doubled and backslashes escaped.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

}  // namespace cdi::sfodbc
