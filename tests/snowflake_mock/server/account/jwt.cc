#include "tests/snowflake_mock/server/account/jwt.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <map>
#include <memory>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/language/sql_error.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int kKeyBitsMin = 2048;
constexpr int64_t kMillisecondsFrom = 100'000'000'000;
constexpr int64_t kLifeMaxSeconds = 3600;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

Key ReadDer(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return Key(d2i_PUBKEY(nullptr, &bytes, static_cast<long>(der.size())));
}

std::string DecodeBase64(const std::string& text) {
  std::string raw;
  return absl::Base64Unescape(text, &raw) ? raw : std::string();
}

bool DecodeUrlPart(std::string_view text, std::string& out) {
  return absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &out);
}

// A time claim in seconds; nullopt when it is absent or no sensible number.
std::optional<int64_t> TimeClaim(const nlohmann::json& payload, const char* key) {
  const auto found = payload.find(key);
  if (found == payload.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  if (!(value >= 0 && value < 1e15)) return std::nullopt;
  const auto time = static_cast<int64_t>(value);
  return time > kMillisecondsFrom ? time / 1000 : time;
}

}  // namespace

absl::StatusOr<PublicKeyFacts> ReadPublicKey(const std::string& text) {
  std::string body = text;
  for (const char* line : {"-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"}) {
    if (const size_t at = body.find(line); at != std::string::npos) body.erase(at, std::string_view(line).size());
  }
  std::erase_if(body, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
  const std::string der = DecodeBase64(body);
  const Key key = der.empty() ? nullptr : ReadDer(der);
  if (key == nullptr || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_bits(key.get()) < kKeyBitsMin) {
    return SqlError("390444", "22023", "New public key rejected by current policy. Reason: 'Invalid public key'");
  }
  return PublicKeyFacts{absl::Base64Escape(der), absl::StrCat("SHA256:", absl::Base64Escape(Sha256(der)))};
}

absl::StatusOr<JwtClaims> ParseJwt(const std::string& token) {
  const auto malformed = [] { return absl::InvalidArgumentError("not a JWT"); };
  const size_t first = token.find('.');
  const size_t second = first == std::string::npos ? first : token.find('.', first + 1);
  if (second == std::string::npos || token.find('.', second + 1) != std::string::npos) return malformed();
  JwtClaims claims;
  std::string header_text;
  std::string payload_text;
  if (!DecodeUrlPart(token.substr(0, first), header_text) ||
      !DecodeUrlPart(token.substr(first + 1, second - first - 1), payload_text) ||
      !DecodeUrlPart(token.substr(second + 1), claims.signature)) {
    return malformed();
  }
  const auto header = nlohmann::json::parse(header_text, nullptr, /*allow_exceptions=*/false);
  const auto payload = nlohmann::json::parse(payload_text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object() || !payload.is_object()) return malformed();
  const auto text = [](const nlohmann::json& object, const char* key) {
    return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
  };
  claims.signed_text = token.substr(0, second);
  claims.algorithm = text(header, "alg");
  claims.subject = text(payload, "sub");
  const std::string issuer = text(payload, "iss");
  // User names may contain dots, the fingerprint cannot; the account is what stands before the first dot.
  const size_t mark = issuer.rfind(".SHA256:");
  const size_t dot = issuer.find('.');
  if (mark == std::string::npos || dot >= mark) return malformed();
  claims.account = issuer.substr(0, dot);
  claims.user = issuer.substr(dot + 1, mark - dot - 1);
  claims.fingerprint = issuer.substr(mark + 1);
  const std::optional<int64_t> issued = TimeClaim(payload, "iat");
  const std::optional<int64_t> expires = TimeClaim(payload, "exp");
  claims.has_times = issued.has_value() && expires.has_value();
  claims.issued_seconds = issued.value_or(0);
  claims.expires_seconds = expires.value_or(0);
  claims.not_before_seconds = TimeClaim(payload, "nbf").value_or(0);
  return claims;
}

std::string CheckJwtTimes(const JwtClaims& claims, int64_t now_seconds, int64_t skew_seconds) {
  if (!claims.has_times) return "JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME";
  if (now_seconds >= claims.expires_seconds || claims.expires_seconds - claims.issued_seconds > kLifeMaxSeconds)
    return "JWT_TOKEN_INVALID_EXPIRATION_TIME";
  if (now_seconds - claims.issued_seconds > skew_seconds || claims.issued_seconds - now_seconds > skew_seconds)
    return "JWT_TOKEN_INVALID_ISSUE_TIME";
  if (claims.not_before_seconds - now_seconds > skew_seconds) return "JWT_TOKEN_INVALID";
  return "";
}

std::string JwtCauseCode(const std::string& cause) {
  static const auto* const codes =
      new std::map<std::string, std::string>{{"JWT_TOKEN_INVALID_USER_IN_ISSUER", "394300"},
                                             {"JWT_TOKEN_MISSING_ISSUE_OR_EXPIRATION_TIME", "394301"},
                                             {"JWT_TOKEN_INVALID_ISSUE_TIME", "394302"},
                                             {"JWT_TOKEN_INVALID_EXPIRATION_TIME", "394303"},
                                             {"JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH", "394304"},
                                             {"JWT_TOKEN_INVALID_ALGORITHM", "394305"},
                                             {"JWT_TOKEN_INVALID_SIGNATURE", "394306"},
                                             {"JWT_TOKEN_ACCOUNT_MISMATCH", "394307"}};
  const auto found = codes->find(cause);
  return found == codes->end() ? "390144" : found->second;
}

bool VerifyJwtSignature(const JwtClaims& claims, const std::string& public_key_base64) {
  const std::string der = DecodeBase64(public_key_base64);
  const Key key = der.empty() ? nullptr : ReadDer(der);
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr) return false;
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(claims.signature.data()),
                          claims.signature.size(), reinterpret_cast<const unsigned char*>(claims.signed_text.data()),
                          claims.signed_text.size()) == 1;
}

}  // namespace cdi::snowflake_mock
