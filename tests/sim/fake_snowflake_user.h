// One Snowflake user as a rotation meets it: two key slots, logins, ALTER USER. The outer world: crashes of ours leave
// it alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/rng.h"
#include "keys/key_maker.h"
#include "keys/key_slot.h"
#include "keys/rotation.h"

namespace cdi::sim {

class FakeSnowflakeUser {
 public:
  // A statement as Snowflake reads it. kInvalidArgument for anything but the two forms of ALTER USER for `user`.
  struct Change {
    keys::KeySlot slot = keys::KeySlot::k1;
    std::string fingerprint;  // "" for UNSET
  };
  absl::StatusOr<Change> Parse(std::string_view statement) const;

  void Apply(const Change& change) {
    (change.slot == keys::KeySlot::k1 ? slots_.first : slots_.second) = change.fingerprint;
  }
  bool Accepts(std::string_view fingerprint) const { return slots_.Find(fingerprint).has_value(); }
  const keys::SlotFingerprints& slots() const { return slots_; }

  const std::string user = "SVC_BRAZE";
  bool granted = true;  // MODIFY PROGRAMMATIC AUTHENTICATION METHODS

 private:
  keys::SlotFingerprints slots_;
};

// Public keys that parse as real ones and cost no search for primes; no private half fits them.
class FakeKeyMaker final : public keys::KeyMaker {
 public:
  explicit FakeKeyMaker(Rng& rng) : rng_(rng) {}
  absl::StatusOr<keys::MadeKey> Make(int bits) override;
  absl::StatusOr<keys::PublicHalf> PublicHalfOf(const Secret& pem) const override;

 private:
  Rng& rng_;
  std::map<std::string, std::string, std::less<>> lines_;  // by the text that stands for the private half
};

}  // namespace cdi::sim
