// Any bytes as a sealed blob: only what was sealed under this key, name and version opens.
#include "base/check.h"
#include "keys/sealed_box.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using cdi::Secret;
using cdi::keys::MasterKey;

constexpr std::string_view kName = "connections/c/keyPairs/k";
constexpr uint64_t kVersion = 3;
constexpr std::string_view kPlain = "a secret of some length";

const MasterKey& Key(char digit) {
  static const auto make = [](char of) {
    auto key = MasterKey::FromText(std::string(62, of) + "00", "test");
    CDI_CHECK(key.ok(), "64 digits are a key");
    return *std::move(key);
  };
  static const MasterKey first = make('1');
  static const MasterKey second = make('2');
  return digit == '1' ? first : second;
}

const std::string& Sealed() {
  static const std::string sealed = [] {
    auto made = cdi::keys::Seal(Key('1'), kName, kVersion, Secret(kPlain));
    CDI_CHECK(made.ok(), "a secret can be sealed");
    return *std::move(made);
  }();
  return sealed;
}

void Run(std::string_view bytes) {
  const auto opened = cdi::keys::Open(Key('1'), kName, kVersion, bytes);
  CDI_CHECK(opened.ok() == (bytes == Sealed()), "nothing opens but what was sealed");
  CDI_CHECK(!cdi::keys::Open(Key('2'), kName, kVersion, bytes).ok(), "another key opens nothing");
  CDI_CHECK(!cdi::keys::Open(Key('1'), kName, kVersion + 1, bytes).ok(), "another version opens nothing");
  const auto rewrapped = cdi::keys::Rewrap(Key('1'), Key('2'), kName, kVersion, bytes);
  if (rewrapped.ok()) {
    // The part with the secret is carried over unseen: it opens exactly when it did before.
    CDI_CHECK(cdi::keys::Open(Key('2'), kName, kVersion, *rewrapped).ok() == opened.ok(), "a new key, the same secret");
  }
  (void)cdi::keys::SealedMasterKeyId(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  return {Sealed(), Sealed().substr(0, 98), std::string(200, '\0'), "CDIS", ""};
}

}  // namespace cdi::test
