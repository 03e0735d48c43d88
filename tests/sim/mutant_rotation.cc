#include "tests/sim/mutant_rotation.h"

#include <algorithm>

namespace cdi::sim {

using keys::Described;
using keys::RotationAction;
using keys::RotationDecision;
using keys::RotationRecord;
using keys::RotationSituation;
using keys::RotationStep;
using Kind = RotationAction::Kind;

RotationDecision MutantRotationMachine::Decide(const RotationRecord& record, const RotationSituation& situation) const {
  RotationRecord spoiled_record = record;
  RotationSituation spoiled_situation = situation;
  Spoil(spoiled_record, spoiled_situation);
  RotationDecision decision = RotationMachine::Decide(spoiled_record, spoiled_situation);
  // What a mutant permits itself is not what it was told.
  decision.record.permitted_fingerprint = record.permitted_fingerprint;
  Spoil(decision, situation);
  return decision;
}

void MutantRotationMachine::Spoil(RotationRecord& record, RotationSituation& situation) const {
  auto* described = std::get_if<Described>(&situation.observation);
  const bool saw = described != nullptr && described->slots.ok();
  const bool began = std::holds_alternative<std::monostate>(situation.observation);
  switch (mutation_) {
    case RotationMutation::kUnsetWithoutDescribe:
      if (record.step == RotationStep::kUnsetting && began && record.seen.has_value()) {
        situation.observation = Described{*record.seen};
      }
      break;
    case RotationMutation::kOverwriteForeign:
      if (saw) record.permitted_fingerprint = described->slots->in(OtherSlot(record.old_key.slot));
      break;
    case RotationMutation::kNoDrain:
      if (record.step == RotationStep::kDraining) record.drained = std::chrono::hours(24 * 365);
      break;
    case RotationMutation::kWallClockDrain:
      if (record.step == RotationStep::kDraining) situation.elapsed.reset();
      break;
    case RotationMutation::kTrustAtOnce:
      record.statement_under_way = false;
      record.statement_doubt = {};
      break;
    case RotationMutation::kSlotByNumber:
      // What stands in slot 1 passes for the old key.
      if (saw && record.step == RotationStep::kRegistering) {
        *described->slots = {record.old_key.fingerprint, ""};
      }
      break;
    default:
      break;
  }
}

void MutantRotationMachine::Spoil(RotationDecision& decision, const RotationSituation& situation) const {
  RotationRecord& record = decision.record;
  RotationAction& action = decision.action;
  const auto* executed = std::get_if<keys::Executed>(&situation.observation);
  switch (mutation_) {
    case RotationMutation::kActivateBeforeProof:
      if (action.kind == Kind::kProveLogin && record.step == RotationStep::kRegistered) {
        record.step = RotationStep::kProven;
        action.kind = Kind::kActivate;
      }
      break;
    case RotationMutation::kLostReplyIsDone:
      if (executed != nullptr && !executed->by.ok() && record.step == RotationStep::kRegistering) {
        record.step = RotationStep::kProven;
        record.proof = keys::LoginProof{situation.now, ""};
        action.kind = Kind::kActivate;
        action.key_pair = record.new_key.name;
      }
      break;
    case RotationMutation::kDestroyBeforeUnset:
      if (action.kind == Kind::kExecute && record.step == RotationStep::kUnsetting) {
        record.step = RotationStep::kUnset;
        action = {.kind = Kind::kRevoke, .key_pair = record.old_key.name, .slot = {}, .statement = "", .again = {}};
      }
      break;
    case RotationMutation::kRollBackWithoutRestore:
      if (record.step == RotationStep::kRestoring && action.kind == Kind::kProveLogin) {
        action = {.kind = Kind::kExecute,
                  .key_pair = "",
                  .slot = {},
                  .statement = "ALTER USER SVC_BRAZE UNSET " + std::string(SlotProperty(record.new_key.slot)),
                  .again = {}};
      }
      break;
    case RotationMutation::kRollBackLeavesKey:
      if (record.step == RotationStep::kWithdrawing) {
        record.step = RotationStep::kWithdrawn;
        action = {.kind = Kind::kRevoke, .key_pair = record.new_key.name, .slot = {}, .statement = "", .again = {}};
      }
      break;
    default:
      break;
  }
}

}  // namespace cdi::sim
