// Every decision of a run, as one pure state machine: no clock, no I/O, no threads, no randomness but a seeded
// generator.
//
// `Step` takes one thing that happened and returns what to do next. The production driver (run_driver.h) and the
// simulator (tests/sim) perform the same actions; whatever is not in here cannot go wrong differently in the two.
//
// Order per user: a user is taken from the moment a row of his enters a batch until the batch's last part is terminal
// AND that outcome is durable. (Releasing at once would be safe as well, because writes become durable in order;
// waiting costs a user with many rows one commit and does not lean on that.) Rows of the user wait; a row refused
// before sending is parked at once and holds nobody up.
//
// A batch that Braze refuses as a whole is halved, the halves go one after the other under new BatchIds, its users stay
// taken. Repeats keep BatchId and body and count attempts. Batches are formed full; one that is not full leaves only
// when nothing better is coming: the fetch has ended, or no page, no reply and no release is outstanding.
//
// Bounds: rows waiting stay within waiting_rows_max plus one page; pages are let go as soon as none of their rows is
// open; rows past the watermark stay within ahead_rows_max, then only batches that let the watermark move are formed.
// One exception: rows in doubt after a crash (HOLD) are read again whatever waits, because only they unblock the rest.
//
// Ends: SUCCESS, PARTIAL (ROWS_REFUSED, ROWS_HELD), LIMIT_EXCEEDED (rows_max; the next run goes on), CANCELLED,
// CONFIG_ERROR (API_KEY_REFUSED, ENDPOINT_WRONG, BOUNDARY_TOO_WIDE, the fetch's own reason), ERROR (BRAZE_UNAVAILABLE,
// NO_PROGRESS, REJECT_RATIO, FETCH_OUT_OF_ORDER, FETCH_FAILED or the fetch's own reason); left open after kShutdown and
// WriteFailed (STATE_WRITE_FAILED or the store's own reason). Requests in flight are always waited for, except after
// WriteFailed. Pages that come after the end was decided are dropped and count as never fetched.
//
// Promises (reliability page §4): I1 no loss, I2 watermark safety, I3 record first, I4 duplicate bound, I5 hold, I6
// order, I7 legal bodies, I12 bounded, I15 truthful sums. Not thread-safe: one thread steps it.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/digest.h"
#include "ingest/row.h"
#include "ingest/run_record.h"
#include "ingest/send_outcome.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest {

// ---- what happened
// ----------------------------------------------------------------------------------------------------

// The first input. `replay`: pages come from parked rows; no window is opened and no watermark moves.
struct RunOpened {
  SyncSpec spec;
  Progress progress;
  bool replay = false;
  uint64_t seed = 0;  // of the retry jitter
};
// Answer to OpenWindow.
struct WindowOpened {
  Window window;
};
// Answers to FetchPages, in cursor order.
struct PageArrived {
  std::shared_ptr<const DecodedPage> page;
};
struct FetchEnded {};
// Opening or fetching failed for good (the reader has used up its own reconnects).
struct FetchFailed {
  absl::Status status;
};
// Answer to Append and StartBatch: the write with this number is durable. Numbers are answered in rising order.
struct WriteDurable {
  uint64_t write = 0;
};
// The store refused a write because another holder has the lease, or failed (disk full). Nothing more may be sent.
struct WriteFailed {
  absl::Status status;
};
// Leave to start one request. A retry slot may only carry a repeat after AMBIGUOUS, a fresh one everything else.
struct SlotGranted {
  bool retry = false;
};
struct ReplyArrived {
  BatchId batch;
  int attempt = 1;
  SendReport report;
};
struct Woke {};
enum class StopKind : uint8_t {
  kShutdown,  // the process ends: no new request, the run stays open and is recovered at the next start
  kCancel,    // CancelRun, PauseSync, DeleteSync: no new request, the run ends CANCELLED
};
struct StopRequested {
  StopKind kind = StopKind::kShutdown;
  std::string reason;  // for the run's record
};

using Input = std::variant<RunOpened, WindowOpened, PageArrived, FetchEnded, FetchFailed, WriteDurable, WriteFailed,
                           SlotGranted, ReplyArrived, Woke, StopRequested>;

// ---- what to do
// -------------------------------------------------------------------------------------------------------

// Ask the warehouse for its time, freeze upper = now - commit_lag, count what waits, answer WindowOpened. With a window
// from before a crash: only check the contract again, answer with the same window.
struct OpenWindow {
  std::optional<Timestamp> lower;
  std::optional<Window> keep;
};
// Start or go on fetching until `pages` more pages were handed over. Credits add up.
struct FetchPages {
  uint32_t pages = 1;
};
// Make this durable; answer WriteDurable{write} or WriteFailed.
struct Append {
  uint64_t write = 0;
  RunWrite content;
};
// Build the body of these rows, make SendStarted with its hash durable, answer WriteDurable{write}, keep the body for
// Send.
struct StartBatch {
  uint64_t write = 0;
  BatchId batch;
  int attempt = 1;
  std::vector<RowRef> rows;
  RunSums sums;  // totals to store with it
};
// Send the kept body; answer ReplyArrived exactly once.
struct Send {
  BatchId batch;
  int attempt = 1;
};
// How many requests this run could start now, a level that stands until it is replaced; said anew after every
// SlotGranted. Answered by SlotGranted, one each; what comes too late to be of use is returned.
struct WantSlots {
  uint32_t fresh = 0;  // everything that spends no retry budget: new batches, parts of split ones, and repeats after
                       // NOT_SENT or THROTTLED
  uint32_t retry = 0;  // repeats after AMBIGUOUS
};
// A granted slot that found no use.
struct ReturnSlot {
  bool retry = false;
};
// Wake the machine at this time; replaces the time said before.
struct WakeAt {
  MonoTime time{0};
};
// The run is over and durable (or, after kShutdown or a lost lease, left open on purpose: `left_open`). The last
// action.
struct Finish {
  RunState state = RunState::kError;
  RunError error;
  RunSums sums;
  bool left_open = false;
};

using Action = std::variant<OpenWindow, FetchPages, Append, StartBatch, Send, WantSlots, ReturnSlot, WakeAt, Finish>;

// A look at a running run, for WatchRun and metrics.
struct RunProgress {
  RunSums sums;  // `unfinished` counts rows fetched and not yet settled
  uint64_t rows_waiting = 0;
  uint32_t batches_in_flight = 0;
  std::optional<Timestamp> watermark;
};

class RunMachine {
 public:
  RunMachine();
  ~RunMachine();
  RunMachine(const RunMachine&) = delete;
  RunMachine& operator=(const RunMachine&) = delete;

  // RunOpened first, then whatever happens. `now` never goes back. After Finish every input is ignored.
  std::vector<Action> Step(const Input& input, MonoTime now);

  RunProgress progress() const;
  // Over everything that influences later decisions: same seed and inputs, same digests (I14).
  Digest128 StateDigest() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdi::ingest
