// Snowflake's number format models: '999,990.00', '$99', 'S9', '0X' is not there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdi::snowflake_mock {

// `number` is a plain decimal text ("-12.50"). nullopt for a model with elements that are not known here. Too small a
// model gives hashes, as in Snowflake.
std::optional<std::string> FormatNumber(std::string_view number, std::string_view model);
// The plain decimal text of what `text` says by the model; nullopt when it does not follow it.
std::optional<std::string> ParseFormattedNumber(std::string_view text, std::string_view model);

}  // namespace cdi::snowflake_mock
