// REGEXP_…: RE2, whose time is linear in the text. Patterns of Snowflake's dialect that RE2 does not have (look-around,
// back references) are refused.
#include <re2/re2.h>

#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "tests/snowflake_mock/server/engine/function_entry.h"
#include "tests/snowflake_mock/server/engine/utf8.h"

namespace cdi::snowflake_mock {
namespace {

re2::StringPiece Piece(std::string_view text) {
  return {text.data(), text.size()};
}

// Parameters are letters: c i m n s e.
struct Options {
  bool ignore_case = false;
  bool multi_line = false;
  bool dot_all = false;
  bool groups = false;
};

Options ReadOptions(std::string_view letters) {
  Options options;
  for (const char c : letters) {
    if (c == 'i') options.ignore_case = true;
    if (c == 'c') options.ignore_case = false;
    if (c == 'm') options.multi_line = true;
    if (c == 's') options.dot_all = true;
    if (c == 'e') options.groups = true;
  }
  return options;
}

// nullptr when the pattern is none.
std::shared_ptr<const RE2> Compile(std::string_view pattern, const Options& options) {
  thread_local std::map<std::string, std::shared_ptr<const RE2>> cache;
  const std::string key = absl::StrCat(options.ignore_case ? "i" : "", options.multi_line ? "m" : "",
                                       options.dot_all ? "s" : "", "/", std::string(pattern));
  if (const auto found = cache.find(key); found != cache.end()) return found->second;
  RE2::Options settings;
  settings.set_log_errors(false);
  settings.set_case_sensitive(!options.ignore_case);
  settings.set_dot_nl(options.dot_all);
  settings.set_max_mem(8 << 20);
  const std::string flags = options.multi_line ? "(?m)" : "";
  auto compiled = std::make_shared<const RE2>(flags + std::string(pattern), settings);
  if (!compiled->ok()) compiled = nullptr;
  if (cache.size() > 200) cache.clear();
  cache[key] = compiled;
  return compiled;
}

Outcome BadPattern(std::string_view pattern) {
  return Outcome::Error("100048", "2201B", absl::StrCat("Invalid regular expression: '", CutText(pattern, 60), "'"));
}

struct Match {
  size_t begin = 0;
  size_t end = 0;
  std::vector<std::string> groups;
};

// All matches from character `from` (1 is the first) on; at most `most`.
std::vector<Match> FindAll(const RE2& pattern, std::string_view text, int64_t from, size_t most) {
  std::vector<Match> matches;
  size_t at = Characters(text).Offset(static_cast<size_t>(std::max<int64_t>(from, 1) - 1));
  const int groups = pattern.NumberOfCapturingGroups() + 1;
  std::vector<re2::StringPiece> found(static_cast<size_t>(groups));
  while (at <= text.size() && matches.size() < most) {
    if (!pattern.Match(Piece(text), at, text.size(), RE2::UNANCHORED, found.data(), groups)) break;
    Match match;
    match.begin = static_cast<size_t>(found[0].data() - text.data());
    match.end = match.begin + found[0].size();
    for (const re2::StringPiece& group : found)
      match.groups.emplace_back(group.data() == nullptr ? "" : std::string(group.data(), group.size()));
    at = match.end > match.begin ? match.end : match.end + 1;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    matches.push_back(std::move(match));
  }
  return matches;
}

constexpr size_t kMatchesMax = 1'000'000;

// (text, pattern[, parameters]): the whole text
Outcome RegexpLike(const FunctionCall& call) {
  const auto pattern = Compile(call.Text(1), ReadOptions(call.count() > 2 ? call.Text(2) : ""));
  if (pattern == nullptr) return BadPattern(call.Text(1));
  return Outcome::Number(RE2::FullMatch(Piece(call.Text(0)), *pattern) ? 1 : 0);
}

// (text, pattern[, position[, parameters]])
Outcome RegexpCount(const FunctionCall& call) {
  const auto pattern = Compile(call.Text(1), ReadOptions(call.count() > 3 ? call.Text(3) : ""));
  if (pattern == nullptr) return BadPattern(call.Text(1));
  return Outcome::Number(
      static_cast<Int128>(FindAll(*pattern, call.Text(0), call.count() > 2 ? call.Bigint(2) : 1, kMatchesMax).size()));
}

// (text, pattern[, position[, occurrence[, parameters[, group]]]])
Outcome RegexpSubstr(const FunctionCall& call) {
  const Options options = ReadOptions(call.count() > 4 ? call.Text(4) : "");
  const auto pattern = Compile(call.Text(1), options);
  if (pattern == nullptr) return BadPattern(call.Text(1));
  const int64_t occurrence = call.count() > 3 ? call.Bigint(3) : 1;
  if (occurrence < 1 || occurrence > static_cast<int64_t>(kMatchesMax)) return Outcome::Null();
  const auto matches =
      FindAll(*pattern, call.Text(0), call.count() > 2 ? call.Bigint(2) : 1, static_cast<size_t>(occurrence));
  if (matches.size() < static_cast<size_t>(occurrence)) return Outcome::Null();
  const Match& match = matches.back();
  size_t group = call.count() > 5 ? static_cast<size_t>(std::max<int64_t>(call.Bigint(5), 0)) : options.groups ? 1 : 0;
  if (group == 1 && match.groups.size() == 1 && call.count() < 6) group = 0;
  if (group >= match.groups.size()) return Outcome::Null();
  return Outcome::Text(match.groups[group]);
}

// (text, pattern[, position[, occurrence[, option[, parameters[, group]]]]])
Outcome RegexpInstr(const FunctionCall& call) {
  const auto pattern = Compile(call.Text(1), ReadOptions(call.count() > 5 ? call.Text(5) : ""));
  if (pattern == nullptr) return BadPattern(call.Text(1));
  if (call.count() > 6) return Outcome::Error("000002", "0A000", "Unsupported feature 'REGEXP_INSTR with a group'.");
  const int64_t occurrence = call.count() > 3 ? call.Bigint(3) : 1;
  if (occurrence < 1 || occurrence > static_cast<int64_t>(kMatchesMax)) return Outcome::Number(0);
  const auto matches =
      FindAll(*pattern, call.Text(0), call.count() > 2 ? call.Bigint(2) : 1, static_cast<size_t>(occurrence));
  if (matches.size() < static_cast<size_t>(occurrence)) return Outcome::Number(0);
  const bool behind = call.count() > 4 && call.Bigint(4) == 1;
  const size_t byte = behind ? matches.back().end : matches.back().begin;
  return Outcome::Number(static_cast<Int128>(Characters(call.Text(0).substr(0, byte)).size()) + 1);
}

// \1 … \9 are groups, \\ a backslash.
std::string Replacement(std::string_view text, const Match& match) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next >= '0' && next <= '9') {
      const auto group = static_cast<size_t>(next - '0');
      if (group < match.groups.size()) out += match.groups[group];
    } else {
      out += next;
    }
  }
  return out;
}

