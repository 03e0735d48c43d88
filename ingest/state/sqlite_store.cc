#include "ingest/state/sqlite_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/schema.h"
#include "ingest/state/store_core.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {
namespace {

// A new process has the state: whoever wrote before is fenced out of every sync.
absl::Status RaiseEpochs(Database& database) {
  CDI_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  absl::StatusOr<uint64_t> epoch = NextEpoch(database);
  absl::Status status = epoch.status();
  if (status.ok()) status = database.Execute("UPDATE syncs SET epoch = ?", static_cast<int64_t>(*epoch));
  if (status.ok()) status = database.Execute("COMMIT");
  if (!status.ok() && database.in_transaction()) {
    // The first failure is what matters.
    database.Execute("ROLLBACK").IgnoreError();
  }
  return status;
}

}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<Core> core) : core_(std::move(core)) {}
SqliteStore::~SqliteStore() = default;

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& directory,
                                                               const StoreOptions& options) {
  CDI_CHECK(options.clock != nullptr, "the store needs a clock");
  CDI_ASSIGN_OR_RETURN(FileHandle lock, LockStateDirectory(directory));
  CDI_ASSIGN_OR_RETURN(Database database, Database::Open(DatabasePath(directory), {.create = true}));
  CDI_RETURN_IF_ERROR(database.QuickCheck());
  CDI_RETURN_IF_ERROR(Migrate(database, Migrations()));
  CDI_RETURN_IF_ERROR(RaiseEpochs(database));
  if (options.pages_max > 0) {
    CDI_RETURN_IF_ERROR(database.ExecuteScript(absl::StrCat("PRAGMA max_page_count=", options.pages_max)));
  }
  auto core = std::make_unique<Core>(directory, options, std::move(lock), std::move(database));
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(core)));
  CDI_RETURN_IF_ERROR(store->Prune());
  return store;
}

absl::StatusOr<bool> SqliteStore::HasLaterAccepted(const ingest::SyncName& sync, const Digest128& user,
                                                   const Timestamp& cursor) {
  return core_->keeper.HasLaterAccepted(sync, user, cursor);
}

absl::Status SqliteStore::Prune() {
  return core_->keeper.Prune();
}

absl::Status SqliteStore::WaitForSegments() {
  return core_->keeper.Wait();
}

CommitThread::Stats SqliteStore::commit_stats() const {
  return core_->commit.stats();
}

}  // namespace cdi::state
