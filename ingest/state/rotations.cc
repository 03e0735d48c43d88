// Rotations of key pairs: one row each, replaced at every step, with a line of audit in the same commit.
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/rotation_codec.h"
#include "ingest/state/store_core.h"

namespace cdi::state {

using keys::RotationRecord;

namespace {

std::string Text(std::string_view text) {
  return std::string(text);
}

absl::StatusOr<std::optional<RotationRecord>> FindRotation(Database& database, std::string_view name) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT body FROM rotations WHERE name = ?"));
  row.Bind(name);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::nullopt;
  CDI_ASSIGN_OR_RETURN(RotationRecord record, DecodeRotation(row.Bytes(0)));
  return record;
}

absl::StatusOr<std::vector<RotationRecord>> ReadAll(Statement& row) {
  std::vector<RotationRecord> records;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return records;
    CDI_ASSIGN_OR_RETURN(RotationRecord record, DecodeRotation(row.Bytes(0)));
    records.push_back(std::move(record));
  }
}

std::string ErrorOf(const RotationRecord& record) {
  return record.error.has_value() ? record.error->reason : "";
}

// What an auditor has to see of this write; "" for a write that only counts time or tries.
std::string AuditDetail(const std::optional<RotationRecord>& before, const RotationRecord& after) {
  std::string detail;
  const auto add = [&](const auto&... parts) { absl::StrAppend(&detail, detail.empty() ? "" : "; ", parts...); };
  if (!before.has_value() || before->step != after.step) {
    add(before.has_value() ? Text(RotationStepName(before->step)) + " -> " : "", Text(RotationStepName(after.step)));
    add("old ", after.old_key.fingerprint, " new ", after.new_key.fingerprint);
  }
  if (!before.has_value()) add(Text(RotationModeName(after.mode)), ": ", after.reason);
  const RotationRecord& base = before.has_value() ? *before : RotationRecord();
  if (after.rollback_requested && !base.rollback_requested) add("roll back: ", after.rollback_reason);
  if (after.end_drain_requested && !base.end_drain_requested) add("end the drain");
  if (after.permitted_fingerprint != base.permitted_fingerprint) add("may overwrite ", after.permitted_fingerprint);
  if (after.fallback != base.fallback && !after.fallback.empty()) add(after.fallback);
  if (const std::string reason = ErrorOf(after); !reason.empty() && reason != ErrorOf(base)) add(reason);
  return detail;
}

// Nothing but a fault is told of by this write.
bool OnlyTrouble(const std::optional<RotationRecord>& before, const RotationRecord& after) {
  return before.has_value() && before->step == after.step && (after.error.has_value() || !after.fallback.empty());
}

absl::Status Store(Database& database, const RotationRecord& record, std::string_view actor, const Timestamp& now) {
  CDI_ASSIGN_OR_RETURN(const std::optional<RotationRecord> before, FindRotation(database, record.name));
  const uint64_t stored = before.has_value() ? before->version : 0;
  if (record.version != stored + 1) {
    return MakeError(absl::StatusCode::kAborted, "ROTATION_CHANGED",
                     absl::StrCat(record.name, " is at version ", stored, ", version ", record.version,
                                  " does not follow: it was changed meanwhile; read it again"));
  }
  const std::string body = EncodeRotation(record);
  const int64_t open = IsEnd(record.step) ? 0 : 1;
  if (before.has_value()) {
    CDI_RETURN_IF_ERROR(database.Execute("UPDATE rotations SET open = ?, body = ? WHERE name = ?", open, Blob{body},
                                         std::string_view(record.name)));
  } else {
    CDI_RETURN_IF_ERROR(database.Execute("INSERT INTO rotations (name, connection, open, body) VALUES (?, ?, ?, ?)",
                                         std::string_view(record.name), keys::ConnectionOfName(record.name), open,
                                         Blob{body}));
  }
  const std::string detail = AuditDetail(before, record);
  if (detail.empty()) return absl::OkStatus();
  const bool trouble = actor == keys::RotationStore::kService && OnlyTrouble(before, record);
  return state::AppendAudit(database, now,
                            {Text(actor), before.has_value() ? "RotationStep" : "RotateKeyPair", record.name, detail,
                             trouble ? ingest::AuditOutcome::kFailed : ingest::AuditOutcome::kDone});
}

}  // namespace

absl::Status SqliteStore::PutRotation(const RotationRecord& record, std::string_view actor) {
  return core_->commit.Run([&](Database& database) { return Store(database, record, actor, core_->Now()); });
}

absl::StatusOr<RotationRecord> SqliteStore::GetRotation(std::string_view name) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(std::optional<RotationRecord> record, FindRotation(*reader, name));
  if (record.has_value()) return *std::move(record);
  return MakeError(absl::StatusCode::kNotFound, "ROTATION_NOT_FOUND", absl::StrCat("there is no ", Text(name)));
}

absl::StatusOr<std::vector<RotationRecord>> SqliteStore::ListRotations(std::string_view connection) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(Statement row,
                       reader->Prepare("SELECT body FROM rotations WHERE connection = ?1 OR ?1 = '' ORDER BY id"));
  row.Bind(connection);
  return ReadAll(row);
}

absl::StatusOr<std::vector<RotationRecord>> SqliteStore::ListOpenRotations() {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare("SELECT body FROM rotations WHERE open = 1 ORDER BY id"));
  return ReadAll(row);
}

}  // namespace cdi::state
