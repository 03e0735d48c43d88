#include "ingest/state/schema.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace cdi::state {
namespace {

absl::StatusOr<int64_t> ReadPragma(Database& database, const char* sql) {
  CDI_ASSIGN_OR_RETURN(Statement statement, database.Prepare(sql));
  CDI_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

}  // namespace

absl::Status Migrate(Database& database, std::span<const Migration> migrations) {
  CDI_ASSIGN_OR_RETURN(const int64_t version, ReadPragma(database, "PRAGMA user_version"));
  CDI_ASSIGN_OR_RETURN(const int64_t application, ReadPragma(database, "PRAGMA application_id"));
  CDI_ASSIGN_OR_RETURN(const int64_t tables, ReadPragma(database, "SELECT count(*) FROM sqlite_schema"));
  if (application != kApplicationId && (application != 0 || version != 0 || tables != 0)) {
    return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED",
                     absl::StrCat(database.path(), " is a database of another application; name another directory"));
  }
  const int newest = migrations.empty() ? 0 : migrations.back().to;
  if (version > newest) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "STATE_TOO_NEW",
                     absl::StrCat(database.path(), " has schema version ", version, ", this release knows up to ",
                                  newest, "; run the release that wrote it or a later one"));
  }
  for (const Migration& migration : migrations) {
    if (migration.to <= version) continue;
    absl::Status applied = database.ExecuteScript(absl::StrCat("BEGIN IMMEDIATE;", migration.script,
                                                               ";PRAGMA application_id=", kApplicationId,
                                                               ";PRAGMA user_version=", migration.to, ";COMMIT;"));
    if (!applied.ok()) {
      if (database.in_transaction()) {
        // The first failure is what matters; this one only tidies up.
        database.ExecuteScript("ROLLBACK").IgnoreError();
      }
      return applied;
    }
  }
  return absl::OkStatus();
}

}  // namespace cdi::state
