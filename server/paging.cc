#include "server/paging.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"

namespace cdi::server {
namespace {

constexpr int kPageSizeMax = 1000;
constexpr size_t kTagBytes = 16;

using Key = std::array<unsigned char, 32>;

// Of this process: a token from before a restart is refused, and its list begun anew.
const Key& SigningKey() {
  static const Key key = [] {
    Key made{};
    CDI_CHECK(RAND_bytes(made.data(), static_cast<int>(made.size())) == 1, "the system gives random bytes");
    return made;
  }();
  return key;
}

// HMAC-SHA256 over the list and the place in it, cut to 16 bytes.
std::string Tag(std::string_view scope, std::string_view after) {
  const std::string text = absl::StrCat(std::string(scope), std::string(1, '\0'), std::string(after));
  std::array<unsigned char, EVP_MAX_MD_SIZE> tag{};
  unsigned int size = 0;
  const unsigned char* const done =
      HMAC(EVP_sha256(), SigningKey().data(), static_cast<int>(SigningKey().size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), tag.data(), &size);
  CDI_CHECK(done != nullptr && size >= kTagBytes, "OpenSSL computes an HMAC");
  return {reinterpret_cast<const char*>(tag.data()), kTagBytes};
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
    if (CRYPTO_memcmp(raw.data(), Tag(scope, after).data(), kTagBytes) == 0) return after;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN_INVALID",
                   "page_token is not one that this server gave for this list with this filter since its start: pass "
                   "next_page_token "
                   "unchanged, or leave it empty to begin anew",
                   {{"field", "page_token"}});
}

}  // namespace cdi::server
