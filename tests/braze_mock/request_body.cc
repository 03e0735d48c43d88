#include "tests/braze_mock/request_body.h"

#include <nlohmann/json.hpp>

namespace cdi::braze_mock {

bool RequestBody::Parse(std::string_view text) {
  const auto error = parser_.parse(text.data(), text.size()).get(root_);
  if (error == simdjson::SUCCESS) return true;
  if (error != simdjson::NUMBER_ERROR) return false;
  // simdjson refuses a number that no 64-bit type holds; a NUMBER(38,0) of the warehouse may be one.
  const auto tree = nlohmann::ordered_json::parse(text.begin(), text.end(), nullptr, false);
  if (tree.is_discarded()) return false;
  return parser_.parse(tree.dump()).get(root_) == simdjson::SUCCESS;
}

}  // namespace cdi::braze_mock
