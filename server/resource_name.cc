#include "server/resource_name.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/text.h"

namespace cdi::server {
namespace {

constexpr size_t kIdLengthMax = 63;
constexpr size_t kRequestIdLengthMax = 64;

bool IsId(std::string_view text) {
  if (text.empty() || text.size() > kIdLengthMax || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

absl::Status CheckName(std::string_view name, std::string_view pattern, std::string_view field) {
  const std::vector<std::string> parts = absl::StrSplit(std::string(name), '/');
  const std::vector<std::string> wanted = absl::StrSplit(std::string(pattern), '/');
  bool matches = parts.size() == wanted.size();
  for (size_t i = 0; matches && i < parts.size(); ++i)
    matches = wanted[i] == "*" ? IsId(parts[i]) : parts[i] == wanted[i];
  if (matches) return absl::OkStatus();
  if (name.empty())
    return InvalidField(field, absl::StrCat(std::string(field), " is empty; it looks like ", std::string(pattern)));
  return InvalidField(field, absl::StrCat(std::string(field), " must look like ", std::string(pattern),
                                          " with ids of a-z, 0-9 and -, beginning with a letter, at most 63 long; got ",
                                          JsonQuote(CutText(name, 100))));
}

absl::StatusOr<std::string> ChosenOrMadeId(std::string_view id, std::string_view prefix, Rng& rng,
                                           std::string_view field) {
  if (id.empty()) return absl::StrCat(std::string(prefix), RandomId(rng, 10));
  if (IsId(id) && id.back() != '-') return std::string(id);
  return InvalidField(field,
                      absl::StrCat(std::string(field), " must be 1 to 63 characters of a-z, 0-9 and -, ",
                                   "beginning with a letter and not ending with -; got ", JsonQuote(CutText(id, 100))));
}

std::string_view ParentOf(std::string_view name) {
  for (int i = 0; i < 2; ++i) {
    const size_t slash = name.rfind('/');
    if (slash == std::string_view::npos) return {};
    name = name.substr(0, slash);
  }
  return name;
}

std::string_view LastSegment(std::string_view name) {
  return name.substr(name.rfind('/') + 1);
}

absl::Status CheckScope(std::string_view scope, std::string_view field) {
  for (const std::string_view pattern : {"connections/*", "syncs/*", "workspaces/*"}) {
    if (CheckName(scope, pattern, field).ok()) return absl::OkStatus();
  }
  return InvalidField(
      field, absl::StrCat(std::string(field), " must look like connections/main, syncs/shop or workspaces/eu; got ",
                          JsonQuote(CutText(scope, 100))));
}

absl::Status CheckRequestId(std::string_view request_id) {
  const bool printable = std::all_of(request_id.begin(), request_id.end(), [](char c) { return c > ' ' && c < 127; });
  if (printable && request_id.size() <= kRequestIdLengthMax) return absl::OkStatus();
  return InvalidField("request_id", "request_id must be at most 64 printable ASCII characters without blanks");
}

}  // namespace cdi::server
