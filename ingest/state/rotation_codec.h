// The bytes of a rotation's record. Total: the decoder answers kDataLoss (STATE_DAMAGED) for bytes that no encoder
// made.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "keys/rotation.h"

namespace cdi::state {

std::string EncodeRotation(const keys::RotationRecord& record);
absl::StatusOr<keys::RotationRecord> DecodeRotation(std::string_view bytes);

}  // namespace cdi::state
