#include "ingest/payload_rules.h"

#include <simdjson.h>

#include <array>
#include <cstring>

#include "base/timestamp.h"
#include "ingest/json_faults.h"

namespace cdi::ingest {
namespace {

constexpr size_t kTopLevelKeysMax = 250;
constexpr size_t kLevelsMax = 64;
constexpr size_t kTextCharactersMax = 255;
constexpr int64_t kQuantityMax = 100;
// A parser that grew beyond this for one payload is let go again.
constexpr size_t kParserBytesKept = 2'000'000;

// Top-level keys that mean something to the service. kOther: the user's own.
enum class Key : uint8_t {
  kOther,
  kExternalId,
  kBrazeId,
  kUserAlias,
  kAliasName,
  kAliasLabel,
  kEmail,
  kPhone,
  kUpdateExistingOnly,
  kName,
  kTime,
  kProductId,
  kCurrency,
  kPrice,
  kQuantity,
  kAppId,
  kProperties,
};

Key KeyOf(std::string_view key) {
  switch (key.size()) {
    case 4:
      return key == "name" ? Key::kName : key == "time" ? Key::kTime : Key::kOther;
    case 5:
      return key == "email" ? Key::kEmail : key == "phone" ? Key::kPhone : key == "price" ? Key::kPrice : Key::kOther;
    case 6:
      return key == "app_id" ? Key::kAppId : Key::kOther;
    case 8:
      return key == "braze_id"   ? Key::kBrazeId
             : key == "currency" ? Key::kCurrency
             : key == "quantity" ? Key::kQuantity
                                 : Key::kOther;
    case 10:
      return key == "user_alias"   ? Key::kUserAlias
             : key == "alias_name" ? Key::kAliasName
             : key == "product_id" ? Key::kProductId
             : key == "properties" ? Key::kProperties
                                   : Key::kOther;
    case 11:
      return key == "external_id" ? Key::kExternalId : key == "alias_label" ? Key::kAliasLabel : Key::kOther;
    case 21:
      return key == "_update_existing_only" ? Key::kUpdateExistingOnly : Key::kOther;
    default:
      return Key::kOther;
  }
}

// Whether the key would name a user beside the row's own identifier. `email` and `phone` are plain attributes of a user
// named by a stronger identifier; an e-mail beats a phone, so `phone` may stand beside it and not the other way round.
bool NamesUser(Key key, DataType type, IdentifierKind kind) {
  switch (key) {
    case Key::kExternalId:
    case Key::kBrazeId:
    case Key::kUserAlias:
    case Key::kAliasName:
    case Key::kAliasLabel:
      return true;
    case Key::kEmail:
      return type != DataType::kUserAttributes || kind == IdentifierKind::kEmail || kind == IdentifierKind::kPhone;
    case Key::kPhone:
      return type != DataType::kUserAttributes || kind == IdentifierKind::kPhone;
    default:
      return false;
  }
}

bool IsJsonBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsJsonBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsJsonBlank(text.back())) text.remove_suffix(1);
  return text;
}

RowFault FaultOf(simdjson::error_code error, std::string_view text) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return RowFault::kPayloadNotUtf8;
    case simdjson::DEPTH_ERROR:
      return RowFault::kPayloadTooDeep;
    case simdjson::CAPACITY:
      return RowFault::kPayloadTooLarge;
    case simdjson::STRING_ERROR:
      return HasLoneSurrogateEscape(text) ? RowFault::kPayloadNotUtf8 : RowFault::kPayloadNotJson;
    case simdjson::NUMBER_ERROR:
      return InspectTokens(text) == TokenFinding::kMalformed ? RowFault::kPayloadNotJson : RowFault::kNumberOutOfRange;
    default:
      return InspectTokens(text) == TokenFinding::kNonFinite ? RowFault::kNumberOutOfRange : RowFault::kPayloadNotJson;
  }
}

// Finds a key that was seen before. Short lists are compared one by one behind a filter of 64 bits.
class KeySet {
 public:
  void Clear() {
    count_ = 0;
    filter_ = 0;
  }
  // False when `key` is in already. At most kTopLevelKeysMax keys.
  bool Add(std::string_view key) {
    uint64_t print = key.size();
    uint64_t head = 0;
    std::memcpy(&head, key.data(), key.size() < sizeof head ? key.size() : sizeof head);
    print = (print ^ head ^ (key.empty() ? 0 : static_cast<uint8_t>(key.back()))) * 0x9e3779b97f4a7c15ULL;
    const uint64_t bit = uint64_t{1} << (print >> 58);
    if ((filter_ & bit) != 0) {
      for (size_t i = 0; i < count_; ++i) {
        if (prints_[i] == print && keys_[i] == key) return false;
      }
    }
    filter_ |= bit;
    prints_[count_] = print;
    keys_[count_++] = key;
    return true;
  }

