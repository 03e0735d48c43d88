#include "base/digest.h"

#include <openssl/sha.h>
#include <xxhash.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace cdi {

struct Hasher128::State {
  XXH3_state_t* xxh;
};

std::string Digest128::ToHex() const {
  return absl::StrFormat("%016x%016x", high, low);
}

Digest128 Hash128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return Digest128{hash.high64, hash.low64};
}

Hasher128::Hasher128() : state_(new State{XXH3_createState()}) {
  Reset();
}

Hasher128::~Hasher128() {
  XXH3_freeState(state_->xxh);
  delete state_;
}

void Hasher128::Reset() {
  XXH3_128bits_reset(state_->xxh);
}

void Hasher128::Add(uint8_t tag, std::string_view bytes) {
  char frame[9];
  frame[0] = static_cast<char>(tag);
  const uint64_t size = bytes.size();
  std::memcpy(frame + 1, &size, sizeof size);
  XXH3_128bits_update(state_->xxh, frame, sizeof frame);
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

Digest128 Hasher128::Finish() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return Digest128{hash.high64, hash.low64};
}

std::string Sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string Sha256Hex(std::string_view bytes) {
  return absl::BytesToHexString(Sha256(bytes));
}

}  // namespace cdi
