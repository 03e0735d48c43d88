// JSON as VARIANT values have it: keys sorted, numbers untouched (no digit is lost).
//
// A VARIANT holds more than JSON does, so the text that the engine keeps is not the text that a client sees:
//   undefined  an element of an array that is SQL NULL; written bare in both
//   FLOAT      a number with an exponent; kept with as many digits as the double needs, shown as 3.000000000000000e+00
//   times      a text that begins with U+0001 and the kind's letter, kept with nine digits of a second; shown as
//              "2026-01-01 01:02:03.123"
// A text of the client's that begins with U+0001 is kept with a second one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdi::snowflake_mock {

enum class JsonLayout {
  kKept,     // as the engine keeps it
  kCompact,  // as a client sees it in one line
  kPretty,   // as a client sees it, indented by two
};

// A JSON value whose scalars keep their source text.
struct JsonNode {
  enum class Kind { kNull, kBoolean, kNumber, kText, kObject, kArray, kUndefined } kind = Kind::kNull;
  std::string scalar;  // kNumber: the digits; kBoolean: true or false; kText: the text itself, escapes undone
  char time = '\0';    // kText: 'D', 'T', 'N', 'L', 'Z' of a DATE, TIME, TIMESTAMP_NTZ, _LTZ or _TZ
  std::map<std::string, std::unique_ptr<JsonNode>> members;
  std::vector<std::unique_ptr<JsonNode>> elements;

  std::unique_ptr<JsonNode> Copy() const;
};
using JsonPtr = std::unique_ptr<JsonNode>;

// Of text that the engine keeps. nullptr when it is not one JSON value. Nesting is bounded. When a key is repeated the
// last one counts; `repeated_key` (may be nullptr) then tells the first such key and where it ends.
struct RepeatedKey {
  std::string name;
  size_t position = 0;
};
JsonPtr ParseJsonNode(std::string_view text, std::optional<RepeatedKey>* repeated_key = nullptr);
// The same of a client's text: U+0001 means nothing there, and elements may be left out ("[1,,3]").
JsonPtr ParseClientJson(std::string_view text, std::optional<RepeatedKey>* repeated_key = nullptr);

std::string WriteJson(const JsonNode& node, JsonLayout layout = JsonLayout::kKept);
// The value as a cast to VARCHAR gives it: texts without quotes.
std::string JsonPlainText(const JsonNode& node);
// A client's text as a VARIANT keeps it.
std::string KeptText(std::string_view text);
// A time as a VARIANT keeps it. `text` has nine digits of a second, "2026-01-01 01:02:03.123456789 +0100".
std::string KeptTime(char kind, std::string_view text);

// Of text that the engine keeps; nullopt when it is not one JSON value.
std::optional<std::string> NormalizeJson(std::string_view text, JsonLayout layout);

// Sorts values of a VARIANT: numbers by value, texts, then the rest. Negative, 0 or positive.
int CompareJson(const JsonNode& a, const JsonNode& b);
// Compares decimal texts ("-1.50", "2e3") by value.
int CompareNumberTexts(std::string_view a, std::string_view b);

}  // namespace cdi::snowflake_mock
