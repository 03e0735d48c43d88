// How the configuration wants the state store.
#pragma once

#include "base/clock.h"
#include "cdi/config/v1/server_config.pb.h"
#include "ingest/state/store_options.h"

namespace cdi::server {

inline state::StoreOptions StoreOptionsOf(const config::v1::ServerConfig& config, const Clock& clock) {
  state::StoreOptions options;
  options.clock = &clock;
  options.segment_retention = std::chrono::hours{24 * config.row_log_days()};
  options.parked_retention = std::chrono::hours{24 * config.dead_row_days()};
  return options;
}

}  // namespace cdi::server
