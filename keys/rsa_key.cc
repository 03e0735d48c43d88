#include "keys/rsa_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "base/check.h"
#include "base/digest.h"
#include "base/error.h"
#include "keys/concat.h"
#include "keys/openssl_error.h"

namespace cdi::keys {
namespace {

constexpr int kBitsMin = 2048;
constexpr int kBitsMax = 4096;
constexpr size_t kPemBytesMax = 64 * 1024;
constexpr std::string_view kConvert = "convert it with: openssl pkcs8 -topk8 -in KEY.pem -out KEY.p8";

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};
using BioHandle = std::unique_ptr<BIO, FreeBio>;

struct FreePkeyContext {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using PkeyContextHandle = std::unique_ptr<EVP_PKEY_CTX, FreePkeyContext>;

struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using DigestContextHandle = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;

struct FreePkey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using PkeyHandle = std::unique_ptr<EVP_PKEY, FreePkey>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string BioText(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return size <= 0 ? std::string() : std::string(text, static_cast<size_t>(size));
}

std::string FingerprintOfDer(std::string_view der) {
  return Concat("SHA256:", absl::Base64Escape(Sha256(der)));
}

// OpenSSL asks now and then while it looks for primes; 0 ends the search.
int GoOnUnlessStopped(EVP_PKEY_CTX* context) {
  const auto* stop = static_cast<const std::stop_token*>(EVP_PKEY_CTX_get_app_data(context));
  return stop->stop_requested() ? 0 : 1;
}

struct PassphraseRequest {
  const Secret* passphrase;
  bool asked = false;
};

// Never prompts on a terminal, which is what OpenSSL does without a callback.
int GivePassphrase(char* buffer, int size, int /*for_writing*/, void* user) {
  auto* request = static_cast<PassphraseRequest*>(user);
  request->asked = true;
  if (request->passphrase == nullptr) return -1;
  const std::string_view text = request->passphrase->Expose();
  if (size < 0 || text.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

absl::Status CheckPemLabel(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return InvalidField("private_key", "private_key must be at most 64 KiB of PEM text");
  const auto has = [pem](std::string_view text) { return pem.find(text) != std::string_view::npos; };
  if (has("-----BEGIN PRIVATE KEY-----") || has("-----BEGIN ENCRYPTED PRIVATE KEY-----")) return absl::OkStatus();
  if (has("-----BEGIN RSA PRIVATE KEY-----")) {
    return InvalidField("private_key", Concat("private_key is PKCS#1 (BEGIN RSA PRIVATE KEY), not PKCS#8; ", kConvert));
  }
  if (has("-----BEGIN PUBLIC KEY-----")) {
    return InvalidField("private_key", "private_key is a public key; give the private half (BEGIN PRIVATE KEY)");
  }
  return InvalidField(
      "private_key",
      "private_key must be PKCS#8 PEM text with a BEGIN PRIVATE KEY or BEGIN ENCRYPTED PRIVATE KEY line");
}

absl::Status UnreadablePem(std::string_view pem, const PassphraseRequest& request) {
  const bool encrypted = pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos;
  if (encrypted && (request.passphrase == nullptr || request.passphrase->empty())) {
    return InvalidField("passphrase", "private_key is encrypted; give its passphrase too");
  }
  if (encrypted && request.asked) {
    return InvalidField("passphrase",
                        "private_key cannot be decrypted: the passphrase is wrong, or the encryption is one that "
                        "OpenSSL 3 does not know");
  }
  return InvalidField("private_key", "private_key is not readable PKCS#8: was the text cut or its lines broken?");
}

// The public key of a line, when it is exactly what PublicKeyLine of an acceptable RSA key looks like.
PkeyHandle ParsePublicKeyLine(std::string_view line, std::string* der) {
  if (line.empty() || line.size() > 4096 || !absl::Base64Unescape(ToAbsl(line), der)) return nullptr;
  // Base64Unescape skips blanks and forgives padding; the way back tells.
  if (absl::Base64Escape(*der) != line) return nullptr;
  const OpenSslErrorScope errors;
  const unsigned char* next = Bytes(*der);
  PkeyHandle key(d2i_PUBKEY(nullptr, &next, static_cast<long>(der->size())));
  if (key == nullptr || next != Bytes(*der) + der->size()) return nullptr;
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.get()) < kBitsMin) return nullptr;
  return key;
}

}  // namespace

void RsaKeyPair::FreeKey::operator()(EVP_PKEY* key) const noexcept {
  EVP_PKEY_free(key);
}

RsaKeyPair::RsaKeyPair(KeyHandle key) : key_(std::move(key)) {}

absl::StatusOr<RsaKeyPair> RsaKeyPair::Generate(int bits, std::stop_token stop) {
  if (bits != 2048 && bits != 3072 && bits != 4096) {
    return InvalidField("key_bits", Concat("key_bits must be 2048, 3072 or 4096; got ", bits));
  }
  const PkeyContextHandle context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) <= 0 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), bits) <= 0) {
    return OpenSslError("preparing RSA key generation");
  }
  EVP_PKEY_CTX_set_app_data(context.get(), &stop);
  EVP_PKEY_CTX_set_cb(context.get(), GoOnUnlessStopped);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_generate(context.get(), &key) <= 0) {
    absl::Status failed = OpenSslError("RSA key generation");
    return stop.stop_requested() ? absl::CancelledError("key generation was stopped") : failed;
  }
  return RsaKeyPair(KeyHandle(key));
}

