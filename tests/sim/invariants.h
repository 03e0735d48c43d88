// The promises of the engine, checked against the outer world after everything that happens (reliability page §4).
//
// Fed from the durable log (by SimStore), from the wire (by the driver) and from Braze's ledger. The first violation is
// kept; later ones follow from it. Equal rows are counted together: nobody can tell them apart.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/run_machine.h"
#include "ingest/run_record.h"
#include "tests/braze_mock/braze_model.h"
#include "tests/sim/event_loop.h"
#include "tests/sim/fake_braze.h"
#include "tests/sim/fake_warehouse.h"
#include "tests/sim/sim_store.h"

namespace cdi::sim {

class Invariants {
 public:
  Invariants(const WorldParams& params, const FakeWarehouse& warehouse) : params_(params), warehouse_(warehouse) {}

  bool ok() const { return violation_.empty(); }
  const std::string& violation() const { return violation_; }
  void Require(bool condition, std::string_view invariant, std::string_view what);

  // The durable log, write by write.
  void OnRunCreated();
  void OnOpen(const SimStore& store);
  void OnStarted(const ingest::SendStarted& sent);
  // False: the store has no such request.
  bool OnFinished(const ingest::SendFinished& finished, const std::vector<ingest::RowMark>* rows);
  void OnParked(const ingest::ParkedRow& parked);
  void OnMove(const ingest::WatermarkMove& move, const std::optional<Timestamp>& before);
  void AfterWrite(const ingest::RunWrite& content, const SimStore& store);

  // The engine and the wire.
  void OnStartBatch(const ingest::StartBatch& start, const Timestamp& now);
  void OnSend(const SimStore& store, uint64_t batch, int attempt, const std::vector<ingest::RowMark>& rows);
  void OnReply(uint64_t batch);
  void OnEngineGone() { users_in_flight_.clear(); }
  void OnStep(const ingest::RunProgress& progress, const ingest::RunLimits& limits);
  void OnFinish(const ingest::Finish& finish, const SimStore& store);
  // After every arrival at Braze.
  void OnLedger(const std::vector<LedgerEntry>& ledger);

  // Everything is healed and a run has ended well: truth of the warehouse equals truth of the ledger.
  void AtRest(const SimStore& store);

 private:
  struct Fate {
    uint64_t taken = 0;     // recorded as accepted or unconfirmed
    uint64_t rejected = 0;  // locally or by Braze
    uint64_t held = 0;
    uint64_t doubtful = 0;     // recorded attempts of which nobody knows
    uint64_t outstanding = 0;  // started, no outcome recorded
    uint64_t ledger = 0;
    uint64_t terminals() const { return taken + rejected + held; }
  };
  const Timestamp& CursorOf(const Digest128& digest) const { return warehouse_.classes().at(digest).row.cursor; }
  void CheckSums(const ingest::RunWrite& content, const SimStore& store);
  void CheckEnd(const ingest::RunWrite& content, const SimStore& store);
  void CheckBoundary(const SimStore& store);

  const WorldParams& params_;
  const FakeWarehouse& warehouse_;
  braze_mock::BrazeModel model_;  // judges real bodies
  std::string violation_;
  std::unordered_map<Digest128, Fate> fates_;
  ingest::RunSums counted_;  // of the open run, from its log
  uint64_t deletions_at_start_ = 0;
  size_t in_doubt_at_open_ = 0;
  std::map<uint64_t, std::vector<Digest128>> users_in_flight_;  // by batch
  size_t ledger_seen_ = 0;
  std::map<Digest128, Timestamp> newest_first_;  // by user: the greatest cursor accepted for the first time
};

}  // namespace cdi::sim
