#include "keys/rotation_machine.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "keys/alter_user.h"
#include "keys/concat.h"

namespace cdi::keys {
namespace {

using Kind = RotationAction::Kind;

constexpr std::string_view kStatementFailed = "ROTATION_STATEMENT_FAILED";
constexpr std::string_view kAdministrator = "administrator";
constexpr std::chrono::seconds kDrainLookMax{3600};

// A flapping rotation must not grow for ever; the first times show the steps that were reached.
constexpr size_t kTimesMax = 64;
constexpr size_t kTimesKept = 8;

std::string_view MessageOf(const absl::Status& status) {
  const absl::string_view message = status.message();
  return {message.data(), message.size()};
}

// One decision. Every function that returns a decision ends it.
class Decider {
 public:
  Decider(const RotationPolicy& policy, const RotationRecord& record, const RotationSituation& situation)
      : policy_(policy), record_(record), situation_(situation) {}

  RotationDecision Run() {
    if (IsEnd(record_.step)) return End();
    CountDoubt();
    if (record_.times.empty()) record_.times.push_back({record_.step, situation_.now});
    if (const auto* described = std::get_if<Described>(&situation_.observation); described != nullptr) {
      if (!described->slots.ok()) return Trouble(described->slots.status(), "");
      See(*described->slots);
    }
    if (record_.step == RotationStep::kPlanned) BindOldKey();
    if (std::optional<RotationDecision> turned = TurnIfAsked(); turned.has_value()) return *std::move(turned);
    if (std::optional<RotationDecision> turned = TurnIfRevoked(); turned.has_value()) return *std::move(turned);
    switch (record_.step) {
      case RotationStep::kPlanned:
        return Planned();
      case RotationStep::kGenerated:
        return Reach(RotationStep::kRegistering);
      case RotationStep::kRegistering:
        return Registering();
      case RotationStep::kRegistered:
        return Registered();
      case RotationStep::kProven:
        return Proven();
      case RotationStep::kDraining:
        return Draining();
      case RotationStep::kUnsetting:
        return Unsetting();
      case RotationStep::kUnset:
        return Unset();
      case RotationStep::kRestoring:
        return Restoring();
      case RotationStep::kWithdrawing:
        return Withdrawing();
      case RotationStep::kWithdrawn:
        return Withdrawn();
      case RotationStep::kDone:
      case RotationStep::kRolledBack:
      case RotationStep::kFailed:
        break;
    }
    return End();
  }

 private:
  // ---- what is known

  const KeyPairRecord* Find(std::string_view name) const {
    const auto found = std::find_if(situation_.pairs.begin(), situation_.pairs.end(),
                                    [name](const KeyPairRecord& pair) { return pair.name == name; });
    return found == situation_.pairs.end() ? nullptr : &*found;
  }
  const KeyPairRecord* Live(std::string_view name) const {
    const KeyPairRecord* pair = Find(name);
    return pair != nullptr && pair->state != KeyPairState::kRevoked ? pair : nullptr;
  }
  bool IsActive(const RotationKey& key) const {
    const KeyPairRecord* pair = Find(key.name);
    return pair != nullptr && pair->state == KeyPairState::kActive;
  }
  bool Reached(RotationStep step) const {
    return std::any_of(record_.times.begin(), record_.times.end(),
                       [step](const RotationStepTime& time) { return time.step == step; });
  }
  bool LeftoverDestroyed() const {
    return !record_.leftover_key_pair.empty() && Live(record_.leftover_key_pair) == nullptr;
  }
  // Whether Snowflake could hold a key that going back has to remove.
  bool MayBeRegistered() const {
    return !record_.made_new_key || LeftoverDestroyed() || Reached(RotationStep::kRegistering);
  }
  bool Executes() const { return record_.mode != RotationMode::kAssisted && record_.fallback.empty(); }
  bool JustDescribed() const { return std::holds_alternative<Described>(situation_.observation); }
  const SlotFingerprints& seen() const { return *record_.seen; }  // only after JustDescribed()

