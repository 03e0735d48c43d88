#include "server/metrics.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/build_info.h"

namespace cdi::server {
namespace {

const prometheus::Histogram::BucketBoundaries kSendBuckets = {0.01, 0.025, 0.05, 0.1, 0.2, 0.4,
                                                              0.8,  1.6,   3.2,  6.4, 15,  30};
const prometheus::Histogram::BucketBoundaries kFetchBuckets = {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60};

prometheus::Labels OfSync(const ingest::SyncName& sync) {
  return {{"sync", sync.value()}};
}

double Count(uint64_t value) {
  return static_cast<double>(value);
}

}  // namespace

Metrics::Counters& Metrics::AddCounters(const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry_);
}

Metrics::Gauges& Metrics::AddGauges(const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry_);
}

Metrics::Metrics(const Clock& clock)
    : clock_(clock),
      registry_(std::make_shared<prometheus::Registry>()),
      rows_fetched_(AddCounters("cdi_rows_fetched_total", "Rows read from source tables")),
      rows_(AddCounters("cdi_rows_total", "Rows of ended runs by outcome")),
      batches_(AddCounters("cdi_batches_total", "Requests to Braze by outcome")),
      runs_(AddCounters("cdi_runs_total", "Ended runs by state")),
      null_cursor_rows_(AddCounters("cdi_rows_null_cursor_total", "Rows without a cursor value, as each run saw them")),
      queue_rows_(AddGauges("cdi_queue_rows", "Rows fetched and not yet in a request")),
      in_flight_(AddGauges("cdi_requests_in_flight", "Requests sent and not yet answered")),
      watermark_(AddGauges("cdi_watermark_timestamp_seconds", "Cursor value below which every row is settled")),
      sync_lag_(AddGauges("cdi_sync_lag_seconds", "Wall clock minus watermark at the last progress")),
      sealed_(AddGauges("cdi_sealed", "1: started without the master key, no run starts").Add({})),
      key_age_(AddGauges("cdi_key_age_seconds", "Age of a usable key pair")),
      rotation_step_(AddGauges("cdi_rotation_step", "Step of the open rotation, 0 when there is none")),
      rotation_waits_(AddGauges("cdi_rotation_waits_for_people", "1 while a rotation waits for a person")),
      rotations_(AddCounters("cdi_rotations_total", "Ended rotations by end")),
      send_seconds_(prometheus::BuildHistogram()
                        .Name("cdi_batch_send_seconds")
                        .Help("Duration of requests to Braze")
                        .Register(*registry_)
                        .Add({}, kSendBuckets)),
      fetch_seconds_(prometheus::BuildHistogram()
                         .Name("cdi_fetch_seconds")
                         .Help("Duration of one block of rows from the warehouse, decoding included")
                         .Register(*registry_)
                         .Add({}, kFetchBuckets)) {
  AddGauges("cdi_build_info", "Always 1").Add({{"version", kVersion}}).Set(1);
}

absl::StatusOr<int> Metrics::Listen(const std::string& host, int port, const Admit& admit) {
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(absl::StrCat(host, ":", port), 1);
    if (admit) {
      exposer_->RegisterAuth([admit](const std::string&, const std::string& token) { return admit(token); }, "cdi");
    }
    exposer_->RegisterCollectable(registry_);
    return exposer_->GetListeningPorts().at(0);
  } catch (const std::exception&) {
    return MakeError(
        absl::StatusCode::kUnavailable, "METRICS_PORT_TAKEN",
        absl::StrCat("cannot listen on ", host, ":", port, " for metrics: is the port taken? (metrics_listen)"));
  }
}

void Metrics::BatchDone(const ingest::SyncName& sync, const ingest::SendReport& report, uint32_t) {
  batches_.Add({{"sync", sync.value()}, {"outcome", std::string(ingest::SendOutcomeName(report.outcome))}}).Increment();
  send_seconds_.Observe(std::chrono::duration<double>(report.duration).count());
}

void Metrics::PageFetched(const ingest::SyncName& sync, size_t rows, size_t, std::chrono::nanoseconds duration) {
  rows_fetched_.Add(OfSync(sync)).Increment(Count(rows));
  fetch_seconds_.Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::RunProgressed(const ingest::SyncName& sync, const ingest::RunProgress& progress) {
  queue_rows_.Add(OfSync(sync)).Set(Count(progress.rows_waiting));
  in_flight_.Add(OfSync(sync)).Set(progress.batches_in_flight);
  if (!progress.watermark) return;
  watermark_.Add(OfSync(sync)).Set(static_cast<double>(progress.watermark->seconds));
  sync_lag_.Add(OfSync(sync))
      .Set(std::chrono::duration<double>(Distance(clock_.WallNow(), *progress.watermark)).count());
}

void Metrics::RunFinished(const ingest::Run& run) {
  const std::string sync = run.sync.value();
  runs_.Add({{"sync", sync}, {"state", std::string(ingest::RunStateName(run.state))}}).Increment();
  const auto add = [&](const char* outcome, uint64_t rows) {
    rows_.Add({{"sync", sync}, {"outcome", outcome}}).Increment(Count(rows));
  };
  add("accepted", run.sums.accepted);
  add("unconfirmed", run.sums.unconfirmed);
  add("rejected_local", run.sums.rejected_local);
  add("rejected_braze", run.sums.rejected_braze);
  add("held", run.sums.held);
  add("skipped", run.sums.skipped);
  if (run.window) null_cursor_rows_.Add(OfSync(run.sync)).Increment(Count(run.window->rows_null_cursor));
  queue_rows_.Add(OfSync(run.sync)).Set(0);
  in_flight_.Add(OfSync(run.sync)).Set(0);
}

void Metrics::SetKeyAges(const std::map<std::pair<std::string, int>, double>& ages) {
  const MutexLock lock(mutex_);
  for (auto known = key_ages_.begin(); known != key_ages_.end();) {
    if (ages.contains(known->first)) {
      ++known;
      continue;
    }
    key_age_.Remove(known->second);
    known = key_ages_.erase(known);
  }
  for (const auto& [where, seconds] : ages) {
    prometheus::Gauge*& gauge = key_ages_[where];
    if (gauge == nullptr) {
      gauge = &key_age_.Add({{"connection", where.first}, {"slot", std::to_string(where.second)}});
    }
    gauge->Set(seconds);
  }
}

void Metrics::SetRotation(const std::string& connection, int step, bool waits_for_people) {
  rotation_step_.Add({{"connection", connection}}).Set(step);
  rotation_waits_.Add({{"connection", connection}}).Set(waits_for_people ? 1 : 0);
}

void Metrics::RotationEnded(const std::string& connection, const std::string& step) {
  rotations_.Add({{"connection", connection}, {"end", step}}).Increment();
}

}  // namespace cdi::server
