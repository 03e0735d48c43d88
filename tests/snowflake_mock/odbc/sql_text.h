// What the driver has to know about a statement's text without understanding SQL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cdi::sfodbc {

// The number of `?` markers outside quotes ('…' with '' and backslashes, "…", $$…$$) and comments (--, //, /* */).
size_t CountParameterMarkers(std::string_view sql);

// "name" with inner quotes doubled; 'text' with quotes doubled and backslashes escaped.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

}  // namespace cdi::sfodbc
