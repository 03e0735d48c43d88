#include "ingest/identifier_rules.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace cdi::ingest {
namespace {

using warehouse::ColumnRole;

constexpr size_t kExternalIdBytesMax = 987;
constexpr size_t kAliasBytesMax = 236;
constexpr size_t kOtherBytesMax = 255;
// E.164 has at most 15 digits; 5 is shorter than any subscriber number with a country code.
constexpr int kPhoneDigitsMin = 5;
constexpr int kPhoneDigitsMax = 15;

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

constexpr uint64_t EachByte(uint8_t value) {
  return 0x0101010101010101ULL * value;
}

// Non-zero when one of the eight bytes is zero (and only then).
constexpr uint64_t ZeroByte(uint64_t word) {
  return (word - EachByte(1)) & ~word & EachByte(0x80);
}

// Non-zero when one of the eight bytes is a control character, a quote, a backslash or not ASCII.
constexpr uint64_t SpecialByte(uint64_t word) {
  return (word & EachByte(0x80)) | ((word - EachByte(0x20)) & ~word & EachByte(0x80)) | ZeroByte(word ^ EachByte('"')) |
         ZeroByte(word ^ EachByte('\\')) | ZeroByte(word ^ EachByte(0x7f));
}

uint64_t LoadWord(const char* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Printable ASCII without quote and backslash: valid UTF-8 that JSON takes as it is. Eight bytes at a time, as every
// identifier passes here three times.
bool IsPlain(std::string_view text) {
  constexpr size_t kWord = sizeof(uint64_t);
  if (text.size() < kWord) {
    uint64_t word = EachByte(' ');
    if (!text.empty()) std::memcpy(&word, text.data(), text.size());
    return SpecialByte(word) == 0;
  }
  uint64_t special = SpecialByte(LoadWord(text.data() + text.size() - kWord));
  for (size_t i = 0; i + kWord <= text.size(); i += kWord) special |= SpecialByte(LoadWord(text.data() + i));
  return special == 0;
}

RowFault CheckText(std::string_view text, size_t bytes_max) {
  if (std::all_of(text.begin(), text.end(), IsBlank)) return RowFault::kIdentifierInvalid;
  if (text.size() > bytes_max) return RowFault::kIdentifierTooLong;
  if (IsPlain(text)) return RowFault::kNone;
  if (!simdjson::validate_utf8(text) || text.find('\0') != std::string_view::npos) return RowFault::kIdentifierInvalid;
  return RowFault::kNone;
}

// Only what no mail system takes: no local part or domain, a domain without a dot, blanks or control characters.
bool CanBeEmail(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  if (domain.size() < 3 || domain.front() == '.' || domain.back() == '.') return false;
  if (domain.find('.') == std::string_view::npos || domain.find("..") != std::string_view::npos) return false;
  if (local.front() != '"' && local.find('@') != std::string_view::npos) return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
}

bool CanBePhone(std::string_view text) {
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if (c == '+' ? digits != 0 : std::string_view(" -.()/").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return digits >= kPhoneDigitsMin && digits <= kPhoneDigitsMax && std::count(text.begin(), text.end(), '+') <= 1;
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  if (IsPlain(text)) {
    out += text;
  } else {
    AppendJsonEscaped(text, out);
  }
  out += '"';
}

}  // namespace

Identifier PickIdentifier(const warehouse::Page& page, size_t row, RowFault* fault) {
  *fault = RowFault::kNone;
  const auto external_id = page.cell(row, ColumnRole::kExternalId);
  const auto alias_name = page.cell(row, ColumnRole::kAliasName);
  const auto alias_label = page.cell(row, ColumnRole::kAliasLabel);
  const auto braze_id = page.cell(row, ColumnRole::kBrazeId);
  const auto email = page.cell(row, ColumnRole::kEmail);
  const auto phone = page.cell(row, ColumnRole::kPhone);
  if (alias_name.has_value() != alias_label.has_value()) {
    *fault = RowFault::kAliasIncomplete;
    return {};
  }
  const int chosen = int{external_id.has_value()} + int{alias_name.has_value()} + int{braze_id.has_value()} +
                     int{email.has_value() || phone.has_value()};
  if (chosen != 1) {
    *fault = chosen == 0 ? RowFault::kIdentifierMissing : RowFault::kIdentifierAmbiguous;
    return {};
  }
  if (external_id) return {IdentifierKind::kExternalId, *external_id, {}};
  if (alias_name) return {IdentifierKind::kAlias, *alias_name, *alias_label};
  if (braze_id) return {IdentifierKind::kBrazeId, *braze_id, {}};
  if (email) return {IdentifierKind::kEmail, *email, {}};
  return {IdentifierKind::kPhone, *phone, {}};
}

RowFault CheckIdentifier(const Identifier& identifier) {
  const std::string_view value = identifier.value;
  switch (identifier.kind) {
    case IdentifierKind::kNone:
      return RowFault::kIdentifierMissing;
    case IdentifierKind::kExternalId:
      return CheckText(value, kExternalIdBytesMax);
    case IdentifierKind::kAlias: {
      const RowFault name_fault = CheckText(value, kAliasBytesMax);
      return name_fault != RowFault::kNone ? name_fault : CheckText(identifier.label, kAliasBytesMax);
    }
    case IdentifierKind::kBrazeId:
      return CheckText(value, kOtherBytesMax);
    case IdentifierKind::kEmail: {
      const RowFault fault = CheckText(value, kOtherBytesMax);
      return fault == RowFault::kNone && !CanBeEmail(value) ? RowFault::kIdentifierInvalid : fault;
    }
    case IdentifierKind::kPhone: {
      const RowFault fault = CheckText(value, kOtherBytesMax);
      return fault == RowFault::kNone && !CanBePhone(value) ? RowFault::kIdentifierInvalid : fault;
    }
  }
  return RowFault::kIdentifierInvalid;
}

void AppendIdentifierMember(const Identifier& identifier, std::string& out) {
  switch (identifier.kind) {
    case IdentifierKind::kNone:
      return;
    case IdentifierKind::kExternalId:
      out += "\"external_id\":";
      break;
    case IdentifierKind::kAlias:
      out += "\"user_alias\":{\"alias_name\":";
      AppendQuoted(identifier.value, out);
      out += ",\"alias_label\":";
      AppendQuoted(identifier.label, out);
      out += '}';
      return;
    case IdentifierKind::kBrazeId:
      out += "\"braze_id\":";
      break;
    case IdentifierKind::kEmail:
      out += "\"email\":";
      break;
    case IdentifierKind::kPhone:
      out += "\"phone\":";
      break;
  }
  AppendQuoted(identifier.value, out);
}

}  // namespace cdi::ingest
