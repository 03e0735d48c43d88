// The master key as the configuration gives it, or why the service starts sealed.
//
// Sealed: everything that needs no secret works (reading, revoking, deleting), no run starts, everything else is
// refused with MASTER_KEY_MISSING. The service starts so when the key cannot be had or opens nothing of a state that
// exists already. A key that is there and must not be used (open to others, malformed) stops the start instead, and so
// does a first start, which has nothing to show.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cdi/config/v1/server_config.pb.h"
#include "ingest/state/sqlite_store.h"
#include "keys/master_key.h"

namespace cdi::server {

struct MasterKeySource {
  std::shared_ptr<const keys::MasterKey> key;  // null: sealed
  absl::Status why_sealed;                     // for the log and the operator: names files and programs
};

// Reads the configured source. `state_exists`: a new key is not made, and a missing one means sealed. May change the
// environment and start a process: call before threads start. Errors as MasterKey's.
absl::StatusOr<MasterKeySource> ObtainMasterKey(const config::v1::ServerConfig::MasterKey& source, bool state_exists);

// Whether `state_dir` holds a state.
bool StateExists(const std::string& state_dir);

// What the key can do for this state. A key that opens none of its secrets makes the source sealed, MASTER_KEY_WRONG.
// `left_out` gets a status when it opens some of them only.
absl::Status CheckAgainstState(state::SqliteStore& store, MasterKeySource& source, absl::Status& left_out);

// What callers are told of a sealed service: MASTER_KEY_MISSING with the reason, without names of files; OK when it is
// not sealed.
absl::Status SealedRefusal(const MasterKeySource& source);

}  // namespace cdi::server
