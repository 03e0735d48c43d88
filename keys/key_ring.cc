#include "keys/key_ring.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/status_macros.h"
#include "keys/concat.h"
#include "keys/sealed_box.h"

namespace cdi::keys {
namespace {

constexpr size_t kIdCharactersMax = 63;

bool IsResourceId(std::string_view id) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_inner = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !id.empty() && id.size() <= kIdCharactersMax && is_letter(id.front()) && id.back() != '-' &&
         std::all_of(id.begin(), id.end(), is_inner);
}

absl::Status CheckNames(std::string_view connection_name, std::string_view key_pair_id) {
  constexpr std::string_view kPrefix = "connections/";
  constexpr std::string_view kIdRule =
      "1 to 63 characters of a-z, 0-9 and '-', starting with a letter and not ending with '-'";
  if (!connection_name.starts_with(kPrefix) || !IsResourceId(connection_name.substr(kPrefix.size()))) {
    return InvalidField("connection", Concat("connection must be connections/ID, the ID ", kIdRule));
  }
  if (!IsResourceId(key_pair_id)) return InvalidField("key_pair_id", Concat("key_pair_id must be ", kIdRule));
  return absl::OkStatus();
}

bool IsLive(const KeyPairRecord& record) {
  return record.state != KeyPairState::kRevoked;
}

absl::Status Sealed() {
  return MakeError(absl::StatusCode::kFailedPrecondition, "MASTER_KEY_MISSING",
                   "the service runs sealed: the master key is missing or not the one of this state (the log line "
                   "server_sealed says which), so no private key can be made or used; mend master_key in the "
                   "configuration and restart");
}

absl::Status Revoked(const KeyPairRecord& record) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_PAIR_REVOKED",
                   Concat(record.name, " is revoked and its private half destroyed; generate a new key pair"));
}

const KeyPairRecord* LiveHolder(const std::vector<KeyPairRecord>& records, KeySlot slot) {
  const auto found = std::find_if(records.begin(), records.end(), [slot](const KeyPairRecord& record) {
    return IsLive(record) && record.slot == slot;
  });
  return found == records.end() ? nullptr : &*found;
}

std::string Holding(const KeyPairRecord& record) {
  return Concat(record.name, " (", KeyPairStateName(record.state), ") in ", SlotProperty(record.slot));
}

absl::StatusOr<KeySlot> ChooseSlot(const std::vector<KeyPairRecord>& records, std::optional<KeySlot> wanted) {
  const KeyPairRecord* first = LiveHolder(records, KeySlot::k1);
  const KeyPairRecord* second = LiveHolder(records, KeySlot::k2);
  if (first != nullptr && second != nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_SLOTS_FULL",
                     Concat("both key slots are taken: ", Holding(*first), " and ", Holding(*second),
                            "; a Snowflake user has two slots, so revoke the pair that is not needed first"));
  }
  if (!wanted.has_value()) return first == nullptr ? KeySlot::k1 : KeySlot::k2;
  if (const KeyPairRecord* holder = *wanted == KeySlot::k1 ? first : second; holder != nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_SLOTS_FULL",
                     Concat("the wanted key slot is taken: ", Holding(*holder), "; use ",
                            SlotProperty(OtherSlot(*wanted)), ", or revoke that pair first"));
  }
  return *wanted;
}

absl::StatusOr<KeySlot> CheckRoom(const std::vector<KeyPairRecord>& records, std::string_view name,
                                  std::optional<KeySlot> wanted) {
  const auto same_name = [name](const KeyPairRecord& record) { return record.name == name; };
  if (std::any_of(records.begin(), records.end(), same_name)) {
    return MakeError(absl::StatusCode::kAlreadyExists, "KEY_PAIR_EXISTS",
                     Concat(name, " exists already; choose another key_pair_id"));
  }
  return ChooseSlot(records, wanted);
}

std::string_view ConnectionOf(std::string_view key_pair_name) {
  return key_pair_name.substr(0, key_pair_name.find("/keyPairs/"));
}

}  // namespace

KeyRing::KeyRing(KeyStore& store, std::shared_ptr<const MasterKey> master_key, const Clock& clock, KeyMaker& maker)
    : store_(store), master_key_(std::move(master_key)), clock_(clock), maker_(maker) {}

absl::Status KeyRing::CheckUnsealed() const {
  return sealed() ? Sealed() : absl::OkStatus();
}

