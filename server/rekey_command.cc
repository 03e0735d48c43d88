#include "server/rekey_command.h"

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fault_point.h"
#include "base/status_macros.h"
#include "ingest/state/sqlite_store.h"
#include "keys/rekey.h"
#include "server/master_key_source.h"
#include "server/store_options.h"

namespace cdi::server {
namespace {

using keys::MasterKey;

constexpr absl::string_view kEnvironment = "env:";

absl::StatusOr<MasterKey> LoadNew(const std::string& source, bool create) {
  if (absl::StartsWith(source, kEnvironment)) {
    return MasterKey::LoadFromEnv(std::string(absl::StripPrefix(source, kEnvironment)));
  }
  return MasterKey::LoadFromFile(source, create ? keys::MayCreate::kYes : keys::MayCreate::kNo);
}

std::string Outcome(const keys::Rekey& rekey, const MasterKey& old_key, const MasterKey& new_key,
                    const std::string& source) {
  const std::string already =
      rekey.already() == 0 ? "" : absl::StrCat(" (", rekey.already(), " were under it already)");
  return absl::StrCat("re-wrapped ", rekey.changed(), " secrets", already, ": master key ", old_key.Id(), " -> ",
                      new_key.Id(), "\nnext: set master_key to ", source,
                      " and start the server; the old key opens nothing here any more, only older backups\n");
}

}  // namespace

absl::StatusOr<std::string> RekeyState(const config::v1::ServerConfig& config, const std::string& new_source,
                                       bool create) {
  if (!StateExists(config.state_dir())) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_MISSING",
                     absl::StrCat("there is no state.db in ", config.state_dir(),
                                  " (state_dir): nothing is sealed yet, so just set master_key to the new key"));
  }
  CDI_ASSIGN_OR_RETURN(const MasterKeySource old_source, ObtainMasterKey(config.master_key(), /*state_exists=*/true));
  if (old_source.key == nullptr) return old_source.why_sealed;
  const SystemClock clock;
  // The lock first: while a server runs, not even a key file is made.
  CDI_ASSIGN_OR_RETURN(const std::unique_ptr<state::SqliteStore> store,
                       state::SqliteStore::Open(config.state_dir(), StoreOptionsOf(config, clock)));
  CDI_ASSIGN_OR_RETURN(const MasterKey new_key, LoadNew(new_source, create));
  CDI_FAULT_POINT("rekey_key_loaded");
  CDI_ASSIGN_OR_RETURN(keys::Rekey rekey, keys::Rekey::Create(*old_source.key, new_key));
  CDI_RETURN_IF_ERROR(store->ReplaceSealed({.reseal =
                                                [&rekey](const ingest::SealedSecret& secret) {
                                                  return rekey.Reseal(secret.name, secret.version, secret.sealed);
                                                },
                                            .detail = [&rekey] { return rekey.Summary(); },
                                            .caller = "cdi-server --rekey",
                                            .verb = "Rekey"}));
  CDI_FAULT_POINT("rekey_committed");
  return Outcome(rekey, *old_source.key, new_key, new_source);
}

}  // namespace cdi::server