  // A fingerprint that no usable pair here stands behind, but that was ours: nobody misses it.
  bool IsRetired(std::string_view fingerprint) const {
    if (LeftoverDestroyed() && fingerprint == record_.leftover_fingerprint) return true;
    return std::any_of(situation_.pairs.begin(), situation_.pairs.end(), [&](const KeyPairRecord& pair) {
      return pair.fingerprint == fingerprint && pair.state == KeyPairState::kRevoked;
    });
  }

  // Of statements whose answer is not known. A start may have come at once, and the clock jumped: it begins anew then.
  void CountDoubt() {
    if (InDoubt() && !situation_.elapsed.has_value()) {
      record_.statement_doubt = policy_.statement_max;
    } else if (InDoubt()) {
      const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(*situation_.elapsed);
      record_.statement_doubt = std::max(record_.statement_doubt - passed, std::chrono::milliseconds(0));
    }
    const auto* executed = std::get_if<Executed>(&situation_.observation);
    const bool answered = executed != nullptr &&
                          (executed->by.ok() || executed->by.status().code() == absl::StatusCode::kPermissionDenied);
    if (record_.statement_under_way && !answered) record_.statement_doubt = policy_.statement_max;
    record_.statement_under_way = false;
  }
  bool InDoubt() const { return record_.statement_doubt.count() > 0; }

  void See(const SlotFingerprints& slots) {
    record_.seen = slots;
    record_.seen_time = situation_.now;
    if (const auto slot = slots.Find(record_.old_key.fingerprint)) record_.old_key.slot = *slot;
    if (const auto slot = slots.Find(record_.new_key.fingerprint)) record_.new_key.slot = *slot;
  }

  // ---- endings of a decision

  RotationDecision Act(RotationAction action) { return {std::move(record_), std::move(action)}; }
  RotationDecision Act(Kind kind, std::string_view key_pair = "", KeySlot slot = KeySlot::k1) {
    return Act({.kind = kind, .key_pair = std::string(key_pair), .slot = slot, .statement = "", .again = {}});
  }
  RotationDecision Describe() { return Act(Kind::kDescribe); }

  RotationDecision End() {
    record_.next = {RotationNext::Actor::kNobody, "", std::nullopt};
    return Act(Kind::kEnd);
  }

  RotationDecision Reach(RotationStep step) {
    record_.step = step;
    if (record_.times.size() >= kTimesMax) record_.times.erase(record_.times.begin() + kTimesKept);
    record_.times.push_back({step, situation_.now});
    record_.error.reset();
    record_.fallback.clear();  // the grant may be there by the next statement
    record_.next = {RotationNext::Actor::kService, "", situation_.now};
    if (IsEnd(step)) return End();
    return Act(Kind::kRepeat);
  }

  RotationDecision WaitFor(RotationNext::Actor actor, std::chrono::nanoseconds pause, std::string statement = "") {
    const Timestamp again = situation_.now.Plus(pause);
    record_.next = {actor, std::move(statement), again};
    return Act({.kind = Kind::kWait, .key_pair = "", .slot = KeySlot::k1, .statement = "", .again = again});
  }

  void NoteError(std::string_view reason, std::string_view message, std::string_view fix) {
    const bool again = record_.error.has_value() && record_.error->reason == reason;
    const int count = again ? record_.error->count + 1 : 1;
    record_.error = RotationError{std::string(reason), std::string(message), std::string(fix), count, situation_.now};
  }

  std::chrono::seconds Pause() const {
    std::chrono::seconds pause = policy_.retry_first;
    const int count = record_.error.has_value() ? record_.error->count : 1;
    for (int i = 1; i < count && pause < policy_.retry_last; ++i) pause *= 2;
    return std::min(pause, policy_.retry_last);
  }

