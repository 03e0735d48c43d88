// Runs a fuzz target over inputs made from its seeds: the same seed number, the same inputs.
//
// usage: <target> [INPUTS | SECONDSs] [SEED] [ONLY] [CORPUS]   (200,000 inputs and seed 1 by default; `30s` stops after
// that time). CORPUS is a folder whose files are run first, as they are, and are seeds besides: inputs that once failed
// are kept
// there. A failing input aborts the process after its number was printed; `<target> 200000 1 17` runs number
// 17 alone and shows it.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>

#include "base/rng.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

volatile sig_atomic_t current_input = 0;

// Async-signal-safe: digits by hand, write() instead of printf.
void PrintInputNumber(int) {
  // A file of the corpus has a negative number: -1 is the first.
  char text[] = "failing input:  0000000000\n";
  const bool of_corpus = current_input < 0;
  if (of_corpus) text[sizeof text - 13] = '-';
  char* digit = text + sizeof text - 3;
  for (int number = of_corpus ? -current_input : current_input; number > 0; number /= 10)
    *digit-- = static_cast<char>('0' + number % 10);
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

// The files of the folder, by name; none where there is no such folder.
std::vector<std::string> ReadCorpus(const char* folder) {
  std::vector<std::filesystem::path> paths;
  if (!std::filesystem::exists(folder)) return {};
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

void RunInput(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

struct Plan {
  int inputs = 200'000;
  std::optional<std::chrono::seconds> time;
  uint64_t seed = 1;
  int only = -1;
};

Plan PlanOf(int argc, char** argv) {
  Plan plan;
  if (argc > 1) {
    const std::string_view amount = argv[1];
    if (amount.ends_with('s')) {
      plan.time = std::chrono::seconds(std::atoi(argv[1]));
      plan.inputs = std::numeric_limits<int>::max();
    } else {
      plan.inputs = std::atoi(argv[1]);
    }
  }
  if (argc > 2) plan.seed = static_cast<uint64_t>(std::atoll(argv[2]));
  if (argc > 3) plan.only = std::atoi(argv[3]);
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  const Plan plan = PlanOf(argc, argv);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::string> seeds = cdi::test::FuzzSeeds();
  signal(SIGABRT, PrintInputNumber);
  if (argc > 4) {
    const std::vector<std::string> corpus = ReadCorpus(argv[4]);
    for (size_t i = 0; i < corpus.size() && plan.only < 0; ++i) {
      current_input = -static_cast<int>(i) - 1;
      RunInput(corpus[i]);
    }
    seeds.insert(seeds.end(), corpus.begin(), corpus.end());
  }
  int ran = 0;
  for (int i = std::max(plan.only, 0); i < (plan.only < 0 ? plan.inputs : plan.only + 1); ++i, ++ran) {
    if (plan.time && std::chrono::steady_clock::now() - begin >= *plan.time) break;
    cdi::SeededRng rng(plan.seed * 1'000'003 + static_cast<uint64_t>(i));
    const std::string input = Mutate(seeds, rng);
    current_input = i;
    if (plan.only >= 0) {
      std::printf("input %d: %s\n", i, input.c_str());
      std::fflush(stdout);  // the input may end the process
    }
    RunInput(input);
  }
  std::printf("%d inputs, seed %llu: passed\n", ran, static_cast<unsigned long long>(plan.seed));
  return 0;
}
