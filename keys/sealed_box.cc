#include "keys/sealed_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "keys/concat.h"
#include "keys/openssl_error.h"

namespace cdi::keys {
namespace {

constexpr std::string_view kMagic = "CDIS";
constexpr char kFormat = 1;
constexpr char kAlgorithmAes256Gcm = 1;
constexpr size_t kPrefixBytes = 6;   // magic, format, algorithm
constexpr size_t kHeaderBytes = 10;  // and the master key's id
constexpr size_t kNonceBytes = 12;
constexpr size_t kKeyBytes = 32;
constexpr size_t kTagBytes = 16;
constexpr size_t kWrapBytes = kNonceBytes + kKeyBytes + kTagBytes;
static_assert(kSealedOverhead == kHeaderBytes + kWrapBytes + kNonceBytes + kTagBytes);

struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using CipherContextHandle = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// What is authenticated beside a ciphertext: which of the two it is, the header in front, and the owner. Lengths are
// fixed or written out, so that no two owners give the same bytes.
std::string AssociatedData(std::string_view purpose, std::string_view header, std::string_view name, uint64_t version) {
  return Concat(purpose, header, name.size(), ":", name, ":", version);
}

absl::StatusOr<std::string> RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(Bytes(bytes), static_cast<int>(size)) != 1) return OpenSslError("drawing random bytes");
  return bytes;
}

// nonce | ciphertext | tag
absl::StatusOr<std::string> Encrypt(std::string_view key, std::string_view associated, std::string_view plaintext) {
  CDI_ASSIGN_OR_RETURN(std::string out, RandomBytes(kNonceBytes));
  out.resize(kNonceBytes + plaintext.size() + kTagBytes);
  const CipherContextHandle context(EVP_CIPHER_CTX_new());
  unsigned char* const text = Bytes(out) + kNonceBytes;
  int size = 0;
  if (context == nullptr ||
      EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(key), Bytes(out), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(associated), static_cast<int>(associated.size())) != 1 ||
      EVP_EncryptUpdate(context.get(), text, &size, Bytes(plaintext), static_cast<int>(plaintext.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), text + size, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, text + plaintext.size()) != 1) {
    return OpenSslError("AES-256-GCM encryption");
  }
  return out;
}

absl::Status Damaged(std::string_view name, uint64_t version) {
  return MakeError(absl::StatusCode::kDataLoss, "SEALED_DAMAGED",
                   Concat("the sealed secret of ", name, " (version ", version,
                          ") was altered, cut, or made for another name or version; restore the state from a "
                          "backup, or make the secret anew"));
}

// The reverse of Encrypt; `damaged` is what a tag that does not fit means.
absl::StatusOr<Secret> Decrypt(std::string_view key, std::string_view associated, std::string_view sealed,
                               const absl::Status& damaged) {
  const OpenSslErrorScope errors;
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  const std::string_view text = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));  // a copy: the ctrl call wants it writable
  std::string plaintext(text.size() + 1, '\0');               // never empty, so that its address is valid
  const absl::Cleanup wipe = [&plaintext] { WipeString(plaintext); };
  const CipherContextHandle context(EVP_CIPHER_CTX_new());
  int size = 0;
  if (context == nullptr ||
      EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(key), Bytes(nonce), nullptr) != 1 ||
      EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(associated), static_cast<int>(associated.size())) != 1 ||
      EVP_DecryptUpdate(context.get(), Bytes(plaintext), &size, Bytes(text), static_cast<int>(text.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, Bytes(tag)) != 1) {
    return OpenSslError("AES-256-GCM decryption");
  }
  // Nothing of the plaintext is looked at before the tag has proven it.
  if (EVP_DecryptFinal_ex(context.get(), Bytes(plaintext) + size, &size) != 1) return damaged;
  return Secret(std::string_view(plaintext).substr(0, text.size()));
}

std::string Header(const MasterKey& master_key) {
  return Concat(kMagic, std::string{kFormat, kAlgorithmAes256Gcm}, absl::HexStringToBytes(master_key.Id()));
}

// The parts of a blob whose header is ours and whose master key is the given one.
struct Parts {
  std::string_view header;
  std::string_view wrapped_key;
  std::string_view sealed_secret;
};

