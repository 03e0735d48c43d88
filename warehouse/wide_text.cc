#include "warehouse/wide_text.h"

#include <cstdint>
#include <cstring>

namespace cdi::warehouse {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

struct Decoded {
  uint32_t code_point = kReplacement;
  size_t length = 1;
};

// Decodes the character at the start of `text`, which is not empty. Overlong forms, surrogates and everything above
// U+10FFFF are refused.
Decoded DecodeUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  size_t length = 0;
  uint32_t value = 0;
  uint32_t smallest = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2, value = lead & 0x1fU, smallest = 0x80;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3, value = lead & 0x0fU, smallest = 0x800;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4, value = lead & 0x07U, smallest = 0x10000;
  }
  if (length == 0 || text.size() < length) return {};
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  if (value < smallest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, length};
}

void AppendUtf8(uint32_t c, std::string& out) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6U)), put(0x80 | (c & 0x3fU));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12U)), put(0x80 | ((c >> 6U) & 0x3fU)), put(0x80 | (c & 0x3fU));
  } else {
    put(0xf0 | (c >> 18U)), put(0x80 | ((c >> 12U) & 0x3fU)), put(0x80 | ((c >> 6U) & 0x3fU)), put(0x80 | (c & 0x3fU));
  }
}

}  // namespace

WideText::WideText(std::string_view utf8) {
  // Never more units than bytes; reserved at once, so that no unwiped copy is left behind by growing.
  units_.reserve(utf8.size() + 1);
  while (!utf8.empty()) {
    const Decoded decoded = DecodeUtf8(utf8);
    utf8.remove_prefix(decoded.length);
    if (decoded.code_point < 0x10000) {
      units_.push_back(static_cast<SQLWCHAR>(decoded.code_point));
    } else {
      const uint32_t offset = decoded.code_point - 0x10000;
      units_.push_back(static_cast<SQLWCHAR>(0xd800 + (offset >> 10U)));
      units_.push_back(static_cast<SQLWCHAR>(0xdc00 + (offset & 0x3ffU)));
    }
  }
  units_.push_back(0);
}

WideText::~WideText() {
  explicit_bzero(units_.data(), units_.size() * sizeof(SQLWCHAR));
}

std::string Utf8FromWide(const SQLWCHAR* units, size_t count) {
  std::string text;
  text.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t unit = units[i];
    if (unit < 0xd800 || unit > 0xdfff) {
      AppendUtf8(unit, text);
    } else if (unit < 0xdc00 && i + 1 < count && units[i + 1] >= 0xdc00 && units[i + 1] <= 0xdfff) {
      AppendUtf8(0x10000 + ((unit - 0xd800) << 10U) + (units[++i] - 0xdc00U), text);
    } else {
      AppendUtf8(kReplacement, text);
    }
  }
  return text;
}

}  // namespace cdi::warehouse