  // A failure that may pass: tried again by itself.
  RotationDecision Trouble(const absl::Status& status, std::string_view fix) {
    std::string reason = ErrorReason(status);
    if (reason.empty()) reason = "ROTATION_STEP_FAILED";
    NoteError(reason, MessageOf(status), fix);
    return WaitFor(RotationNext::Actor::kService, Pause());
  }

  bool RingFailed() const {
    const auto* changed = std::get_if<RingChanged>(&situation_.observation);
    return changed != nullptr && !changed->status.ok();
  }
  RotationDecision RingTrouble() { return Trouble(std::get<RingChanged>(situation_.observation).status, ""); }

  // Somebody must decide or mend something; looked at again, as that may happen in Snowflake.
  RotationDecision Block(const absl::Status& status, std::string_view fix) {
    RotationDecision decision = Trouble(status, fix);
    const Timestamp again = situation_.now.Plus(policy_.poll);
    decision.record.next = {RotationNext::Actor::kOperator, "", again};
    decision.action.again = again;
    return decision;
  }

  // DESC USER has the last word only when no statement can come after it.
  RotationDecision AwaitStatement() {
    const absl::Status pending =
        MakeError(absl::StatusCode::kUnavailable, "ROTATION_STATEMENT_PENDING",
                  "the answer to an ALTER USER was lost, and Snowflake may still run it; what DESC USER shows counts "
                  "once that cannot be any more");
    NoteError(ErrorReason(pending), MessageOf(pending), "");
    return WaitFor(RotationNext::Actor::kService, record_.statement_doubt);
  }
  RotationDecision ProveLogin(const RotationKey& key) {
    return InDoubt() ? AwaitStatement() : Act(Kind::kProveLogin, key.name);
  }

  RotationDecision KeyLost(const RotationKey& key, std::string_view fix) {
    return Block(MakeError(absl::StatusCode::kFailedPrecondition, "ROTATION_KEY_LOST",
                           Concat("DESC USER shows the public key of ", key.name, " (", key.fingerprint,
                                  ") in neither slot: somebody else removed or replaced it")),
                 fix);
  }

  // ---- turning round

  // Until anything is done the old key is whichever is active: a rotation waited for may have been rolled back, or the
  // active pair revoked.
  void BindOldKey() {
    for (const KeyPairRecord& pair : situation_.pairs) {
      if (pair.state != KeyPairState::kActive || pair.name == record_.new_key.name) continue;
      record_.old_key = {pair.name, pair.fingerprint,
                         record_.old_key.name == pair.name ? record_.old_key.slot : pair.slot};
      if (record_.leftover_key_pair != pair.name) continue;
      record_.leftover_key_pair.clear();
      record_.leftover_fingerprint.clear();
    }
  }

  std::optional<RotationDecision> TurnIfAsked() {
    if (!record_.rollback_requested || IsRollingBack(record_.step)) return std::nullopt;
    if (record_.step == RotationStep::kUnset) {
      TooLate("the old key was unset already");
      return std::nullopt;
    }
    return GoBack();
  }

  RotationDecision GoBack() { return Reach(MayBeRegistered() ? RotationStep::kRestoring : RotationStep::kWithdrawn); }

  void TooLate(std::string_view why) {
    record_.rollback_requested = false;
    record_.rollback_reason += Concat(" (too late: ", why, ")");
  }

  // There is no way back: forward again, from where the new key stands.
  RotationDecision GoOn(std::string_view why) {
    TooLate(why);
    const bool in_use = IsActive(record_.new_key) && record_.proof.has_value();
    return Reach(in_use ? RotationStep::kDraining : RotationStep::kRegistering);
  }

  RotationDecision Fail(std::string_view message) {
    RotationDecision decision = Reach(RotationStep::kFailed);
    decision.record.error = RotationError{
        "KEY_PAIR_REVOKED", std::string(message),
        "register a pair that is still usable, or generate one, with the statement it shows", 1, situation_.now};
    return decision;
  }

