// Seals and opens the secrets of resources (API keys, passwords) under the master key, kept in the state store.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "ingest/state_store.h"
#include "keys/master_key.h"

namespace cdi::server {

// Thread-safe. Without a master key everything fails with MASTER_KEY_MISSING.
class SecretBox {
 public:
  SecretBox(ingest::StateStore& store, std::shared_ptr<const keys::MasterKey> master_key)
      : store_(store), master_key_(std::move(master_key)) {}

  // Sealed, ready to be stored together with its resource; `version` one above what is stored now.
  absl::StatusOr<ingest::SealedSecret> Seal(const std::string& name, const Secret& secret);
  // kNotFound when none is stored.
  absl::StatusOr<Secret> Open(const std::string& name);

 private:
  absl::Status CheckUnsealed() const;

  ingest::StateStore& store_;
  const std::shared_ptr<const keys::MasterKey> master_key_;
};

}  // namespace cdi::server
