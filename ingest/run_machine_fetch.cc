// The run machine's fetching side: how much to ask for, and what becomes of every row that arrives.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ingest/run_machine_impl.h"

namespace cdi::ingest {
namespace {

// Pages asked for before the first of them came: enough to keep the reader busy, few enough to react to a stop.
constexpr uint32_t kPagesOutstandingMax = 4;

}  // namespace

void RunMachine::Impl::RequestPages() {
  if (fetch_ended_) return;
  uint32_t pages = 0;
  const auto bounded = [&] {
    const uint64_t coming = pages_outstanding_ + pages + 1;
    const bool nothing_waits = queue_.waiting_rows() == 0 && coming == 1;
    if (RowsAhead() >= spec_.limits.ahead_rows_max) return true;
    if (nothing_waits) return false;  // also where a single page is over the bounds
    return queue_.waiting_rows() + coming * last_page_rows_ > spec_.limits.waiting_rows_max ||
           rows_.page_bytes() + coming * last_page_bytes_ > spec_.limits.waiting_bytes_max;
  };
  // Until the first page came its size is unknown.
  const uint32_t outstanding_max = last_page_rows_ == 0 ? 1 : kPagesOutstandingMax;
  while (pages_outstanding_ + pages < outstanding_max && !bounded()) ++pages;
  if (pages_outstanding_ + pages == 0 && in_flight_ == 0 && book_.empty() && to_be_released_.empty() &&
      BatchesFormable() == 0) {
    // Nothing else can move: rows in doubt block the watermark until the rest of their batch is read.
    pages = 1;
  }
  if (pages == 0) return;
  pages_outstanding_ += pages;
  Do(FetchPages{.pages = pages});
}

void RunMachine::Impl::On(const PageArrived& arrived) {
  if (pages_outstanding_ > 0) --pages_outstanding_;
  if (phase_ != Phase::kRunning || fetch_ended_) return;
  progress_at_ = now_;
  const DecodedPage& page = *arrived.page;
  last_page_rows_ = std::max<uint64_t>(1, page.rows.size());
  last_page_bytes_ = page.page == nullptr ? 0 : page.page->bytes();
  const uint32_t slot = rows_.AddPage(arrived.page);
  RunWrite write;
  for (uint32_t i = 0; i < page.rows.size(); ++i) {
    if (FullSums().fetched() >= spec_.limits.rows_max) {
      rows_max_reached_ = true;
      fetch_ended_ = true;
      break;
    }
    if (!RowInOrder(page.rows[i])) break;
    TakeRow(slot, i, page, write);
  }
  if (spec_.on_ambiguous == OnAmbiguous::kHold && !doubts_.empty()) {
    SettleDoubts(doubts_.TakeComplete(replay_ ? std::nullopt : last_cursor_), write);
  }
  rows_.ClosePage(slot);
  AddMove(write);
  if (write.watermark || !write.parked.empty() || !write.finished.empty()) Write(std::move(write));
}

// The watermark rests on the order of the rows: a reader that breaks it must not move it.
bool RunMachine::Impl::RowInOrder(const DecodedRow& row) {
  if (replay_) return true;
  const auto& lowest = last_cursor_ ? last_cursor_ : tracker_.watermark();
  if ((!lowest || row.cursor >= *lowest) && row.cursor <= *upper_) {
    last_cursor_ = row.cursor;
    return true;
  }
  Stop({RunState::kError,
        {"FETCH_OUT_OF_ORDER", absl::StrCat("the warehouse gave a row at ", row.cursor.ToString(), " after one at ",
                                            lowest ? lowest->ToString() : "the start", ", window to ",
                                            upper_->ToString(), ": the order of the fetch cannot be trusted")},
        false});
  return false;
}

void RunMachine::Impl::TakeRow(uint32_t page_slot, uint32_t index, const DecodedPage& page, RunWrite& write) {
  const DecodedRow& row = page.rows[index];
  const RowMark mark{.cursor = row.cursor, .digest = row.digest, .user = row.user, .parked_id = row.parked_id};
  if (const auto origin = skip_.Take(mark)) {
    const bool earlier = *origin == SkipSet::Origin::kEarlierRun;
    tracker_.OnFinished(rows_.AddRow(page_slot, index, earlier ? RowState::kSkippedEarlier : RowState::kSkippedOwn));
    return;
  }
  const auto doubt = doubts_.Match(mark);
  if (doubt && spec_.on_ambiguous == OnAmbiguous::kHold) {
    doubts_.SetRead(*doubt, rows_.AddRow(page_slot, index, RowState::kInDoubt));
    return;
  }
  if (row.fault != RowFault::kNone) {
    ParkLocally(page_slot, index, std::string(RowFaultName(row.fault)), std::string(RowFaultHelp(row.fault)), write);
    return;
  }
  if (uint64_t{overhead_bytes_} + row.object_bytes > spec_.batch.body_bytes_max) {
    ParkLocally(page_slot, index, "TOO_LARGE",
                absl::StrCat("the row alone makes a body of ", uint64_t{overhead_bytes_} + row.object_bytes,
                             " bytes, more than the workspace's limit of ", spec_.batch.body_bytes_max),
                write);
    return;
  }
  const RowSeq seq = rows_.AddRow(page_slot, index, RowState::kWaiting);
  rows_.at(seq).maybe_delivered = doubt.has_value();
  queue_.Push(seq);
}

void RunMachine::Impl::ParkLocally(uint32_t page_slot, uint32_t index, std::string reason, std::string message,
                                   RunWrite& write) {
  const RowSeq seq = rows_.AddRow(page_slot, index, RowState::kInBatch);
  write.parked.push_back({.kind = ParkedKind::kDeadLocal,
                          .mark = rows_.at(seq).mark,
                          .row = rows_.Ref(seq),
                          .reason = std::move(reason),
                          .message = std::move(message)});
  if (replay_) write.replayed.emplace_back(rows_.at(seq).mark.parked_id, RowVerdict::kRejected);
  ++sums_.rejected_local;
  rows_.Finish(seq, RowState::kFinished);
  tracker_.OnFinished(seq);
}

void RunMachine::Impl::SettleDoubts(std::vector<DoubtBook::DoubtfulBatch> batches, RunWrite& write) {
  if (spec_.on_ambiguous != OnAmbiguous::kHold) return;
  std::vector<RowMark> unread;
  for (const DoubtBook::DoubtfulBatch& batch : batches) {
    write.finished.push_back({.batch = batch.id,
                              .attempt = batch.attempt,
                              .outcome = SendOutcome::kAmbiguous,
                              .http_status = 0,
                              .message = "the process ended before the outcome was recorded",
                              .verdicts = std::vector<RowVerdict>(batch.rows.size(), RowVerdict::kHeld)});
    for (const DoubtBook::Row& row : batch.rows) {
      ParkedRow parked{.kind = ParkedKind::kHeld,
                       .mark = row.mark,
                       .row = {},
                       .reason = "CRASH_IN_FLIGHT",
                       .message = "sent right before the process ended; nobody knows whether Braze took it"};
      if (row.seq == kNoRow) {
        parked.message += "; the table no longer has this row, so its content is gone";
        unread.push_back(row.mark);
      } else {
        parked.row = rows_.Ref(row.seq);
        rows_.Finish(row.seq, RowState::kFinished);
        tracker_.OnFinished(row.seq);
      }
      write.parked.push_back(std::move(parked));
      if (replay_) write.replayed.emplace_back(row.mark.parked_id, RowVerdict::kHeld);
      ++sums_.held;
    }
  }
  if (replay_ || unread.empty()) return;
  skip_.AddOwn(unread);
  tracker_.OnFinishedUnread(unread);
}

void RunMachine::Impl::On(const FetchEnded&) {
  fetch_ended_ = true;
  pages_outstanding_ = 0;
}

void RunMachine::Impl::On(const FetchFailed& failed) {
  if (phase_ == Phase::kRunning && fetch_ended_) return;
  Stop(EndByFetchFailure(failed.status));
}

}  // namespace cdi::ingest
