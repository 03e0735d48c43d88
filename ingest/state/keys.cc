// Key pairs: sealed private halves and where they stand, committed like everything else. Each change of state or slot
// has its line in the audit, in the same commit: also the one that no call asked for (the first login with a pair).
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/store_core.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {

using keys::KeyPairRecord;

namespace {

#define CDI_KEY_PAIR_COLUMNS                                                                                \
  "SELECT name, slot, state, bits, public_key_line, fingerprint, sealed_private_key, version, create_time," \
  " activate_time, drain_time, revoke_time FROM key_pairs "

KeyPairRecord ReadKeyPair(const Statement& row) {
  KeyPairRecord record;
  record.name = row.Text(0);
  record.slot = static_cast<keys::KeySlot>(row.Int(1));
  record.state = static_cast<keys::KeyPairState>(row.Int(2));
  record.bits = static_cast<int>(row.Int(3));
  record.public_key_line = row.Text(4);
  record.fingerprint = row.Text(5);
  record.sealed_private_key = row.Text(6);
  record.version = row.Uint(7);
  record.create_time = row.Time(8);
  record.activate_time = row.OptionalTime(9);
  record.drain_time = row.OptionalTime(10);
  record.revoke_time = row.OptionalTime(11);
  return record;
}

absl::Status NotFound(std::string_view name) {
  return MakeError(absl::StatusCode::kNotFound, "KEY_PAIR_NOT_FOUND", absl::StrCat("there is no ", std::string(name)));
}

absl::StatusOr<std::string> ConnectionOf(const std::string& name) {
  const size_t end = name.find("/keyPairs/");
  if (!name.starts_with("connections/") || end == std::string::npos) {
    return MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                     absl::StrCat("name must be connections/{connection}/keyPairs/{key_pair}; got ", name),
                     {{"field", "name"}});
  }
  return name.substr(0, end);
}

// A pair's state and slot, as the audit has them.
std::string Standing(const KeyPairRecord& record) {
  return absl::StrCat(std::string(keys::KeyPairStateName(record.state)), " in ",
                      std::string(keys::SlotProperty(record.slot)));
}

absl::StatusOr<std::optional<KeyPairRecord>> FindKeyPair(Database& database, std::string_view name) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare(CDI_KEY_PAIR_COLUMNS "WHERE name = ?"));
  row.Bind(name);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::nullopt;
  return ReadKeyPair(row);
}

// The call or the rotation that asked has lines of its own, with its caller.
absl::Status EnterChange(Database& database, const Timestamp& now, std::string_view before, const KeyPairRecord& record,
                         std::string_view after) {
  if (before == after) return absl::OkStatus();
  return state::AppendAudit(
      database, now, "server", "KeyPairState", record.name,
      absl::StrCat(std::string(before), before.empty() ? "" : " -> ", std::string(after), "; ", record.fingerprint));
}

absl::Status Store(Database& database, const KeyPairRecord& record, const Timestamp& now) {
  CDI_ASSIGN_OR_RETURN(const std::string connection, ConnectionOf(record.name));
  CDI_ASSIGN_OR_RETURN(const std::optional<KeyPairRecord> before, FindKeyPair(database, record.name));
  CDI_RETURN_IF_ERROR(database.Execute(
      "INSERT OR REPLACE INTO key_pairs (name, connection, slot, state, bits, public_key_line, fingerprint,"
      " sealed_private_key, version, create_time, activate_time, drain_time, revoke_time)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      std::string_view(record.name), std::string_view(connection), static_cast<int64_t>(record.slot),
      static_cast<int64_t>(record.state), static_cast<int64_t>(record.bits), std::string_view(record.public_key_line),
      std::string_view(record.fingerprint), Blob{record.sealed_private_key}, static_cast<int64_t>(record.version),
      record.create_time, record.activate_time, record.drain_time, record.revoke_time));
  return EnterChange(database, now, before.has_value() ? Standing(*before) : "", record, Standing(record));
}

absl::StatusOr<std::vector<KeyPairRecord>> FindKeyPairs(Database& database, std::string_view connection) {
  CDI_ASSIGN_OR_RETURN(Statement row,
                       database.Prepare(CDI_KEY_PAIR_COLUMNS "WHERE connection = ? ORDER BY create_time, name"));
  row.Bind(connection);
  std::vector<KeyPairRecord> records;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return records;
    records.push_back(ReadKeyPair(row));
  }
}

absl::Status Forget(Database& database, const Timestamp& now, const KeyPairRecord& record) {
  CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM key_pairs WHERE name = ?", std::string_view(record.name)));
  return EnterChange(database, now, Standing(record), record, "forgotten");
}

}  // namespace

absl::Status ForgetKeyPairs(Database& database, const Timestamp& now, std::string_view connection) {
  CDI_ASSIGN_OR_RETURN(const std::vector<KeyPairRecord> records, FindKeyPairs(database, connection));
  for (const KeyPairRecord& record : records) CDI_RETURN_IF_ERROR(Forget(database, now, record));
  return absl::OkStatus();
}

absl::Status SqliteStore::PutKeyPairs(std::span<const KeyPairRecord> records) {
  return core_->commit.Run([&](Database& database) -> absl::Status {
    for (const KeyPairRecord& record : records) CDI_RETURN_IF_ERROR(Store(database, record, core_->Now()));
    return absl::OkStatus();
  });
}

absl::StatusOr<KeyPairRecord> SqliteStore::GetKeyPair(std::string_view name) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(std::optional<KeyPairRecord> record, FindKeyPair(*reader, name));
  if (!record.has_value()) return NotFound(name);
  return *std::move(record);
}

absl::StatusOr<std::vector<KeyPairRecord>> SqliteStore::ListKeyPairs(std::string_view connection) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  return FindKeyPairs(*reader, connection);
}

absl::Status SqliteStore::DeleteKeyPair(std::string_view name) {
  return core_->commit.Run([&](Database& database) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const std::optional<KeyPairRecord> record, FindKeyPair(database, name));
    if (!record.has_value()) return NotFound(name);
    return Forget(database, core_->Now(), *record);
  });
}

}  // namespace cdi::state