  // A pair may be revoked by hand at any time: what is left decides where to go.
  std::optional<RotationDecision> TurnIfRevoked() {
    const bool old_lives = Live(record_.old_key.name) != nullptr;
    const bool new_lives = Live(record_.new_key.name) != nullptr;
    if (record_.step == RotationStep::kPlanned && Find(record_.new_key.name) == nullptr) {
      if (old_lives) return std::nullopt;
      if (Live(record_.leftover_key_pair) != nullptr) {
        return Trouble(MakeError(absl::StatusCode::kFailedPrecondition, "KEY_PAIR_MISSING",
                                 Concat(record_.old_key.name, " was revoked; the next login makes ",
                                        record_.leftover_key_pair, " active, which is replaced then")),
                       "");
      }
      return Fail(Concat(record_.old_key.name, " was revoked, and no new pair was made yet"));
    }
    if (!old_lives && !new_lives) {
      // The last step of either way: the pair to destroy is destroyed already, the other was revoked by hand.
      return Fail(Concat("both ", record_.old_key.name, " and ", record_.new_key.name, " are revoked"));
    }
    if (!new_lives && record_.step == RotationStep::kUnset) {
      return Fail(Concat(record_.new_key.name, " was revoked after the old key was unset; ", record_.old_key.name,
                         " is kept: its SET statement makes it usable again"));
    }
    if (!new_lives && !IsRollingBack(record_.step)) return GoBack();
    if (!old_lives && record_.step == RotationStep::kWithdrawn) {
      return Fail(Concat(record_.old_key.name, " was revoked after the new key was withdrawn; ", record_.new_key.name,
                         " is kept: its SET statement makes it usable again"));
    }
    if (!old_lives && IsRollingBack(record_.step)) {
      return GoOn("the old pair was revoked");
    }
    return std::nullopt;
  }

  // ---- statements

  // The grant that was missing may be there by now.
  bool MayTryAgain() {
    if (record_.mode == RotationMode::kAssisted) return false;
    if (!record_.fallback_time.has_value()) record_.fallback_time = situation_.now;
    const std::chrono::nanoseconds asked = Distance(situation_.now, *record_.fallback_time);
    return asked.count() < 0 || asked >= policy_.retry_last;
  }

  RotationDecision RunOrAsk(const absl::StatusOr<std::string>& statement) {
    if (!statement.ok()) return Block(statement.status(), "correct the user of the connection, then roll back");
    const bool failed = record_.error.has_value() && record_.error->reason == kStatementFailed;
    if (!failed) record_.error.reset();
    if (!Executes() && !MayTryAgain()) return WaitFor(RotationNext::Actor::kAdministrator, policy_.poll, *statement);
    if (failed && situation_.now >= record_.error->time) {
      const std::chrono::nanoseconds left = Distance(record_.error->time.Plus(Pause()), situation_.now);
      if (left.count() > 0) return WaitFor(RotationNext::Actor::kService, left);
    }
    record_.statement_under_way = true;
    return Act(
        {.kind = Kind::kExecute, .key_pair = "", .slot = KeySlot::k1, .statement = *statement, .again = std::nullopt});
  }

  // Whatever came of a statement, DESC USER has the last word.
  RotationDecision AfterStatement(const Executed& executed, std::string& by) {
    if (executed.by.ok()) {
      by = *executed.by;
      return Describe();
    }
    const absl::Status& status = executed.by.status();
    const std::string_view text = MessageOf(status);
    if (status.code() == absl::StatusCode::kPermissionDenied) {
      record_.fallback = Concat("the service may not run the statement itself: ", text);
      record_.fallback_time = situation_.now;
    } else {
      const absl::Status failed = MakeError(absl::StatusCode::kUnavailable, "ROTATION_STATEMENT_FAILED",
                                            Concat("it is not known whether the statement was run: ", text));
      NoteError(ErrorReason(failed), MessageOf(failed), "");
    }
    return Describe();
  }