absl::StatusOr<RsaKeyPair> RsaKeyPair::FromPkcs8Pem(std::string_view pem, const Secret* passphrase) {
  if (absl::Status label = CheckPemLabel(pem); !label.ok()) return label;
  const OpenSslErrorScope errors;
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return OpenSslError("reading PEM");
  PassphraseRequest request{.passphrase = passphrase};
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassphrase, &request));
  if (key == nullptr) return UnreadablePem(pem, request);
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return InvalidField("private_key", "private_key is not an RSA key; Snowflake's ODBC driver signs with RSA only");
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kBitsMin || bits > kBitsMax) {
    return InvalidField("private_key", Concat("private_key must have 2048 to 4096 bits; got ", bits));
  }
  RsaKeyPair pair(std::move(key));
  // A signature that verifies is a cheaper proof that the halves fit than OpenSSL's own check with its primality tests.
  const absl::StatusOr<std::string> probe = pair.SignRs256("probe");
  if (!probe.ok() || !VerifyRs256(pair.PublicKeyLine(), "probe", *probe).ok()) {
    return InvalidField("private_key", "private_key is damaged: its private and public halves do not fit");
  }
  return pair;
}

int RsaKeyPair::bits() const {
  return EVP_PKEY_get_bits(key_.get());
}

std::string RsaKeyPair::PublicKeyDer() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  CDI_CHECK(size > 0, "a complete RSA key has a public half");
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string RsaKeyPair::PublicKeyLine() const {
  return absl::Base64Escape(PublicKeyDer());
}

std::string RsaKeyPair::PublicKeyPem() const {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  CDI_CHECK(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key_.get()) == 1, "a public half can be written as PEM");
  return BioText(bio.get());
}

std::string RsaKeyPair::Fingerprint() const {
  return FingerprintOfDer(PublicKeyDer());
}

MadeKey RsaKeyPair::Made() const {
  return {.bits = bits(), .public_key_line = PublicKeyLine(), .fingerprint = Fingerprint(), .pkcs8_pem = Pkcs8Pem()};
}

Secret RsaKeyPair::Pkcs8Pem() const {
  // Memory of this kind of BIO is wiped when it is freed or grows.
  const BioHandle bio(BIO_new(BIO_s_secmem()));
  CDI_CHECK(bio != nullptr &&
                PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "a private half can be written as PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  CDI_CHECK(size > 0, "the PEM text is not empty");
  return Secret(std::string_view(text, static_cast<size_t>(size)));
}

absl::StatusOr<std::string> RsaKeyPair::SignRs256(std::string_view message) const {
  const DigestContextHandle context(EVP_MD_CTX_new());
  size_t size = 0;
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) <= 0 ||
      EVP_DigestSign(context.get(), nullptr, &size, Bytes(message), message.size()) <= 0) {
    return OpenSslError("preparing a signature");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, Bytes(message),
                     message.size()) <= 0) {
    return OpenSslError("signing");
  }
  signature.resize(size);
  return signature;
}

absl::StatusOr<std::string> Fingerprint(std::string_view public_key_line) {
  std::string der;
  if (ParsePublicKeyLine(public_key_line, &der) == nullptr) {
    return InvalidField("public_key",
                        "public_key must be one line of base64 that holds an RSA public key of at least 2048 bits (the "
                        "PEM text without its BEGIN and END lines and line breaks)");
  }
  return FingerprintOfDer(der);
}

absl::Status VerifyRs256(std::string_view public_key_line, std::string_view message, std::string_view signature) {
  std::string der;
  const PkeyHandle key = ParsePublicKeyLine(public_key_line, &der);
  if (key == nullptr) return InvalidField("public_key", "public_key must be the one-line base64 of an RSA public key");
  const OpenSslErrorScope errors;
  const DigestContextHandle context(EVP_MD_CTX_new());
  if (context == nullptr || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) <= 0) {
    return OpenSslError("preparing a verification");
  }
  if (EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message), message.size()) == 1) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kUnauthenticated, "SIGNATURE_INVALID",
                   "the signature does not belong to this message and public key");
}

}  // namespace cdi::keys
