// The schemas of Braze's recommended eCommerce events: which properties each one must have.
// Source: www.braze.com/docs, recommended events / eCommerce events (2026-11); property types are checked as far as
// text, number and array of objects.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/braze_mock/json_view.h"

namespace cdi::braze_mock {

// The sentence about the first violation; nullopt for none, and for events that have no schema. `properties` is null
// where the event has none.
std::optional<std::string> EcommerceViolation(std::string_view event_name, const std::optional<Object>& properties);

}  // namespace cdi::braze_mock
