#include "tests/sim/rotation_world.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"
#include "keys/alter_user.h"
#include "tests/sim/rotation_outside.h"

namespace cdi::sim {
namespace {

using keys::KeyPairRecord;
using keys::KeyPairState;
using keys::KeySlot;
using keys::RotationMode;
using keys::RotationNext;
using keys::RotationRecord;
using keys::RotationStep;

constexpr int kTicksWithFaults = 40;
constexpr int kTicksHealed = 400;

const std::shared_ptr<const keys::MasterKey>& AnyMasterKey() {
  static const auto key = std::make_shared<const keys::MasterKey>(
      *keys::MasterKey::FromText("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "the simulator"));
  return key;
}

// What dies in a crash.
struct Process {
  Process(RotationOutside& outside, const keys::RotationMachine& machine)
      : store(outside),
        ring(store, AnyMasterKey(), outside.clock, outside.maker),
        rotator(store, ring, outside.clock, machine),
        user(outside) {}

  SimKeyStore store;
  keys::KeyRing ring;
  keys::Rotator rotator;
  SimUser user;
};

class World {
 public:
  World(uint64_t seed, const RotationSimOptions& options)
      : outside_(seed), machine_(DrawPolicy(), options.mutation), rotations_(options.rotations) {
    DrawFaults();
    outside_.interrupt = [this] { OperatorActs(); };
    Restart();
  }

  RotationSimResult Run() {
    PutFirstPairInUse();
    for (; made_ < rotations_ && outside_.violation.empty(); ++made_) {
      outside_.faults = faults_;
      Guarded([this] { HandWork(); });
      RunWithFaults();
      Heal();
      CleanUp();
      CheckSettled();
    }
    RotationSimResult result;
    result.violation = outside_.violation;
    result.rotations = outside_.rotation_store.ListRotations("")->size();
    result.hits = std::move(outside_.hits);
    result.trace = std::move(outside_.trace);
    return result;
  }

 private:
  bool Chance(uint64_t numerator, uint64_t denominator) { return outside_.rng.Chance(numerator, denominator); }

  keys::RotationPolicy DrawPolicy() {
    keys::RotationPolicy policy;
    constexpr int kDrains[] = {300, 3600, 24 * 3600};
    policy.drain = std::chrono::seconds(kDrains[outside_.rng.Below(3)]);
    dense_ = policy.drain.count() == 300 && Chance(1, 3);
    policy.login_max = kLoginMax;
    policy.statement_max = kStatementMax;
    return policy;
  }

  void DrawFaults() {
    const auto draw = [&](uint64_t most) { return Chance(1, 2) ? outside_.rng.Below(most) : 0; };
    faults_ = {.crash = draw(60),
               .write_fails = draw(50),
               .describe_fails = draw(300),
               .reply_lost = draw(600),
               .login_fails = draw(400),
               .stranger = draw(300),
               .attack = draw(500),
               .interrupt = draw(60)};
    outside_.run_period = std::chrono::seconds(100 + outside_.rng.Below(4000));
    jump_ = draw(200);
    stop_ = draw(60);
    grant_changes_ = draw(200);
    // Everything at once: a login under way at every step, in a rotation of a few minutes.
    if (dense_) {
      outside_.run_period = std::chrono::seconds(5);
      jump_ = 200;
    }
  }

  // ---- the process

  void Restart() {
    outside_.ring = nullptr;
    process_.reset();
    outside_.ForgetRuns();
    process_ = std::make_unique<Process>(outside_, machine_);
    outside_.ring = &process_->ring;
  }

  // Work of the process; when it dies, the next one is there after a while.
  template <typename Work>
  void Guarded(Work work) {
    try {
      work();
    } catch (const Crash&) {
      Restart();
      // A supervisor starts the next one at once, or somebody is called.
      outside_.Stand(std::chrono::seconds(outside_.rng.Below(Chance(1, 2) ? 10 : 4000)));
    }
  }

  std::vector<RotationRecord> Open() { return *outside_.rotation_store.ListOpenRotations(); }
  std::vector<KeyPairRecord> Pairs() { return outside_.Pairs(); }

  // Nothing when the store failed.
  std::optional<RotationRecord> Advance(const std::string& name) {
    auto record = process_->rotator.Advance(name, process_->user);
    if (record.ok()) return *std::move(record);
    if (!absl::IsUnavailable(record.status())) {
      outside_.Violate(absl::StrCat("Advance failed: ", record.status().ToString()));
    }
    return std::nullopt;
  }

  // ---- people

  void RunStatementOf(const std::string& name) {
    // Whoever runs a statement asks for it first; `cdi` shows what the service has just found.
    const std::optional<RotationRecord> record = Advance(name);
    if (!record.has_value() || record->next.actor != RotationNext::Actor::kAdministrator) return;
    outside_.Hit("administrator");
    outside_.ApplyStatement(record->next.statement, "an administrator");
  }

  void OperatorActs() {
    const std::vector<RotationRecord> open = Open();
    if (open.empty()) return;
    const RotationRecord& record = open[outside_.rng.Below(open.size())];
    keys::Rotator& rotator = process_->rotator;
    switch (outside_.rng.Below(6)) {
      case 0:
      case 1:
        outside_.Note("an operator rolls back");
        if (rotator.RollBack(record.name, "tokens/op", "a change of mind").ok()) outside_.Hit("rollback");
        break;
      case 2:
        outside_.Note("an operator ends the drain");
        if (rotator.EndDrain(record.name, "tokens/op").ok()) outside_.Hit("end_drain");
        break;
      case 3:
        PermitWhatIsSeen(record);
        break;
      case 4:
        if (Chance(1, 3)) RevokeOne(record);
        break;
      default:
        StartNext(record);
        break;
    }
  }

  void PermitWhatIsSeen(const RotationRecord& record) {
    if (!record.error.has_value() || record.error->reason != "ROTATION_SLOT_FOREIGN" || !record.seen) return;
    for (const std::string* there : {&record.seen->first, &record.seen->second}) {
      if (there->find("FFFF") == std::string::npos) continue;
      if (process_->rotator.PermitOverwrite(record.name, *there, "tokens/op").ok()) outside_.Hit("permit");
    }
  }

  // An emergency: only where another key is left, as nobody could keep a service running without one.
  // Nor while a statement is under way: whether it or the emergency came first, nobody could say.
  void RevokeOne(const RotationRecord& record) {
    if (outside_.statement_under_way || outside_.late_pending()) return;
    const auto stored = outside_.rotation_store.GetRotation(record.name);
    if (stored->step == RotationStep::kUnset || stored->step == RotationStep::kWithdrawn) return;
    const std::string& name = Chance(1, 2) ? record.old_key.name : record.new_key.name;
    const auto pairs = Pairs();
    const bool other_left = std::any_of(pairs.begin(), pairs.end(), [&](const KeyPairRecord& pair) {
      return pair.name != name && pair.state != KeyPairState::kRevoked && outside_.user.Accepts(pair.fingerprint);
    });
    if (!other_left) return;
    outside_.Note("an operator revokes");
    outside_.ExcuseRuns();
    emergencies_.insert(name);
    if (process_->ring.Revoke(name).ok()) outside_.Hit("emergency_revoke");
  }

  void StartNext(const RotationRecord& before) {
    keys::RotationRequest request = NewRequest();
    request.end_drain = true;
    const auto started = process_->rotator.Start(request);
    if (started.ok() && started->waits_for == before.name) outside_.Hit("waits_for");
  }

  // ---- a rotation

  keys::RotationRequest NewRequest() {
    keys::RotationRequest request;
    request.connection = std::string(kSimConnection);
    request.rotation_id = absl::StrCat("r", ++ids_);
    request.user = outside_.user.user;
    request.mode = static_cast<RotationMode>(1 + outside_.rng.Below(3));
    request.bits = 2048;
    request.requested_by = request.mode == RotationMode::kScheduled ? "schedule" : "tokens/ci";
    request.reason = "the simulator";
    return request;
  }

  void PutFirstPairInUse() {
    const KeySlot slot = Chance(1, 2) ? KeySlot::k1 : KeySlot::k2;
    const auto pair = process_->ring.Generate(kSimConnection, "first", 2048, slot);
    CDI_CHECK(pair.ok(), "the first pair can be made");
    outside_.ApplyStatement(*keys::AlterUserSetStatement(outside_.user.user, pair->slot, pair->public_key_line),
                            "an administrator");
    CDI_CHECK(process_->ring.LoggedIn(pair->name).ok(), "the first pair can be used");
    outside_.settled = true;
  }

  // Before some rotations somebody made or even exchanged a pair by hand.
  void HandWork() {
    outside_.user.granted = Chance(2, 3);
    if (!Chance(1, 6)) return;
    const auto pair = process_->ring.Generate(kSimConnection, absl::StrCat("hand", ++ids_), 2048);
    if (!pair.ok()) return;
    if (Chance(1, 2)) {
      outside_.Hit("named_pair");
      return;
    }
    if (!outside_.user.slots().in(pair->slot).empty()) return;
    outside_.ApplyStatement(*keys::AlterUserSetStatement(outside_.user.user, pair->slot, pair->public_key_line),
                            "an administrator");
    if (!process_->ring.MarkRegistered(pair->name, pair->slot).ok()) return;
    if (Chance(1, 2)) {
      outside_.Hit("named_registered_pair");
      return;
    }
    outside_.proved.insert(pair->fingerprint);
    if (!process_->ring.Activate(pair->name).ok()) return;
    // Whoever exchanges by hand waits by hand.
    outside_.Pass(kLoginMax);
    outside_.Hit("hand_exchange");
  }

  bool TryStart() {
    keys::RotationRequest request = NewRequest();
    request.end_drain = true;
    const auto live = Pairs();
    const auto other = std::find_if(live.begin(), live.end(), [](const KeyPairRecord& pair) {
      return pair.state == KeyPairState::kGenerated || pair.state == KeyPairState::kRegistered;
    });
    if (other != live.end()) request.key_pair = other->name;
    const auto started = process_->rotator.Start(request);
    if (started.ok()) {
      if (!started->leftover_key_pair.empty()) outside_.Hit("leftover");
      outside_.Hit(absl::StrCat("mode ", std::string(RotationModeName(started->mode))));
    } else if (!absl::IsUnavailable(started.status())) {
      outside_.Violate(absl::StrCat("Start failed: ", started.status().ToString()));
    }
    return started.ok();
  }

  void Tick() {
    const uint64_t pause_max = dense_ ? 40 : (Chance(1, 4) ? 8 * 3600 : 900);
    outside_.Pass(std::chrono::seconds(5 + outside_.rng.Below(pause_max)));
    if (Chance(jump_, 1000)) {
      outside_.Hit("clock_jump");
      const auto days = static_cast<int64_t>(outside_.rng.Below(80)) - 40;
      outside_.clock.wall = outside_.clock.wall.Plus(std::chrono::hours(24 * days + 1));
    }
    if (Chance(grant_changes_, 1000)) outside_.user.granted = !outside_.user.granted;
    if (Chance(outside_.faults.stranger, 1000)) outside_.StrangerActs();
    if (Chance(stop_, 1000)) Restart();
    if (Chance(1, 12)) OperatorActs();
    for (const RotationRecord& record : Open()) {
      if (Chance(1, 3)) {
        RunStatementOf(record.name);
      } else {
        Advance(record.name);
      }
    }
  }

  void RunWithFaults() {
    for (int tick = 0; tick < kTicksWithFaults && outside_.violation.empty(); ++tick) {
      Guarded([this, tick] {
        if (tick == 0 || (Open().empty() && !started_)) started_ = TryStart();
        Tick();
      });
      if (Open().empty() && started_) break;
    }
    started_ = false;
  }

  // ---- the end

  void Heal() {
    outside_.faults = {};
    outside_.user.granted = Chance(1, 2);
    for (int tick = 0; tick < kTicksHealed && outside_.violation.empty() && !Open().empty(); ++tick) {
      outside_.Pass(std::chrono::seconds(30 + outside_.rng.Below(dense_ ? 100 : 3600)));
      for (const RotationRecord& record : Open()) {
        RunStatementOf(record.name);
        const auto now = outside_.rotation_store.GetRotation(record.name);
        if (now->next.actor == RotationNext::Actor::kOperator) Mend(*now);
      }
    }
    for (const RotationRecord& record : Open()) {
      outside_.Violate(absl::StrCat("stuck: ", record.name, " ", std::string(RotationStepName(record.step)), " ",
                                    record.error.has_value() ? record.error->reason : ""));
    }
  }

  void Mend(const RotationRecord& record) {
    if (outside_.late_pending()) return;
    if (record.error->reason == "ROTATION_SLOT_FOREIGN" && Chance(1, 2)) return PermitWhatIsSeen(record);
    if (!record.rollback_requested && Chance(1, 2)) {
      process_->rotator.RollBack(record.name, "tokens/op", "mending").IgnoreError();
      return;
    }
    // A key that a stranger removed is registered again, where no key of ours is.
    for (const KeyPairRecord& pair : Pairs()) {
      if (pair.state != KeyPairState::kActive && pair.state != KeyPairState::kDraining) continue;
      if (outside_.user.Accepts(pair.fingerprint)) continue;
      return RegisterAgain(pair);
    }
  }

  // What strangers removed is registered again, what was revoked in an emergency is unset by the statement that was
  // shown then, and somebody logs in.
  void CleanUp() {
    for (const KeyPairRecord& pair : Pairs()) {
      const bool live = pair.state != KeyPairState::kRevoked;
      const bool there = outside_.user.Accepts(pair.fingerprint);
      if (live && !there && pair.state != KeyPairState::kGenerated && outside_.attacked.contains(pair.fingerprint)) {
        RegisterAgain(pair);
      } else if (!live && there && emergencies_.contains(pair.name)) {
        outside_.user.Apply({*outside_.user.slots().Find(pair.fingerprint), ""});
      }
    }
    const auto order = process_->ring.LoginOrder(kSimConnection);
    for (const KeyPairRecord& pair : *order) {
      if (outside_.user.Accepts(pair.fingerprint)) return process_->ring.LoggedIn(pair.name).status().IgnoreError();
    }
  }

  void RegisterAgain(const KeyPairRecord& pair) {
    for (const KeySlot slot : {KeySlot::k1, KeySlot::k2}) {
      if (outside_.IsLiveOurs(outside_.user.slots().in(slot))) continue;
      outside_.user.Apply({slot, pair.fingerprint});
      outside_.Hit("registered_again");
      outside_.Note(absl::StrCat("an administrator registers ", pair.name, " again"));
      return;
    }
  }

  void CheckSettled() {
    outside_.Stand(kStatementMax);
    if (!outside_.violation.empty()) return;
    const std::vector<KeyPairRecord> pairs = Pairs();
    int active = 0;
    for (const KeyPairRecord& pair : pairs) {
      const bool live = pair.state != KeyPairState::kRevoked;
      const bool there = outside_.user.Accepts(pair.fingerprint);
      if (!live && there) outside_.Violate(absl::StrCat("dangling: ", pair.name, " is destroyed here, not there"));
      if (live && !there && pair.state != KeyPairState::kGenerated) {
        outside_.Violate(absl::StrCat("dangling: ", pair.name, " is usable here, not registered there"));
      }
      if (pair.state == KeyPairState::kActive) ++active;
    }
    if (active != 1) outside_.Violate(absl::StrCat(active, " active pairs"));
    const auto rotations = outside_.rotation_store.ListRotations("");
    for (const RotationRecord& record : *rotations) CheckReceipt(record);
  }

  void CheckReceipt(const RotationRecord& record) {
    const bool emergency = emergencies_.contains(record.old_key.name) || emergencies_.contains(record.new_key.name);
    if (record.step == RotationStep::kFailed && !emergency) outside_.Violate(absl::StrCat(record.name, " failed"));
    if (record.step != RotationStep::kDone) return;
    const bool whole = record.proof.has_value() && !record.old_key.fingerprint.empty() &&
                       !record.new_key.fingerprint.empty() && !record.requested_by.empty() &&
                       record.times.front().step == RotationStep::kPlanned &&
                       record.times.back().step == RotationStep::kDone && !record.error.has_value();
    if (!whole) outside_.Violate(absl::StrCat("the receipt of ", record.name, " is not whole"));
    const auto old_pair = outside_.key_store.GetKeyPair(record.old_key.name);
    if (!old_pair.ok() || old_pair->state != KeyPairState::kRevoked || !old_pair->sealed_private_key.empty()) {
      outside_.Violate(absl::StrCat(record.old_key.name, " was not destroyed"));
    }
  }

  RotationOutside outside_;
  bool dense_ = false;
  const MutantRotationMachine machine_;
  const int rotations_;
  RotationFaults faults_;
  uint64_t jump_ = 0;
  uint64_t stop_ = 0;
  uint64_t grant_changes_ = 0;
  int made_ = 0;
  int ids_ = 0;
  bool started_ = false;
  std::set<std::string> emergencies_;  // pairs that were revoked by hand
  std::unique_ptr<Process> process_;
};

}  // namespace

RotationSimResult SimulateRotations(uint64_t seed, const RotationSimOptions& options) {
  return World(seed, options).Run();
}

}  // namespace cdi::sim
