// The change of the master key: what becomes of one sealed secret, and the count of them.
//
// Only the data key inside is encrypted anew; the secret's own bytes stay. Used inside one transaction of the store
// over all sealed secrets, so that a state opens with exactly one master key at any time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "keys/master_key.h"

namespace cdi::keys {

// Not thread-safe. Both keys must outlive it.
class Rekey {
 public:
  // kFailedPrecondition, reason REKEY_SAME_KEY: the new master key is the old one.
  static absl::StatusOr<Rekey> Create(const MasterKey& old_master_key, const MasterKey& new_master_key);

  // The same secret under the new key, proven to open with it. One that stands under the new key already (a repeated
  // change) is proven and given back as it is. Errors as Rewrap, the name in each: one of them must end the whole
  // change.
  absl::StatusOr<std::string> Reseal(std::string_view name, uint64_t version, std::string_view sealed);

  uint64_t changed() const { return changed_; }
  uint64_t already() const { return already_; }
  // "master key ID -> ID, N secrets": for the audit.
  std::string Summary() const;

 private:
  Rekey(const MasterKey& old_master_key, const MasterKey& new_master_key)
      : old_master_key_(&old_master_key), new_master_key_(&new_master_key) {}

  const MasterKey* old_master_key_;
  const MasterKey* new_master_key_;
  uint64_t changed_ = 0;
  uint64_t already_ = 0;
};

// How the secrets of a state stand to a master key, by the ids that they carry.
struct SealedUnder {
  uint64_t this_key = 0;
  uint64_t another_key = 0;
  std::string another_id;    // of the first one under another key
  std::string another_name;  // whose secret that is

  void Count(const MasterKey& master_key, std::string_view name, std::string_view sealed);
  // Secrets there are, and the key opens none of them.
  bool wrong() const { return this_key == 0 && another_key > 0; }
};

}  // namespace cdi::keys
