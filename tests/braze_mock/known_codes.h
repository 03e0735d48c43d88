// Codes that Braze checks values against: ISO 4217 currencies, ISO 3166-1 alpha-2 countries, IANA time zones.
// Lists of 2026-11, fixed here so that the answers do not depend on the machine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdi::braze_mock {

bool IsCurrency(std::string_view code);  // upper or lower case

// The upper-case code, nullopt for what is no country. Braze also maps some country names; this list does not.
std::optional<std::string> CountryCode(std::string_view text);

bool IsTimeZone(std::string_view name);  // exact case

}  // namespace cdi::braze_mock
