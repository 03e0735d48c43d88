// JSON as VARIANT values have it: keys sorted, numbers untouched (no digit is lost), compact or indented by two.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdi::snowflake_mock {

enum class JsonLayout { kCompact, kPretty };

// A JSON value whose scalars keep their source text.
struct JsonNode {
  enum class Kind { kNull, kBoolean, kNumber, kText, kObject, kArray } kind = Kind::kNull;
  std::string scalar;  // kNumber: the digits; kBoolean: true or false; kText: the text itself, escapes undone
  std::map<std::string, std::unique_ptr<JsonNode>> members;
  std::vector<std::unique_ptr<JsonNode>> elements;

  std::unique_ptr<JsonNode> Copy() const;
};
using JsonPtr = std::unique_ptr<JsonNode>;

// nullptr when `text` is not one JSON value. Of repeated keys the last wins. Nesting is bounded.
JsonPtr ParseJsonNode(std::string_view text);
std::string WriteJson(const JsonNode& node, JsonLayout layout = JsonLayout::kCompact);
// The value as a cast to VARCHAR gives it: texts without quotes.
std::string JsonPlainText(const JsonNode& node);

// nullopt when `text` is not one JSON value.
std::optional<std::string> NormalizeJson(std::string_view text, JsonLayout layout);

// Sorts values of a VARIANT: numbers by value, texts, then the rest. Negative, 0 or positive.
int CompareJson(const JsonNode& a, const JsonNode& b);
// Compares decimal texts ("-1.50", "2e3") by value.
int CompareNumberTexts(std::string_view a, std::string_view b);

}  // namespace cdi::snowflake_mock
