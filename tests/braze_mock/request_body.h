// A request body as a parsed tree.
#pragma once

#include <string_view>

#include "tests/braze_mock/json_view.h"

namespace cdi::braze_mock {

// Owns the tree; elements read from it live as long as the body. Reusable, and then it keeps its memory.
class RequestBody {
 public:
  // False: not JSON. Numbers beyond 64 bits are taken as the nearest double, as other readers of JSON do.
  bool Parse(std::string_view text);
  Element root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  Element root_;
};

}  // namespace cdi::braze_mock
