#include "keys/rotation.h"

namespace cdi::keys {

std::string_view RotationModeName(RotationMode mode) {
  switch (mode) {
    case RotationMode::kAssisted:
      return "ASSISTED";
    case RotationMode::kAutomatic:
      return "AUTOMATIC";
    case RotationMode::kScheduled:
      return "SCHEDULED";
  }
  return "UNKNOWN";
}

std::string_view RotationStepName(RotationStep step) {
  switch (step) {
    case RotationStep::kPlanned:
      return "PLANNED";
    case RotationStep::kGenerated:
      return "GENERATED";
    case RotationStep::kRegistering:
      return "REGISTERING";
    case RotationStep::kRegistered:
      return "REGISTERED";
    case RotationStep::kProven:
      return "PROVEN";
    case RotationStep::kDraining:
      return "DRAINING";
    case RotationStep::kUnsetting:
      return "UNSETTING";
    case RotationStep::kUnset:
      return "UNSET";
    case RotationStep::kDone:
      return "DONE";
    case RotationStep::kRestoring:
      return "RESTORING";
    case RotationStep::kWithdrawing:
      return "WITHDRAWING";
    case RotationStep::kWithdrawn:
      return "WITHDRAWN";
    case RotationStep::kRolledBack:
      return "ROLLED_BACK";
    case RotationStep::kFailed:
      return "FAILED";
  }
  return "UNKNOWN";
}

bool IsEnd(RotationStep step) {
  return step == RotationStep::kDone || step == RotationStep::kRolledBack || step == RotationStep::kFailed;
}

bool IsRollingBack(RotationStep step) {
  return step == RotationStep::kRestoring || step == RotationStep::kWithdrawing || step == RotationStep::kWithdrawn;
}

std::optional<KeySlot> SlotFingerprints::Find(std::string_view fingerprint) const {
  if (fingerprint.empty()) return std::nullopt;
  if (first == fingerprint) return KeySlot::k1;
  if (second == fingerprint) return KeySlot::k2;
  return std::nullopt;
}

std::string_view ConnectionOfName(std::string_view name) {
  constexpr std::string_view kPrefix = "connections/";
  if (!name.starts_with(kPrefix)) return {};
  return name.substr(0, name.find('/', kPrefix.size()));
}

}  // namespace cdi::keys
