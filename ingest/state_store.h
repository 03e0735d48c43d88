// Everything durable, behind one interface: resources, runs and their log, watermarks, parked rows, leases.
//
// SQLite stands behind it (state/sqlite_store.h); it is shaped so that PostgreSQL could: leases with epochs, no truth
// local to a process. Thread-safe. Blocking calls return when the change is durable. Errors: kNotFound, kAlreadyExists,
// kAborted (version moved on; reason ETAG_STALE), kFailedPrecondition, kDataLoss (the store is broken),
// kResourceExhausted (disk full; reason STATE_DISK_FULL), kUnavailable.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "ingest/run_record.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest {

// ---- resources
// --------------------------------------------------------------------------------------------------------

enum class ResourceKind : uint8_t { kConnection = 1, kWorkspace = 2, kSync = 3, kToken = 4 };

// The server's own documents (serialised messages); opaque here. `version` rises by one with each change: the etag.
struct Resource {
  ResourceKind kind = ResourceKind::kConnection;
  std::string name;
  uint64_t version = 0;
  std::string document;
  Timestamp create_time;
  Timestamp update_time;
};

// A secret that belongs to a resource: sealed by keys/, opaque here. Deleted with its resource.
struct SealedSecret {
  std::string name;  // "workspaces/w/apiKey"
  uint64_t version = 0;
  std::string sealed;
};

// One change, atomic with its secret, its request id and its audit line.
struct ResourceChange {
  enum class Op : uint8_t { kCreate, kUpdate, kDelete } op = Op::kCreate;
  ResourceKind kind = ResourceKind::kConnection;
  std::string name;
  std::string document;
  // kUpdate, kDelete: refused with kAborted when the stored version differs; 0: any.
  uint64_t expected_version = 0;
  std::optional<SealedSecret> secret;
  // For 24 h the same id with the same request hash gets the same answer; with another hash kAlreadyExists
  // (REQUEST_ID_REUSED). Empty: none.
  std::string request_id;
  std::string request_hash;
  std::string caller;  // for the audit line
  std::string verb;    // "CreateSync"
  // A unique key beside the name ("snowflake:ACCOUNT:USER"): a second resource with it is kAlreadyExists, naming the
  // first.
  std::string unique_key;
};

// ---- syncs and runs
// ---------------------------------------------------------------------------------------------------

// What the scheduler and the handlers need of a sync beside its document.
struct SyncStatus {
  SyncName sync;
  std::optional<Timestamp> watermark;
  uint64_t boundary_rows = 0;
  std::optional<Timestamp> next_run_time;  // schedules survive restarts
  std::optional<RunName> active_run;       // pending or running
  std::optional<RunName> last_run;
  uint64_t tested_version = 0;  // the version of the document that TestSync passed for; 0: none
};

struct Run {
  RunName name;
  SyncName sync;
  RunState state = RunState::kPending;
  RunTrigger trigger = RunTrigger::kManual;
  uint64_t config_version = 0;
  std::string config;  // the sync's document as this run uses it
  Timestamp create_time;
  std::optional<Timestamp> start_time;
  std::optional<Timestamp> end_time;
  std::optional<Window> window;
  std::optional<Timestamp> watermark_after;
  std::optional<std::chrono::seconds> commit_lag_override;
  std::vector<uint64_t> replay_ids;  // kReplay: the parked rows to send
  uint32_t recoveries = 0;           // how often it was resumed after a crash or a restart
  bool cancel_requested = false;
  RunSums sums;
  RunError error;
};

struct StoredParkedRow {
  uint64_t id = 0;
  SyncName sync;
  RunName run;
  ParkedKind kind = ParkedKind::kDeadLocal;
  enum class State : uint8_t { kOpen = 1, kReplaying = 2, kDelivered = 3, kDiscarded = 4 } state = State::kOpen;
  RowMark mark;
  std::string reason;
  std::string message;
  bool content_gone = false;
  // By ColumnRole, as the table had them; nullopt is NULL.
  std::array<std::optional<std::string>, warehouse::kColumnRoleCount> cells;
  uint64_t oversize_bytes = 0;
  Timestamp create_time;
};

struct ParkedFilter {
  SyncName sync;
  std::optional<RunName> run;
  std::optional<bool> held;  // true: held rows; false: dead rows
  bool open_only = true;
};

template <typename T>
struct PageOf {
  std::vector<T> items;
  std::string next;  // opaque; empty: that was all
};

// Leave to write for a sync. Every write carries it; once somebody else took the lease, writes fail (LEASE_LOST).
struct Lease {
  SyncName sync;
  RunName run;
  uint64_t epoch = 0;
};

// ---- audit

enum class AuditOutcome : uint8_t {
  kDone = 1,
  kRefused = 2,  // nothing was done: no right, a wrong argument, a wrong state
  kFailed = 3,   // begun, and ended by a fault: what was done is not known from this line alone
  kBegun = 4,    // entered before a change that no commit of the store includes; a later line says what came of it
};

// Who did what to what. No secrets: audit lines are shown and exported.
struct AuditLine {
  std::string caller;  // the principal: "tokens/ci"
  std::string verb;    // the method: "RevokeKeyPair"
  std::string name;    // the resource
  std::string detail;
  AuditOutcome outcome = AuditOutcome::kDone;
};

struct AuditEntry {
  uint64_t sequence = 0;  // from 1, without gaps
  Timestamp time;
  AuditLine line;
};

