#include "ingest/workspace_gate.h"

#include <algorithm>

namespace cdi::ingest {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kRetryTokensMax = 100;
constexpr double kRetryTokensFloor = 50;  // a retry needs more than this
constexpr double kTokensPerSuccess = 0.1;
constexpr int kAmbiguousToProbe = 5;
constexpr seconds kRetryProbePeriod{10};
// A probe whose run ended before it was sent gets no reply; far longer than any request takes.
constexpr std::chrono::minutes kProbeLostAfter{2};
constexpr std::chrono::minutes kRefusedFor{15};
constexpr BackoffPolicy kThrottlePolicy{.base = seconds{1}, .cap = seconds{60}};
constexpr BackoffPolicy kProbePolicy{.base = milliseconds{500}, .cap = seconds{60}};

double SecondsIn(MonoTime time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

WorkspaceGate::WorkspaceGate(const RatePolicy& policy, uint64_t seed, MonoTime now)
    : policy_(policy), rng_(seed), refilled_at_(now), rate_tokens_(policy.burst) {}

void WorkspaceGate::Refill(MonoTime now) {
  if (now <= refilled_at_) return;
  const MonoTime passed = now - refilled_at_;
  refilled_at_ = now;
  const double per_second = policy_.requests / SecondsIn(policy_.per);
  rate_tokens_ = std::min<double>(policy_.burst, rate_tokens_ + per_second * SecondsIn(passed));
  retry_tokens_ = std::min(kRetryTokensMax, retry_tokens_ + SecondsIn(passed));
}

bool WorkspaceGate::TryTake(SlotKind kind, MonoTime now) {
  Refill(now);
  if (now < refused_until_ || now < throttled_until_ || rate_tokens_ < 1) return false;
  if (ambiguous_in_a_row_ >= kAmbiguousToProbe) {
    const bool waits_for_reply = probe_in_flight_ && now < probe_lost_at_;
    if (waits_for_reply || now < probe_after_) return false;
  }
  if (kind == SlotKind::kRetry) {
    if (retry_tokens_ > kRetryTokensFloor) {
      retry_tokens_ -= 1;
    } else if (now < retry_probe_after_) {
      return false;
    }
    retry_probe_after_ = now + kRetryProbePeriod;
  }
  rate_tokens_ -= 1;
  if (ambiguous_in_a_row_ >= kAmbiguousToProbe) {
    probe_in_flight_ = true;
    probe_lost_at_ = now + kProbeLostAfter;
  }
  return true;
}

void WorkspaceGate::GiveBack(SlotKind kind) {
  rate_tokens_ = std::min<double>(policy_.burst, rate_tokens_ + 1);
  if (kind == SlotKind::kRetry) retry_tokens_ = std::min(kRetryTokensMax, retry_tokens_ + 1);
  probe_in_flight_ = false;
}

MonoTime WorkspaceGate::NextTry(SlotKind kind, MonoTime now) const {
  MonoTime next = std::max({now, refused_until_, throttled_until_});
  const double per_second = policy_.requests / SecondsIn(policy_.per);
  const double rate_now = rate_tokens_ + per_second * SecondsIn(std::max(MonoTime{0}, now - refilled_at_));
  if (rate_now < 1) {
    // Rounded up: a token that is a nanosecond short would make its owner ask in vain.
    next = std::max(next, now + MonoTime{1 + static_cast<int64_t>((1 - rate_now) / per_second * 1e9)});
  }
  if (ambiguous_in_a_row_ >= kAmbiguousToProbe) {
    // While a probe is out only its reply changes anything; a look every second costs nothing.
    next = std::max(next, probe_in_flight_ ? now + MonoTime{seconds{1}} : probe_after_);
  }
  if (kind == SlotKind::kRetry) {
    const double retry_now = retry_tokens_ + SecondsIn(std::max(MonoTime{0}, now - refilled_at_));
    if (retry_now <= kRetryTokensFloor) {
      const MonoTime refilled = now + MonoTime{1 + static_cast<int64_t>((kRetryTokensFloor - retry_now) * 1e9)};
      next = std::max(next, std::min(refilled, std::max(now, retry_probe_after_)));
    }
  }
  return next;
}

void WorkspaceGate::OnReport(const SendReport& report, MonoTime now) {
  Refill(now);
  const bool probing = ambiguous_in_a_row_ >= kAmbiguousToProbe;
  if (probing) probe_in_flight_ = false;
  switch (report.outcome) {
    case SendOutcome::kAccepted:
    case SendOutcome::kAcceptedUnconfirmed:
    case SendOutcome::kRowsRejected:
    case SendOutcome::kWholeRejected:
    case SendOutcome::kTooLarge:
      // Braze answers: whatever it thinks of the rows, the way there works.
      retry_tokens_ = std::min(kRetryTokensMax, retry_tokens_ + kTokensPerSuccess);
      ambiguous_in_a_row_ = 0;
      throttled_in_a_row_ = 0;
      refused_until_ = MonoTime{0};
      break;
    case SendOutcome::kThrottled: {
      const milliseconds jitter{rng_.Below(250)};
      // Without a header: 2^n s, cap 60 s, never less than half of it, so that the fleet spreads but does not hurry.
      milliseconds wait{0};
      if (report.retry_after) {
        wait = *report.retry_after;
      } else {
        const int64_t full = std::min<int64_t>(60'000, 1'000LL << std::min(throttled_in_a_row_, 6));
        wait = milliseconds{full / 2 + static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(full / 2)))};
      }
      ++throttled_in_a_row_;
      const MonoTime until = now + wait + jitter;
      if (until > throttled_until_) {
        throttled_total_ += duration_cast<milliseconds>(until - std::max(now, throttled_until_));
        throttled_until_ = until;
      }
      break;
    }
    case SendOutcome::kAuthRefused:
    case SendOutcome::kEndpointWrong:
      refused_until_ = now + kRefusedFor;
      break;
    case SendOutcome::kAmbiguous:
      ++ambiguous_in_a_row_;
      if (ambiguous_in_a_row_ >= kAmbiguousToProbe) {
        probe_after_ = now + BackoffDelay(kProbePolicy, ambiguous_in_a_row_ - kAmbiguousToProbe, rng_);
      }
      break;
    case SendOutcome::kNotSent:
      // Nothing left, nothing learnt about Braze; a probe that never left is tried again.
      if (probing) probe_after_ = now + BackoffDelay(kProbePolicy, 0, rng_);
      break;
  }
  // Headers of any reply: the contract's budget is used up, a 429 would be next.
  if (report.outcome != SendOutcome::kThrottled && report.rate_remaining && *report.rate_remaining <= 0 &&
      report.rate_reset) {
    const MonoTime until = now + *report.rate_reset;
    if (until > throttled_until_) {
      throttled_total_ += duration_cast<milliseconds>(until - std::max(now, throttled_until_));
      throttled_until_ = until;
    }
  }
}

WorkspaceGate::State WorkspaceGate::state(MonoTime now) const {
  if (now < refused_until_) return State::kRefused;
  if (now < throttled_until_) return State::kThrottled;
  if (ambiguous_in_a_row_ >= kAmbiguousToProbe) return State::kProbing;
  return State::kOpen;
}

}  // namespace cdi::ingest