// (text, pattern[, replacement[, position[, occurrence[, parameters]]]]); occurrence 0: all
Outcome RegexpReplace(const FunctionCall& call) {
  const auto pattern = Compile(call.Text(1), ReadOptions(call.count() > 5 ? call.Text(5) : ""));
  if (pattern == nullptr) return BadPattern(call.Text(1));
  const std::string_view replacement = call.count() > 2 ? call.Text(2) : "";
  const int64_t occurrence = call.count() > 4 ? call.Bigint(4) : 0;
  const auto matches = FindAll(*pattern, call.Text(0), call.count() > 3 ? call.Bigint(3) : 1, kMatchesMax);
  std::string out;
  size_t at = 0;
  for (size_t i = 0; i < matches.size(); ++i) {
    if (occurrence != 0 && static_cast<int64_t>(i) + 1 != occurrence) continue;
    out += call.Text(0).substr(at, matches[i].begin - at);
    out += Replacement(replacement, matches[i]);
    at = matches[i].end;
  }
  out += call.Text(0).substr(at);
  return Outcome::Text(std::move(out));
}

}  // namespace

void AddRegexpFunctions(std::vector<FunctionEntry>& entries) {
  using K = ResultKind;
  entries.push_back({"SF_REGEXP_LIKE", K::kBoolean, RegexpLike});
  entries.push_back({"SF_REGEXP_COUNT", K::kBigint, RegexpCount});
  entries.push_back({"SF_REGEXP_SUBSTR", K::kText, RegexpSubstr});
  entries.push_back({"SF_REGEXP_INSTR", K::kBigint, RegexpInstr});
  entries.push_back({"SF_REGEXP_REPLACE", K::kText, RegexpReplace});
}

}  // namespace cdi::snowflake_mock
