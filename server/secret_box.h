// Seals and opens the secrets of resources (API keys, passwords) under the master key, kept in the state store.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "ingest/state_store.h"
#include "keys/master_key.h"

namespace cdi::server {

// Thread-safe. Without a master key everything fails with `refusal`.
class SecretBox {
 public:
  // `refusal`: see SealedRefusal; looked at only when `master_key` is null.
  SecretBox(ingest::StateStore& store, std::shared_ptr<const keys::MasterKey> master_key, absl::Status refusal)
      : store_(store), master_key_(std::move(master_key)), refusal_(std::move(refusal)) {}

  // Sealed, ready to be stored together with its resource; `version` one above what is stored now.
  absl::StatusOr<ingest::SealedSecret> Seal(const std::string& name, const Secret& secret);
  // kNotFound when none is stored.
  absl::StatusOr<Secret> Open(const std::string& name);

  // For what needs a secret only after it changed something.
  absl::Status CheckUnsealed() const { return master_key_ != nullptr ? absl::OkStatus() : refusal_; }

 private:
  ingest::StateStore& store_;
  const std::shared_ptr<const keys::MasterKey> master_key_;
  const absl::Status refusal_;
};

}  // namespace cdi::server
