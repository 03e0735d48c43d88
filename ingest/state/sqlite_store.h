// The durable state of one server: StateStore, KeyStore and RotationStore over one SQLite database and a folder of
// segment files.
//
// Blocking calls return when the change is on disk; Append answers by callback from the commit thread. Thread-safe. The
// callbacks must be short and must not call the store. Destroying the store commits what was submitted, answers it, and
// gives up the lock; nobody may call it any more by then.
//
// Errors beside those of the interfaces: see Open, sqlite_db.h (STATE_*), and SHUTTING_DOWN.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ingest/state/commit_thread.h"
#include "ingest/state/store_options.h"
#include "ingest/state_store.h"
#include "keys/key_store.h"
#include "keys/rotation.h"

namespace cdi::state {

class SqliteStore final : public ingest::StateStore, public keys::KeyStore, public keys::RotationStore {
 public:
  // Makes the directory and an empty store when there is none; otherwise checks it whole and brings its schema up to
  // date. All leases of earlier processes end. Retained files are pruned.
  //   kFailedPrecondition STATE_MODE       open to others, or somebody else's
  //   kFailedPrecondition STATE_LOCKED     another process has it
  //   kFailedPrecondition STATE_TOO_NEW    a newer release wrote it
  //   kDataLoss STATE_DAMAGED              the file is not what was written; it is never made anew silently
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& directory, const StoreOptions& options);
  ~SqliteStore() override;

  // StateStore.
  absl::StatusOr<ingest::Resource> Apply(const ingest::ResourceChange& change) override;
  absl::StatusOr<ingest::Resource> GetResource(ingest::ResourceKind kind, const std::string& name) override;
  absl::StatusOr<ingest::PageOf<ingest::Resource>> ListResources(ingest::ResourceKind kind, const std::string& after,
                                                                 int limit) override;
  absl::StatusOr<ingest::SealedSecret> GetSecret(const std::string& name) override;
  absl::Status PutSecret(const ingest::SealedSecret& secret) override;
  absl::StatusOr<std::optional<std::string>> FindAnswer(const std::string& request_id,
                                                        const std::string& request_hash) override;
  absl::Status KeepAnswer(const std::string& request_id, const std::string& request_hash,
                          const std::string& answer) override;
  absl::StatusOr<ingest::SyncStatus> GetSyncStatus(const ingest::SyncName& sync) override;
  absl::Status SetNextRunTime(const ingest::SyncName& sync, std::optional<Timestamp> time) override;
  absl::Status SetTestedVersion(const ingest::SyncName& sync, uint64_t version) override;
  absl::Status Rewind(const ingest::SyncName& sync, std::optional<Timestamp> to, const std::string& reason,
                      const std::string& caller) override;
  absl::StatusOr<ingest::Run> CreateRun(const ingest::Run& run, const std::string& request_id,
                                        const std::string& caller) override;
  absl::StatusOr<Opened> OpenRun(const ingest::RunName& run) override;
  void Append(const ingest::Lease& lease, ingest::RunWrite write, std::function<void(absl::Status)> done) override;
  absl::StatusOr<ingest::Run> GetRun(const ingest::RunName& run) override;
  absl::StatusOr<ingest::PageOf<ingest::Run>> ListRuns(const ingest::SyncName& sync, const std::string& after,
                                                       int limit) override;
  absl::StatusOr<std::vector<ingest::Run>> ListOpenRuns() override;
  absl::Status RequestCancel(const ingest::RunName& run) override;
  absl::Status EndRun(const ingest::RunName& run, ingest::RunState state, const ingest::RunError& error) override;
  absl::StatusOr<ingest::PageOf<ingest::StoredParkedRow>> ListParkedRows(const ingest::ParkedFilter& filter,
                                                                         const std::string& after, int limit) override;
  absl::StatusOr<std::vector<ingest::StoredParkedRow>> GetParkedRows(const ingest::SyncName& sync,
                                                                     const std::vector<uint64_t>& ids) override;
  absl::StatusOr<uint64_t> DiscardParkedRows(const ingest::ParkedFilter& filter, const std::vector<uint64_t>& ids,
                                             const std::string& reason, const std::string& caller) override;
  absl::StatusOr<bool> HasLaterAccepted(const ingest::SyncName& sync, const Digest128& user,
                                        const Timestamp& cursor) override;
  absl::Status AppendAudit(const ingest::AuditLine& line) override;
  absl::StatusOr<ingest::PageOf<ingest::AuditEntry>> ListAudit(const ingest::AuditFilter& filter,
                                                               const std::string& after, int limit) override;
  absl::StatusOr<ingest::AuditVerdict> VerifyAudit(const std::optional<ingest::AuditHead>& known) override;

  // KeyStore.
  absl::Status PutKeyPairs(std::span<const keys::KeyPairRecord> records) override;
  absl::StatusOr<keys::KeyPairRecord> GetKeyPair(std::string_view name) override;
  absl::StatusOr<std::vector<keys::KeyPairRecord>> ListKeyPairs(std::string_view connection) override;
  absl::Status DeleteKeyPair(std::string_view name) override;

  // RotationStore.
  absl::Status PutRotation(const keys::RotationRecord& record, std::string_view actor) override;
  absl::StatusOr<keys::RotationRecord> GetRotation(std::string_view name) override;
  absl::StatusOr<std::vector<keys::RotationRecord>> ListRotations(std::string_view connection) override;
  absl::StatusOr<std::vector<keys::RotationRecord>> ListOpenRotations() override;

  // Every sealed secret of the state, private halves of key pairs included: resources' secrets by name, then key
  // pairs'.
  absl::StatusOr<std::vector<ingest::SealedSecret>> ListSealed();
  // Replaces each of them by what `reseal` makes of it, and writes the audit line, all in one commit; an error of
  // `reseal` ends it, and everything stays as it was. `detail` is asked when all are done.
  struct SealedChange {
    std::function<absl::StatusOr<std::string>(const ingest::SealedSecret&)> reseal;
    std::function<std::string()> detail;
    std::string caller;
    std::string verb;
  };
  absl::Status ReplaceSealed(const SealedChange& change);

  // Deletes segments and parked rows that are older than their retention, and expired request ids. Once a day is
  // enough; Open does it too.
  absl::Status Prune();
  // Returns when the logs of all runs that have ended by now stand in segments (or could not be put there: the error).
  absl::Status WaitForSegments();
  CommitThread::Stats commit_stats() const;

 private:
  struct Core;
  explicit SqliteStore(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace cdi::state