  // Once the effect is seen, whoever had it: an administrator, where one was asked.
  void NoteAuthor(std::string& by) {
    if (by.empty() && record_.next.actor == RotationNext::Actor::kAdministrator) by = kAdministrator;
  }

  // ---- steps

  RotationDecision Planned() {
    if (situation_.predecessor_open) return WaitFor(RotationNext::Actor::kService, policy_.poll);
    if (RingFailed()) return RingTrouble();
    if (const KeyPairRecord* made = Live(record_.new_key.name); made != nullptr && record_.made_new_key) {
      record_.new_key.fingerprint = made->fingerprint;
      record_.new_key.slot = made->slot;
      return Reach(RotationStep::kGenerated);
    }
    if (!JustDescribed()) return Describe();
    const KeyPairRecord* old_pair = Live(record_.old_key.name);
    if (old_pair == nullptr) return Reach(RotationStep::kGenerated);  // the pair to rotate to is all that is left
    const std::optional<KeySlot> old_slot = seen().Find(record_.old_key.fingerprint);
    if (!old_slot.has_value()) {
      return KeyLost(record_.old_key, "register it again with the pair's SET statement, or roll back");
    }
    if (old_pair->slot != *old_slot) return Act(Kind::kPlace, old_pair->name, *old_slot);
    if (Live(record_.leftover_key_pair) != nullptr) return Act(Kind::kRevoke, record_.leftover_key_pair);
    if (std::optional<RotationDecision> refused = RefuseForeign(OtherSlot(*old_slot))) return *std::move(refused);
    if (!record_.made_new_key) return Reach(RotationStep::kGenerated);
    record_.new_key.slot = OtherSlot(*old_slot);
    return Act(Kind::kGenerate, record_.new_key.name, record_.new_key.slot);
  }

  // Nothing when the slot may be overwritten.
  std::optional<RotationDecision> RefuseForeign(KeySlot slot) {
    const std::string& there = seen().in(slot);
    const bool ours = there == record_.new_key.fingerprint || there == record_.old_key.fingerprint || IsRetired(there);
    if (there.empty() || ours || there == record_.permitted_fingerprint) return std::nullopt;
    return Block(
        MakeError(absl::StatusCode::kFailedPrecondition, "ROTATION_SLOT_FOREIGN",
                  Concat(SlotProperty(slot), " of ", record_.user, " holds a key that is not ours: ", there)),
        Concat("find out whose it is; unset it in Snowflake, permit its overwrite by this fingerprint, or roll back"));
  }

  RotationDecision Registering() {
    if (const auto* executed = std::get_if<Executed>(&situation_.observation)) {
      return AfterStatement(*executed, record_.set_by);
    }
    if (!JustDescribed()) return Describe();
    if (seen().Find(record_.new_key.fingerprint).has_value()) {
      NoteAuthor(record_.set_by);
      return Reach(RotationStep::kRegistered);
    }
    record_.set_by.clear();
    if (const auto old_slot = seen().Find(record_.old_key.fingerprint)) record_.new_key.slot = OtherSlot(*old_slot);
    if (std::optional<RotationDecision> refused = RefuseForeign(record_.new_key.slot)) return *std::move(refused);
    if (const absl::Status& whole = situation_.new_key_whole; !whole.ok()) {
      return absl::IsDataLoss(whole) ? Block(whole, "roll back") : Trouble(whole, "");
    }
    return RunOrAsk(
        AlterUserSetStatement(record_.user, record_.new_key.slot, Live(record_.new_key.name)->public_key_line));
  }

