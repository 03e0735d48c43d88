// Decides how a rotation goes on. Pure: no clock, no I/O, no threads, no randomness; the rotator (rotator.h) acts.
//
//   planned -> generated -> registering -> registered -> proven -> draining -> unsetting -> unset -> done
//      any of them before unset, when asked -> restoring -> withdrawing -> withdrawn -> rolled back
//
// What it holds to, whatever is observed and whenever it is interrupted:
//   - A slot's owner is told by fingerprint, never by its number.
//   - SET and UNSET are decided only on a DESC USER that came in just before, in the same breath.
//   - SET never goes to a slot that holds a usable pair of ours, nor to one with a foreign key that was not permitted.
//   - UNSET of the old slot needs both: the old fingerprint in that slot, and the active pair's in the other one.
//   - When the new key was away in between, the old one stays for as long as a login under way may still need it.
//   - Nobody is asked to register a public half that is not the one of our private half.
//   - Nothing is activated but by a login with that key alone, after DESC USER showed its fingerprint.
//   - A private half is destroyed only after DESC USER showed that its public half is gone.
//   - An answer that got lost is settled by DESC USER; and nothing is built on what DESC USER shows, no key taken into
//     use and none destroyed, while a statement of ours may still be run after it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "keys/key_store.h"
#include "keys/rotation.h"

namespace cdi::keys {

struct RotationPolicy {
  // How long the old key stays valid after the new one became active; at least the longest session.
  std::chrono::seconds drain{24 * 3600};
  // The longest time between reading the login keys and the login they are for. No drain is ended before: a login that
  // knew only the old key could be under way.
  std::chrono::seconds login_max{120};
  // The longest time after which Snowflake may still run a statement whose answer did not come (the connection broke,
  // the process died): at least the statement's time-out there.
  std::chrono::seconds statement_max{60};
  // How often an administrator's work is looked for.
  std::chrono::seconds poll{30};
  // Pause after a failure; doubles up to the second.
  std::chrono::seconds retry_first{5};
  std::chrono::seconds retry_last{600};
};

// What the rotator is to do next. Whatever it learns goes back as the observation of the next decision.
struct RotationAction {
  enum class Kind {
    kWait = 1,    // nothing now; look again at `again`
    kRepeat,      // nothing outside; decide again on the record just written
    kDescribe,    // DESC USER
    kGenerate,    // make `key_pair` for `slot`; done already when it exists
    kExecute,     // run `statement`
    kProveLogin,  // log in with nothing but `key_pair`
    kPlace,       // tell the ring where DESC USER showed `key_pair`: `slot`; GENERATED becomes REGISTERED
    kActivate,    // make `key_pair` the active one
    kRevoke,      // destroy the private half of `key_pair`
    kEnd,         // nothing, ever
  };
  Kind kind = Kind::kWait;
  std::string key_pair;
  KeySlot slot = KeySlot::k1;
  std::string statement;
  std::optional<Timestamp> again;  // of kWait
};

// What came of the last action; std::monostate when there was none (a call that begins, a repeat).
struct Described {
  absl::StatusOr<SlotFingerprints> slots;
};
struct Executed {
  // Who ran it. kPermissionDenied: refused for want of a grant, nothing changed; any other failure says nothing about
  // whether it was run.
  absl::StatusOr<std::string> by;
};
struct LoginTried {
  absl::StatusOr<LoginProof> proof;
};
struct RingChanged {  // kGenerate, kPlace, kActivate, kRevoke
  absl::Status status;
};
using RotationObservation = std::variant<std::monostate, Described, Executed, LoginTried, RingChanged>;

struct RotationSituation {
  Timestamp now;
  // Running time since the rotation was last looked at in this process; nullopt for the first time.
  std::optional<std::chrono::nanoseconds> elapsed;
  // The connection's pairs as they stand now, revoked ones too.
  std::vector<KeyPairRecord> pairs;
  // Of the new pair, while its public half may be registered (KeyRing::CheckWhole).
  absl::Status new_key_whole;
  // The rotation it waits for has not ended.
  bool predecessor_open = false;
  RotationObservation observation;
};

struct RotationDecision {
  RotationRecord record;  // to be written before the action, when it differs from what is stored (but for `version`)
  RotationAction action;
};

class RotationMachine {
 public:
  explicit RotationMachine(const RotationPolicy& policy) : policy_(policy) {}
  virtual ~RotationMachine() = default;

  // Total: any record and situation give a decision. Thread-safe.
  virtual RotationDecision Decide(const RotationRecord& record, const RotationSituation& situation) const;

  const RotationPolicy& policy() const { return policy_; }

 private:
  const RotationPolicy policy_;
};

}  // namespace cdi::keys
