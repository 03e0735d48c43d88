// The run machine's sending side: what every outcome of a request means for its rows.
#include <algorithm>

#include "base/backoff.h"
#include "base/check.h"
#include "ingest/run_machine_impl.h"

namespace cdi::ingest {
namespace {

std::string Cut(const std::string& text) {
  constexpr size_t kMessageBytesMax = 300;
  return text.substr(0, kMessageBytesMax);
}

}  // namespace

void RunMachine::Impl::On(const ReplyArrived& reply) {
  Batch* found = book_.Find(reply.batch);
  // A reply that nobody waits for says nothing new.
  if (found == nullptr || found->state != Batch::State::kSending || found->attempt != reply.attempt) return;
  Batch& batch = *found;
  const SendReport& report = reply.report;
  --in_flight_;
  batch.state = Batch::State::kIdle;
  RunWrite write;
  SendFinished record{.batch = batch.id,
                      .attempt = batch.attempt,
                      .outcome = report.outcome,
                      .http_status = report.http_status,
                      .message = Cut(report.message),
                      .verdicts = std::vector<RowVerdict>(batch.rows.size(), RowVerdict::kOpen)};
  switch (report.outcome) {
    case SendOutcome::kNotSent:
      Repeat(batch, SlotNeed::kFresh, std::nullopt);
      break;
    case SendOutcome::kThrottled:
      Repeat(batch, SlotNeed::kFresh, report.retry_after);
      break;
    case SendOutcome::kAccepted:
      RuleAll(batch, {.verdict = RowVerdict::kAccepted, .reason = "", .message = ""}, record, write);
      break;
    case SendOutcome::kAcceptedUnconfirmed:
      RuleAll(batch, {.verdict = RowVerdict::kUnconfirmed, .reason = "", .message = ""}, record, write);
      break;
    case SendOutcome::kRowsRejected:
      RuleNamed(batch, report, record, write);
      break;
    case SendOutcome::kWholeRejected:
    case SendOutcome::kTooLarge:
      RefuseWhole(batch, report, record, write);
      break;
    case SendOutcome::kAuthRefused:
    case SendOutcome::kEndpointWrong:
      Stop(EndByReply(report));
      break;
    case SendOutcome::kAmbiguous:
      OnAmbiguousReply(batch, report, record, write);
      break;
  }
  const bool over = batch.rows.empty();
  write.finished.push_back(std::move(record));
  AddMove(write);
  const uint64_t number = Write(std::move(write));
  if (!over || book_.NextPart(batch)) return;
  to_be_released_.emplace_back(number, book_.Remove(batch));
}

void RunMachine::Impl::Rule(RowSeq seq, const Ruling& ruling, RowVerdict& verdict, RunWrite& write) {
  const RowMark& mark = rows_.at(seq).mark;
  verdict = ruling.verdict;
  switch (ruling.verdict) {
    case RowVerdict::kOpen:
      CDI_CHECK(false, "a ruling is terminal");
      break;
    case RowVerdict::kAccepted:
      ++sums_.accepted;
      break;
    case RowVerdict::kUnconfirmed:
      ++sums_.unconfirmed;
      break;
    case RowVerdict::kRejected:
      ++sums_.rejected_braze;
      break;
    case RowVerdict::kHeld:
      ++sums_.held;
      break;
  }
  if (ruling.verdict == RowVerdict::kRejected || ruling.verdict == RowVerdict::kHeld) {
    write.parked.push_back({.kind = ruling.verdict == RowVerdict::kHeld ? ParkedKind::kHeld : ParkedKind::kDeadBraze,
                            .mark = mark,
                            .row = rows_.Ref(seq),
                            .reason = ruling.reason,
                            .message = Cut(ruling.message)});
  }
  if (replay_) write.replayed.emplace_back(mark.parked_id, ruling.verdict);
  rows_.Finish(seq, RowState::kFinished);
  tracker_.OnFinished(seq);
  progress_at_ = now_;
}

void RunMachine::Impl::RuleAll(Batch& batch, const Ruling& ruling, SendFinished& record, RunWrite& write) {
  for (size_t i = 0; i < batch.rows.size(); ++i) Rule(batch.rows[i], ruling, record.verdicts[i], write);
  batch.rows.clear();
}

void RunMachine::Impl::RuleNamed(Batch& batch, const SendReport& report, SendFinished& record, RunWrite& write) {
  std::vector<const ObjectError*> named(batch.rows.size(), nullptr);
  size_t count = 0;
  for (const ObjectError& error : report.errors) {
    if (error.index >= named.size() || named[error.index] != nullptr) continue;
    named[error.index] = &error;
    ++count;
  }
  if (count == 0) {
    // Errors that name no object of ours: on 2xx the batch was taken and the errors are unknown; else nothing was.
    if (report.rest_taken) {
      RuleAll(batch, {.verdict = RowVerdict::kUnconfirmed, .reason = "", .message = ""}, record, write);
    } else {
      RefuseWhole(batch, report, record, write);
    }
    return;
  }
  std::vector<RowSeq> rest;
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    if (named[i] != nullptr) {
      Rule(batch.rows[i], {.verdict = RowVerdict::kRejected, .reason = "BRAZE_REJECTED", .message = named[i]->text},
           record.verdicts[i], write);
    } else if (report.rest_taken) {
      Rule(batch.rows[i], {.verdict = RowVerdict::kAccepted, .reason = "", .message = ""}, record.verdicts[i], write);
    } else {
      rest.push_back(batch.rows[i]);
    }
  }
  batch.rows.clear();
  // Nothing of the rest was taken: it goes again at once, as a request of its own.
  if (!rest.empty()) batch.rest.push_back(std::move(rest));
}