absl::StatusOr<KeyPairRecord> KeyRing::Generate(std::string_view connection_name, std::string_view key_pair_id,
                                                int bits, std::optional<KeySlot> slot) {
  CDI_RETURN_IF_ERROR(CheckNames(connection_name, key_pair_id));
  if (sealed()) return Sealed();
  const std::string name = Concat(connection_name, "/keyPairs/", key_pair_id);
  {
    // Asked before the work as well as after it, so that a refusal does not cost seconds.
    const MutexLock lock(mutex_);
    CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> records, store_.ListKeyPairs(connection_name));
    CDI_RETURN_IF_ERROR(CheckRoom(records, name, slot).status());
  }
  CDI_ASSIGN_OR_RETURN(const MadeKey key, maker_.Make(bits));
  return Store(connection_name, name, key, slot);
}

absl::StatusOr<KeyPairRecord> KeyRing::Import(std::string_view connection_name, std::string_view key_pair_id,
                                              const Secret& pem, const Secret* passphrase,
                                              std::optional<KeySlot> slot) {
  CDI_RETURN_IF_ERROR(CheckNames(connection_name, key_pair_id));
  if (sealed()) return Sealed();
  CDI_ASSIGN_OR_RETURN(const RsaKeyPair pair, RsaKeyPair::FromPkcs8Pem(pem.Expose(), passphrase));
  return Store(connection_name, Concat(connection_name, "/keyPairs/", key_pair_id), pair.Made(), slot);
}

absl::StatusOr<KeyPairRecord> KeyRing::Store(std::string_view connection_name, std::string_view name,
                                             const MadeKey& key, std::optional<KeySlot> slot) {
  KeyPairRecord record;
  record.name = std::string(name);
  record.bits = key.bits;
  record.public_key_line = key.public_key_line;
  record.fingerprint = key.fingerprint;
  CDI_ASSIGN_OR_RETURN(record.sealed_private_key, Seal(*master_key_, record.name, record.version, key.pkcs8_pem));

  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> records, store_.ListKeyPairs(connection_name));
  CDI_ASSIGN_OR_RETURN(record.slot, CheckRoom(records, record.name, slot));
  for (const KeyPairRecord& other : records) {
    if (!IsLive(other) || other.fingerprint != record.fingerprint) continue;
    return MakeError(absl::StatusCode::kAlreadyExists, "KEY_PAIR_EXISTS",
                     Concat("this key is ", Holding(other), " already; use that one"));
  }
  record.create_time = clock_.WallNow();
  CDI_RETURN_IF_ERROR(store_.PutKeyPairs(std::span(&record, 1)));
  return record;
}

absl::StatusOr<LoginKey> KeyRing::OpenRecord(const KeyPairRecord& record) const {
  if (sealed()) return Sealed();
  if (!IsLive(record)) return Revoked(record);
  LoginKey key{.key_pair_name = record.name, .fingerprint = record.fingerprint, .slot = record.slot, .pem = {}};
  CDI_ASSIGN_OR_RETURN(key.pem, Open(*master_key_, record.name, record.version, record.sealed_private_key));
  // The public half is not sealed: were it swapped in the store, an administrator would register a stranger's key.
  const absl::StatusOr<PublicHalf> half = maker_.PublicHalfOf(key.pem);
  if (!half.ok() || half->fingerprint != record.fingerprint || half->public_key_line != record.public_key_line) {
    return MakeError(absl::StatusCode::kDataLoss, "SEALED_DAMAGED",
                     Concat("the public half stored with ", record.name,
                            " does not belong to its private half; revoke this pair, UNSET ", SlotProperty(record.slot),
                            " in Snowflake, and find out who changed the state"));
  }
  return key;
}

absl::StatusOr<std::vector<KeyPairRecord>> KeyRing::LoginOrder(std::string_view connection_name) {
  CDI_ASSIGN_OR_RETURN(std::vector<KeyPairRecord> records, store_.ListKeyPairs(connection_name));
  std::erase_if(records, [](const KeyPairRecord& record) { return !IsLive(record); });
  std::reverse(records.begin(), records.end());  // newest first
  std::stable_partition(records.begin(), records.end(),
                        [](const KeyPairRecord& record) { return record.state == KeyPairState::kActive; });
  return records;
}

absl::StatusOr<std::vector<LoginKey>> KeyRing::LoginKeys(std::string_view connection_name) {
  if (sealed()) return Sealed();
  CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> records, LoginOrder(connection_name));
  if (records.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_PAIR_MISSING",
                     Concat(connection_name, " has no key pair; generate one and register its public half"));
  }
  std::vector<LoginKey> keys;
  for (const KeyPairRecord& record : records) {
    absl::StatusOr<LoginKey> key = OpenRecord(record);
    if (key.ok()) {
      keys.push_back(*std::move(key));
    } else if (keys.empty()) {
      return key.status();
    }
  }
  return keys;
}

