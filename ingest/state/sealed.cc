// Every sealed secret of the state, wherever it stands: what a change of the master key has to reach.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/fault_point.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/store_core.h"

namespace cdi::state {

using ingest::SealedSecret;

namespace {

// A table that holds sealed secrets: how they are read and replaced. A new one must stand here; a test compares this
// with the schema (rekey_state_test.cc).
struct SealedTable {
  const char* select;   // name, version, sealed
  const char* replace;  // sealed, name
};
constexpr SealedTable kSealedTables[] = {
    {"SELECT name, version, sealed FROM secrets ORDER BY name", "UPDATE secrets SET sealed = ? WHERE name = ?"},
    // A revoked pair has no private half any more.
    {"SELECT name, version, sealed_private_key FROM key_pairs WHERE length(sealed_private_key) > 0 ORDER BY name",
     "UPDATE key_pairs SET sealed_private_key = ? WHERE name = ?"},
};

absl::StatusOr<std::vector<SealedSecret>> ReadSealed(Database& database, const SealedTable& table) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare(table.select));
  std::vector<SealedSecret> secrets;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return secrets;
    secrets.push_back({row.Text(0), row.Uint(1), row.Text(2)});
  }
}

}  // namespace

absl::StatusOr<std::vector<SealedSecret>> SqliteStore::ListSealed() {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  std::vector<SealedSecret> all;
  for (const SealedTable& table : kSealedTables) {
    CDI_ASSIGN_OR_RETURN(std::vector<SealedSecret> secrets, ReadSealed(*reader, table));
    std::move(secrets.begin(), secrets.end(), std::back_inserter(all));
  }
  return all;
}

absl::Status SqliteStore::ReplaceSealed(const SealedChange& change) {
  const Timestamp now = core_->Now();
  return core_->commit.Run([&](Database& database) -> absl::Status {
    for (const SealedTable& table : kSealedTables) {
      CDI_ASSIGN_OR_RETURN(const std::vector<SealedSecret> secrets, ReadSealed(database, table));
      for (const SealedSecret& secret : secrets) {
        CDI_ASSIGN_OR_RETURN(const std::string sealed, change.reseal(secret));
        CDI_RETURN_IF_ERROR(database.Execute(table.replace, Blob{sealed}, std::string_view(secret.name)));
        CDI_FAULT_POINT("rekey_replaced");
      }
    }
    CDI_RETURN_IF_ERROR(state::AppendAudit(database, now, change.caller, change.verb, "", change.detail()));
    CDI_FAULT_POINT("rekey_before_commit");
    return absl::OkStatus();
  });
}

}  // namespace cdi::state
