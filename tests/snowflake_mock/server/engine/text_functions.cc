// Functions of texts, hashes and encodings. Positions count characters (UTF-8), from 1.
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/number_values.h"
#include "tests/snowflake_mock/server/engine/utf8.h"
#include "tests/snowflake_mock/server/language/json_text.h"

namespace cdi::snowflake_mock {
namespace {

constexpr size_t kTextMax = 16777216;

Outcome TooLong() {
  return Outcome::Error("100078", "22000", "String is too long and would be truncated");
}

Outcome Substr(const FunctionCall& call) {
  const Characters text(call.Text(0));
  int64_t start = call.Bigint(1);
  const auto size = static_cast<int64_t>(text.size());
  if (start < 0) start += size + 1;
  int64_t end = call.count() > 2 ? start + std::min(std::max<int64_t>(call.Bigint(2), 0), int64_t{1} << 40) : size + 1;
  if (call.Bigint(1) == 0) {  // place 0 reads like place 1
    start = 1;
    if (call.count() > 2) end = 1 + std::min(std::max<int64_t>(call.Bigint(2), 0), int64_t{1} << 40);
  }
  if (start < 1 || start > size) return Outcome::Text("");
  return Outcome::Text(text.Cut(static_cast<size_t>(start - 1), static_cast<size_t>(std::min(end, size + 1) - 1)));
}

// (base, place, length, replacement)
Outcome Insert(const FunctionCall& call) {
  const Characters text(call.Text(0));
  const auto size = static_cast<int64_t>(text.size());
  const int64_t place = std::clamp<int64_t>(call.Bigint(1), 1, size + 1);
  const int64_t length = std::clamp<int64_t>(call.Bigint(2), 0, size + 1 - place);
  return Outcome::Text(absl::StrCat(text.Cut(0, static_cast<size_t>(place - 1)), std::string(call.Text(3)),
                                    text.Cut(static_cast<size_t>(place - 1 + length), text.size())));
}

Outcome Translate(const FunctionCall& call) {
  const Characters text(call.Text(0));
  const Characters from(call.Text(1));
  const Characters to(call.Text(2));
  std::map<std::string_view, std::string_view> map;
  for (size_t i = 0; i < from.size(); ++i) map.emplace(from[i], i < to.size() ? to[i] : std::string_view());
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto found = map.find(text[i]);
    out += found == map.end() ? text[i] : found->second;
  }
  return Outcome::Text(std::move(out));
}

Outcome InitCap(const FunctionCall& call) {
  std::string out;
  bool begins = true;
  for (const char c : call.Text(0)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = absl::ascii_isalnum(byte) || byte >= 0x80;
    out += begins ? absl::ascii_toupper(byte) : absl::ascii_tolower(byte);
    begins = !letter;
  }
  return Outcome::Text(std::move(out));
}

std::vector<std::string> SplitText(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  if (separator.empty()) return {std::string(text)};
  size_t from = 0;
  while (true) {
    const size_t at = text.find(separator, from);
    parts.emplace_back(text.substr(from, at == std::string_view::npos ? at : at - from));
    if (at == std::string_view::npos) return parts;
    from = at + separator.size();
  }
}

// Each character of `delimiters` separates; empty tokens vanish.
std::vector<std::string> Tokens(std::string_view text, std::string_view delimiters) {
  std::vector<std::string> parts;
  size_t at = 0;
  while ((at = text.find_first_not_of(delimiters, at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(delimiters, at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return parts;
}

Outcome ArrayOf(const std::vector<std::string>& parts) {
  std::string out = "[";
  for (const std::string& part : parts) absl::StrAppend(&out, out.size() > 1 ? "," : "", JsonQuote(part));
  return Outcome::Text(out + "]");
}

Outcome Split(const FunctionCall& call) {
  return ArrayOf(SplitText(call.Text(0), call.Text(1)));
}
Outcome StrtokSplit(const FunctionCall& call) {
  return ArrayOf(Tokens(call.Text(0), call.Text(1)));
}

// (text, separator, place): 0 is 1, negative counts from the end
Outcome SplitPart(const FunctionCall& call) {
  const auto parts = SplitText(call.Text(0), call.Text(1));
  int64_t place = call.Bigint(2);
  if (place == 0) place = 1;
  if (place < 0) place += static_cast<int64_t>(parts.size()) + 1;
  if (place < 1 || place > static_cast<int64_t>(parts.size())) return Outcome::Text("");
  return Outcome::Text(parts[static_cast<size_t>(place - 1)]);
}

Outcome Strtok(const FunctionCall& call) {
  const auto parts = Tokens(call.Text(0), call.count() > 1 ? call.Text(1) : " ");
  const int64_t place = call.count() > 2 ? call.Bigint(2) : 1;
  if (place < 1 || place > static_cast<int64_t>(parts.size())) return Outcome::Null();
  return Outcome::Text(parts[static_cast<size_t>(place - 1)]);
}

// (what, where[, from]): 0 when it is not there
Outcome Position(const FunctionCall& call) {
  const Characters text(call.Text(1));
  const int64_t from = call.count() > 2 ? std::max<int64_t>(call.Bigint(2), 1) : 1;
  if (from > static_cast<int64_t>(text.size()) + 1) return Outcome::Number(0);
  const size_t begin = text.Offset(static_cast<size_t>(from - 1));
  const size_t at = call.Text(1).find(call.Text(0), begin);
  if (at == std::string_view::npos) return Outcome::Number(0);
  return Outcome::Number(static_cast<Int128>(Characters(call.Text(1).substr(0, at)).size()) + 1);
}

Outcome Pad(const FunctionCall& call, bool left) {
  const Characters text(call.Text(0));
  const Characters pad(call.Text(2));
  const auto wanted = static_cast<size_t>(std::max<int64_t>(call.Bigint(1), 0));
  if (wanted > kTextMax) return TooLong();
  if (text.size() >= wanted || pad.size() == 0) return Outcome::Text(text.Cut(0, std::min(text.size(), wanted)));
  std::string fill;
  for (size_t i = 0; i < wanted - text.size(); ++i) fill += pad[i % pad.size()];
  return Outcome::Text(left ? fill + std::string(call.Text(0)) : std::string(call.Text(0)) + fill);
}

Outcome LeftPad(const FunctionCall& call) {
  return Pad(call, true);
}
Outcome RightPad(const FunctionCall& call) {
  return Pad(call, false);
}

Outcome Repeat(const FunctionCall& call) {
  const int64_t times = std::max<int64_t>(call.Bigint(1), 0);
  if (!call.Text(0).empty() && times > static_cast<int64_t>(kTextMax / call.Text(0).size())) return TooLong();
  std::string out;
  for (int64_t i = 0; i < times && !call.Text(0).empty(); ++i) out += call.Text(0);
  return Outcome::Text(std::move(out));
}

Outcome Ascii(const FunctionCall& call) {
  return Outcome::Number(call.Text(0).empty() ? 0 : static_cast<unsigned char>(call.Text(0)[0]));
}

Outcome Unicode(const FunctionCall& call) {
  return Outcome::Number(call.Text(0).empty() ? 0 : FirstCodePoint(call.Text(0)));
}

Outcome Chr(const FunctionCall& call) {
  const int64_t code = call.Bigint(0);
  if (code < 1 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
    return Outcome::Error("100064", "22000", absl::StrCat("Invalid character code ", code, " in the CHR input"));
  return Outcome::Text(EncodeCodePoint(static_cast<uint32_t>(code)));
}

// LIKE: % and _, with an escape character. Backtracks only to the last %, so that it is linear in practice.
bool Like(const Characters& text, const Characters& pattern, std::string_view escape) {
  size_t t = 0;
  size_t p = 0;
  size_t star = SIZE_MAX;
  size_t star_text = 0;
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && !escape.empty() && pattern[p] == escape;
    if (p < pattern.size() && !escaped && pattern[p] == "%") {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() &&
               (escaped ? pattern[p + 1] == text[t] : pattern[p] == "_" || pattern[p] == text[t])) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != SIZE_MAX) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == "%") ++p;
  return p == pattern.size();
}

Outcome LikeCall(const FunctionCall& call) {
  return Outcome::Number(
      Like(Characters(call.Text(0)), Characters(call.Text(1)), call.count() > 2 ? call.Text(2) : "") ? 1 : 0);
}

Outcome IlikeCall(const FunctionCall& call) {
  const std::string text = FoldCase(call.Text(0));
  const std::string pattern = FoldCase(call.Text(1));
  const std::string escape = call.count() > 2 ? FoldCase(call.Text(2)) : "";
  return Outcome::Number(Like(Characters(text), Characters(pattern), escape) ? 1 : 0);
}

std::string Bytes(const FunctionCall& call) {
  const VectorView& value = call.in[0];
  return value.type().id == DUCKDB_TYPE_BLOB || value.type().id == DUCKDB_TYPE_VARCHAR
             ? std::string(value.Text(call.row))
             : PlainText(value, call.row);
}

Outcome Hex(const FunctionCall& call) {
  return Outcome::Text(absl::AsciiStrToUpper(absl::BytesToHexString(Bytes(call))));
}

Outcome Base64(const FunctionCall& call) {
  return Outcome::Text(absl::Base64Escape(Bytes(call)));
}

Outcome FromHex(const FunctionCall& call) {
  const std::string text(call.Text(0));
  const bool good = text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  const std::string bytes = good ? absl::HexStringToBytes(text) : "";
  if (!good || !IsValidUtf8(bytes))
    return Outcome::Error(
        "100065", "22000",
        absl::StrCat("The following string is not a legal hex-encoded value: '", CutText(text, 60), "'"));
  return Outcome::Text(bytes);
}

Outcome FromBase64(const FunctionCall& call) {
  std::string bytes;
  if (!absl::Base64Unescape(std::string(call.Text(0)), &bytes) || !IsValidUtf8(bytes))
    return Outcome::Error(
        "100065", "22000",
        absl::StrCat("The following string is not a legal base64-encoded value: '", CutText(call.Text(0), 60), "'"));
  return Outcome::Text(bytes);
}

// (text, bits): SHA-1 for 1
Outcome Sha(const FunctionCall& call) {
  const int64_t bits = call.Bigint(1);
  const EVP_MD* const method = bits == 1                  ? EVP_sha1()
                               : bits == 224              ? EVP_sha224()
                               : bits == 384              ? EVP_sha384()
                               : bits == 512              ? EVP_sha512()
                               : bits == 256 || bits == 0 ? EVP_sha256()
                                                          : nullptr;
  if (method == nullptr)
    return Outcome::Error("001007", "22023", absl::StrCat("invalid digest size ", bits, " of SHA2"));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(call.Text(0).data(), call.Text(0).size(), digest, &size, method, nullptr);
  return Outcome::Text(absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size)));
}

// Equal values hash alike whatever their type's scale; NULL has a hash of its own. Not Snowflake's function.
Outcome Hash(const FunctionCall& call) {
  uint64_t hash = 0xCBF29CE484222325ULL;
  const auto mix = [&](std::string_view bytes) {
    for (const char c : bytes) {
      hash ^= static_cast<unsigned char>(c);
      hash *= 0x100000001B3ULL;
    }
    hash ^= bytes.size() + 0x9E3779B97F4A7C15ULL + (hash << 6) + (hash >> 2);
  };
  for (const VectorView& value : call.in) {
    if (value.IsNull(call.row)) {
      mix("N");
      continue;
    }
    std::string text = value.type().alias == "JSON" ? std::string(value.Text(call.row)) : PlainText(value, call.row);
    if (value.IsTimeLike()) {
      const Moment moment = value.AsMoment(call.row);
      text = absl::StrCat("T", moment.seconds, ".", moment.nanos);
    } else if (IsNumberColumn(value) || IsRealColumn(value)) {
      if (text.find('.') != std::string::npos) {
        while (text.back() == '0') text.pop_back();
        if (text.back() == '.') text.pop_back();
      }
      text.insert(0, "#");
    }
    mix(text);
  }
  hash ^= hash >> 33;
  hash *= 0xFF51AFD7ED558CCDULL;
  hash ^= hash >> 33;
  return Outcome::Number(static_cast<int64_t>(hash));
}

}  // namespace

void AddTextFunctions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  for (const auto& [name, run] :
       std::initializer_list<std::pair<const char*, RowFunction>>{{"SF_SUBSTR", Substr},
                                                                  {"SF_INSERT", Insert},
                                                                  {"SF_TRANSLATE", Translate},
                                                                  {"SF_INITCAP", InitCap},
                                                                  {"SF_SPLIT_PART", SplitPart},
                                                                  {"SF_STRTOK", Strtok},
                                                                  {"SF_LPAD", LeftPad},
                                                                  {"SF_RPAD", RightPad},
                                                                  {"SF_REPEAT", Repeat},
                                                                  {"SF_CHR", Chr},
                                                                  {"SF_HEX", Hex},
                                                                  {"SF_BASE64", Base64},
                                                                  {"SF_FROM_HEX", FromHex},
                                                                  {"SF_FROM_BASE64", FromBase64},
                                                                  {"SF_SHA", Sha}}) {
    entries.push_back({name, K::kText, run});
  }
  entries.push_back({"SF_SPLIT", K::kJson, Split});
  entries.push_back({"SF_STRTOK_SPLIT", K::kJson, StrtokSplit});
  entries.push_back({"SF_POSITION", K::kBigint, Position});
  entries.push_back({"SF_ASCII", K::kBigint, Ascii});
  entries.push_back({"SF_UNICODE", K::kBigint, Unicode});
  entries.push_back({"SF_LIKE", K::kBoolean, LikeCall});
  entries.push_back({"SF_ILIKE", K::kBoolean, IlikeCall});
  entries.push_back({"SF_HASH", K::kBigint, Hash});
  entries.back().sees_nulls = true;
}

}  // namespace cdi::snowflake_mock
