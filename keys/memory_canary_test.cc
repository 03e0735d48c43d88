// Proof that a private key leaves no trace in this process once everything that held it is gone.

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/check.h"
#include "keys/process_hardening.h"
#include "keys/rsa_key.h"
#include "keys/sealed_box.h"
#include "keys/testing_keys.h"

namespace cdi::keys {
namespace {

// A piece of a secret, kept only in a masked form, so that looking for it does not find ourselves.
class MaskedCanary {
 public:
  explicit MaskedCanary(std::string_view piece) : masked_(piece) {
    for (char& c : masked_) c = static_cast<char>(c ^ kMask);
  }

  size_t CountIn(const char* begin, const char* end) const {
    size_t found = 0;
    for (const char* at = begin; at + masked_.size() <= end; ++at) {
      size_t i = 0;
      while (i < masked_.size() && static_cast<char>(at[i] ^ kMask) == masked_[i]) ++i;
      if (i == masked_.size()) ++found;
    }
    return found;
  }

 private:
  static constexpr char kMask = 0x2A;
  std::string masked_;
};

// Copies of the canary in every writable private mapping: heap, stacks, OpenSSL's secure heap, globals.
size_t CountInProcess(const MaskedCanary& canary) {
  constexpr uintptr_t kMappingBytesMax = uintptr_t{256} << 20;  // a sanitizer's shadow is larger, and holds no data
  std::ifstream maps("/proc/self/maps");
  std::string line;
  size_t found = 0;
  while (std::getline(maps, line)) {
    std::istringstream fields(line);
    std::string range;
    std::string access;
    fields >> range >> access;
    const size_t dash = range.find('-');
    const uintptr_t begin = std::stoull(range.substr(0, dash), nullptr, 16);
    const uintptr_t end = std::stoull(range.substr(dash + 1), nullptr, 16);
    if (access != "rw-p" || end - begin > kMappingBytesMax) continue;
    found += canary.CountIn(reinterpret_cast<const char*>(begin), reinterpret_cast<const char*>(end));
  }
  return found;
}

// A piece of the private exponent, as PEM text and as the bytes it stands for.
struct Canaries {
  MaskedCanary text;
  MaskedCanary bytes;

  size_t Count() const { return CountInProcess(text) + CountInProcess(bytes); }
};

Canaries CanariesOf(const Secret& pem) {
  // Lines have 64 characters; the tenth of a 2048-bit key lies within the exponent.
  constexpr size_t kPieceCharacters = 24;
  const size_t body = pem.Expose().find('\n') + 1;
  const std::string_view piece = pem.Expose().substr(body + 9 * 65, kPieceCharacters);
  std::array<unsigned char, kPieceCharacters / 4 * 3> bytes{};
  EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(piece.data()), kPieceCharacters);
  Canaries canaries{.text = MaskedCanary(piece),
                    .bytes = MaskedCanary({reinterpret_cast<const char*>(bytes.data()), bytes.size()})};
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return canaries;
}

Canaries MakeSealAndOpenAKey(std::string& sealed, const MasterKey& master_key) {
  const absl::StatusOr<RsaKeyPair> pair = RsaKeyPair::Generate(2048);
  CDI_CHECK(pair.ok(), "a key can be made");
  const Secret pem = pair->Pkcs8Pem();
  const Canaries canaries = CanariesOf(pem);
  CDI_CHECK(canaries.Count() > 0, "the scan finds the key while it lives");
  sealed = *Seal(master_key, "connections/c/keyPairs/k", 1, pem);
  return canaries;
}

void OpenAndReadTheKey(const std::string& sealed, const MasterKey& master_key) {
  const absl::StatusOr<Secret> opened = Open(master_key, "connections/c/keyPairs/k", 1, sealed);
  CDI_CHECK(opened.ok(), "what was sealed opens");
  CDI_CHECK(RsaKeyPair::FromPkcs8Pem(opened->Expose(), nullptr).ok(), "what was opened is the key");
}

TEST(MemoryCanaryTest, NoCopyOfAPrivateKeyOutlivesItsHolders) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's allocator keeps freed memory on purpose";
  HardenProcess();
  const absl::StatusOr<MasterKey> master_key = MasterKey::Generate();
  ASSERT_TRUE(master_key.ok());
  std::string sealed;
  const Canaries canaries = MakeSealAndOpenAKey(sealed, *master_key);
  EXPECT_EQ(canaries.Count(), 0U) << "after making and sealing";
  OpenAndReadTheKey(sealed, *master_key);
  EXPECT_EQ(canaries.Count(), 0U) << "after opening and parsing";
}

}  // namespace
}  // namespace cdi::keys