absl::StatusOr<LoginKey> KeyRing::LoginKeyOf(std::string_view key_pair_name) {
  if (sealed()) return Sealed();
  CDI_ASSIGN_OR_RETURN(const KeyPairRecord record, store_.GetKeyPair(key_pair_name));
  return OpenRecord(record);
}

absl::StatusOr<KeyPairRecord> KeyRing::MarkRegistered(std::string_view key_pair_name, KeySlot seen) {
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(KeyPairRecord record, store_.GetKeyPair(key_pair_name));
  if (!IsLive(record)) return Revoked(record);
  if (record.state != KeyPairState::kGenerated && record.slot == seen) return record;
  std::vector<KeyPairRecord> changed;
  CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> records, store_.ListKeyPairs(ConnectionOf(key_pair_name)));
  for (const KeyPairRecord& other : records) {
    if (!IsLive(other) || other.name == record.name || other.slot != seen) continue;
    changed.push_back(other);
    changed.back().slot = OtherSlot(seen);
  }
  record.slot = seen;
  if (record.state == KeyPairState::kGenerated) record.state = KeyPairState::kRegistered;
  changed.push_back(record);
  CDI_RETURN_IF_ERROR(store_.PutKeyPairs(changed));
  return record;
}

absl::StatusOr<bool> KeyRing::LoggedIn(std::string_view key_pair_name) {
  if (sealed()) return Sealed();
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> records, store_.ListKeyPairs(ConnectionOf(key_pair_name)));
  const auto is_active = [](const KeyPairRecord& record) { return record.state == KeyPairState::kActive; };
  if (std::any_of(records.begin(), records.end(), is_active)) return false;
  CDI_ASSIGN_OR_RETURN(const KeyPairRecord record, store_.GetKeyPair(key_pair_name));
  if (!IsLive(record)) return false;
  CDI_RETURN_IF_ERROR(ActivateLocked(record, records).status());
  return true;
}

absl::StatusOr<KeyPairRecord> KeyRing::Activate(std::string_view key_pair_name) {
  if (sealed()) return Sealed();
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(KeyPairRecord record, store_.GetKeyPair(key_pair_name));
  if (!IsLive(record)) return Revoked(record);
  if (record.state == KeyPairState::kActive) return record;
  CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> records, store_.ListKeyPairs(ConnectionOf(key_pair_name)));
  return ActivateLocked(std::move(record), records);
}

absl::StatusOr<KeyPairRecord> KeyRing::ActivateLocked(KeyPairRecord record, const std::vector<KeyPairRecord>& records) {
  const Timestamp now = clock_.WallNow();
  std::vector<KeyPairRecord> changed;
  for (const KeyPairRecord& other : records) {
    if (other.state != KeyPairState::kActive) continue;
    KeyPairRecord former = other;
    former.state = KeyPairState::kDraining;
    former.drain_time = now;
    changed.push_back(std::move(former));
  }
  record.state = KeyPairState::kActive;
  record.activate_time = now;
  record.drain_time.reset();
  changed.push_back(record);
  CDI_RETURN_IF_ERROR(store_.PutKeyPairs(changed));
  return record;
}

absl::StatusOr<KeyPairRecord> KeyRing::Revoke(std::string_view key_pair_name) {
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(KeyPairRecord record, store_.GetKeyPair(key_pair_name));
  if (!IsLive(record)) return record;
  record.state = KeyPairState::kRevoked;
  WipeString(record.sealed_private_key);
  record.revoke_time = clock_.WallNow();
  CDI_RETURN_IF_ERROR(store_.PutKeyPairs(std::span(&record, 1)));
  return record;
}

absl::Status KeyRing::Delete(std::string_view key_pair_name) {
  const MutexLock lock(mutex_);
  CDI_ASSIGN_OR_RETURN(const KeyPairRecord record, store_.GetKeyPair(key_pair_name));
  if (IsLive(record)) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "KEY_PAIR_LIVE",
                     Concat(Holding(record), " is not revoked; revoke it first"));
  }
  return store_.DeleteKeyPair(key_pair_name);
}

absl::StatusOr<KeyPairRecord> KeyRing::Get(std::string_view key_pair_name) {
  return store_.GetKeyPair(key_pair_name);
}

absl::StatusOr<std::vector<KeyPairRecord>> KeyRing::List(std::string_view connection_name) {
  return store_.ListKeyPairs(connection_name);
}

}  // namespace cdi::keys
