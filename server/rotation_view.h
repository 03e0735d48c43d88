// Rotations as the API shows them.
#pragma once

#include "cdi/v1/key_pair.pb.h"
#include "cdi/v1/rotation.pb.h"
#include "keys/key_store.h"
#include "keys/rotation.h"

namespace cdi::server {

v1::Rotation ViewOf(const keys::RotationRecord& record);
v1::KeyPair::Slot ViewOf(keys::KeySlot slot);
v1::KeyPair::State ViewOf(keys::KeyPairState state);

}  // namespace cdi::server
