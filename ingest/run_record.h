// What a run leaves behind, durable and append-only: the facts that recovery, the log checker and people read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/timestamp.h"
#include "ingest/row.h"
#include "ingest/send_outcome.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest {

// Identity of one row: its place and its content.
struct RowMark {
  Timestamp cursor;
  Digest128 digest;
  Digest128 user;
  uint64_t parked_id = 0;
  friend bool operator==(const RowMark&, const RowMark&) = default;
};

// Terminal verdict over one row of a batch; kOpen: not terminal, the row goes on (retry, bisecting, run end).
enum class RowVerdict : uint8_t { kOpen, kAccepted, kUnconfirmed, kRejected, kHeld };

// Durable before the first byte leaves.
struct SendStarted {
  BatchId batch;
  int attempt = 1;  // counts from 1
  Digest128 body_hash;
  std::vector<RowMark> rows;  // in body order
};

// Every SendStarted is followed by one of these, also where the outcome got lost:
//   - the run stopped between the record and the request: kNotSent, all rows kOpen;
//   - the process died (in doubt), RESEND: kAmbiguous, all rows kOpen, first write of the recovery; the rows are sent
//     again when they are read again;
//   - in doubt, HOLD: kAmbiguous, all rows kHeld, in the same write that parks every one of them (CRASH_IN_FLIGHT), as
//     soon as they were read again or cannot come any more, at latest with the run's end. Until that write is durable
//     the batch stays in doubt, so that another crash forgets nothing.
// A row is finished by a verdict other than kOpen, or by being parked as kDeadLocal; never by both.
struct SendFinished {
  BatchId batch;
  int attempt = 1;
  SendOutcome outcome = SendOutcome::kAmbiguous;
  int http_status = 0;
  std::string message;
  std::vector<RowVerdict> verdicts;  // one per row of SendStarted
};

// A row that was refused (dead) or parked because nobody knows (held), with everything needed to send it later.
enum class ParkedKind : uint8_t { kDeadLocal = 1, kDeadBraze = 2, kHeld = 3 };
struct ParkedRow {
  ParkedKind kind = ParkedKind::kDeadLocal;
  RowMark mark;
  RowRef row;           // page null: the content is gone (a row in doubt that the table no longer has)
  std::string reason;   // RowFaultName or BRAZE_REJECTED, AMBIGUOUS, CRASH_IN_FLIGHT, TOO_LARGE
  std::string message;  // for people, at most 300 bytes
};

// The watermark moves; `finished` are the digests of finished rows at exactly `to`, with their counts.
struct WatermarkMove {
  std::optional<Timestamp> from;
  Timestamp to;
  // True: the value advanced, the boundary multiset is replaced by `finished`. False: `to` == `from`, `finished` is
  // added.
  bool replace = false;
  std::vector<std::pair<Digest128, uint32_t>> finished;
};

struct RunSums {
  uint64_t accepted = 0;
  uint64_t unconfirmed = 0;
  uint64_t rejected_local = 0;
  uint64_t rejected_braze = 0;
  uint64_t held = 0;
  uint64_t skipped = 0;           // finished by an earlier run
  uint64_t unfinished = 0;        // fetched, without a terminal outcome; 0 in SUCCESS and PARTIAL
  uint64_t batches = 0;           // requests recorded, repeats included
  uint64_t batches_repeated = 0;  // requests with rows that an earlier request may have delivered

  uint64_t fetched() const {
    return accepted + unconfirmed + rejected_local + rejected_braze + held + skipped + unfinished;
  }
  friend bool operator==(const RunSums&, const RunSums&) = default;
};

enum class RunState : uint8_t {
  kPending = 1,  // recorded, not yet started
  kRunning = 2,
  kSuccess = 3,      // every row accepted (none is fine too)
  kPartial = 4,      // finished; some rows are dead or held
  kError = 5,        // stopped; rows may be unfinished, the next run resumes them
  kConfigError = 6,  // table, grant, key or API key at fault: nothing will change until somebody acts
  kLimitExceeded = 7,
  kCancelled = 8,
};
std::string_view RunStateName(RunState state);
bool IsTerminal(RunState state);

enum class RunTrigger : uint8_t { kSchedule = 1, kManual = 2, kReplay = 3 };
std::string_view RunTriggerName(RunTrigger trigger);

// The frozen window.
struct Window {
  std::optional<Timestamp> lower;  // the watermark at the start, inclusive
  Timestamp upper;                 // inclusive
  Timestamp warehouse_now;
  uint64_t rows_after_upper = 0;  // wait for commit_lag or lie in the future
  std::optional<Timestamp> first_after_upper;
  uint64_t rows_null_cursor = 0;
};

// Why a run ended as it did; empty reason for SUCCESS.
struct RunError {
  std::string reason;   // UPPER_SNAKE of docs/errors.md
  std::string message;  // cause and fix
};

// One atomic append of a run to the state store. Everything in it becomes durable together or not at all.
struct RunWrite {
  std::optional<Window> window;
  std::vector<SendStarted> started;
  std::vector<SendFinished> finished;
  std::vector<ParkedRow> parked;
  // Rows settled by a replay: their ids and what became of them. kAccepted, kUnconfirmed: delivered. kRejected, kHeld:
  // open again, with the reason and message of the entry of `parked` whose mark has the same parked_id (its `row` may
  // be without page: the stored cells stay). Ids of the replay that have no entry when it ends are open again,
  // unchanged.
  std::vector<std::pair<uint64_t, RowVerdict>> replayed;
  std::optional<WatermarkMove> watermark;
  // Totals after this write; `skipped` counts only rows below the watermark, the rest is counted again on recovery.
  RunSums sums;
  struct End {
    RunState state = RunState::kError;
    RunError error;
    std::vector<RowMark> ahead;  // finished rows above the watermark, kept for the next run (capped by ahead_rows_max)
  };
  std::optional<End> end;
};

// What the store knows of a sync when a run opens or is recovered.
struct Progress {
  std::optional<Timestamp> watermark;
  // Finished rows at exactly the watermark, whoever finished them.
  std::vector<std::pair<Digest128, uint32_t>> boundary;
  // Finished above the watermark by earlier runs.
  std::vector<RowMark> ahead;
  // Only for a recovered run: finished by this run at or above the watermark (those at the watermark are in `boundary`
  // too).
  std::vector<RowMark> own_finished;
  // Sent without an outcome when the process died, and not resolved since.
  struct InDoubt {
    BatchId batch;
    int attempt = 1;
    std::vector<RowMark> rows;
  };
  std::vector<InDoubt> in_doubt;
  std::optional<Window> window;  // a recovered run that had frozen one keeps it
  RunSums sums;                  // a recovered run's durable totals
  uint64_t last_batch = 0;       // a recovered run numbers its batches on from here
};

}  // namespace cdi::ingest
