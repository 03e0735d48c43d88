#include "tests/sim/sim_driver.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::sim {

using namespace cdi::ingest;

SimDriver::SimDriver(Outside outside, Mutation mutation, uint64_t seed)
    : out_(std::move(outside)),
      machine_(mutation),
      gate_(RatePolicy{.requests = 20, .per = std::chrono::milliseconds{1'000}, .burst = 5}, seed, out_.loop.now()),
      seed_(seed) {}

void SimDriver::Open(const SyncSpec& spec) {
  Progress progress = out_.store.Open();
  limits_ = spec.limits;
  out_.invariants.OnOpen(out_.store);
  Hit(progress.window ? "recovered" : "opened");
  if (!progress.in_doubt.empty()) Hit("recovered_in_doubt");
  if (!progress.own_finished.empty()) Hit("recovered_own_finished");
  if (!progress.ahead.empty()) Hit("opened_with_ahead");
  if (progress.boundary.size() > 1) Hit("opened_with_wide_boundary");
  Input(RunOpened{.spec = spec, .progress = std::move(progress), .replay = false, .seed = seed_});
}

void SimDriver::Stop(StopKind kind) {
  Hit(kind == StopKind::kShutdown ? "stop_shutdown" : "stop_cancel");
  stopped_ = true;
  Input(StopRequested{kind, "by the simulator"});
}

void SimDriver::Input(ingest::Input input) {
  const std::shared_ptr<bool> alive = alive_;
  if (!*alive) return;
  const size_t kind = input.index();
  const std::vector<Action> actions = machine_.Step(std::move(input), out_.loop.now());
  if (out_.trace) {
    const Digest128 state = machine_.StateDigest();
    out_.trace_hash = Hash128(absl::StrCat(out_.trace_hash.ToHex(), state.ToHex(), kind, "/", actions.size()));
  }
  out_.invariants.OnStep(machine_.progress(), limits_);
  for (const Action& action : actions) {
    if (!*alive) return;
    std::visit([this](const auto& concrete) { PerformOrDie(concrete); }, action);
  }
  if (!*alive || !out_.faults_on) return;
  if (Hit(Fault::kShutdown)) Later(Latency(), [this] { Stop(StopKind::kShutdown); });
  if (Hit(Fault::kCancel)) Later(Latency(), [this] { Stop(StopKind::kCancel); });
}

template <typename T>
void SimDriver::PerformOrDie(const T& action) {
  constexpr bool kIsWrite = std::is_same_v<T, Append> || std::is_same_v<T, StartBatch>;
  const std::shared_ptr<bool> alive = alive_;
  switch (out_.next_crash()) {
    case CrashMode::kNone:
      Perform(action);
      break;
    case CrashMode::kBefore:
      Die(out_.rng.Below(out_.store.queued() + 1));
      break;
    case CrashMode::kAfter:
      Perform(action);
      // After a write: it is durable, but nobody was told.
      if (*alive) Die(kIsWrite ? out_.store.queued() : out_.rng.Below(out_.store.queued() + 1));
      break;
    case CrashMode::kTorn:
      // A write that reached the disk in part is no write; a request that left in part is not taken.
      if constexpr (kIsWrite) {
        Perform(action);
        if (*alive) Die(out_.store.queued() - 1);
      } else {
        Die(out_.rng.Below(out_.store.queued() + 1));
      }
      break;
  }
}

void SimDriver::Die(size_t queued_kept) {
  *alive_ = false;
  Hit("crash");
  out_.store.Crash(queued_kept);
  out_.invariants.OnEngineGone();
  out_.on_gone(std::nullopt);
}

bool SimDriver::Hit(Fault fault) {
  return out_.faults_on && out_.params.Has(fault) &&
         out_.rng.Chance(out_.params.chance[static_cast<size_t>(fault)], 10'000);
}

void SimDriver::Later(MonoTime delay, std::function<void()> what) {
  out_.loop.After(delay, [alive = alive_, what = std::move(what)] {
    if (*alive) what();
  });
}

void SimDriver::InputAfter(MonoTime delay, ingest::Input input) {
  Later(delay, [this, input = std::move(input)]() mutable { Input(std::move(input)); });
}

// ---- the warehouse

void SimDriver::Perform(const OpenWindow& action) {
  lower_ = action.lower;
  if (Hit(Fault::kFetchFails)) {
    Hit("open_fails");
    InputAfter(Latency(), FetchFailed{MakeError(absl::StatusCode::kFailedPrecondition, "TABLE_NOT_FOUND", "no table")});
    return;
  }
  Later(Latency(), [this, keep = action.keep] {
    const Window window = keep ? *keep : out_.warehouse.Freeze(lower_);
    upper_ = window.upper;
    Input(WindowOpened{window});
  });
}

void SimDriver::Perform(const FetchPages& action) {
  credit_ += action.pages;
  if (!fetching_) NextPage();
}

void SimDriver::NextPage() {
  if (credit_ == 0 || fetch_over_) return;
  fetching_ = true;
  Later(Latency(), [this] {
    fetching_ = false;
    if (!snapshot_) snapshot_ = out_.warehouse.Select(lower_, upper_);
    if (Hit(Fault::kFetchFails)) {
      fetch_over_ = true;
      Hit("fetch_fails");
      Input(FetchFailed{MakeError(absl::StatusCode::kUnavailable, "WAREHOUSE_UNREACHABLE", "gone")});
      return;
    }
    if (next_row_ >= snapshot_->size()) {
      fetch_over_ = true;
      Input(FetchEnded{});
      return;
    }
    --credit_;
    const auto page = out_.warehouse.MakePage(*snapshot_, next_row_, out_.params.page_size);
    next_row_ += out_.params.page_size;
    const std::shared_ptr<bool> alive = alive_;
    Input(PageArrived{page});
    if (*alive && !fetching_) NextPage();
  });
}

// ---- the store

void SimDriver::Perform(const Append& action) {
  CountHits(action.content);
  Queue(action.write, action.content);
}

void SimDriver::Perform(const StartBatch& action) {
  out_.invariants.OnStartBatch(action, out_.loop.WarehouseNow());
  if (out_.params.real_bodies) Hit("real_body");
  Body body;
  body.bytes = BodyOverheadBytes(out_.params.spec) + action.rows.size() - 1;
  RunWrite content;
  SendStarted started{.batch = action.batch, .attempt = action.attempt, .body_hash = {}, .rows = {}};
  std::string text;
  for (const RowRef& ref : action.rows) {
    const DecodedRow& row = ref.row();
    body.bytes += row.object_bytes;
    body.rows.push_back({row.cursor, row.digest, row.user, row.parked_id});
    text += row.digest.ToHex();
  }
  started.body_hash = Hash128(text);
  started.rows = body.rows;
  bodies_[{action.batch.value(), action.attempt}] = std::move(body);
  content.started.push_back(std::move(started));
  content.sums = action.sums;
  Queue(action.write, std::move(content));
}

void SimDriver::Queue(uint64_t write, RunWrite content) {
  out_.store.Queue(write, std::move(content));
  PlanSync();
}

void SimDriver::PlanSync() {
  if (sync_planned_) return;
  sync_planned_ = true;
  const auto delay = MonoTime{1 + static_cast<int64_t>(out_.rng.Below(Nanos(out_.params.commit_max)))};
  Later(delay, [this] {
    sync_planned_ = false;
    if (Hit(Fault::kWritesFail)) {
      Hit("writes_fail");
      out_.store.Crash(0);
      Input(WriteFailed{MakeError(absl::StatusCode::kAborted, "LEASE_LOST", "another holder has the lease")});
      return;
    }
    for (const uint64_t write : out_.store.Sync()) Input(WriteDurable{write});
  });
}

// ---- Braze

void SimDriver::Perform(const Send& action) {
  const Body body = bodies_.at({action.batch.value(), action.attempt});
  out_.invariants.Require(!stopped_, "STOP", "a request left after the run was told to stop");
  out_.invariants.OnSend(out_.store, action.batch.value(), action.attempt, body.rows);
  const FakeBraze::Fate fate = out_.braze.Decide(body.rows, body.bytes, out_.faults_on);
  MonoTime arrival = Latency();
  const MonoTime answer = arrival + Latency();
  // A request of a process that dies may wander for long. Only where rows are resent: held ones are out of order then.
  std::shared_ptr<bool> alive = alive_;
  const bool wanders = Hit(Fault::kZombie);
  const auto arrive = [&braze = out_.braze, &invariants = out_.invariants, &hits = out_.hits, rows = body.rows, fate,
                       alive] {
    braze.Arrive(rows, fate, !*alive);
    if (!*alive) ++hits["zombie"];
    invariants.OnLedger(braze.ledger());
  };
  out_.loop.After(arrival, [alive, wanders, arrive, &loop = out_.loop] {
    if (*alive || !wanders) {
      arrive();
    } else {
      loop.After(std::chrono::seconds{20}, arrive);
    }
  });
  SendReport report = fate.report;
  if (!fate.answered) {
    report = SendReport{};
    report.outcome = SendOutcome::kAmbiguous;
    report.message = "no answer";
  }
  Later(answer, [this, batch = action.batch, attempt = action.attempt, report] {
    Hit(absl::StrCat("outcome ", std::string(SendOutcomeName(report.outcome))));
    if (report.outcome == SendOutcome::kRowsRejected) Hit(report.rest_taken ? "named_2xx" : "named_400");
    out_.invariants.OnReply(batch.value());
    gate_.OnReport(report, out_.loop.now());
    Input(ReplyArrived{batch, attempt, report});
    GrantSlots();
  });
}

void SimDriver::Perform(const WantSlots& action) {
  want_ = action;
  GrantSlots();
}

void SimDriver::Perform(const ReturnSlot& action) {
  Hit("slot_returned");
  gate_.GiveBack(action.retry ? SlotKind::kRetry : SlotKind::kFresh);
}

// As the production pacer does: what the gate allows is granted at once and arrives a little later, when the machine
// may want something else by now.
void SimDriver::GrantSlots() {
  const MonoTime now = out_.loop.now();
  MonoTime next = MonoTime::max();
  for (const SlotKind kind : {SlotKind::kRetry, SlotKind::kFresh}) {
    uint32_t& want = kind == SlotKind::kRetry ? want_.retry : want_.fresh;
    while (want > 0 && gate_.TryTake(kind, now)) {
      --want;
      const auto delay = MonoTime{static_cast<int64_t>(out_.rng.Below(3'000'000))};
      InputAfter(delay, SlotGranted{kind == SlotKind::kRetry});
    }
    if (want > 0) next = std::min(next, gate_.NextTry(kind, now));
  }
  if (next == MonoTime::max() || grant_planned_) return;
  grant_planned_ = true;
  Later(std::max(next - now, MonoTime{1}), [this] {
    grant_planned_ = false;
    GrantSlots();
  });
}

void SimDriver::Perform(const WakeAt& action) {
  InputAfter(std::max(MonoTime{0}, action.time - out_.loop.now()), Woke{});
}

void SimDriver::Perform(const Finish& action) {
  out_.invariants.OnFinish(action, out_.store);
  Hit(action.left_open ? absl::StrCat("left_open ", action.error.reason)
                       : absl::StrCat("end ", std::string(RunStateName(action.state)), " ", action.error.reason));
  if (action.sums.batches_repeated > 0) Hit("batches_repeated");
  *alive_ = false;
  out_.store.Crash(0);
  out_.invariants.OnEngineGone();
  out_.on_gone(action);
}

void SimDriver::CountHits(const RunWrite& content) {
  for (const ParkedRow& parked : content.parked) {
    Hit(absl::StrCat("parked ", parked.reason, parked.row.page == nullptr ? " without content" : ""));
  }
  if (content.watermark) Hit(content.watermark->replace ? "watermark_advanced" : "boundary_grew");
  if (content.end && !content.end->ahead.empty()) Hit("end_with_ahead");
  for (const SendFinished& finished : content.finished) {
    if (finished.message == "the run stopped before it was sent") Hit("recorded_unsent");
  }
}

}  // namespace cdi::sim
