// What a new value makes of the attribute that is there: replace, add up, merge, edit an array, or leave it alone.
//
// Values are JSON texts without blanks. Rules: custom attribute pages CA-types, CA-nested and CA-arrays (2026-11).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/braze_mock/json_view.h"
#include "tests/braze_mock/switches.h"

namespace cdi::braze_mock {

struct AttributeChange {
  enum class Kind { kKeep, kRemove, kSet };
  Kind kind = Kind::kKeep;
  std::string json = {};  // for kSet
};

// `old_json` is absent where the user has no such attribute. `merge` is the object's _merge_objects.
AttributeChange ChangeAttribute(std::string_view name, std::optional<std::string_view> old_json, const Element& value,
                                bool merge, const Switches& switches);

}  // namespace cdi::braze_mock
