// Runs a fuzz target over inputs made from its seeds: the same seed number, the same inputs.
//
// usage: <target> [INPUTS] [SEED] [ONLY]   (200,000 and 1 by default). A failing input aborts the process after its
// number was printed; `<target> 200000 1 17` runs number 17 alone and shows it.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/rng.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

volatile sig_atomic_t current_input = 0;

// Async-signal-safe: digits by hand, write() instead of printf.
void PrintInputNumber(int) {
  char text[] = "failing input: 0000000000\n";
  char* digit = text + sizeof text - 3;
  for (int number = current_input; number > 0; number /= 10) *digit-- = static_cast<char>('0' + number % 10);
  static_cast<void>(!write(STDERR_FILENO, text, sizeof text - 1));
}

std::string Mutate(const std::vector<std::string>& seeds, cdi::Rng& rng) {
  constexpr size_t kBytesMax = 8'192;
  const auto below = [&](size_t bound) { return static_cast<size_t>(rng.Below(bound)); };
  std::string text = seeds[below(seeds.size())];
  const size_t changes = below(4);
  for (size_t i = 0; i < changes && !text.empty(); ++i) {
    const size_t at = below(text.size());
    const std::string& other = seeds[below(seeds.size())];
    switch (below(7)) {
      case 0:
        text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << below(8)));
        break;
      case 1:
        text[at] = static_cast<char>(below(256));
        break;
      case 2:
        text.erase(at, 1 + below(8));
        break;
      case 3:
        text.insert(at, 1, "{}[]\":,\\0-9.eE\n"[below(15)]);
        break;
      case 4:
        text.insert(at, text.substr(below(text.size()), below(32)));
        break;
      case 5:
        text = text.substr(0, at) + other.substr(below(other.size()));
        break;
      default:
        text.resize(at);
    }
  }
  if (text.size() > kBytesMax) text.resize(kBytesMax);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const int inputs = argc > 1 ? std::atoi(argv[1]) : 200'000;
  const auto seed = static_cast<uint64_t>(argc > 2 ? std::atoll(argv[2]) : 1);
  const int only = argc > 3 ? std::atoi(argv[3]) : -1;
  const std::vector<std::string> seeds = cdi::test::FuzzSeeds();
  signal(SIGABRT, PrintInputNumber);
  for (int i = std::max(only, 0); i < (only < 0 ? inputs : only + 1); ++i) {
    cdi::SeededRng rng(seed * 1'000'003 + static_cast<uint64_t>(i));
    const std::string input = Mutate(seeds, rng);
    current_input = i;
    if (only >= 0) std::printf("input %d: %s\n", i, input.c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  }
  std::printf("%d inputs, seed %llu: passed\n", only < 0 ? inputs : 1, static_cast<unsigned long long>(seed));
  return 0;
}
