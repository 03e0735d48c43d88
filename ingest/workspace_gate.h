// Who may send to one workspace, and when: rate, throttling, retry budget, and a gate that closes when Braze fails.
//
// Pure: time comes in, nothing waits in here. One per workspace, shared by its runs. Not thread-safe: its owner locks.
//
// Rules (reliability page §5 R): requests at `rate` per `per`, just below the contract; 429 shuts the gate for
// everybody until its reset plus jitter; retries cost budget (bucket of 100, +0.1 per success, +1 per second, -1 per
// retry, only above 50, one probe per 10 s always; NotSent and 429 cost none); after 5 ambiguous outcomes in a row only
// a probe leaves, with back-off to 60 s; after 401 or 403 nothing leaves for 15 minutes or until the workspace changes.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/rng.h"
#include "ingest/send_outcome.h"

namespace cdi::ingest {

struct RatePolicy {
  uint32_t requests = 970;               // per second by default: just below 3,000 in 3 s
  std::chrono::milliseconds per{1'000};  // the window the figure is for
  uint32_t burst = 50;                   // requests that may leave at once after a pause
};

enum class SlotKind : uint8_t { kFresh, kRetry };

class WorkspaceGate {
 public:
  WorkspaceGate(const RatePolicy& policy, uint64_t seed, MonoTime now);

  // True: one request may leave now. False: ask again at NextTry().
  // kRetry spends budget: repeats of what Braze may have taken. Repeats after NotSent or 429 spend none: kFresh.
  bool TryTake(SlotKind kind, MonoTime now);
  // A slot that was taken and not used comes back.
  void GiveBack(SlotKind kind);
  // The earliest time at which TryTake could answer differently; never before `now`.
  MonoTime NextTry(SlotKind kind, MonoTime now) const;
  // Learns from every reply of the workspace.
  void OnReport(const SendReport& report, MonoTime now);

  enum class State : uint8_t { kOpen, kThrottled, kProbing, kRefused };
  State state(MonoTime now) const;
  double retry_tokens() const { return retry_tokens_; }
  std::chrono::milliseconds throttled_total() const { return throttled_total_; }

 private:
  void Refill(MonoTime now);

  RatePolicy policy_;
  SeededRng rng_;
  MonoTime refilled_at_;
  double rate_tokens_;
  double retry_tokens_ = 100;
  MonoTime throttled_until_{0};
  int throttled_in_a_row_ = 0;
  std::chrono::milliseconds throttled_total_{0};
  int ambiguous_in_a_row_ = 0;
  MonoTime probe_after_{0};  // while probing: when the next probe may leave
  bool probe_in_flight_ = false;
  MonoTime probe_lost_at_{0};      // when one in flight is given up
  MonoTime retry_probe_after_{0};  // the one retry per 10 s that needs no budget
  MonoTime refused_until_{0};
};

}  // namespace cdi::ingest
