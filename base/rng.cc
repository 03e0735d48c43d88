#include "base/rng.h"

#include <sys/random.h>

#include "base/check.h"

namespace cdi {

uint64_t SeededRng::Next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

uint64_t SystemRng::Next() {
  uint64_t value = 0;
  CDI_CHECK(getrandom(&value, sizeof value, 0) == sizeof value, "the operating system gave no randomness");
  return value;
}

std::string RandomId(Rng& rng, size_t length) {
  constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string id;
  id.reserve(length);
  while (id.size() < length) id.push_back(kAlphabet[rng.Next() >> 59]);
  return id;
}

}  // namespace cdi
