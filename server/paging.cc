#include "server/paging.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/error.h"

namespace cdi::server {
namespace {

constexpr int kPageSizeMax = 1000;
constexpr size_t kCheckLength = 16;

// Binds the token to its list; not a signature: whoever forges one only chooses where his own listing starts.
std::string Check(std::string_view scope, std::string_view after) {
  return Hash128(absl::StrCat(std::string(scope), std::string(1, '\0'), std::string(after)))
      .ToHex()
      .substr(0, kCheckLength);
}

}  // namespace

absl::StatusOr<int> PageSize(int requested, int fallback) {
  if (requested < 0) return InvalidField("page_size", absl::StrCat("page_size must be 0..1000; got ", requested));
  return requested == 0 ? fallback : std::min(requested, kPageSizeMax);
}

std::string MakePageToken(std::string_view scope, std::string_view after) {
  if (after.empty()) return "";
  return absl::WebSafeBase64Escape(absl::StrCat(Check(scope, after), std::string(after)));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view scope, std::string_view token) {
  if (token.empty()) return std::string();
  std::string raw;
  if (absl::WebSafeBase64Unescape(std::string(token), &raw) && raw.size() > kCheckLength) {
    std::string after = raw.substr(kCheckLength);
    if (raw.substr(0, kCheckLength) == Check(scope, after)) return after;
  }
  return MakeError(
      absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
      "page_token is not one of this list with this filter: pass next_page_token unchanged, or leave it empty",
      {{"field", "page_token"}});
}

}  // namespace cdi::server