 private:
  uint64_t filter_ = 0;
  size_t count_ = 0;
  std::array<uint64_t, kTopLevelKeysMax> prints_;
  std::array<std::string_view, kTopLevelKeysMax> keys_;
};

bool IsShortText(const simdjson::dom::element& value) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS || text.empty()) return false;
  size_t characters = 0;
  for (const char c : text) characters += static_cast<size_t>((static_cast<uint8_t>(c) & 0xc0) != 0x80);
  return characters <= kTextCharactersMax;
}

bool IsCurrency(const simdjson::dom::element& value) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS || text.size() != 3) return false;
  for (const char c : text) {
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) return false;
  }
  return true;
}

bool IsQuantity(const simdjson::dom::element& value) {
  int64_t quantity = 0;
  return (value.is_int64() || value.is_uint64()) && value.get_int64().get(quantity) == simdjson::SUCCESS &&
         quantity >= 1 && quantity <= kQuantityMax;
}

bool IsTimeValue(const simdjson::dom::element& value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS && IsBrazeTime(text);
}

// Whether a field that events and purchases define has the right type and range; true for all others.
bool FieldFits(Key key, DataType type, const simdjson::dom::element& value) {
  switch (key) {
    case Key::kUpdateExistingOnly:
      return value.is_bool();
    case Key::kName:
      return type != DataType::kEvents || IsShortText(value);
    case Key::kTime:
      return type == DataType::kUserAttributes || IsTimeValue(value);
    case Key::kAppId:
      return type == DataType::kUserAttributes || value.is_string();
    case Key::kProperties:
      return type == DataType::kUserAttributes || value.is_object();
    case Key::kProductId:
      return type != DataType::kPurchases || IsShortText(value);
    case Key::kCurrency:
      return type != DataType::kPurchases || IsCurrency(value);
    case Key::kPrice:
      return type != DataType::kPurchases || value.is_number();
    case Key::kQuantity:
      return type != DataType::kPurchases || IsQuantity(value);
    default:
      return true;
  }
}

constexpr uint32_t Bit(Key key) {
  return uint32_t{1} << static_cast<unsigned>(key);
}

uint32_t RequiredFields(DataType type) {
  switch (type) {
    case DataType::kUserAttributes:
      return 0;
    case DataType::kEvents:
      return Bit(Key::kName);
    case DataType::kPurchases:
      return Bit(Key::kProductId) | Bit(Key::kCurrency) | Bit(Key::kPrice);
  }
  return 0;
}

// Position after the JSON value that starts at `pos` of valid JSON.
size_t SkipValue(std::string_view text, size_t pos) {
  int level = 0;
  for (; pos < text.size(); ++pos) {
    const char c = text[pos];
    if (c == '"') {
      for (++pos; text[pos] != '"'; ++pos) {
        if (text[pos] == '\\') ++pos;
      }
    } else if (c == '{' || c == '[') {
      ++level;
    } else if (c == '}' || c == ']') {
      --level;
    } else if (c == ',' && level == 0) {
      return pos;
    }
  }
  return pos;
}

// A key as it stands between its quotes in valid JSON, escapes undone as far as ASCII needs it: the known keys are all
// ASCII, any other character only has to differ from them.
std::string DecodedKey(std::string_view raw) {
  std::string key;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      key += raw[i];
    } else if (raw[i + 1] == 'u') {
      const std::string digits(raw.substr(i + 2, 4));
      const unsigned long unit = std::strtoul(digits.c_str(), nullptr, 16);
      key += unit < 0x80 ? static_cast<char>(unit) : '\x80';
      i += 5;
    } else {
      key += '\x80';
      ++i;
    }
  }
  return key;
}

}  // namespace

struct PayloadChecker::Parts {
  simdjson::dom::parser parser;
  std::string padded;
  KeySet keys;

  // The parser is allocated for at least this much, so that a page of small payloads never grows it.
  bool Allocate(size_t bytes) {
    constexpr size_t kBytesMin = 16'384;
    if (parser.capacity() >= bytes && parser.capacity() != 0) return true;
    return parser.allocate(bytes < kBytesMin ? kBytesMin : bytes, kLevelsMax + 1) == simdjson::SUCCESS;
  }
};

PayloadChecker::PayloadChecker() : parts_(std::make_unique<Parts>()) {}
PayloadChecker::~PayloadChecker() = default;

