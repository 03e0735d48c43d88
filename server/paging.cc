#include "server/paging.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/constant_time.h"
#include "base/error.h"
#include "base/hmac.h"
#include "base/rng.h"

namespace cdi::server {
namespace {

constexpr int kPageSizeMax = 1000;
constexpr size_t kTagBytes = 16;

// Of this process: a token from before a restart is refused, and its list begun anew.
const std::string& SigningKey() {
  static const std::string key = [] {
    SystemRng rng;
    return RandomId(rng, 52);  // 260 bits
  }();
  return key;
}

// Over the list and the place in it.
std::string Tag(std::string_view scope, std::string_view after) {
  return HmacSha256(SigningKey(), absl::StrCat(std::string(scope), std::string(1, '\0'), std::string(after)))
      .substr(0, kTagBytes);
}

}  // namespace

absl::StatusOr<int> PageSize(int requested, int fallback) {
  if (requested < 0) return InvalidField("page_size", absl::StrCat("page_size must be 0..1000; got ", requested));
  return requested == 0 ? fallback : std::min(requested, kPageSizeMax);
}

std::string MakePageToken(std::string_view scope, std::string_view after) {
  if (after.empty()) return "";
  return absl::WebSafeBase64Escape(Tag(scope, after) + std::string(after));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view scope, std::string_view token) {
  if (token.empty()) return std::string();
  std::string raw;
  if (absl::WebSafeBase64Unescape(std::string(token), &raw) && raw.size() > kTagBytes) {
    std::string after = raw.substr(kTagBytes);
    if (EqualInConstantTime(raw.substr(0, kTagBytes), Tag(scope, after))) return after;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
                   "page_token is not one that this server gave for this list with this filter since its start: pass "
                   "next_page_token "
                   "unchanged, or leave it empty to begin anew",
                   {{"field", "page_token"}});
}

}  // namespace cdi::server
