// What a new value makes of the attribute that is there: replace, add up, merge, edit an array, or leave it alone.
//
// Values are JSON texts without blanks. Rules: custom attribute pages CA-types, CA-nested and CA-arrays (2026-11).
#pragma once

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

// `old_json` is null where the user has no such attribute. `merge` is the object's _merge_objects.
AttributeChange ChangeAttribute(std::string_view name, const std::string* old_json, const Element& value, bool merge,
                                const Switches& switches);

}  // namespace cdi::braze_mock
