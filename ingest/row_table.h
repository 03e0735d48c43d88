// The rows of a run between the first one without a terminal outcome and the newest one fetched, in fetch order.
//
// A row is a number (`RowSeq`, rising by one per row); what the machine's parts need of it lies in one ring, so that a
// row costs no allocation. Pages are kept by pointer and let go as soon as none of their rows is open any more; what
// the watermark needs of a finished row (place, digest) stays in the ring until everything before it is finished too.
// Internal to the run machine; not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/digest.h"
#include "base/timestamp.h"
#include "ingest/row.h"
#include "ingest/run_record.h"

namespace cdi::ingest {

using RowSeq = uint64_t;
inline constexpr RowSeq kNoRow = ~RowSeq{0};

enum class RowState : uint8_t {
  kWaiting,         // in its user's queue
  kInBatch,         // in a batch without a terminal outcome
  kInDoubt,         // sent before a crash, not to be sent again; is parked as soon as its batch is complete
  kFinished,        // has a terminal outcome of this run
  kSkippedEarlier,  // an earlier run finished it
  kSkippedOwn,      // this run finished it before its crash: it is in the durable sums already
};
constexpr bool IsFinished(RowState state) {
  return state >= RowState::kFinished;
}

struct RowEntry {
  RowMark mark;
  RowSeq next = kNoRow;  // of the same user, while waiting
  uint32_t page = 0;
  uint32_t index = 0;
  uint32_t user_slot = 0;
  uint32_t object_bytes = 0;
  RowState state = RowState::kWaiting;
  bool maybe_delivered = false;  // an earlier request with it may have been taken
};

class RowTable {
 public:
  RowTable();

  // Takes a page in; its rows are added one by one, in order.
  uint32_t AddPage(std::shared_ptr<const DecodedPage> page);
  RowSeq AddRow(uint32_t page, uint32_t index, RowState state);
  // Call after the last AddRow of a page: a page without open rows is let go at once.
  void ClosePage(uint32_t page);

  RowEntry& at(RowSeq seq) { return ring_[seq & mask_]; }
  const RowEntry& at(RowSeq seq) const { return ring_[seq & mask_]; }
  // Keeps the row's page alive. Only for rows that are still open.
  RowRef Ref(RowSeq seq) const;
  // Gives an open row its terminal state.
  void Finish(RowSeq seq, RowState state);

  RowSeq front() const { return front_; }
  RowSeq end() const { return end_; }
  bool empty() const { return front_ == end_; }
  void PopFront() { ++front_; }

  uint64_t open_rows() const { return open_rows_; }
  // Finished rows behind the front: what a crash would read again.
  uint64_t finished_rows() const { return (end_ - front_) - open_rows_; }
  uint64_t page_bytes() const { return page_bytes_; }  // of the pages kept

 private:
  struct PageSlot {
    std::shared_ptr<const DecodedPage> page;
    uint32_t open = 0;
    bool closed = false;
  };
  void LetGo(uint32_t page);

  std::vector<RowEntry> ring_;
  uint64_t mask_ = 0;
  RowSeq front_ = 0;
  RowSeq end_ = 0;
  std::vector<PageSlot> pages_;
  std::vector<uint32_t> free_pages_;
  uint64_t open_rows_ = 0;
  uint64_t page_bytes_ = 0;
};

}  // namespace cdi::ingest
