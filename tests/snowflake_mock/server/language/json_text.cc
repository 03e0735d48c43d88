#include "tests/snowflake_mock/server/language/json_text.h"

#include <map>
#include <memory>
#include <vector>

#include "nlohmann/json.hpp"

namespace cdi::snowflake_mock {
namespace {

// A JSON value whose scalars keep their source text.
struct Node {
  enum class Kind { kScalar, kObject, kArray } kind = Kind::kScalar;
  std::string scalar;
  std::map<std::string, std::unique_ptr<Node>> members;
  std::vector<std::unique_ptr<Node>> elements;
};

// nlohmann's event parser checks the grammar; its number events hand over the source text where it would lose digits.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::unique_ptr<Node> root;

  bool null() override { return Scalar("null"); }
  bool boolean(bool value) override { return Scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Scalar(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Scalar(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Scalar(text); }
  bool string(string_t& value) override { return Scalar(nlohmann::json(value).dump()); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    keys_.back() = name;
    return true;
  }
  bool start_object(size_t) override { return Open(Node::Kind::kObject); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(Node::Kind::kArray); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  Node* Place(std::unique_ptr<Node> node) {
    Node* const placed = node.get();
    if (open_.empty()) {
      root = std::move(node);
    } else if (open_.back()->kind == Node::Kind::kObject) {
      open_.back()->members[keys_.back()] = std::move(node);
    } else {
      open_.back()->elements.push_back(std::move(node));
    }
    return placed;
  }
  bool Scalar(std::string text) {
    auto node = std::make_unique<Node>();
    node->scalar = std::move(text);
    Place(std::move(node));
    return true;
  }
  bool Open(Node::Kind kind) {
    if (open_.size() > 500) return false;
    auto node = std::make_unique<Node>();
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

  std::vector<Node*> open_;
  std::vector<std::string> keys_;
};

void Write(const Node& node, JsonLayout layout, int depth, std::string& out) {
  if (node.kind == Node::Kind::kScalar) {
    out += node.scalar;
    return;
  }
  const bool object = node.kind == Node::Kind::kObject;
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
    out += nlohmann::json(key).dump();
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

}  // namespace

std::optional<std::string> NormalizeJson(std::string_view text, JsonLayout layout) {
  Builder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder) || builder.root == nullptr) return std::nullopt;
  std::string out;
  Write(*builder.root, layout, 0, out);
  return out;
}

}  // namespace cdi::snowflake_mock
