// The rotation machine as the simulator drives it: the real one, or one that was broken on purpose, from outside, to
// prove that the checks notice. The product knows nothing of this.
#pragma once

#include "keys/rotation_machine.h"

namespace cdi::sim {

enum class RotationMutation {
  kNone,
  kUnsetWithoutDescribe,    // runs UNSET on what was seen before the drain
  kActivateBeforeProof,     // takes a key into use because DESC USER shows it
  kOverwriteForeign,        // permits whatever stands in the slot
  kLostReplyIsDone,         // takes a SET without an answer for done
  kNoDrain,                 // unsets as soon as the new key is active
  kWallClockDrain,          // measures the drain by the wall clock
  kDestroyBeforeUnset,      // destroys the old private half when the drain ends
  kRollBackWithoutRestore,  // withdraws the new key while it is the active one
  kRollBackLeavesKey,       // rolls back without UNSET of the new key
  kSlotByNumber,            // takes slot 1 for the old one
  kTrustAtOnce,             // believes DESC USER while a statement may still be run after it
};

class MutantRotationMachine final : public keys::RotationMachine {
 public:
  MutantRotationMachine(const keys::RotationPolicy& policy, RotationMutation mutation)
      : RotationMachine(policy), mutation_(mutation) {}

  keys::RotationDecision Decide(const keys::RotationRecord& record,
                                const keys::RotationSituation& situation) const override;

 private:
  void Spoil(keys::RotationRecord& record, keys::RotationSituation& situation) const;
  void Spoil(keys::RotationDecision& decision, const keys::RotationSituation& situation) const;

  const RotationMutation mutation_;
};

}  // namespace cdi::sim
