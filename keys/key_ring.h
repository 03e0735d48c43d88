// The key pairs of connections and the rules between them: two slots, at most one active pair, nothing usable without
// the master key.
//
// The first pair goes: Generate or Import -> an administrator runs the ALTER USER statement -> the first login with it
// makes it active (LoggedIn). From then on only a rotation (rotator.h) brings another pair to Activate: a login that
// happens to succeed with a pair that is not active changes nothing.
//
// Thread-safe; every call blocks on the store. `store`, `clock` and `maker` must outlive the ring. Without a master
// key the ring is sealed: reading and revoking still work, everything else fails with kFailedPrecondition, reason
// MASTER_KEY_MISSING.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "keys/key_maker.h"
#include "keys/key_store.h"
#include "keys/master_key.h"
#include "keys/rsa_key.h"

namespace cdi::keys {

// What a login needs: lives only as long as the login.
struct LoginKey {
  std::string key_pair_name;
  std::string fingerprint;
  KeySlot slot = KeySlot::k1;
  Secret pem;  // unencrypted PKCS#8
};

class KeyRing {
 public:
  // A null `master_key` means sealed.
  KeyRing(KeyStore& store, std::shared_ptr<const MasterKey> master_key, const Clock& clock, KeyMaker& maker);

  bool sealed() const { return master_key_ == nullptr; }
  // kFailedPrecondition, reason MASTER_KEY_MISSING.
  absl::Status CheckUnsealed() const;

  // Makes and stores `{connection_name}/keyPairs/{key_pair_id}` in state kGenerated. Without `slot` it takes the first
  // one that no live (not revoked) pair holds. Blocks while the pair is made: up to seconds. Whether the connection
  // exists is the caller's business.
  //   kInvalidArgument     field connection, key_pair_id or key_bits
  //   kAlreadyExists       reason KEY_PAIR_EXISTS: the name is taken, also by a revoked pair
  //   kFailedPrecondition  reason KEY_SLOTS_FULL: both slots, or the wanted one, hold a live pair
  //   kResourceExhausted   reason KEY_GENERATION_BUSY
  absl::StatusOr<KeyPairRecord> Generate(std::string_view connection_name, std::string_view key_pair_id,
                                         int bits = kRsaBitsDefault, std::optional<KeySlot> slot = std::nullopt);

  // Takes a pair that exists already: PKCS#8 text, encrypted (then with its passphrase) or not; `passphrase` may be
  // null. Otherwise as Generate.
  //   kInvalidArgument     field connection, key_pair_id, private_key or passphrase; see RsaKeyPair::FromPkcs8Pem
  //   kAlreadyExists       reason KEY_PAIR_EXISTS: also when another live pair of the connection is this very key
  //   kFailedPrecondition  reason KEY_SLOTS_FULL
  absl::StatusOr<KeyPairRecord> Import(std::string_view connection_name, std::string_view key_pair_id,
                                       const Secret& pem, const Secret* passphrase,
                                       std::optional<KeySlot> slot = std::nullopt);

  // The live pairs in the order in which LoginKeys tries them; opens nothing, so it works sealed. May be empty.
  absl::StatusOr<std::vector<KeyPairRecord>> LoginOrder(std::string_view connection_name);

  // The keys to try, in this order: the active one, else the newest; then the other live one (the one it replaces, or
  // one not proven yet). One or two keys; after a refusal of both, report the first one's error. A second key that
  // cannot be opened is left out, so that its damage stops no login with the first.
  //   kFailedPrecondition  reason KEY_PAIR_MISSING: no live pair; MASTER_KEY_WRONG: see Open
  //   kDataLoss            reason SEALED_DAMAGED: the first private half was altered, or is not that of its public half
  absl::StatusOr<std::vector<LoginKey>> LoginKeys(std::string_view connection_name);

  // One pair's key, to prove it by a login. kFailedPrecondition, reason KEY_PAIR_REVOKED.
  absl::StatusOr<LoginKey> LoginKeyOf(std::string_view key_pair_name);

  // Whether the private half opens and the record's public half is its own: the public half stands in the state
  // unsealed. To be asked before anybody registers it. Errors as LoginKeys.
  absl::Status CheckWhole(const KeyPairRecord& record) const { return OpenRecord(record).status(); }

  // The public half was seen in this slot (DESC USER): kGenerated becomes kRegistered, and the slot is corrected where
  // somebody registered the key elsewhere; a live pair that was recorded in that slot changes over to the other one.
  // Repeating is harmless. kFailedPrecondition, reason KEY_PAIR_REVOKED.
  absl::StatusOr<KeyPairRecord> MarkRegistered(std::string_view key_pair_name, KeySlot seen);

  // An ordinary login with this pair succeeded. Makes the pair active when the connection has no active one: how the
  // first pair of a connection, or what is left after the active one was revoked, comes into use. Never replaces an
  // active pair, so a key that a rotation has not proven yet is not activated behind the rotation's back.
  // True when it was made active now.
  absl::StatusOr<bool> LoggedIn(std::string_view key_pair_name);

  // For rotations: call after a login with this pair alone. The former active pair becomes draining in the same commit;
  // activating the active pair changes nothing. kFailedPrecondition, reason KEY_PAIR_REVOKED.
  absl::StatusOr<KeyPairRecord> Activate(std::string_view key_pair_name);

  // Destroys the private half at once; logins under way may still finish. Repeating is harmless. Works sealed.
  absl::StatusOr<KeyPairRecord> Revoke(std::string_view key_pair_name);

  // Forgets a revoked pair. kFailedPrecondition, reason KEY_PAIR_LIVE, for any other.
  absl::Status Delete(std::string_view key_pair_name);

  absl::StatusOr<KeyPairRecord> Get(std::string_view key_pair_name);
  // Oldest first, revoked ones included.
  absl::StatusOr<std::vector<KeyPairRecord>> List(std::string_view connection_name);

 private:
  absl::StatusOr<LoginKey> OpenRecord(const KeyPairRecord& record) const;
  absl::StatusOr<KeyPairRecord> Store(std::string_view connection_name, std::string_view name, const MadeKey& key,
                                      std::optional<KeySlot> slot);
  absl::StatusOr<KeyPairRecord> ActivateLocked(KeyPairRecord record, const std::vector<KeyPairRecord>& records)
      CDI_REQUIRES(mutex_);

  KeyStore& store_;
  const std::shared_ptr<const MasterKey> master_key_;
  const Clock& clock_;
  KeyMaker& maker_;
  Mutex mutex_;  // held over every read-then-write of the store
};

}  // namespace cdi::keys
