// Short spellings for reading simdjson's tree without exceptions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace cdi::braze_mock {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;
using Array = simdjson::dom::array;

// The last member of that name, as JSON readers commonly take it.
inline std::optional<Element> Find(const Object& object, std::string_view key) {
  std::optional<Element> found;
  for (const auto& [name, value] : object) {
    if (name == key) found = value;
  }
  return found;
}

inline std::optional<std::string_view> AsText(const Element& element) {
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

inline std::optional<Object> AsObject(const Element& element) {
  Object object;
  if (element.get(object) != simdjson::SUCCESS) return std::nullopt;
  return object;
}

inline std::optional<Array> AsArray(const Element& element) {
  Array array;
  if (element.get(array) != simdjson::SUCCESS) return std::nullopt;
  return array;
}

inline std::optional<double> AsNumber(const Element& element) {
  double number = 0;
  if (element.get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

inline bool IsInteger(const Element& element) {
  return element.is<int64_t>() || element.is<uint64_t>();
}

// true, and the text "true", which the samples of Cloud Data Ingestion use for flags.
inline bool IsTrue(const Element& element) {
  bool flag = false;
  if (element.get(flag) == simdjson::SUCCESS) return flag;
  return AsText(element) == std::string_view("true");
}

// JSON without blanks, keys in the order given.
inline std::string Compact(const Element& element) {
  return simdjson::minify(element);
}

}  // namespace cdi::braze_mock
