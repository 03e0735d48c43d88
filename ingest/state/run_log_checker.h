// Checks one run's log, entry by entry, against the promises of the service. Pure; not thread-safe.
//
// It knows nothing but the log: what it proves holds whoever wrote it. Which promise a violation breaks is named by the
// invariants' ids (docs/guarantees.md): I1 no loss, I2 watermark safety, I3 record first, I4 duplicate bound, I5 hold,
// I6 order, I7 legal bodies, I8 one writer, I15 truthful sums, I16 frozen configuration; LOG is the log itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ingest/run_record.h"
#include "ingest/state/log_entry.h"
#include "ingest/state_store.h"
#include "ingest/sync_spec.h"

namespace cdi::state {

struct Violation {
  std::string invariant;  // "I2", "LOG"
  std::string run;        // its name; empty: the store as a whole
  uint64_t sequence = 0;  // of the log entry; 0: of no single one
  std::string text;       // a sentence for people
};

// What one run of a sync hands to the next.
struct SyncThread {
  std::optional<Timestamp> watermark;
  bool watermark_known = false;  // false before the first run, and after a rewind or logs that were pruned
  uint64_t epoch = 0;
  struct Doubt {
    uint64_t batch = 0;
    int attempt = 1;
    std::vector<ingest::RowMark> rows;
  };
  std::vector<Doubt> doubt;
};

class RunLogChecker {
 public:
  // `run` as the store lists it; `spec` of its configuration, where the caller can read it (objects per body, hold).
  // All outlive the checker.
  RunLogChecker(int64_t id, const ingest::Run& run, const std::optional<ingest::SyncSpec>& spec, SyncThread& thread,
                std::vector<Violation>& violations);

  void Add(const LogEntry& entry);
  // After the last entry.
  void Finish();

  const std::string& chain() const { return chain_; }
  uint64_t sequence() const { return sequence_; }
  uint64_t batches() const { return batches_; }
  uint64_t rows_sent() const { return rows_sent_; }
  // Ids of the rows that the log says were parked.
  const std::vector<uint64_t>& parked_ids() const { return parked_ids_; }

 private:
  using Key = std::pair<uint64_t, int>;
  using Place = std::pair<Timestamp, Digest128>;

  void Fail(std::string_view invariant, std::string text);
  void AddOpened(const LogEntry& entry, const OpenedBody& body);
  void AddWrite(const WriteBody& body);
  void AddStarted(const ingest::SendStarted& started);
  void AddFinished(const ingest::SendFinished& finished, std::vector<ingest::RowMark>& refused);
  void Rule(const std::vector<ingest::RowMark>& rows, const ingest::SendFinished& finished, bool after_crash,
            std::vector<ingest::RowMark>& refused);
  void AddParked(const WriteBody& body, std::vector<ingest::RowMark> refused);
  void AddMove(const ingest::WatermarkMove& move);
  void AddSums(const ingest::RunSums& sums);
  void AddEnd(const WriteBody& body);
  void NoteFinished(const ingest::RowMark& mark);

  const int64_t id_;
  const ingest::Run& run_;
  const std::optional<ingest::SyncSpec>& spec_;
  const bool replay_;
  SyncThread& thread_;
  std::vector<Violation>& violations_;

  std::string chain_;
  uint64_t sequence_ = 0;
  uint64_t epoch_ = 0;
  bool opened_ = false;
  std::string config_sha256_;
  std::optional<ingest::Window> window_;
  std::map<Key, std::vector<ingest::RowMark>> in_flight_;
  std::unordered_map<Digest128, uint64_t> users_;  // in flight, and in which batch
  std::map<Place, uint32_t> open_;                 // sent, not terminal, not in flight
  std::set<Key> settled_;                          // recent batches with an outcome; to name a repeated record
  uint64_t last_batch_ = 0;
  std::map<Digest128, uint32_t> boundary_;          // as the moves of this run say
  std::map<Place, uint32_t> finished_at_or_above_;  // by this run
  uint64_t held_ = 0;
  uint64_t ambiguous_left_open_ = 0;
  ingest::RunSums counted_;
  ingest::RunSums sums_;
  std::optional<WriteBody::End> end_;
  uint64_t batches_ = 0;
  uint64_t rows_sent_ = 0;
  std::vector<uint64_t> parked_ids_;
};

}  // namespace cdi::state
