// How long the steps of a key's life take, one thread, median of several. Usage: keys_bench (no arguments).
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "base/check.h"
#include "keys/jwt.h"
#include "keys/rsa_key.h"
#include "keys/sealed_box.h"

namespace cdi::keys {
namespace {

void Report(const char* what, int repeats, const std::function<void()>& step) {
  std::vector<double> micros;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    step();
    micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(micros.begin(), micros.end());
  std::printf("%-34s median %12.1f us   max %12.1f us   (%d)\n", what, micros[micros.size() / 2], micros.back(),
              repeats);
}

// What HardenProcess's M_PERTURB costs: blocks of the size of a request body.
void AllocateAndFree() {
  for (int i = 0; i < 1000; ++i) {
    char* volatile block = static_cast<char*>(std::malloc(16 * 1024));
    block[0] = 'x';
    std::free(block);
  }
}

void Run() {
  for (const auto& [name, bits, repeats] :
       {std::tuple{"generate RSA 2048", 2048, 15}, {"generate RSA 3072", 3072, 15}, {"generate RSA 4096", 4096, 9}}) {
    Report(name, repeats, [bits] { CDI_CHECK(RsaKeyPair::Generate(bits).ok(), "generation works"); });
  }
  const RsaKeyPair pair = *RsaKeyPair::Generate(3072);
  const MasterKey master_key = *MasterKey::Generate();
  const Secret pem = pair.Pkcs8Pem();
  const std::string sealed = *Seal(master_key, "connections/c/keyPairs/k", 1, pem);
  Report("seal a 3072-bit key", 1000, [&] { CDI_CHECK(Seal(master_key, "n", 1, pem).ok(), "sealing works"); });
  Report("open it", 1000,
         [&] { CDI_CHECK(Open(master_key, "connections/c/keyPairs/k", 1, sealed).ok(), "opening works"); });
  Report("parse and check its PEM", 100,
         [&] { CDI_CHECK(RsaKeyPair::FromPkcs8Pem(pem.Expose(), nullptr).ok(), "parsing works"); });
  Report("make a JWT", 100, [&] {
    CDI_CHECK(MakeJwt(pair, "a", "u", Timestamp{.seconds = 1'795'000'000, .nanos = 0}, std::chrono::seconds(60)).ok(),
              "signing works");
  });
  Report("1000 x malloc+free of 16 KiB", 100, AllocateAndFree);
  mallopt(M_PERTURB, 0xA5);
  Report("the same with M_PERTURB", 100, AllocateAndFree);
}

}  // namespace
}  // namespace cdi::keys

int main() {
  cdi::keys::Run();
  return 0;
}
