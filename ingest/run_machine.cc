#include "ingest/run_machine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "ingest/run_machine_impl.h"

namespace cdi::ingest {

std::vector<Action> RunMachine::Impl::Step(const Input& input, MonoTime now) {
  actions_.clear();
  if (phase_ == Phase::kDone) return {};
  CDI_CHECK(now >= now_, "time never goes back");
  now_ = now;
  CDI_CHECK((phase_ == Phase::kNew) == std::holds_alternative<RunOpened>(input), "RunOpened comes first, and once");
  std::visit([this](const auto& happened) { On(happened); }, input);
  Follow();
  return std::move(actions_);
}

// ---- opening

void RunMachine::Impl::On(const RunOpened& opened) {
  spec_ = opened.spec;
  replay_ = opened.replay;
  rng_ = SeededRng(opened.seed);
  overhead_bytes_ = BodyOverheadBytes(spec_);
  progress_at_ = now_;
  sums_ = opened.progress.sums;
  skip_.Load(opened.progress);
  tracker_.Open(opened.progress);
  book_.Open(opened.progress.last_batch);
  doubts_.Load(opened.progress.in_doubt);
  if (spec_.on_ambiguous == OnAmbiguous::kResend && !doubts_.empty()) {
    // The log gets its missing outcomes now: the rows stay open and are sent again when they are read again.
    RunWrite write;
    for (const Progress::InDoubt& sent : opened.progress.in_doubt) {
      write.finished.push_back({.batch = sent.batch,
                                .attempt = sent.attempt,
                                .outcome = SendOutcome::kAmbiguous,
                                .http_status = 0,
                                .message = "the process ended before the outcome was recorded",
                                .verdicts = std::vector<RowVerdict>(sent.rows.size(), RowVerdict::kOpen)});
    }
    Write(std::move(write));
  }
  if (replay_) {
    phase_ = Phase::kRunning;
    return;
  }
  phase_ = Phase::kOpening;
  if (opened.progress.window) upper_ = opened.progress.window->upper;
  Do(OpenWindow{.lower = opened.progress.watermark, .keep = opened.progress.window});
}

void RunMachine::Impl::On(const WindowOpened& opened) {
  if (phase_ != Phase::kOpening) return;
  phase_ = Phase::kRunning;
  progress_at_ = now_;
  if (!upper_) {
    upper_ = opened.window.upper;
    RunWrite write;
    write.window = opened.window;
    Write(std::move(write));
  }
}

// ---- writes

uint64_t RunMachine::Impl::Write(RunWrite write) {
  write.sums = write.end ? FullSums() : StoredSums();
  Do(Append{.write = ++last_write_, .content = std::move(write)});
  return last_write_;
}

void RunMachine::Impl::AddMove(RunWrite& write) {
  if (replay_) {
    while (!rows_.empty() && IsFinished(rows_.at(rows_.front()).state)) rows_.PopFront();
    return;
  }
  write.watermark = tracker_.TakeMove();
}

RunSums RunMachine::Impl::StoredSums() const {
  RunSums sums = FullSums();
  sums.skipped = tracker_.settled_skipped();
  return sums;
}

RunSums RunMachine::Impl::FullSums() const {
  RunSums sums = sums_;
  sums.skipped = tracker_.skipped();
  sums.unfinished = rows_.open_rows();
  return sums;
}

void RunMachine::Impl::On(const WriteDurable& durable) {
  CDI_CHECK(durable.write > durable_write_ && durable.write <= last_write_, "writes become durable in order");
  durable_write_ = durable.write;
  while (!to_be_released_.empty() && to_be_released_.front().first <= durable_write_) {
    for (const uint32_t user : to_be_released_.front().second) queue_.Release(user);
    to_be_released_.pop_front();
  }
  while (!starting_.empty() && starting_.front().first <= durable_write_) {
    Batch* batch = book_.Find(starting_.front().second);
    starting_.pop_front();
    CDI_CHECK(batch != nullptr && batch->state == Batch::State::kStarting, "a started batch is open");
    if (phase_ == Phase::kRunning) {
      batch->state = Batch::State::kSending;
      Do(Send{.batch = batch->id, .attempt = batch->attempt});
    } else {
      RecordUnsent(*batch);
    }
  }
  if (end_write_ != 0 && durable_write_ >= end_write_) Close();
}

void RunMachine::Impl::On(const WriteFailed& failed) {
  // Without records nothing may be sent, and nothing more can be said durably: the next start finds everything in the
  // log up to the last write that was taken.
  end_ = EndByWriteFailure(failed.status);
  Close();
}

// ---- slots and batches

BatchShape RunMachine::Impl::Shape() const {
  return {.objects_max = spec_.batch.objects_max,
          .body_bytes_max = spec_.batch.body_bytes_max,
          .overhead_bytes = overhead_bytes_};
}

// A batch that is not full only leaves when nothing better is coming: no page, and no user from a request in flight.
bool RunMachine::Impl::PartialAllowed() const {
  if (fetch_ended_) return true;
  return pages_outstanding_ == 0 && in_flight_ == 0 && to_be_released_.empty();
}

uint64_t RunMachine::Impl::BatchesFormable() {
  if (queue_.free_rows() == 0) return 0;
  // Back-offs hold no slot; without a bound an outage would turn every waiting row into a batch.
  const uint64_t open_max = 2ULL * spec_.batch.requests_in_flight_max;
  if (book_.size() >= open_max) return 0;
  if (RowsAhead() >= spec_.limits.ahead_rows_max) {
    // Only what lets the watermark move.
    return queue_.OldestFree() == rows_.front() ? 1 : 0;
  }
  const uint64_t by_rows = queue_.free_rows() / spec_.batch.objects_max;
  const uint64_t by_bytes =
      queue_.free_bytes() /
      std::max<uint64_t>(1, spec_.batch.body_bytes_max - std::min(spec_.batch.body_bytes_max, overhead_bytes_));
  const uint64_t full = std::max(by_rows, by_bytes);
  if (full == 0) return PartialAllowed() ? 1 : 0;
  return std::min(full, open_max - book_.size());
}

uint64_t RunMachine::Impl::FreshWanted() {
  return book_.ready(SlotNeed::kFresh) + BatchesFormable();
}

Batch* RunMachine::Impl::FormBatch() {
  if (BatchesFormable() == 0) return nullptr;
  std::vector<RowSeq> batch_rows;
  std::vector<uint32_t> users;
  batch_rows.reserve(spec_.batch.objects_max);
  users.reserve(spec_.batch.objects_max);
  if (!queue_.Fill(Shape(), batch_rows, users)) return nullptr;
  return &book_.Add(std::move(batch_rows), std::move(users));
}

void RunMachine::Impl::On(const SlotGranted& slot) {
  slots_said_.reset();
  Batch* batch = nullptr;
  if (phase_ == Phase::kRunning && in_flight_ < spec_.batch.requests_in_flight_max) {
    batch = book_.TakeReady(slot.retry ? SlotNeed::kRetry : SlotNeed::kFresh);
    if (batch == nullptr && !slot.retry) batch = FormBatch();
  }
  if (batch == nullptr) {
    Do(ReturnSlot{.retry = slot.retry});
    return;
  }
  Start(*batch);
}

void RunMachine::Impl::Start(Batch& batch) {
  ++in_flight_;
  ++batch.attempt;
  batch.state = Batch::State::kStarting;
  ++sums_.batches;
  StartBatch start{.write = ++last_write_, .batch = batch.id, .attempt = batch.attempt, .rows = {}, .sums = {}};
  start.rows.reserve(batch.rows.size());
  bool repeated = false;
  for (const RowSeq seq : batch.rows) {
    start.rows.push_back(rows_.Ref(seq));
    repeated = repeated || rows_.at(seq).maybe_delivered;
  }
  if (repeated) ++sums_.batches_repeated;
  start.sums = StoredSums();
  starting_.emplace_back(start.write, batch.id);
  Do(std::move(start));
}

// ---- what follows

void RunMachine::Impl::On(const Woke&) {
  wake_said_.reset();
}

void RunMachine::Impl::On(const StopRequested& stop) {
  if (stop.kind == StopKind::kShutdown) {
    Stop({RunState::kRunning, {"SHUTDOWN", stop.reason}, true});
  } else {
    Stop({RunState::kCancelled, {"CANCELLED", stop.reason}, false});
  }
}

void RunMachine::Impl::Stop(RunEnd end) {
  if (phase_ == Phase::kStopping || phase_ == Phase::kEnding || phase_ == Phase::kDone) return;
  phase_ = Phase::kStopping;
  end_ = std::move(end);
}

void RunMachine::Impl::Follow() {
  if (phase_ == Phase::kOpening || phase_ == Phase::kRunning) CheckLimits();
  if (phase_ == Phase::kRunning) FollowRunning();
  if (phase_ == Phase::kStopping) FollowStopping();
  if (phase_ == Phase::kDone) return;
  SaySlots();
  SayWake();
}

void RunMachine::Impl::CheckLimits() {
  if (now_ - progress_at_ >= spec_.limits.no_progress_max) {
    const bool waits_for_braze = !book_.empty() || queue_.waiting_rows() > 0;
    Stop({RunState::kError,
          {waits_for_braze ? "BRAZE_UNAVAILABLE" : "NO_PROGRESS",
           absl::StrCat("nothing moved for ", spec_.limits.no_progress_max.count(), " minutes while waiting for ",
                        waits_for_braze ? "Braze" : "the warehouse", "; the next run resumes the unfinished rows")},
          false});
    return;
  }
  const RunSums sums = FullSums();
  const uint64_t refused = sums.rejected_local + sums.rejected_braze;
  const uint64_t seen = sums.fetched() - sums.skipped;
  if (!replay_ && seen >= spec_.limits.reject_rows_min &&
      static_cast<double>(refused) > spec_.limits.reject_ratio_max * static_cast<double>(seen)) {
    Stop({RunState::kError,
          {"REJECT_RATIO", absl::StrCat(refused, " of ", seen, " rows were refused, more than the limit of ",
                                        spec_.limits.reject_ratio_max * 100,
                                        " percent: look at the dead rows, mend the source, replay them")},
          false});
    return;
  }
  if (tracker_.boundary_rows() > spec_.limits.boundary_rows_max) {
    Stop({RunState::kConfigError,
          {"BOUNDARY_TOO_WIDE", absl::StrCat("more than ", spec_.limits.boundary_rows_max, " rows carry the timestamp ",
                                             tracker_.watermark()->ToString(),
                                             ": spread UPDATED_AT of the source, or rewind the sync past it")},
          false});
  }
}

void RunMachine::Impl::FollowRunning() {
  book_.WakeDue(now_);
  if (fetch_ended_ && spec_.on_ambiguous == OnAmbiguous::kHold && !doubts_.empty()) {
    RunWrite write;
    SettleDoubts(doubts_.TakeAll(), write);
    AddMove(write);
    Write(std::move(write));
  }
  if (fetch_ended_ && queue_.waiting_rows() == 0 && book_.empty()) {
    phase_ = Phase::kStopping;
    end_ = EndOfCompleteRun(FullSums(), rows_max_reached_, spec_.limits.rows_max);
    return;
  }
  RequestPages();
}

void RunMachine::Impl::FollowStopping() {
  if (in_flight_ > 0) return;
  if (end_.left_open) {
    if (durable_write_ == last_write_) Close();
    return;
  }
  WriteEnd();
}

void RunMachine::Impl::WriteEnd() {
  RunWrite write;
  // A later run could not know of them: rows in doubt are parked now, with or without content.
  if (spec_.on_ambiguous == OnAmbiguous::kHold) SettleDoubts(doubts_.TakeAll(), write);
  AddMove(write);
  write.end = RunWrite::End{.state = end_.state, .error = end_.error, .ahead = {}};
  if (!replay_) write.end->ahead = tracker_.Ahead();
  phase_ = Phase::kEnding;
  end_write_ = Write(std::move(write));
}

void RunMachine::Impl::Close() {
  phase_ = Phase::kDone;
  Do(Finish{.state = end_.state, .error = end_.error, .sums = FullSums(), .left_open = end_.left_open});
}

void RunMachine::Impl::SaySlots() {
  std::pair<uint32_t, uint32_t> want{0, 0};
  if (phase_ == Phase::kRunning) {
    const uint64_t room = spec_.batch.requests_in_flight_max - std::min(in_flight_, spec_.batch.requests_in_flight_max);
    want.second = static_cast<uint32_t>(std::min<uint64_t>(room, book_.ready(SlotNeed::kRetry)));
    want.first = static_cast<uint32_t>(std::min<uint64_t>(room, FreshWanted()));
  }
  if (slots_said_ == want) return;
  slots_said_ = want;
  Do(WantSlots{.fresh = want.first, .retry = want.second});
}

void RunMachine::Impl::SayWake() {
  if (phase_ == Phase::kStopping || phase_ == Phase::kEnding) return;
  MonoTime wake = progress_at_ + spec_.limits.no_progress_max;
  if (const auto due = book_.next_due()) wake = std::min(wake, *due);
  if (wake_said_ == wake) return;
  wake_said_ = wake;
  Do(WakeAt{.time = wake});
}

// ---- a look from outside

RunProgress RunMachine::Impl::progress() const {
  return {.sums = FullSums(),
          .rows_waiting = queue_.waiting_rows(),
          .batches_in_flight = in_flight_,
          .watermark = tracker_.watermark()};
}

Digest128 RunMachine::Impl::StateDigest() const {
  std::string state;
  const auto add = [&state](uint64_t value) { state.append(reinterpret_cast<const char*>(&value), sizeof value); };
  const auto add_time = [&add](const Timestamp& time) {
    add(static_cast<uint64_t>(time.seconds));
    add(static_cast<uint64_t>(time.nanos));
  };
  add(static_cast<uint64_t>(phase_));
  for (RowSeq seq = rows_.front(); seq != rows_.end(); ++seq) {
    const RowEntry& row = rows_.at(seq);
    add_time(row.mark.cursor);
    add(row.mark.digest.low);
    add(row.mark.user.low);
    add(static_cast<uint64_t>(row.state) * 2 + (row.maybe_delivered ? 1 : 0));
  }
  for (const auto& [id, batch] : book_.batches()) {
    add(id.value());
    add(static_cast<uint64_t>(batch->attempt));
    add(static_cast<uint64_t>(batch->state));
    add(static_cast<uint64_t>(batch->ambiguous));
    add(static_cast<uint64_t>(batch->due.count()));
    for (const RowSeq seq : batch->rows) add(seq);
    for (const auto& part : batch->rest) add(part.size());
  }
  const RunSums sums = FullSums();
  for (const uint64_t value : {sums.accepted, sums.unconfirmed, sums.rejected_local, sums.rejected_braze, sums.held,
                               sums.skipped, sums.unfinished, sums.batches, sums.batches_repeated}) {
    add(value);
  }
  if (tracker_.watermark()) add_time(*tracker_.watermark());
  add(tracker_.boundary_rows());
  add(queue_.waiting_rows());
  add(queue_.free_rows());
  add(last_write_);
  add(durable_write_);
  add(in_flight_);
  add(pages_outstanding_);
  add(fetch_ended_ ? 1 : 0);
  add(static_cast<uint64_t>(progress_at_.count()));
  return Hash128(state);
}

// ---- the shell

RunMachine::RunMachine() : impl_(std::make_unique<Impl>()) {}
RunMachine::~RunMachine() = default;

std::vector<Action> RunMachine::Step(const Input& input, MonoTime now) {
  return impl_->Step(input, now);
}

RunProgress RunMachine::progress() const {
  return impl_->progress();
}

Digest128 RunMachine::StateDigest() const {
  return impl_->StateDigest();
}

}  // namespace cdi::ingest
