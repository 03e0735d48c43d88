#include "tests/snowflake_mock/server/language/json_text.h"

#include <algorithm>
#include <cstdlib>

#include "nlohmann/json.hpp"

namespace cdi::snowflake_mock {
namespace {

using Kind = JsonNode::Kind;

constexpr size_t kDepthMax = 500;

// nlohmann's event parser checks the grammar; its number events hand over the source text where it would lose digits.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonPtr root;

  bool null() override { return Scalar(Kind::kNull, "null"); }
  bool boolean(bool value) override { return Scalar(Kind::kBoolean, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Scalar(Kind::kNumber, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Scalar(Kind::kNumber, std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Scalar(Kind::kNumber, text); }
  bool string(string_t& value) override { return Scalar(Kind::kText, std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    keys_.back() = name;
    return true;
  }
  bool start_object(size_t) override { return Open(Kind::kObject); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(Kind::kArray); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  JsonNode* Place(JsonPtr node) {
    JsonNode* const placed = node.get();
    if (open_.empty()) {
      root = std::move(node);
    } else if (open_.back()->kind == Kind::kObject) {
      open_.back()->members[keys_.back()] = std::move(node);
    } else {
      open_.back()->elements.push_back(std::move(node));
    }
    return placed;
  }
  bool Scalar(Kind kind, std::string text) {
    auto node = std::make_unique<JsonNode>();
    node->kind = kind;
    node->scalar = std::move(text);
    Place(std::move(node));
    return true;
  }
  bool Open(Kind kind) {
    if (open_.size() > kDepthMax) return false;
    auto node = std::make_unique<JsonNode>();
    node->kind = kind;
    open_.push_back(Place(std::move(node)));
    keys_.emplace_back();
    return true;
  }
  bool Close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  std::vector<JsonNode*> open_;
  std::vector<std::string> keys_;
};

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Write(const JsonNode& node, JsonLayout layout, int depth, std::string& out) {
  if (node.kind == Kind::kText) {
    out += Quoted(node.scalar);
    return;
  }
  if (node.kind != Kind::kObject && node.kind != Kind::kArray) {
    out += node.scalar;
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
  }
  return 7;
}

}  // namespace

JsonPtr JsonNode::Copy() const {
  auto copy = std::make_unique<JsonNode>();
  copy->kind = kind;
  copy->scalar = scalar;
  for (const auto& [key, member] : members) copy->members[key] = member->Copy();
  for (const auto& element : elements) copy->elements.push_back(element->Copy());
  return copy;
}

JsonPtr ParseJsonNode(std::string_view text) {
  Builder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return nullptr;
  return std::move(builder.root);
}

std::string WriteJson(const JsonNode& node, JsonLayout layout) {
  std::string out;
  Write(node, layout, 0, out);
  return out;
}

std::string JsonPlainText(const JsonNode& node) {
  return node.kind == Kind::kText ? node.scalar : WriteJson(node);
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
