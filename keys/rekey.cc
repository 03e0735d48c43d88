#include "keys/rekey.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "keys/concat.h"
#include "keys/sealed_box.h"

namespace cdi::keys {

absl::StatusOr<Rekey> Rekey::Create(const MasterKey& old_master_key, const MasterKey& new_master_key) {
  if (old_master_key.Id() == new_master_key.Id()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "REKEY_SAME_KEY",
                     Concat("the new master key is the one in use (", old_master_key.Id(),
                            "); name a file with another one, or let --rekey_create make it"));
  }
  return Rekey(old_master_key, new_master_key);
}

absl::StatusOr<std::string> Rekey::Reseal(std::string_view name, uint64_t version, std::string_view sealed) {
  if (SealedMasterKeyId(sealed) == new_master_key_->Id()) {
    CDI_RETURN_IF_ERROR(CheckSealed(*new_master_key_, name, version, sealed));
    ++already_;
    return std::string(sealed);
  }
  CDI_ASSIGN_OR_RETURN(std::string changed, Rewrap(*old_master_key_, *new_master_key_, name, version, sealed));
  CDI_RETURN_IF_ERROR(CheckSealed(*new_master_key_, name, version, changed));
  ++changed_;
  return changed;
}

std::string Rekey::Summary() const {
  return Concat("master key ", old_master_key_->Id(), " -> ", new_master_key_->Id(), ", ", changed_, " secrets");
}

void SealedUnder::Count(const MasterKey& master_key, std::string_view name, std::string_view sealed) {
  const std::string id = SealedMasterKeyId(sealed);
  if (id == master_key.Id()) {
    ++this_key;
    return;
  }
  if (another_key++ > 0) return;
  another_id = id;
  another_name = name;
}

}  // namespace cdi::keys