  RotationDecision Registered() {
    if (const auto* tried = std::get_if<LoginTried>(&situation_.observation)) {
      if (tried->proof.ok()) {
        record_.proof = *tried->proof;
        record_.proof->time = situation_.now;
        return Reach(RotationStep::kProven);
      }
      return LoginFailed(record_.new_key, tried->proof.status());
    }
    if (RingFailed()) return RingTrouble();
    if (std::holds_alternative<RingChanged>(situation_.observation)) {
      return ProveLogin(record_.new_key);
    }
    if (!JustDescribed()) return Describe();
    const std::optional<KeySlot> slot = seen().Find(record_.new_key.fingerprint);
    if (!slot.has_value()) return Reach(RotationStep::kRegistering);
    const KeyPairRecord* pair = Live(record_.new_key.name);
    if (pair->state == KeyPairState::kGenerated || pair->slot != *slot) return Act(Kind::kPlace, pair->name, *slot);
    return ProveLogin(record_.new_key);
  }

  RotationDecision LoginFailed(const RotationKey& key, const absl::Status& status) {
    if (absl::IsDataLoss(status)) return Block(status, Concat("revoke ", key.name));
    if (status.code() != absl::StatusCode::kUnauthenticated) return Trouble(status, "");
    return Trouble(MakeError(absl::StatusCode::kUnauthenticated, "ROTATION_LOGIN_REFUSED",
                             Concat("DESC USER shows the key of ", key.name,
                                    ", but a login with it was refused: ", MessageOf(status))),
                   "look at the user's policies and this machine's clock; roll back if it stays so");
  }

  RotationDecision Proven() {
    if (RingFailed()) return RingTrouble();
    if (IsActive(record_.new_key)) {
      record_.drained = std::chrono::milliseconds(0);
      record_.drain_checked = situation_.now;
      return Reach(RotationStep::kDraining);
    }
    // A proof is of its day: after a long stop it is asked for again.
    const std::chrono::nanoseconds age = Distance(situation_.now, record_.proof.value_or(LoginProof{}).time);
    if (age.count() < 0 || age > policy_.login_max) return Reach(RotationStep::kRegistered);
    return Act(Kind::kActivate, record_.new_key.name);
  }

  std::chrono::milliseconds DrainNeeded() const {
    if (Live(record_.old_key.name) == nullptr) return std::chrono::milliseconds(0);
    return record_.end_drain_requested ? policy_.login_max : std::max(policy_.drain, policy_.login_max);
  }

  RotationDecision Draining() {
    const Timestamp checked = record_.drain_checked.value_or(situation_.now);
    // Within a process running time counts. Over a restart only the wall clock is left; no login of ours survived it.
    const std::chrono::nanoseconds passed = situation_.elapsed.value_or(Distance(situation_.now, checked));
    record_.drained += std::chrono::duration_cast<std::chrono::milliseconds>(std::max(passed, {}));
    record_.drain_checked = situation_.now;
    const std::chrono::milliseconds needed = DrainNeeded();
    if (record_.drained >= needed) return Reach(RotationStep::kUnsetting);
    const std::chrono::milliseconds left = needed - record_.drained;
    record_.drain_until = situation_.now.Plus(left);
    return WaitFor(RotationNext::Actor::kService, std::min<std::chrono::milliseconds>(left, kDrainLookMax));
  }

  RotationDecision Unsetting() {
    if (const auto* executed = std::get_if<Executed>(&situation_.observation)) {
      return AfterStatement(*executed, record_.unset_by);
    }
    if (!JustDescribed()) return Describe();
    if (!IsActive(record_.new_key)) return Reach(RotationStep::kRegistered);
    if (!seen().Find(record_.new_key.fingerprint).has_value()) {
      record_.drained = std::max(DrainNeeded() - policy_.login_max, std::chrono::milliseconds(0));
      return KeyLost(record_.new_key, "register it again with the pair's SET statement, or roll back");
    }
    const std::optional<KeySlot> slot = seen().Find(record_.old_key.fingerprint);
    if (slot.has_value() && record_.drained < DrainNeeded()) {
      // The new key was away: a login under way was refused with it, and has only the old one left.
      record_.drain_checked = situation_.now;
      return Reach(RotationStep::kDraining);
    }
    if (!slot.has_value()) {
      if (InDoubt()) return AwaitStatement();
      NoteAuthor(record_.unset_by);
      return Reach(RotationStep::kUnset);
    }
    record_.unset_by.clear();
    return RunOrAsk(AlterUserUnsetStatement(record_.user, *slot));
  }