// Empty fields filter nothing.
struct AuditFilter {
  std::string name;  // the resource, and what lies below it
  std::string caller;
  std::string verb;
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;  // not included
  bool not_done_only = false;
  bool oldest_first = false;
};

// The newest line at some time: kept elsewhere, it proves later that no line up to it was changed.
struct AuditHead {
  uint64_t sequence = 0;
  std::string chain;  // 64 hex digits; empty when there was no line
};

struct AuditFault {
  uint64_t sequence = 0;  // the line it was found at
  std::string text;
};

struct AuditVerdict {
  uint64_t entries = 0;
  AuditHead head;
  std::vector<AuditFault> faults;  // at most 200; empty: whole
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // Resources. `Apply` answers the resource after the change (for kDelete: as it was); for a repeated request id the
  // earlier answer.
  virtual absl::StatusOr<Resource> Apply(const ResourceChange& change) = 0;
  virtual absl::StatusOr<Resource> GetResource(ResourceKind kind, const std::string& name) = 0;
  // By name, after `after`, at most `limit`.
  virtual absl::StatusOr<PageOf<Resource>> ListResources(ResourceKind kind, const std::string& after, int limit) = 0;
  virtual absl::StatusOr<SealedSecret> GetSecret(const std::string& name) = 0;
  virtual absl::Status PutSecret(const SealedSecret& secret) = 0;

  // Answers to requests that change something in other ways than Apply and CreateRun, kept for 24 h as theirs are.
  // FindAnswer: what KeepAnswer kept for the id; nullopt when it is new; kAlreadyExists (REQUEST_ID_REUSED) when it was
  // used for another request (told by the hash). A second KeepAnswer of the same request changes nothing.
  virtual absl::StatusOr<std::optional<std::string>> FindAnswer(const std::string& request_id,
                                                                const std::string& request_hash) = 0;
  virtual absl::Status KeepAnswer(const std::string& request_id, const std::string& request_hash,
                                  const std::string& answer) = 0;

  // Syncs.
  virtual absl::StatusOr<SyncStatus> GetSyncStatus(const SyncName& sync) = 0;
  virtual absl::Status SetNextRunTime(const SyncName& sync, std::optional<Timestamp> time) = 0;
  virtual absl::Status SetTestedVersion(const SyncName& sync, uint64_t version) = 0;
  // Moves the watermark where an operator says, forwards or back (also to nothing), boundary and ahead rows forgotten.
  // Refused while a run is active. Audited with `reason` and `caller`.
  virtual absl::Status Rewind(const SyncName& sync, std::optional<Timestamp> to, const std::string& reason,
                              const std::string& caller) = 0;

  // Runs. CreateRun is refused with RUN_ACTIVE while another run of the sync is not terminal; for a known request id it
  // answers the run made then.
  virtual absl::StatusOr<Run> CreateRun(const Run& run, const std::string& request_id, const std::string& caller) = 0;
  // Takes the sync's lease with a new epoch and marks the run running; loads what recovery needs.
  struct Opened {
    Lease lease;
    Run run;
    Progress progress;
  };
  virtual absl::StatusOr<Opened> OpenRun(const RunName& run) = 0;
  // Queues the write for the next group commit; `done` is called once, from the commit thread, in the order of the
  // calls, when it is durable or refused. `ids` of newly parked rows are the store's business.
  virtual void Append(const Lease& lease, RunWrite write, std::function<void(absl::Status)> done) = 0;
  virtual absl::StatusOr<Run> GetRun(const RunName& run) = 0;
  // Newest first.
  virtual absl::StatusOr<PageOf<Run>> ListRuns(const SyncName& sync, const std::string& after, int limit) = 0;
  // Pending or running, all syncs: what a restart has to take up again.
  virtual absl::StatusOr<std::vector<Run>> ListOpenRuns() = 0;
  virtual absl::Status RequestCancel(const RunName& run) = 0;
  // Ends a run that no driver holds (still pending, or cancelled before recovery).
  virtual absl::Status EndRun(const RunName& run, RunState state, const RunError& error) = 0;

  // Parked rows.
  virtual absl::StatusOr<PageOf<StoredParkedRow>> ListParkedRows(const ParkedFilter& filter, const std::string& after,
                                                                 int limit) = 0;
  virtual absl::StatusOr<std::vector<StoredParkedRow>> GetParkedRows(const SyncName& sync,
                                                                     const std::vector<uint64_t>& ids) = 0;
  // kOpen -> kDiscarded, audited; answers how many.
  virtual absl::StatusOr<uint64_t> DiscardParkedRows(const ParkedFilter& filter, const std::vector<uint64_t>& ids,
                                                     const std::string& reason, const std::string& caller) = 0;
  // True when a row of this user with a greater cursor was accepted (row log and segments).
  virtual absl::StatusOr<bool> HasLaterAccepted(const SyncName& sync, const Digest128& user,
                                                const Timestamp& cursor) = 0;

  // Audit. Every change above enters its own line, in the same commit; this is for what changes nothing here (a refused
  // call) or elsewhere (a statement run in Snowflake).
  virtual absl::Status AppendAudit(const AuditLine& line) = 0;
  virtual absl::StatusOr<PageOf<AuditEntry>> ListAudit(const AuditFilter& filter, const std::string& after,
                                                       int limit) = 0;
  // Reads all of it. `known`: a head that was kept elsewhere, to be found again.
  virtual absl::StatusOr<AuditVerdict> VerifyAudit(const std::optional<AuditHead>& known) = 0;
};

}  // namespace cdi::ingest