PayloadVerdict PayloadChecker::Check(std::string_view payload, const SyncSpec& spec, IdentifierKind kind) {
  const auto refuse = [](RowFault fault) {
    PayloadVerdict refused;
    refused.fault = fault;
    return refused;
  };
  if (payload.size() > spec.payload_bytes_max) return refuse(RowFault::kPayloadTooLarge);
  Parts& parts = *parts_;
  if (parts.parser.capacity() > kParserBytesKept && payload.size() <= kParserBytesKept) {
    parts.parser = simdjson::dom::parser();
    parts.padded = std::string();
  }
  if (!parts.Allocate(payload.size())) return refuse(RowFault::kPayloadTooLarge);
  if (parts.padded.size() < payload.size() + simdjson::SIMDJSON_PADDING) {
    parts.padded.resize(payload.size() * 2 + simdjson::SIMDJSON_PADDING);
  }
  if (!payload.empty()) std::memcpy(parts.padded.data(), payload.data(), payload.size());
  simdjson::dom::element document;
  if (const auto error = parts.parser.parse(parts.padded.data(), payload.size(), false).get(document)) {
    return refuse(FaultOf(error, payload));
  }
  if (std::memchr(payload.data(), '\\', payload.size()) != nullptr && HasLoneSurrogateEscape(payload)) {
    return refuse(RowFault::kPayloadNotUtf8);
  }
  simdjson::dom::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return refuse(RowFault::kPayloadNotObject);
  if (object.size() > kTopLevelKeysMax) return refuse(RowFault::kTooManyAttributes);

  PayloadVerdict verdict;
  verdict.members = PayloadMembers(payload);
  uint32_t seen = 0;
  size_t kept = 0;
  bool own_update_only = false;
  parts.keys.Clear();
  for (const auto field : object) {
    if (!parts.keys.Add(field.key)) return refuse(RowFault::kPayloadDuplicateKey);
    const Key key = KeyOf(field.key);
    if (key == Key::kOther) {
      ++kept;
      continue;
    }
    seen |= Bit(key);
    if (NamesUser(key, spec.type, kind)) {
      if (!spec.strip_identifiers) return refuse(RowFault::kIdentifierInPayload);
      verdict.strips = true;
      continue;
    }
    ++kept;
    if (!FieldFits(key, spec.type, field.value)) return refuse(RowFault::kFieldInvalid);
    if (key == Key::kUpdateExistingOnly) own_update_only = field.value.get_bool().value_unsafe();
  }
  if (kept == 0 && spec.type == DataType::kUserAttributes) return refuse(RowFault::kPayloadEmpty);
  const uint32_t required = RequiredFields(spec.type);
  if ((seen & required) != required) return refuse(RowFault::kFieldMissing);
  verdict.adds_time = spec.type != DataType::kUserAttributes && (seen & Bit(Key::kTime)) == 0;
  if (spec.update_existing_only) {
    // The sync and the row may agree; a row cannot lift what the sync forbids.
    const bool says_so = (seen & Bit(Key::kUpdateExistingOnly)) != 0;
    if (says_so && !own_update_only) return refuse(RowFault::kFieldInvalid);
    verdict.adds_update_only = !says_so;
  }
  return verdict;
}

std::string_view PayloadMembers(std::string_view payload) {
  const std::string_view object = Trim(payload);
  return Trim(object.substr(1, object.size() - 2));
}

void AppendMembersWithoutIdentifiers(std::string_view members, DataType type, IdentifierKind kind, std::string& out) {
  bool first = true;
  for (size_t pos = 0; pos < members.size();) {
    const size_t end = SkipValue(members, pos);
    const std::string_view member = Trim(members.substr(pos, end - pos));
    size_t quote = 1;
    while (member[quote] != '"') quote += member[quote] == '\\' ? 2 : 1;
    if (!NamesUser(KeyOf(DecodedKey(member.substr(1, quote - 1))), type, kind)) {
      if (!first) out += ',';
      first = false;
      out += member;
    }
    pos = end + 1;
  }
}

bool IsBrazeTime(std::string_view text) {
  constexpr size_t kDate = 10;     // yyyy-MM-dd
  constexpr size_t kMinutes = 16;  // yyyy-MM-ddTHH:mm
  constexpr size_t kSeconds = 19;  // yyyy-MM-ddTHH:mm:ss
  std::string whole(text.substr(0, text.size() <= 40 ? text.size() : 0));
  if (whole.size() < kDate) return false;
  if (whole.size() == kDate) {
    whole += "T00:00:00";
  } else if (whole.size() > kSeconds && whole[kSeconds] == ':') {
    whole[kSeconds] = '.';  // yyyy-MM-dd'T'HH:mm:ss:SSSZ
  } else if (whole.size() >= kMinutes && (whole.size() == kMinutes || whole[kMinutes] != ':')) {
    whole.insert(kMinutes, ":00");
  }
  return Timestamp::Parse(whole).has_value();
}

}  // namespace cdi::ingest
