// The layout of one object in a body, known to the decoder (which counts its bytes) and the body builder (which writes
// them): {IDENTIFIER[,"_update_existing_only":true][,"time":"…"][,MEMBERS OF THE PAYLOAD]}
#pragma once

#include <cstddef>

#include "base/timestamp.h"
#include "ingest/row.h"

namespace cdi::ingest {

// Bytes of an object whose identifier member and payload members have these sizes.
size_t ObjectBytes(size_t identifier_bytes, size_t member_bytes, const DecodedRow& row);

// Whether the time can stand in a body: years 0001 to 9999.
bool HasBrazeTime(const Timestamp& time);

}  // namespace cdi::ingest
