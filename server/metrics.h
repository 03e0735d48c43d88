// Prometheus metrics on a loopback port of their own, fed by the engine. Names and labels: docs/operations.md. No user
// and no row in a label; counted per batch and per page, never per row.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "ingest/engine.h"

namespace cdi::server {

// Thread-safe.
class Metrics final : public ingest::EngineObserver {
 public:
  explicit Metrics(const Clock& clock);

  // Says whether the holder of this token may read the metrics.
  using Admit = std::function<bool(const std::string& token)>;

  // Starts the HTTP endpoint /metrics; answers the port it listens on. `admit` gets the password of HTTP's basic
  // authentication; nullptr: everybody may read. kUnavailable, METRICS_PORT_TAKEN.
  absl::StatusOr<int> Listen(const std::string& host, int port, const Admit& admit);

  // Whether the service runs without its master key: cdi_sealed.
  void SetSealed(bool sealed) { sealed_.Set(sealed ? 1 : 0); }

  void BatchDone(const ingest::SyncName& sync, const ingest::SendReport& report, uint32_t objects) override;
  void PageFetched(const ingest::SyncName& sync, size_t rows, size_t bytes, std::chrono::nanoseconds duration) override;
  void RunProgressed(const ingest::SyncName& sync, const ingest::RunProgress& progress) override;
  void RunFinished(const ingest::Run& run) override;

  // Seconds by connection and slot (1, 2) of every usable key pair; those left out are gone.
  void SetKeyAges(const std::map<std::pair<std::string, int>, double>& ages);
  // `step` 0: no rotation is open.
  void SetRotation(const std::string& connection, int step, bool waits_for_people);
  void RotationEnded(const std::string& connection, const std::string& step);

 private:
  using Counters = prometheus::Family<prometheus::Counter>;
  using Gauges = prometheus::Family<prometheus::Gauge>;
  Counters& AddCounters(const char* name, const char* help);
  Gauges& AddGauges(const char* name, const char* help);

  const Clock& clock_;
  const std::shared_ptr<prometheus::Registry> registry_;
  Counters& rows_fetched_;
  Counters& rows_;
  Counters& batches_;
  Counters& runs_;
  Counters& null_cursor_rows_;
  Gauges& queue_rows_;
  Gauges& in_flight_;
  Gauges& watermark_;
  Gauges& sync_lag_;
  prometheus::Gauge& sealed_;
  Gauges& key_age_;
  Gauges& rotation_step_;
  Gauges& rotation_waits_;
  Counters& rotations_;
  prometheus::Histogram& send_seconds_;
  prometheus::Histogram& fetch_seconds_;
  std::unique_ptr<prometheus::Exposer> exposer_;

  Mutex mutex_;
  std::map<std::pair<std::string, int>, prometheus::Gauge*> key_ages_ CDI_GUARDED_BY(mutex_);
};

}  // namespace cdi::server
