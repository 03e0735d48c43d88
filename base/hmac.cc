#include "base/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace cdi {

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::string tag(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  const unsigned char* const done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), reinterpret_cast<unsigned char*>(tag.data()), &size);
  CDI_CHECK(done != nullptr, "OpenSSL computes an HMAC");
  tag.resize(size);
  return tag;
}

}  // namespace cdi