void RunMachine::Impl::RefuseWhole(Batch& batch, const SendReport& report, SendFinished& record, RunWrite& write) {
  const bool too_large = report.outcome == SendOutcome::kTooLarge;
  if (batch.rows.size() == 1) {
    RuleAll(batch,
            {.verdict = RowVerdict::kRejected,
             .reason = too_large ? "TOO_LARGE" : "BRAZE_REJECTED",
             .message = report.message},
            record, write);
    return;
  }
  auto [first, second] = too_large ? SplitByBytes(batch.rows, rows_) : SplitByCount(batch.rows);
  batch.rows.clear();
  batch.rest.push_back(std::move(second));
  batch.rest.push_back(std::move(first));
}

void RunMachine::Impl::OnAmbiguousReply(Batch& batch, const SendReport& report, SendFinished& record, RunWrite& write) {
  if (spec_.on_ambiguous == OnAmbiguous::kHold) {
    RuleAll(batch,
            {.verdict = RowVerdict::kHeld,
             .reason = "AMBIGUOUS",
             .message = "nobody knows whether Braze took it: " + report.message},
            record, write);
    return;
  }
  for (const RowSeq seq : batch.rows) rows_.at(seq).maybe_delivered = true;
  ++batch.ambiguous;
  if (batch.ambiguous >= spec_.limits.ambiguous_attempts_max) {
    Stop(EndByReply(report));
    return;
  }
  Repeat(batch, SlotNeed::kRetry, std::nullopt);
}

void RunMachine::Impl::Repeat(Batch& batch, SlotNeed need, std::optional<std::chrono::milliseconds> delay) {
  const auto wait = delay ? *delay : BackoffDelay(BackoffPolicy{}, batch.failures, rng_);
  ++batch.failures;
  book_.BackOff(batch, need, now_ + wait);
}

// The store knows the batch as started, but the run stopped before a byte left: that is certain, so the rows stay open
// and are in nobody's doubt.
void RunMachine::Impl::RecordUnsent(Batch& batch) {
  --in_flight_;
  batch.state = Batch::State::kIdle;
  RunWrite write;
  write.finished.push_back({.batch = batch.id,
                            .attempt = batch.attempt,
                            .outcome = SendOutcome::kNotSent,
                            .http_status = 0,
                            .message = "the run stopped before it was sent",
                            .verdicts = std::vector<RowVerdict>(batch.rows.size(), RowVerdict::kOpen)});
  Write(std::move(write));
}

}  // namespace cdi::ingest
