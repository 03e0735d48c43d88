#include "tests/snowflake_mock/server/language/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace cdi::snowflake_mock {
namespace {

using Kind = JsonNode::Kind;

constexpr char kMark = '\x01';

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// "01:02:03.123456789" without the fraction, "2026-01-01 01:02:03.123456789 +0100" with three digits of it.
std::string ShownTime(const JsonNode& node) {
  const size_t point = node.scalar.find('.');
  if (point == std::string::npos) return node.scalar;
  if (node.time == 'T') return node.scalar.substr(0, point);
  const size_t end = std::min(node.scalar.find(' ', point), node.scalar.size());
  return node.scalar.substr(0, point + 4) + node.scalar.substr(end);
}

// As DoubleText of engine/ writes a FLOAT.
std::string ShortText(double value) {
  std::array<char, 64> text;
  const bool plain = value == 0 || (std::fabs(value) >= 1e-5 && std::fabs(value) < 1e15);
  const auto end = plain ? std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr
                         : std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string ShownNumber(const std::string& number) {
  if (number.find_first_of("eE") == std::string::npos) return number;
  const double value = std::strtod(number.c_str(), nullptr);
  return std::isfinite(value) ? absl::StrFormat("%.15e", value) : number;
}

std::string ScalarText(const JsonNode& node, JsonLayout layout) {
  const bool is_kept = layout == JsonLayout::kKept;
  if (node.kind == Kind::kNumber) return is_kept ? node.scalar : ShownNumber(node.scalar);
  if (node.kind != Kind::kText) return node.scalar;
  if (node.time != '\0') return is_kept ? KeptTime(node.time, node.scalar) : Quoted(ShownTime(node));
  return is_kept ? KeptText(node.scalar) : Quoted(node.scalar);
}

void Write(const JsonNode& node, JsonLayout layout, int depth, std::string& out) {
  if (node.kind != Kind::kObject && node.kind != Kind::kArray) {
    out += ScalarText(node, layout);
    return;
  }
  const bool object = node.kind == Kind::kObject;
  const auto new_line = [&](int level) {
    if (layout == JsonLayout::kPretty) out.append("\n").append(static_cast<size_t>(level) * 2, ' ');
  };
  out += object ? '{' : '[';
  bool first = true;
  const auto separate = [&] {
    if (!first) out += ',';
    first = false;
    new_line(depth + 1);
  };
  for (const auto& [key, member] : node.members) {
    separate();
    out += Quoted(key);
    out += layout == JsonLayout::kPretty ? ": " : ":";
    Write(*member, layout, depth + 1, out);
  }
  for (const auto& element : node.elements) {
    separate();
    Write(*element, layout, depth + 1, out);
  }
  if (!first) new_line(depth);
  out += object ? '}' : ']';
}

// A decimal text taken apart: sign, digits without leading zeros, and where the point is.
struct Digits {
  bool negative = false;
  std::string digits;
  int64_t point = 0;  // digits before the point
};

Digits TakeApart(std::string_view text) {
  Digits read;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    read.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int64_t exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    exponent = std::strtoll(std::string(text.substr(e + 1)).c_str(), nullptr, 10);
    text = text.substr(0, e);
  }
  const size_t dot = text.find('.');
  read.digits = std::string(text.substr(0, dot));
  read.point = static_cast<int64_t>(read.digits.size()) + exponent;
  if (dot != std::string_view::npos) read.digits += text.substr(dot + 1);
  const size_t zeros = std::min(read.digits.find_first_not_of('0'), read.digits.size());
  read.digits.erase(0, zeros);
  read.point -= static_cast<int64_t>(zeros);
  while (!read.digits.empty() && read.digits.back() == '0') read.digits.pop_back();
  if (read.digits.empty()) read = {};
  return read;
}

int Rank(Kind kind) {
  switch (kind) {
    case Kind::kNumber:
      return 1;
    case Kind::kBoolean:
      return 2;
    case Kind::kText:
      return 3;
    case Kind::kArray:
      return 4;
    case Kind::kObject:
      return 5;
    case Kind::kNull:
      return 6;
    case Kind::kUndefined:
      return 7;
  }
  return 8;
}

}  // namespace

JsonPtr JsonNode::Copy() const {
  auto copy = std::make_unique<JsonNode>();
  copy->kind = kind;
  copy->scalar = scalar;
  copy->time = time;
  for (const auto& [key, member] : members) copy->members[key] = member->Copy();
  for (const auto& element : elements) copy->elements.push_back(element->Copy());
  return copy;
}

std::string WriteJson(const JsonNode& node, JsonLayout layout) {
  std::string out;
  Write(node, layout, 0, out);
  return out;
}

std::string JsonPlainText(const JsonNode& node) {
  if (node.kind == Kind::kText) return node.time == '\0' ? node.scalar : ShownTime(node);
  // A FLOAT by itself is cast as any FLOAT is.
  if (node.kind == Kind::kNumber && node.scalar.find_first_of("eE") != std::string::npos) {
    const double value = std::strtod(node.scalar.c_str(), nullptr);
    if (std::isfinite(value)) return ShortText(value);
  }
  return WriteJson(node, JsonLayout::kCompact);
}

std::string KeptText(std::string_view text) {
  const std::string copy(text);
  return Quoted(!copy.empty() && copy[0] == kMark ? kMark + copy : copy);
}

std::string KeptTime(char kind, std::string_view text) {
  return Quoted(absl::StrCat(std::string{kMark, kind}, std::string(text)));
}

std::optional<std::string> NormalizeJson(std::string_view text, JsonLayout layout) {
  const JsonPtr root = ParseJsonNode(text);
  if (root == nullptr) return std::nullopt;
  return WriteJson(*root, layout);
}

int CompareNumberTexts(std::string_view a, std::string_view b) {
  const Digits x = TakeApart(a);
  const Digits y = TakeApart(b);
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  const int sign = x.negative ? -1 : 1;
  if (x.digits.empty() || y.digits.empty()) {
    if (x.digits.empty() && y.digits.empty()) return 0;
    return x.digits.empty() ? -sign : sign;
  }
  if (x.point != y.point) return x.point < y.point ? -sign : sign;
  const int order = x.digits.compare(y.digits);
  return order == 0 ? 0 : order < 0 ? -sign : sign;
}

int CompareJson(const JsonNode& a, const JsonNode& b) {
  if (a.kind != b.kind) return Rank(a.kind) < Rank(b.kind) ? -1 : 1;
  if (a.kind == Kind::kNumber) return CompareNumberTexts(a.scalar, b.scalar);
  const int order = (a.kind == Kind::kObject || a.kind == Kind::kArray) ? WriteJson(a).compare(WriteJson(b))
                                                                        : a.scalar.compare(b.scalar);
  return order == 0 ? 0 : order < 0 ? -1 : 1;
}

}  // namespace cdi::snowflake_mock
