// The inside of RunMachine; its parts are in run_machine.cc (opening, slots, ending), run_machine_fetch.cc (pages) and
// run_machine_reply.cc (outcomes).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "ingest/batch_book.h"
#include "ingest/doubt_book.h"
#include "ingest/row_table.h"
#include "ingest/run_end.h"
#include "ingest/run_machine.h"
#include "ingest/skip_set.h"
#include "ingest/user_queue.h"
#include "ingest/watermark_tracker.h"

namespace cdi::ingest {

class RunMachine::Impl {
 public:
  std::vector<Action> Step(const Input& input, MonoTime now);
  RunProgress progress() const;
  Digest128 StateDigest() const;

 private:
  enum class Phase : uint8_t {
    kNew,
    kOpening,  // the window is being frozen
    kRunning,
    kStopping,  // no new request; those in flight end
    kEnding,    // the end is being recorded
    kDone,
  };

  // ---- one per input
  void On(const RunOpened& opened);
  void On(const WindowOpened& opened);
  void On(const PageArrived& arrived);
  void On(const FetchEnded& ended);
  void On(const FetchFailed& failed);
  void On(const WriteDurable& durable);
  void On(const WriteFailed& failed);
  void On(const SlotGranted& slot);
  void On(const ReplyArrived& reply);
  void On(const Woke& woke);
  void On(const StopRequested& stop);

  // ---- after every input: what follows from the new state (run_machine.cc)
  void Follow();
  void FollowRunning();
  void FollowStopping();
  void CheckLimits();
  void Stop(RunEnd end);
  void WriteEnd();
  void Close();
  void SayWake();
  void SaySlots();

  // ---- slots and batches (run_machine.cc)
  uint64_t FreshWanted();
  uint64_t BatchesFormable();
  bool PartialAllowed() const;
  Batch* FormBatch();
  void Start(Batch& batch);
  BatchShape Shape() const;

  // ---- fetching (run_machine_fetch.cc)
  void RequestPages();
  void TakeRow(uint32_t page_slot, uint32_t index, const DecodedPage& page, RunWrite& write);
  bool RowInOrder(const DecodedRow& row);
  void ParkLocally(uint32_t page_slot, uint32_t index, std::string reason, std::string message, RunWrite& write);
  void SettleDoubts(std::vector<DoubtBook::DoubtfulBatch> batches, RunWrite& write);
  uint64_t RowsAhead() const { return (rows_.end() - rows_.front()) - queue_.waiting_rows(); }

  // ---- outcomes (run_machine_reply.cc)
  struct Ruling {
    RowVerdict verdict = RowVerdict::kOpen;
    std::string reason;   // kRejected, kHeld
    std::string message;  // kRejected, kHeld
  };
  void Rule(RowSeq seq, const Ruling& ruling, RowVerdict& verdict, RunWrite& write);
  void RuleAll(Batch& batch, const Ruling& ruling, SendFinished& record, RunWrite& write);
  void RuleNamed(Batch& batch, const SendReport& report, SendFinished& record, RunWrite& write);
  void RefuseWhole(Batch& batch, const SendReport& report, SendFinished& record, RunWrite& write);
  void OnAmbiguousReply(Batch& batch, const SendReport& report, SendFinished& record, RunWrite& write);
  void Repeat(Batch& batch, SlotNeed need, std::optional<std::chrono::milliseconds> delay);
  void RecordUnsent(Batch& batch);

  // ---- records
  // Adds the totals and, where it moved, the watermark; hands the write out.
  uint64_t Write(RunWrite write);
  void AddMove(RunWrite& write);
  RunSums StoredSums() const;
  RunSums FullSums() const;

  template <typename T>
  void Do(T action) {
    actions_.emplace_back(std::move(action));
  }

  Phase phase_ = Phase::kNew;
  MonoTime now_{0};
  std::vector<Action> actions_;

  SyncSpec spec_;
  bool replay_ = false;
  SeededRng rng_{0};
  uint32_t overhead_bytes_ = 0;
  std::optional<Timestamp> upper_;

  RowTable rows_;
  SkipSet skip_;
  UserQueue queue_{rows_};
  WatermarkTracker tracker_{rows_, skip_};
  BatchBook book_;
  DoubtBook doubts_;
  RunSums sums_;  // without skipped and unfinished: those are counted by tracker_ and rows_

  // Fetching.
  bool fetch_ended_ = false;
  bool rows_max_reached_ = false;
  uint32_t pages_outstanding_ = 0;
  uint64_t last_page_rows_ = 0;
  uint64_t last_page_bytes_ = 0;
  std::optional<Timestamp> last_cursor_;

  // Writes and requests on their way.
  uint64_t last_write_ = 0;
  uint64_t durable_write_ = 0;
  uint32_t in_flight_ = 0;                                                 // batches started and not yet answered
  std::deque<std::pair<uint64_t, BatchId>> starting_;                      // by write
  std::deque<std::pair<uint64_t, std::vector<uint32_t>>> to_be_released_;  // by write: users

  // What was said last.
  std::optional<std::pair<uint32_t, uint32_t>> slots_said_;
  std::optional<MonoTime> wake_said_;

  MonoTime progress_at_{0};
  RunEnd end_;
  uint64_t end_write_ = 0;
};

}  // namespace cdi::ingest
