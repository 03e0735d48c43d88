// Hashes: a fast 128-bit one for row identity, SHA-256 for fingerprints and chains.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace cdi {

// 128 bits of XXH3: identity of a row, a user or a body among billions; not against an adversary who picks the rows to
// collide (he could only hide his own row behind his own row).
struct Digest128 {
  uint64_t high = 0;
  uint64_t low = 0;

  friend auto operator<=>(const Digest128&, const Digest128&) = default;
  std::string ToHex() const;  // 32 digits

  template <typename H>
  friend H AbslHashValue(H h, const Digest128& d) {
    return H::combine(std::move(h), d.high, d.low);
  }
};

Digest128 Hash128(std::string_view bytes);

// Feeds a digest piecewise; each piece is framed with its length and a tag, so ("ab","c") differs from ("a","bc").
class Hasher128 {
 public:
  Hasher128();
  ~Hasher128();
  Hasher128(const Hasher128&) = delete;
  Hasher128& operator=(const Hasher128&) = delete;

  void Reset();
  void Add(uint8_t tag, std::string_view bytes);
  Digest128 Finish() const;

 private:
  struct State;
  State* state_;
};

// 32 raw bytes.
std::string Sha256(std::string_view bytes);
// 64 lower-case hex digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace cdi

template <>
struct std::hash<cdi::Digest128> {
  size_t operator()(const cdi::Digest128& d) const noexcept { return d.low; }
};
