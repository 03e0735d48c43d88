// How an object of a request names its user: the rules of "Identifier resolution" in docs/braze-mock.md.
#pragma once

#include <optional>
#include <string_view>

#include "tests/braze_mock/braze_model.h"
#include "tests/braze_mock/item_error.h"
#include "tests/braze_mock/json_view.h"

namespace cdi::braze_mock {

struct Identifier {
  UserKey key;                   // kNone when `fault` is set
  std::string_view alias_label;  // into the parsed request
  std::string_view alias_name;
  std::optional<ItemFault> fault;  // what is wrong with the identifier
};

Identifier ReadIdentifier(const Object& object, const Switches& switches);

}  // namespace cdi::braze_mock
