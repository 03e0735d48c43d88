// What is durable about one exchange of a connection's key pair, and where it is kept.
//
// A rotation is a journal of one record that is written before and after each outside effect, so that a crash at any
// point is taken up where it happened. The finished record is the receipt. Which step follows which is decided in
// rotation_machine.h alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "keys/key_slot.h"

namespace cdi::keys {

// Who runs the ALTER USER statements.
enum class RotationMode {
  kAssisted = 1,   // an administrator; the service shows the statement, waits and proves
  kAutomatic = 2,  // the service, over a session of its own
  kScheduled = 3,  // as automatic, started by the schedule
};

// Stored as numbers: append only. Each name says what is true once the record stands so.
enum class RotationStep {
  kPlanned = 1,       // asked for; nothing was done
  kGenerated = 2,     // the new pair is durable here
  kRegistering = 3,   // SET may have been run, by us or by an administrator
  kRegistered = 4,    // DESC USER showed the new fingerprint in the user's slot
  kProven = 5,        // a login with nothing but the new key succeeded
  kDraining = 6,      // the new pair is active, the old one still valid in Snowflake
  kUnsetting = 7,     // the drain is over; UNSET of the old slot may have been run
  kUnset = 8,         // DESC USER showed that the old fingerprint is gone; the old private half is to be destroyed
  kDone = 9,          // end: the old pair is destroyed
  kRestoring = 10,    // rolling back; the new pair may be active: the old one is proved and made active again
  kWithdrawing = 11,  // rolling back; the old pair is active; UNSET of the new slot may have been run
  kWithdrawn = 12,    // rolling back; the new fingerprint is gone; the new private half is to be destroyed
  kRolledBack = 13,   // end: all is as before
  kFailed = 14,       // end: neither way was left (both pairs were revoked); `error` says why
};

// "ASSISTED", ...; "PLANNED", ..., "ROLLED_BACK", "FAILED".
std::string_view RotationModeName(RotationMode mode);
std::string_view RotationStepName(RotationStep step);
// kDone, kRolledBack, kFailed.
bool IsEnd(RotationStep step);
// kRestoring, kWithdrawing, kWithdrawn.
bool IsRollingBack(RotationStep step);

// What DESC USER shows of the two slots: fingerprints ("SHA256:..."), "" for an empty slot.
struct SlotFingerprints {
  std::string first;
  std::string second;

  const std::string& in(KeySlot slot) const { return slot == KeySlot::k1 ? first : second; }
  // Where a fingerprint stands; nullopt when in neither slot, and for "".
  std::optional<KeySlot> Find(std::string_view fingerprint) const;

  friend bool operator==(const SlotFingerprints&, const SlotFingerprints&) = default;
};

// One of the two pairs of a rotation.
struct RotationKey {
  std::string name;            // connections/{connection}/keyPairs/{key_pair}
  std::string fingerprint;     // "" for a new pair that is not made yet
  KeySlot slot = KeySlot::k1;  // as DESC USER last showed it; for a new pair: where it shall go

  friend bool operator==(const RotationKey&, const RotationKey&) = default;
};

// Why the rotation does not go on; gone as soon as it does.
struct RotationError {
  std::string reason;   // of docs/errors.md
  std::string message;  // cause, for people
  std::string fix;      // what to do about it; "" when the service tries again by itself
  int count = 0;        // times in a row
  Timestamp time;       // of the last one

  friend bool operator==(const RotationError&, const RotationError&) = default;
};

// Who has to do what, so that the rotation goes on.
struct RotationNext {
  enum class Actor {
    kNobody = 1,         // it has ended
    kService = 2,        // the service goes on by itself, at `time` at the latest
    kAdministrator = 3,  // somebody runs `statement` in Snowflake; the service sees it, at `time` at the latest
    kOperator = 4,       // somebody decides: permits the overwrite of a key, rolls back, or mends what `error` says
  };
  Actor actor = Actor::kService;
  std::string statement;          // of kAdministrator
  std::optional<Timestamp> time;  // when to look again

  friend bool operator==(const RotationNext&, const RotationNext&) = default;
};

struct RotationStepTime {
  RotationStep step = RotationStep::kPlanned;
  Timestamp time;

