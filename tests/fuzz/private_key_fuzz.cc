// Any text as a private key, with and without a passphrase: refused with a field, or a key that works. Public key lines
// too.
#include "base/check.h"
#include "base/secret.h"
#include "keys/rsa_key.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using cdi::Secret;
using cdi::keys::RsaKeyPair;

const RsaKeyPair& Pair() {
  static const RsaKeyPair pair = [] {
    auto made = RsaKeyPair::Generate(2048);
    CDI_CHECK(made.ok(), "a key pair can be made");
    return *std::move(made);
  }();
  return pair;
}

void Run(std::string_view text) {
  const Secret passphrase{std::string_view("pass")};
  for (const Secret* given : {static_cast<const Secret*>(nullptr), &passphrase}) {
    const auto pair = RsaKeyPair::FromPkcs8Pem(text, given);
    if (!pair.ok()) {
      CDI_CHECK(absl::IsInvalidArgument(pair.status()), "a text that is no key is the caller's fault");
      continue;
    }
    CDI_CHECK(pair->bits() >= 2048 && pair->bits() <= 4096, "a size that Snowflake takes");
    const auto fingerprint = cdi::keys::Fingerprint(pair->PublicKeyLine());
    CDI_CHECK(fingerprint.ok() && *fingerprint == pair->Fingerprint(), "its own line has its own fingerprint");
  }
  const auto fingerprint = cdi::keys::Fingerprint(text);
  if (!fingerprint.ok()) return;
  CDI_CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
                std::string_view::npos,
            "a public key line can stand between single quotes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  const Secret pem = Pair().Pkcs8Pem();
  return {std::string(pem.Expose()),
          Pair().PublicKeyLine(),
          Pair().PublicKeyPem(),
          "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
          "-----END PRIVATE KEY-----\n",
          "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAK\n-----END RSA PRIVATE KEY-----\n",
          "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBOBgkq\n-----END ENCRYPTED PRIVATE KEY-----\n",
          ""};
}

}  // namespace cdi::test
