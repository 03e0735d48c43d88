// Where key pairs live. The state store implements this interface, so that key records commit together with the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "keys/key_slot.h"

namespace cdi::keys {

// The life of a pair, in order; a pair may be revoked from any state, and a draining one may become active again.
enum class KeyPairState {
  kGenerated = 1,   // durable here; nobody has shown that Snowflake knows the public half
  kRegistered = 2,  // the public half was seen in the user's slot
  kActive = 3,      // a login proved it; at most one per connection
  kDraining = 4,    // replaced, still valid in Snowflake
  kRevoked = 5,     // unusable; the private half is destroyed
};

// "GENERATED", "REGISTERED", "ACTIVE", "DRAINING", "REVOKED".
std::string_view KeyPairStateName(KeyPairState state);

// A plain value. Every field is stored as it is.
struct KeyPairRecord {
  std::string name;  // connections/{connection}/keyPairs/{key_pair}
  KeySlot slot = KeySlot::k1;
  KeyPairState state = KeyPairState::kGenerated;
  int bits = 0;
  std::string public_key_line;
  std::string fingerprint;
  // What Seal(master key, name, version, PKCS#8 PEM) made: binary, about 2 to 4 KiB. Empty once revoked.
  std::string sealed_private_key;
  // Of the sealed private half, from 1; authenticated by the seal. State changes leave it alone.
  uint64_t version = 1;
  Timestamp create_time;
  std::optional<Timestamp> activate_time;
  std::optional<Timestamp> drain_time;
  std::optional<Timestamp> revoke_time;

  friend bool operator==(const KeyPairRecord&, const KeyPairRecord&) = default;
};

// Every call blocks; what a call wrote is durable when it returns OK. Thread-safe. Failures of the store itself pass
// through as it reports them (kDataLoss, kUnavailable, ...).
class KeyStore {
 public:
  virtual ~KeyStore() = default;

  // Inserts or replaces by name: all of them in one commit, or none.
  virtual absl::Status PutKeyPairs(std::span<const KeyPairRecord> records) = 0;

  // kNotFound when there is none of that name.
  virtual absl::StatusOr<KeyPairRecord> GetKeyPair(std::string_view name) = 0;

  // All pairs of "connections/{connection}", revoked ones too, oldest first (create_time, then name). No pairs is an
  // empty list, not an error.
  virtual absl::StatusOr<std::vector<KeyPairRecord>> ListKeyPairs(std::string_view connection) = 0;

  // kNotFound when there is none of that name.
  virtual absl::Status DeleteKeyPair(std::string_view name) = 0;
};

}  // namespace cdi::keys
