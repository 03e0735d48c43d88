// LIKE of SHOW statements.
#pragma once

#include <string_view>

namespace cdi::snowflake_mock {

// `%` any text, `_` one byte. Compares exactly: fold the case before.
bool LikeMatches(std::string_view pattern, std::string_view text);

}  // namespace cdi::snowflake_mock
