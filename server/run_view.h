// Runs and parked rows as the API shows them.
#pragma once

#include "cdi/v1/run.pb.h"
#include "ingest/engine.h"
#include "ingest/state_store.h"

namespace cdi::server {

v1::Run ViewOf(const ingest::Run& run);
v1::Run ViewOf(const ingest::RunSnapshot& snapshot);
v1::DeadRow ViewOf(const ingest::StoredParkedRow& row);

}  // namespace cdi::server