absl::StatusOr<Parts> Split(const MasterKey& master_key, std::string_view name, uint64_t version,
                            std::string_view sealed) {
  if (sealed.size() < kSealedOverhead || sealed.size() > kSealedOverhead + kSealedSecretBytesMax ||
      !sealed.starts_with(kMagic)) {
    return Damaged(name, version);
  }
  if (sealed[4] != kFormat || sealed[5] != kAlgorithmAes256Gcm) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "SEALED_FORMAT_UNKNOWN",
        Concat("the sealed secret of ", name, " has format ", static_cast<int>(static_cast<unsigned char>(sealed[4])),
               ", algorithm ", static_cast<int>(static_cast<unsigned char>(sealed[5])),
               "; this release reads format 1, algorithm 1: it was made by a newer release, or "
               "damaged"));
  }
  if (const std::string sealed_under = SealedMasterKeyId(sealed); sealed_under != master_key.Id()) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, "MASTER_KEY_WRONG",
        Concat("the secret of ", name, " was sealed under master key ", sealed_under, ", but the one loaded is ",
               master_key.Id(), "; start with the master key that was used before"),
        {{"sealed_under", sealed_under}, {"loaded", master_key.Id()}});
  }
  return Parts{.header = sealed.substr(0, kHeaderBytes),
               .wrapped_key = sealed.substr(kHeaderBytes, kWrapBytes),
               .sealed_secret = sealed.substr(kHeaderBytes + kWrapBytes)};
}

std::string WrapData(std::string_view header, std::string_view name, uint64_t version) {
  return AssociatedData("cdi data key|", header, name, version);
}

std::string SecretData(std::string_view header, std::string_view name, uint64_t version) {
  return AssociatedData("cdi secret|", header.substr(0, kPrefixBytes), name, version);
}

absl::StatusOr<Secret> Unwrap(const MasterKey& master_key, const Parts& parts, std::string_view name,
                              uint64_t version) {
  return Decrypt(master_key.bytes().Expose(), WrapData(parts.header, name, version), parts.wrapped_key,
                 Damaged(name, version));
}

}  // namespace

absl::StatusOr<std::string> Seal(const MasterKey& master_key, std::string_view name, uint64_t version,
                                 const Secret& plaintext) {
  if (plaintext.size() > kSealedSecretBytesMax) {
    return absl::InvalidArgumentError(
        Concat("a secret must be at most ", kSealedSecretBytesMax, " bytes; got ", plaintext.size()));
  }
  CDI_ASSIGN_OR_RETURN(std::string data_key, RandomBytes(kKeyBytes));
  const absl::Cleanup wipe = [&data_key] { WipeString(data_key); };
  const std::string header = Header(master_key);
  CDI_ASSIGN_OR_RETURN(const std::string wrapped,
                       Encrypt(master_key.bytes().Expose(), WrapData(header, name, version), data_key));
  CDI_ASSIGN_OR_RETURN(const std::string secret,
                       Encrypt(data_key, SecretData(header, name, version), plaintext.Expose()));
  return Concat(header, wrapped, secret);
}

absl::StatusOr<Secret> Open(const MasterKey& master_key, std::string_view name, uint64_t version,
                            std::string_view sealed) {
  CDI_ASSIGN_OR_RETURN(const Parts parts, Split(master_key, name, version, sealed));
  CDI_ASSIGN_OR_RETURN(const Secret data_key, Unwrap(master_key, parts, name, version));
  return Decrypt(data_key.Expose(), SecretData(parts.header, name, version), parts.sealed_secret,
                 Damaged(name, version));
}

absl::Status CheckSealed(const MasterKey& master_key, std::string_view name, uint64_t version,
                         std::string_view sealed) {
  CDI_ASSIGN_OR_RETURN(const Parts parts, Split(master_key, name, version, sealed));
  return Unwrap(master_key, parts, name, version).status();
}

absl::StatusOr<std::string> Rewrap(const MasterKey& old_master_key, const MasterKey& new_master_key,
                                   std::string_view name, uint64_t version, std::string_view sealed) {
  CDI_ASSIGN_OR_RETURN(const Parts parts, Split(old_master_key, name, version, sealed));
  CDI_ASSIGN_OR_RETURN(const Secret data_key, Unwrap(old_master_key, parts, name, version));
  const std::string header = Header(new_master_key);
  CDI_ASSIGN_OR_RETURN(const std::string wrapped,
                       Encrypt(new_master_key.bytes().Expose(), WrapData(header, name, version), data_key.Expose()));
  return Concat(header, wrapped, parts.sealed_secret);
}

std::string SealedMasterKeyId(std::string_view sealed) {
  if (sealed.size() < kSealedOverhead || !sealed.starts_with(kMagic)) return "";
  return absl::BytesToHexString(ToAbsl(sealed.substr(kPrefixBytes, kHeaderBytes - kPrefixBytes)));
}

}  // namespace cdi::keys