  friend bool operator==(const RotationStepTime&, const RotationStepTime&) = default;
};

// Shows that a login with nothing but the key succeeded.
struct LoginProof {
  Timestamp time;
  std::string text;  // what the session said of itself: user, session id; no secret

  friend bool operator==(const LoginProof&, const LoginProof&) = default;
};

// A plain value; every field is stored as it is.
struct RotationRecord {
  std::string name;      // connections/{connection}/rotations/{rotation}
  uint64_t version = 0;  // counts the writes, from 1; the store refuses a write over another one
  RotationMode mode = RotationMode::kAssisted;
  RotationStep step = RotationStep::kPlanned;

  std::string user;     // the Snowflake user whose slots these are
  RotationKey old_key;  // active when the rotation was asked for
  RotationKey new_key;
  bool made_new_key = true;  // false: the new pair was there before (imported, or generated by hand)
  int bits = 0;              // of a new pair to be made
  // A draining pair of an exchange without a rotation, which this one clears away first; "" when there was none.
  std::string leftover_key_pair;
  std::string leftover_fingerprint;
  // A rotation of the same connection that must have ended before this one begins; "".
  std::string waits_for;

  std::string requested_by;  // principal: tokens/{token}, certificates/{subject}, "schedule", ...
  std::string reason;        // why, in the words of who asked
  // The one foreign key that may be overwritten, told by its fingerprint; "" for none. Not a flag: it would cover
  // whatever key stands there later.
  std::string permitted_fingerprint;
  bool rollback_requested = false;   // answered by kRestoring, or by `error` when it came too late
  bool end_drain_requested = false;  // the drain is cut to what a login under way may still need
  std::string rollback_reason;       // who, why, and whether it came too late; "" when nobody asked

  std::vector<RotationStepTime> times;   // of every step that was reached, in order
  std::optional<SlotFingerprints> seen;  // by the last DESC USER
  std::optional<Timestamp> seen_time;
  std::optional<LoginProof> proof;          // of the new key
  std::optional<LoginProof> restore_proof;  // of the old key, when it was made active again
  std::string set_by;    // who ran the SET: a connection's name, "administrator", or "" (not known: found done)
  std::string unset_by;  // the same of the last UNSET
  // Why an automatic rotation asks an administrator after all; "" when it does not. It tries again by itself when
  // somebody says so, and now and then.
  std::string fallback;
  std::optional<Timestamp> fallback_time;

  // How long both keys were valid since the new one became active: running time, so that no jump of the clock cuts the
  // drain short.
  std::chrono::milliseconds drained{0};
  std::optional<Timestamp> drain_checked;  // when `drained` was last brought up to date
  std::optional<Timestamp> drain_until;    // the estimate that people see

  std::optional<RotationError> error;
  RotationNext next;

  // A statement was handed over and its answer is not written down here: set before it is run.
  bool statement_under_way = false;
  // How much longer one whose answer nobody heard may still be run, in running time; begins anew with each start.
  std::chrono::milliseconds statement_doubt{0};

  friend bool operator==(const RotationRecord&, const RotationRecord&) = default;
};

// "connections/{connection}" of a rotation's or key pair's name.
std::string_view ConnectionOfName(std::string_view name);

// Where rotations live. Every call blocks; what a call wrote is durable when it returns OK. Thread-safe. Failures of
// the store itself pass through as it reports them.
class RotationStore {
 public:
  virtual ~RotationStore() = default;

  // Inserts version 1, or replaces version - 1 by version; with a line of audit in the same commit, by `actor`, when
  // the step, the error's reason or what was asked for changed. `actor`: the principal that asked, or kService.
  // kAborted (ROTATION_CHANGED) when another version is stored: read again and decide anew.
  static constexpr std::string_view kService = "server";
  virtual absl::Status PutRotation(const RotationRecord& record, std::string_view actor) = 0;

  // kNotFound (ROTATION_NOT_FOUND).
  virtual absl::StatusOr<RotationRecord> GetRotation(std::string_view name) = 0;

  // All rotations of "connections/{connection}", or of all connections for "", ended ones too, oldest first (first
  // written first).
  virtual absl::StatusOr<std::vector<RotationRecord>> ListRotations(std::string_view connection) = 0;

  // Those that have not ended, of all connections, oldest first: what a start takes up again.
  virtual absl::StatusOr<std::vector<RotationRecord>> ListOpenRotations() = 0;
};

}  // namespace cdi::keys