  RotationDecision Unset() {
    if (Live(record_.old_key.name) == nullptr) return Reach(RotationStep::kDone);
    if (RingFailed()) return RingTrouble();
    if (!JustDescribed()) return Describe();
    if (seen().Find(record_.old_key.fingerprint).has_value() || !seen().Find(record_.new_key.fingerprint).has_value()) {
      return Reach(RotationStep::kUnsetting);
    }
    return Act(Kind::kRevoke, record_.old_key.name);
  }

  RotationDecision Restoring() {
    if (IsActive(record_.old_key)) return Reach(RotationStep::kWithdrawing);
    if (RingFailed()) return RingTrouble();
    if (const auto* tried = std::get_if<LoginTried>(&situation_.observation)) {
      if (!tried->proof.ok()) return LoginFailed(record_.old_key, tried->proof.status());
      record_.restore_proof = *tried->proof;
      record_.restore_proof->time = situation_.now;
      return Act(Kind::kActivate, record_.old_key.name);
    }
    if (!JustDescribed()) return Describe();
    if (seen().Find(record_.old_key.fingerprint).has_value()) return ProveLogin(record_.old_key);
    const bool new_serves = IsActive(record_.new_key) && seen().Find(record_.new_key.fingerprint).has_value();
    if (new_serves) return GoOn("the old key is no longer in Snowflake");
    return KeyLost(record_.old_key, "register it again with the pair's SET statement");
  }

  RotationDecision Withdrawing() {
    if (!IsActive(record_.old_key)) return Reach(RotationStep::kRestoring);
    if (const auto* executed = std::get_if<Executed>(&situation_.observation)) {
      return AfterStatement(*executed, record_.unset_by);
    }
    if (!JustDescribed()) return Describe();
    const bool new_lives = Live(record_.new_key.name) != nullptr;
    std::optional<KeySlot> slot = seen().Find(record_.new_key.fingerprint);
    if (!slot.has_value() && LeftoverDestroyed()) slot = seen().Find(record_.leftover_fingerprint);
    if (!slot.has_value()) {
      if (InDoubt()) return AwaitStatement();
      NoteAuthor(record_.unset_by);
      return Reach(RotationStep::kWithdrawn);
    }
    if (!seen().Find(record_.old_key.fingerprint).has_value() && new_lives &&
        seen().Find(record_.new_key.fingerprint).has_value()) {
      return GoOn("the old key is no longer in Snowflake");
    }
    record_.unset_by.clear();
    return RunOrAsk(AlterUserUnsetStatement(record_.user, *slot));
  }

  RotationDecision Withdrawn() {
    if (Live(record_.new_key.name) == nullptr) return Reach(RotationStep::kRolledBack);
    if (RingFailed()) return RingTrouble();
    if (MayBeRegistered()) {
      if (!JustDescribed()) return Describe();
      if (seen().Find(record_.new_key.fingerprint).has_value()) return Reach(RotationStep::kWithdrawing);
    }
    return Act(Kind::kRevoke, record_.new_key.name);
  }

  const RotationPolicy& policy_;
  RotationRecord record_;
  const RotationSituation& situation_;
};

}  // namespace

RotationDecision RotationMachine::Decide(const RotationRecord& record, const RotationSituation& situation) const {
  return Decider(policy_, record, situation).Run();
}

}  // namespace cdi::keys
