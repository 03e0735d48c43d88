// Randomness, passed in so that a seed can replay a run.
#pragma once

#include <cstdint>
#include <string>

namespace cdi {

class Rng {
 public:
  virtual ~Rng() = default;
  virtual uint64_t Next() = 0;

  // Uniform in [0, bound); 0 for bound 0. The bias of the modulo is below 2^-32 for bounds below 2^32.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }
  // True with a chance of `numerator` in `denominator`.
  bool Chance(uint64_t numerator, uint64_t denominator) { return Below(denominator) < numerator; }
};

// SplitMix64: small, seedable, the same everywhere. Not for secrets. Not thread-safe.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(uint64_t seed) : state_(seed) {}
  uint64_t Next() override;

 private:
  uint64_t state_;
};

// The operating system's generator. Thread-safe.
class SystemRng final : public Rng {
 public:
  uint64_t Next() override;
};

// `length` characters of a-z and 2-7: resource ids made by the server, request ids.
std::string RandomId(Rng& rng, size_t length);

}  // namespace cdi
