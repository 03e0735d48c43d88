// JSON text as VARIANT values have it: keys sorted, numbers untouched (no digit is lost), compact or indented by two.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdi::snowflake_mock {

enum class JsonLayout { kCompact, kPretty };

// nullopt when `text` is not one JSON value. Of repeated keys the last wins.
std::optional<std::string> NormalizeJson(std::string_view text, JsonLayout layout);

}  // namespace cdi::snowflake_mock
