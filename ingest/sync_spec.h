// One version of a sync's configuration as the engine sees it: plain values, fixed for the length of a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong_id.h"
#include "base/timestamp.h"

namespace cdi::ingest {

using SyncName = StrongId<struct SyncNameTag, std::string>;            // syncs/{sync}
using RunName = StrongId<struct RunNameTag, std::string>;              // syncs/{sync}/runs/{run}
using WorkspaceName = StrongId<struct WorkspaceNameTag, std::string>;  // workspaces/{workspace}
using BatchId = StrongId<struct BatchIdTag, uint64_t>;                 // unique within a run, rising, from 1

enum class DataType : uint8_t { kUserAttributes = 1, kEvents = 2, kPurchases = 3 };
std::string_view DataTypeName(DataType type);   // "USER_ATTRIBUTES", …
std::string_view DataTypeArray(DataType type);  // "attributes", "events", "purchases": the array of the body

// What happens to a batch of which nobody knows whether Braze took it.
enum class OnAmbiguous : uint8_t {
  kResend = 1,  // at least once: sent again, a duplicate is possible
  kHold = 2,    // at most once: parked for a human
};
OnAmbiguous DefaultOnAmbiguous(DataType type);  // purchases hold, the rest resend

struct BatchLimits {
  uint32_t objects_max = 75;              // combined over the arrays (Braze, newest contracts)
  uint32_t body_bytes_max = 3'500'000;    // Braze refuses above 4 MB
  uint32_t requests_in_flight_max = 192;  // per run: rate x latency, 1,000/s at 150 ms = 150, with room
};

struct RunLimits {
  uint32_t ahead_rows_max = 200'000;   // finished rows past the watermark
  uint32_t waiting_rows_max = 20'000;  // fetched, not yet in a batch
  uint64_t waiting_bytes_max = 64ULL << 20;
  uint32_t boundary_rows_max = 1'000'000;  // finished rows at exactly the watermark
  uint64_t rows_max = 500'000'000;         // a run with more rows ends LIMIT_EXCEEDED
  int ambiguous_attempts_max = 3;          // per batch
  std::chrono::minutes no_progress_max{15};
  // A run stops (REJECT_RATIO) when more than this part of at least `reject_rows_min` rows was refused.
  double reject_ratio_max = 0.2;
  uint32_t reject_rows_min = 1000;
};

struct SyncSpec {
  SyncName sync;
  WorkspaceName workspace;
  DataType type = DataType::kUserAttributes;
  OnAmbiguous on_ambiguous = OnAmbiguous::kResend;
  bool update_existing_only = false;       // `_update_existing_only: true` on every object
  bool strip_identifiers = false;          // an identifier key inside a payload is dropped instead of refusing the row
  std::chrono::seconds commit_lag{60};     // 0 to 3600
  uint32_t payload_bytes_max = 1'000'000;  // Braze CDI's 1 MB
  BatchLimits batch;
  RunLimits limits;
};

}  // namespace cdi::ingest
