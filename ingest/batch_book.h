// The batches that are open: in flight, waiting to be repeated, or split into parts that go one after the other.
//
// A batch holds its users from its first request until its last part has a terminal outcome. It is sent part by part:
// at first there is one part, all rows; a part that Braze refuses as a whole is split in two, and the second goes only
// when the first is over. Every part is a request of its own with a new BatchId; repeats of a part keep the id and
// count attempts. Internal to the run machine; not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ingest/row_table.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest {

// Which slot the next request needs: repeats of what may have been taken cost retry budget, everything else does not.
enum class SlotNeed : uint8_t { kFresh, kRetry };

struct Batch {
  enum class State : uint8_t { kIdle, kReady, kBackingOff, kStarting, kSending };

  BatchId id;
  int attempt = 0;                        // requests made of this part
  std::vector<RowSeq> rows;               // of this part, in body order
  std::vector<std::vector<RowSeq>> rest;  // parts still to go, the next one last
  std::vector<uint32_t> users;            // of the UserQueue
  State state = State::kIdle;
  SlotNeed need = SlotNeed::kFresh;
  int ambiguous = 0;  // attempts of this part of which nobody knows
  int failures = 0;   // attempts of this part that have to be repeated, for the back-off
  MonoTime due{0};    // kBackingOff: when it may be repeated
};

class BatchBook {
 public:
  // Ids go on after `last`.
  void Open(uint64_t last) { last_id_ = last; }

  Batch& Add(std::vector<RowSeq> rows, std::vector<uint32_t> users);
  // nullptr: no such batch, or its part has another id by now.
  Batch* Find(BatchId id);

  void MakeReady(Batch& batch, SlotNeed need);
  void BackOff(Batch& batch, SlotNeed need, MonoTime due);
  // Back-offs that are over become ready.
  void WakeDue(MonoTime now);
  std::optional<MonoTime> next_due() const;
  size_t ready(SlotNeed need) const { return ready_[static_cast<size_t>(need)].size(); }
  // The one that has waited longest; nullptr: none.
  Batch* TakeReady(SlotNeed need);

  // The part is over; the next one gets a new id and is ready. False: there is none, the batch is over: Remove it.
  bool NextPart(Batch& batch);
  // Answers the users to release.
  std::vector<uint32_t> Remove(Batch& batch);

  bool empty() const { return batches_.empty(); }
  size_t size() const { return batches_.size(); }
  const std::map<BatchId, std::unique_ptr<Batch>>& batches() const { return batches_; }

 private:
  std::map<BatchId, std::unique_ptr<Batch>> batches_;  // by the id of the part being sent
  std::deque<Batch*> ready_[2];
  std::map<std::pair<MonoTime, BatchId>, Batch*> backing_off_;
  uint64_t last_id_ = 0;
};

// Two parts of about equal count; at least two rows must be given.
std::pair<std::vector<RowSeq>, std::vector<RowSeq>> SplitByCount(const std::vector<RowSeq>& rows);
// Two parts of about equal bytes, none empty; at least two rows must be given.
std::pair<std::vector<RowSeq>, std::vector<RowSeq>> SplitByBytes(const std::vector<RowSeq>& rows,
                                                                 const RowTable& table);

}  // namespace cdi::ingest
