// The audit lines of a store: append-only, each with a hash over itself and the one before.
//
// A line that was changed, or taken out of the middle, breaks the chain; lines cut off the end are missed by the head,
// which stands in `meta` and is written in the same transaction. Whoever can write the whole file can also compute a
// new chain: against him helps a head kept elsewhere (`cdi audit verify --sequence --head`), as every export ends with
// one. Triggers refuse UPDATE and DELETE, so that no part of ours changes a line by mistake.
//
// Everything here runs inside the caller's transaction or on his read connection.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ingest/state/sqlite_db.h"
#include "ingest/state_store.h"

namespace cdi::state {

// Sequence and chain of `line` are given here.
absl::Status AppendAudit(Database& database, const Timestamp& time, const ingest::AuditLine& line);
// A change that was done.
absl::Status AppendAudit(Database& database, const Timestamp& time, std::string_view caller, std::string_view verb,
                         std::string_view name, std::string_view detail);

absl::StatusOr<uint64_t> LastAuditSequence(Database& database);

// Reads every line, oldest first, and compares it with the chain. `visit` (may be empty) sees each line.
absl::StatusOr<ingest::AuditVerdict> VerifyAuditChain(
    Database& database, const std::optional<ingest::AuditHead>& known,
    const std::function<void(const ingest::AuditEntry& entry)>& visit);

}  // namespace cdi::state
