// JSON text into nodes. RFC 8259, and what VARIANT adds to it (json_text.h).
#include <cstdint>

#include "absl/strings/ascii.h"
#include "tests/snowflake_mock/server/language/json_text.h"

namespace cdi::snowflake_mock {
namespace {

using Kind = JsonNode::Kind;

constexpr int kDepthMax = 500;
constexpr char kMark = '\x01';

void AppendUtf8(uint32_t code_point, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// One pass over the text; each Read… takes one thing and leaves `at_` behind it, or answers false.
class JsonParser {
 public:
  JsonParser(std::string_view text, bool is_kept) : text_(text), is_kept_(is_kept) {}

  JsonPtr Run() {
    auto root = std::make_unique<JsonNode>();
    if (!ReadValue(*root, 0)) return nullptr;
    SkipBlanks();
    return at_ == text_.size() ? std::move(root) : nullptr;
  }
  const std::optional<RepeatedKey>& repeated_key() const { return repeated_key_; }

 private:
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void SkipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  bool ReadValue(JsonNode& node, int depth) {
    if (depth > kDepthMax) return false;
    SkipBlanks();
    if (at_ >= text_.size()) return false;
    const char c = text_[at_];
    if (c == '{') return ReadObject(node, depth);
    if (c == '[') return ReadArray(node, depth);
    if (c == '"') return ReadTextNode(node);
    if (c == '-' || absl::ascii_isdigit(static_cast<unsigned char>(c))) return ReadNumber(node);
    for (const char* const word : {"true", "false"}) {
      if (!TakeWord(word)) continue;
      node.kind = Kind::kBoolean;
      node.scalar = word;
      return true;
    }
    node.kind = Kind::kNull;
    node.scalar = "null";
    return TakeWord("null");
  }

  bool ReadObject(JsonNode& node, int depth) {
    node.kind = Kind::kObject;
    ++at_;
    SkipBlanks();
    if (Take('}')) return true;
    do {
      std::string key;
      SkipBlanks();
      if (!ReadText(key)) return false;
      if (node.members.contains(key) && !repeated_key_.has_value()) repeated_key_ = RepeatedKey{key, at_};
      SkipBlanks();
      if (!Take(':')) return false;
      auto member = std::make_unique<JsonNode>();
      if (!ReadValue(*member, depth + 1)) return false;
      node.members[std::move(key)] = std::move(member);
      SkipBlanks();
    } while (Take(','));
    return Take('}');
  }

  bool ReadArray(JsonNode& node, int depth) {
    node.kind = Kind::kArray;
    ++at_;
    SkipBlanks();
    if (Take(']')) return true;
    do {
      auto element = std::make_unique<JsonNode>();
      SkipBlanks();
      const bool left_out = !is_kept_ && at_ < text_.size() && (text_[at_] == ',' || text_[at_] == ']');
      if (left_out || TakeWord("undefined")) {
        element->kind = Kind::kUndefined;
        element->scalar = "undefined";
      } else if (!ReadValue(*element, depth + 1)) {
        return false;
      }
      node.elements.push_back(std::move(element));
      SkipBlanks();
    } while (Take(','));
    return Take(']');
  }

  bool ReadNumber(JsonNode& node) {
    const size_t begin = at_;
    const auto digits = [&] {
      const size_t first = at_;
      while (at_ < text_.size() && absl::ascii_isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
      return at_ > first;
    };
    Take('-');
    if (!Take('0') && !digits()) return false;
    if (Take('.') && !digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('-')) Take('+');
      if (!digits()) return false;
    }
    node.kind = Kind::kNumber;
    node.scalar = std::string(text_.substr(begin, at_ - begin));
    if (node.scalar == "-0") node.scalar = "0";
    return true;
  }

  bool ReadTextNode(JsonNode& node) {
    node.kind = Kind::kText;
    if (!ReadText(node.scalar)) return false;
    if (!is_kept_ || node.scalar.size() < 2 || node.scalar[0] != kMark) return true;
    if (node.scalar[1] != kMark) node.time = node.scalar[1];
    node.scalar.erase(0, node.time == '\0' ? 1 : 2);
    return true;
  }

  bool ReadText(std::string& out) {
    if (!Take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!ReadEscape(out)) {
        return false;
      }
    }
    return false;
  }

  // Behind a backslash.
  bool ReadEscape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    if (c != 'u') {
      const size_t letter = kLetters.find(c);
      if (letter == std::string_view::npos) return false;
      out += kMeanings[letter];
      return true;
    }
    uint32_t code_point = 0;
    if (!ReadHex(code_point)) return false;
    if (code_point >= 0xDC00 && code_point < 0xE000) return false;
    if (code_point >= 0xD800 && code_point < 0xDC00) {
      uint32_t low = 0;
      if (!TakeWord("\\u") || !ReadHex(low) || low < 0xDC00 || low >= 0xE000) return false;
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(code_point, out);
    return true;
  }

  bool ReadHex(uint32_t& out) {
    if (at_ + 4 > text_.size()) return false;
    for (int i = 0; i < 4; ++i) {
      const auto c = static_cast<unsigned char>(text_[at_++]);
      if (!absl::ascii_isxdigit(c)) return false;
      const int digit = absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
      out = out * 16 + static_cast<uint32_t>(digit);
    }
    return true;
  }

  std::string_view text_;
  bool is_kept_;
  size_t at_ = 0;
  std::optional<RepeatedKey> repeated_key_;
};

JsonPtr Parse(std::string_view text, bool is_kept, std::optional<RepeatedKey>* repeated_key) {
  JsonParser parser(text, is_kept);
  JsonPtr root = parser.Run();
  if (repeated_key != nullptr) *repeated_key = parser.repeated_key();
  return root;
}

}  // namespace

JsonPtr ParseJsonNode(std::string_view text, std::optional<RepeatedKey>* repeated_key) {
  return Parse(text, true, repeated_key);
}

JsonPtr ParseClientJson(std::string_view text, std::optional<RepeatedKey>* repeated_key) {
  return Parse(text, false, repeated_key);
}

}  // namespace cdi::snowflake_mock
