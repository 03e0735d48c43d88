// The tables of state.db and the steps that lead from one version of them to the next.
//
// The version stands in PRAGMA user_version, the application id in PRAGMA application_id. Every migration runs in one
// transaction with the new version number: a crash leaves the old schema or the new one.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "ingest/state/sqlite_db.h"

namespace cdi::state {

inline constexpr int32_t kApplicationId = 0x43444953;  // "CDIS"

// Leads from version `to` - 1 to `to`.
struct Migration {
  int to = 0;
  const char* script = nullptr;
};

// All of them, in order, from version 1: what this release knows.
std::span<const Migration> Migrations();

// Brings the schema to the last of `migrations`; does nothing when it is there already.
//   kFailedPrecondition STATE_TOO_NEW   a newer release wrote it
//   kDataLoss STATE_DAMAGED             a file of another application
absl::Status Migrate(Database& database, std::span<const Migration> migrations);

}  // namespace cdi::state
