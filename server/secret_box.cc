#include "server/secret_box.h"

#include "base/status_macros.h"
#include "keys/sealed_box.h"

namespace cdi::server {

absl::StatusOr<ingest::SealedSecret> SecretBox::Seal(const std::string& name, const Secret& secret) {
  CDI_RETURN_IF_ERROR(CheckUnsealed());
  const auto stored = store_.GetSecret(name);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
  const uint64_t version = stored.ok() ? stored->version + 1 : 1;
  CDI_ASSIGN_OR_RETURN(std::string sealed, keys::Seal(*master_key_, name, version, secret));
  return ingest::SealedSecret{.name = name, .version = version, .sealed = std::move(sealed)};
}

absl::StatusOr<Secret> SecretBox::Open(const std::string& name) {
  CDI_RETURN_IF_ERROR(CheckUnsealed());
  CDI_ASSIGN_OR_RETURN(const ingest::SealedSecret stored, store_.GetSecret(name));
  return keys::Open(*master_key_, name, stored.version, stored.sealed);
}

}  // namespace cdi::server
