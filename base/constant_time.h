// Comparison of secrets.
#pragma once

#include <string_view>

namespace cdi {

// True when both are the same bytes. Takes the same time wherever they differ; lengths are no secret.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace cdi
