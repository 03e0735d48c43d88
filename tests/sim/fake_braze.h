// Braze, with a ledger of everything it took, and independent switches: take or not, answer or not, which answer, when.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "ingest/run_record.h"
#include "ingest/send_outcome.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/fake_warehouse.h"
#include "tests/sim/world_params.h"

namespace cdi::sim {

struct LedgerEntry {
  Digest128 digest;
  Digest128 user;
  Timestamp cursor;
  bool late = false;  // arrived after its sender had died
};

class FakeBraze {
 public:
  FakeBraze(const WorldParams& params, EventLoop& loop, Rng& rng, const FakeWarehouse& warehouse)
      : params_(params), loop_(loop), rng_(rng), warehouse_(warehouse) {}

  // What one request gets. `take` is applied by Arrive at the time of arrival, the report is the sender's later on.
  struct Fate {
    bool reached = true;  // false: no byte arrives
    bool answered = true;
    ingest::SendReport report;
  };
  Fate Decide(const std::vector<ingest::RowMark>& rows, uint64_t body_bytes, bool faults_on);
  // The body is read to its end: the ledger takes what it takes.
  void Arrive(const std::vector<ingest::RowMark>& rows, const Fate& fate, bool sender_dead);

  const std::vector<LedgerEntry>& ledger() const { return ledger_; }

 private:
  bool Hit(Fault fault);
  void JudgeContent(const std::vector<ingest::RowMark>& rows, uint64_t body_bytes, ingest::SendReport& report);

  const WorldParams& params_;
  EventLoop& loop_;
  Rng& rng_;
  const FakeWarehouse& warehouse_;
  MonoTime outage_until_{0};
  MonoTime refused_until_{0};
  ingest::SendOutcome refusal_ = ingest::SendOutcome::kAuthRefused;
  std::vector<LedgerEntry> ledger_;
};

}  // namespace cdi::sim
