#include "server/master_key_source.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "keys/rekey.h"

namespace cdi::server {
namespace {

using keys::MasterKey;

absl::StatusOr<MasterKey> Load(const config::v1::ServerConfig::MasterKey& source, bool state_exists) {
  if (!source.env().empty()) return MasterKey::LoadFromEnv(source.env());
  if (!source.command().empty()) {
    return MasterKey::LoadFromCommand({source.command().begin(), source.command().end()},
                                      {.time = std::chrono::seconds{source.command_seconds()}});
  }
  // A new key would open nothing that an old one sealed: one is only made together with the state it seals.
  const auto create = source.create() && !state_exists ? keys::MayCreate::kYes : keys::MayCreate::kNo;
  return MasterKey::LoadFromFile(source.file(), create);
}

bool CannotBeHad(const std::string& reason) {
  return reason == "MASTER_KEY_MISSING" || reason == "MASTER_KEY_UNREADABLE" || reason == "MASTER_KEY_COMMAND_FAILED";
}

}  // namespace

bool StateExists(const std::string& state_dir) {
  struct stat file {};
  return stat(absl::StrCat(state_dir, "/state.db").c_str(), &file) == 0;
}

absl::StatusOr<MasterKeySource> ObtainMasterKey(const config::v1::ServerConfig::MasterKey& source, bool state_exists) {
  absl::StatusOr<MasterKey> key = Load(source, state_exists);
  if (key.ok()) {
    return MasterKeySource{std::make_shared<const MasterKey>(*std::move(key)), absl::OkStatus()};
  }
  if (!state_exists || !CannotBeHad(ErrorReason(key.status()))) return key.status();
  return MasterKeySource{nullptr, key.status()};
}

absl::Status CheckAgainstState(state::SqliteStore& store, MasterKeySource& source, absl::Status& left_out) {
  left_out = absl::OkStatus();
  if (source.key == nullptr) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(const std::vector<ingest::SealedSecret> secrets, store.ListSealed());
  keys::SealedUnder counts;
  for (const ingest::SealedSecret& secret : secrets) counts.Count(*source.key, secret.name, secret.sealed);
  if (counts.another_key == 0) return absl::OkStatus();
  const absl::Status wrong = MakeError(
      absl::StatusCode::kFailedPrecondition, "MASTER_KEY_WRONG",
      absl::StrCat(counts.another_key, " of ", secrets.size(), " secrets were sealed under another master key (",
                   counts.another_name, " under ", counts.another_id, "), and the one loaded is ", source.key->Id(),
                   "; give master_key the one that was used before, or set those secrets anew"),
      {{"sealed_under", counts.another_id}, {"loaded", source.key->Id()}});
  if (!counts.wrong()) {
    left_out = wrong;
    return absl::OkStatus();
  }
  source = {.key = nullptr, .why_sealed = wrong};
  return absl::OkStatus();
}

absl::Status SealedRefusal(const MasterKeySource& source) {
  if (source.key != nullptr) return absl::OkStatus();
  const std::string reason = ErrorReason(source.why_sealed);
  return MakeError(absl::StatusCode::kFailedPrecondition, "MASTER_KEY_MISSING",
                   absl::StrCat("the service is sealed (", reason,
                                "): it started without its master key, so nothing that needs a secret can be done; the "
                                "log line server_sealed says why; mend master_key in the configuration and restart"),
                   {{"cause", reason}});
}

}  // namespace cdi::server
