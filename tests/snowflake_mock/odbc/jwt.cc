#include "tests/snowflake_mock/odbc/jwt.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"

namespace cdi::sfodbc {
namespace {

constexpr size_t kKeyFileBytesMax = 64 * 1024;

absl::Status BadKey(std::string_view message) {
  return OdbcError("28000", kNativeBadKey, message);
}

EVP_PKEY* Raw(const std::shared_ptr<void>& key) {
  return static_cast<EVP_PKEY*>(key.get());
}

// Never asks at a terminal: without a password an encrypted key is an error.
int GivePassword(char* buffer, int size, int /*writing*/, void* context) {
  const auto* password = static_cast<const Secret*>(context);
  if (password->empty() || password->size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, password->Expose().data(), password->size());
  return static_cast<int>(password->size());
}

std::shared_ptr<void> ParsePem(std::string_view pem, const Secret& password) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      &BIO_free);
  void* context = const_cast<Secret*>(&password);  // NOLINT: OpenSSL's callback takes void*; it is only read
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, &GivePassword, context),
          [](void* key) { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }};
}

absl::StatusOr<Secret> ReadKeyFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return BadKey(absl::StrCat("PRIV_KEY_FILE: cannot read ", path, ": ", std::strerror(errno)));
  const auto close_file = absl::MakeCleanup([&] { ::close(file); });
  std::string text(kKeyFileBytesMax, '\0');
  const ssize_t count = ::read(file, text.data(), text.size());
  Secret secret(count > 0 ? std::string_view(text.data(), static_cast<size_t>(count)) : std::string_view());
  WipeString(text);
  return secret;
}

// Base64 of a PEM text, or of the DER that stands inside one (then dressed as PEM, plain or encrypted).
absl::StatusOr<Secret> PemFromBase64(const Secret& base64, bool encrypted) {
  std::string decoded;
  if (!absl::Base64Unescape({base64.Expose().data(), base64.size()}, &decoded)) {
    return BadKey("PRIV_KEY_BASE64: not base64; give the base64 of the PEM file");
  }
  if (decoded.find("-----BEGIN") == std::string::npos) {
    const std::string label = encrypted ? "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY";
    std::string body = absl::Base64Escape(decoded);
    std::string pem = absl::StrCat("-----BEGIN ", label, "-----\n");
    for (size_t i = 0; i < body.size(); i += 64) absl::StrAppend(&pem, body.substr(i, 64), "\n");
    absl::StrAppend(&pem, "-----END ", label, "-----\n");
    WipeString(body);
    WipeString(decoded);
    decoded = std::move(pem);
  }
  Secret secret(decoded);
  WipeString(decoded);
  return secret;
}

std::string Base64Url(std::string_view bytes) {
  return absl::WebSafeBase64Escape({bytes.data(), bytes.size()});
}

}  // namespace

Secret PemOfEvpKey(void* key) {
  if (key == nullptr) return {};
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_secmem()), &BIO_free);
  if (PEM_write_bio_PrivateKey(bio.get(), static_cast<EVP_PKEY*>(key), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    ERR_clear_error();
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);  // NOLINT: OpenSSL's macro casts
  return Secret(std::string_view(text, static_cast<size_t>(size)));
}

absl::StatusOr<PrivateKey> PrivateKey::Load(const Settings& settings) {
  Secret pem;
  std::string_view source = "PRIV_KEY_CONTENT";
  if (!settings.key_content.empty()) {
    pem = settings.key_content.Clone();
  } else if (!settings.key_base64.empty()) {
    source = "PRIV_KEY_BASE64";
    CDI_ASSIGN_OR_RETURN(pem, PemFromBase64(settings.key_base64, !settings.key_password.empty()));
  } else {
    source = "PRIV_KEY_FILE";
    CDI_ASSIGN_OR_RETURN(pem, ReadKeyFile(settings.key_file));
  }
  std::shared_ptr<void> key = ParsePem(pem.Expose(), settings.key_password);
  ERR_clear_error();
  if (key == nullptr) {
    const bool encrypted = pem.Expose().find("ENCRYPTED") != std::string_view::npos;
    return BadKey(absl::StrCat(std::string(source), encrypted ? ": cannot be decrypted; give its password"
                                                              : ": not a private key in PEM (PKCS#8)"));
  }
  if (EVP_PKEY_base_id(Raw(key)) != EVP_PKEY_RSA || EVP_PKEY_bits(Raw(key)) < 2048) {
    return BadKey(absl::StrCat(std::string(source), ": must be an RSA key of at least 2048 bits"));
  }
  return PrivateKey(std::move(key));
}

absl::StatusOr<std::string> PrivateKey::Fingerprint() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(Raw(key_), &der);
  if (size <= 0) return BadKey("the public half of the key cannot be encoded");
  const auto free_der = absl::MakeCleanup([&] { OPENSSL_free(der); });
  char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<size_t>(size), reinterpret_cast<unsigned char*>(digest));  // NOLINT: bytes are bytes
  return absl::StrCat("SHA256:", absl::Base64Escape({digest, sizeof(digest)}));
}

absl::StatusOr<std::string> PrivateKey::MakeToken(std::string_view account, std::string_view user,
                                                  std::chrono::system_clock::time_point now,
                                                  std::chrono::seconds lifetime) const {
  CDI_ASSIGN_OR_RETURN(const std::string fingerprint, Fingerprint());
  const std::string subject = absl::StrCat(UpperAscii(account), ".", UpperAscii(user));
  const int64_t issued = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::string claims =
      absl::StrCat("{\"iss\":", JsonQuote(absl::StrCat(subject, ".", fingerprint)), ",\"sub\":", JsonQuote(subject),
                   ",\"iat\":", issued, ",\"exp\":", issued + lifetime.count(), "}");
  const std::string signed_part = absl::StrCat(Base64Url(R"({"alg":"RS256","typ":"JWT"})"), ".", Base64Url(claims));

  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const auto* text = reinterpret_cast<const unsigned char*>(signed_part.data());  // NOLINT: bytes are bytes
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, Raw(key_)) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, text, signed_part.size()) != 1) {
    return BadKey("the login token cannot be signed with this key");
  }
  std::string signature(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());  // NOLINT: bytes are bytes
  if (EVP_DigestSign(context.get(), out, &size, text, signed_part.size()) != 1) {
    return BadKey("the login token cannot be signed with this key");
  }
  signature.resize(size);
  return absl::StrCat(signed_part, ".", Base64Url(signature));
}

}  // namespace cdi::sfodbc
