#include "tests/sim/world_params.h"

#include <array>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/rng.h"

namespace cdi::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, kFaultCount> kNames = {
    "crash",         "zombie",       "not_sent",     "ambiguous_taken", "ambiguous_lost", "throttled",
    "unconfirmed",   "outage",       "auth_refused", "endpoint_wrong",  "named_rows",     "named_rows_400",
    "whole_refused", "too_large",    "local_faults", "fetch_fails",     "writes_fail",    "shutdown",
    "cancel",        "changed_rows", "late_commits", "future_rows",     "equal_rows"};

uint32_t Draw(Rng& rng, uint32_t low, uint32_t high) {
  return low + static_cast<uint32_t>(rng.Below(high - low + 1));
}

// The greatest chance of each fault, in 10,000 per occasion.
uint32_t ChanceMax(Fault fault) {
  switch (fault) {
    case Fault::kCrash:
      return 300;
    case Fault::kAuthRefused:
    case Fault::kEndpointWrong:
    case Fault::kOutage:
      return 200;
    case Fault::kWritesFail:
      return 150;
    case Fault::kFetchFails:
      return 1'000;
    case Fault::kShutdown:
    case Fault::kCancel:
      return 100;
    case Fault::kEqualRows:
    case Fault::kLateCommits:
    case Fault::kZombie:
      return 5'000;
    default:
      return 2'500;
  }
}

}  // namespace

std::string_view FaultName(Fault fault) {
  return kNames[static_cast<size_t>(fault)];
}

std::string WorldParams::ToString() const {
  std::string text = absl::StrCat(
      "seed ", seed, ": ", spec.on_ambiguous == ingest::OnAmbiguous::kHold ? "HOLD" : "RESEND", ", pages of ",
      page_size, ", batches of ", spec.batch.objects_max, " rows and ", spec.batch.body_bytes_max, " bytes, ",
      spec.batch.requests_in_flight_max, " in flight, lag ", spec.commit_lag.count(), " s, ", users,
      skewed_users ? " skewed" : "", " users, ", rows_at_start, "+", rounds, "x", rows_per_round, " rows, ahead max ",
      spec.limits.ahead_rows_max, ", waiting max ", spec.limits.waiting_rows_max, ", faults:");
  for (size_t i = 0; i < kFaultCount; ++i) {
    if (faults.test(i)) absl::StrAppend(&text, " ", std::string(kNames[i]), "=", chance[i]);
  }
  return text;
}

WorldParams DrawWorld(uint64_t seed) {
  // SplitMix walks by a constant: seeds must not be its multiples, or worlds would share their draws.
  SeededRng rng(SeededRng(seed).Next());
  WorldParams params;
  params.seed = seed;
  ingest::SyncSpec& spec = params.spec;
  spec.sync = ingest::SyncName{"syncs/sim"};
  spec.workspace = ingest::WorkspaceName{"workspaces/sim"};
  const bool hold = rng.Chance(1, 3);
  spec.type = hold ? ingest::DataType::kPurchases : ingest::DataType::kUserAttributes;
  spec.on_ambiguous = ingest::DefaultOnAmbiguous(spec.type);
  spec.commit_lag = seconds{rng.Chance(1, 3) ? 0 : Draw(rng, 1, 20)};
  spec.batch.objects_max = rng.Chance(1, 4) ? Draw(rng, 4, 9) : Draw(rng, 1, 3);
  spec.batch.body_bytes_max = rng.Chance(1, 4) ? Draw(rng, 90, 400) : 100'000;
  spec.batch.requests_in_flight_max = Draw(rng, 1, rng.Chance(1, 3) ? 8 : 3);
  spec.limits.ahead_rows_max = rng.Chance(1, 3) ? Draw(rng, 1, 10) : 1'000;
  spec.limits.waiting_rows_max = rng.Chance(1, 3) ? Draw(rng, 1, 10) : 1'000;
  spec.limits.boundary_rows_max = rng.Chance(1, 40) ? Draw(rng, 3, 8) : 1'000'000;
  spec.limits.rows_max = rng.Chance(1, 10) ? Draw(rng, 10, 30) : 1'000'000;
  spec.limits.reject_rows_min = rng.Chance(1, 10) ? Draw(rng, 10, 30) : 1'000;
  params.real_bodies = rng.Chance(1, 8);
  params.page_size = rng.Chance(1, 5) ? Draw(rng, 6, 20) : Draw(rng, 1, 5);
  params.users = rng.Chance(1, 3) ? Draw(rng, 1, 3) : Draw(rng, 4, 40);
  params.skewed_users = rng.Chance(1, 3);
  params.rows_at_start = Draw(rng, 0, 60);
  params.rows_per_round = Draw(rng, 0, 15);
  constexpr std::array<int, 4> kGrains = {1, 1'000, 3'000, 20'000};
  params.cursor_grain = milliseconds{kGrains[rng.Below(kGrains.size())]};
  params.rounds = Draw(rng, 2, 6);
  params.period = seconds{Draw(rng, 5, 90)};
  params.latency_max = milliseconds{Draw(rng, 1, 400)};
  params.commit_max = milliseconds{Draw(rng, 1, 200)};
  for (size_t i = 0; i < kFaultCount; ++i) {
    if (!rng.Chance(2, 5)) continue;
    params.faults.set(i);
    params.chance[i] = 1 + static_cast<uint32_t>(rng.Below(ChanceMax(static_cast<Fault>(i))));
  }
  if (params.Has(Fault::kTooLarge)) params.braze_bytes_max = Draw(rng, 90, 300);
  return params;
}

WorldParams SmallWorld(ingest::OnAmbiguous on_ambiguous) {
  WorldParams params = DrawWorld(1);
  params.spec.type =
      on_ambiguous == ingest::OnAmbiguous::kHold ? ingest::DataType::kPurchases : ingest::DataType::kUserAttributes;
  params.spec.on_ambiguous = on_ambiguous;
  params.spec.commit_lag = seconds{1};
  params.spec.batch = {.objects_max = 2, .body_bytes_max = 100'000, .requests_in_flight_max = 2};
  params.spec.limits = {};
  params.faults.reset();
  params.page_size = 4;
  params.real_bodies = false;
  params.users = 5;
  params.skewed_users = false;
  params.rows_at_start = 8;
  params.rows_per_round = 3;
  params.cursor_grain = seconds{2};
  params.rounds = 2;
  params.period = seconds{30};
  params.latency_max = milliseconds{20};
  params.commit_max = milliseconds{5};
  params.braze_bytes_max = 0xffffffff;
  return params;
}

}  // namespace cdi::sim
