#include "ingest/slot_pacer.h"

#include <algorithm>
#include <utility>

namespace cdi::ingest {
namespace {

constexpr MonoTime kNever = MonoTime::max();
// How long the thread sleeps when nobody wants anything; a change wakes it earlier.
constexpr std::chrono::seconds kIdle{60};

}  // namespace

SlotPacer::Place::~Place() {
  std::unique_lock lock(pacer_.mutex_);
  auto& members = pacer_.gates_[workspace_].members;
  std::erase_if(members, [&](const Member& member) { return member.id == id_; });
}

void SlotPacer::Place::Want(const Wish& wish) {
  std::unique_lock lock(pacer_.mutex_);
  for (Member& member : pacer_.gates_[workspace_].members) {
    if (member.id == id_) member.wish = wish;
  }
  pacer_.dirty_ = true;
  pacer_.changed_.notify_all();
}

void SlotPacer::Place::GiveBack(SlotKind kind) {
  std::unique_lock lock(pacer_.mutex_);
  pacer_.gates_[workspace_].gate->GiveBack(kind);
  pacer_.dirty_ = true;
  pacer_.changed_.notify_all();
}

SlotPacer::SlotPacer(const Clock& clock, Rng& rng)
    : clock_(clock), rng_(rng), thread_([this](const std::stop_token& stop) { Loop(stop); }) {}

SlotPacer::~SlotPacer() {
  thread_.request_stop();
  changed_.notify_all();
}

std::unique_ptr<SlotPacer::Place> SlotPacer::Join(const WorkspaceName& workspace, const RatePolicy& rate,
                                                  GrantFn grant) {
  std::unique_lock lock(mutex_);
  Gate& gate = gates_[workspace];
  const bool changed_rate =
      gate.rate.requests != rate.requests || gate.rate.per != rate.per || gate.rate.burst != rate.burst;
  if (gate.gate == nullptr || (changed_rate && gate.members.empty())) {
    gate.gate = std::make_unique<WorkspaceGate>(rate, rng_.Next(), clock_.MonoNow());
    gate.rate = rate;
  }
  const uint64_t id = ++last_id_;
  gate.members.push_back({.id = id, .wish = {}, .grant = std::make_shared<GrantFn>(std::move(grant))});
  return std::unique_ptr<Place>(new Place(*this, id, workspace));
}

void SlotPacer::OnReport(const WorkspaceName& workspace, const SendReport& report) {
  std::unique_lock lock(mutex_);
  Gate& gate = gates_[workspace];
  if (gate.gate == nullptr) return;
  gate.gate->OnReport(report, clock_.MonoNow());
  dirty_ = true;
  changed_.notify_all();
}

void SlotPacer::Forget(const WorkspaceName& workspace) {
  std::unique_lock lock(mutex_);
  const auto found = gates_.find(workspace);
  if (found == gates_.end()) return;
  Gate& gate = found->second;
  if (gate.gate != nullptr) gate.gate = std::make_unique<WorkspaceGate>(gate.rate, rng_.Next(), clock_.MonoNow());
  dirty_ = true;
  changed_.notify_all();
}

bool SlotPacer::Wants(const Member& member, SlotKind kind) {
  return kind == SlotKind::kRetry ? member.wish.retry > 0 : member.wish.fresh > 0;
}

MonoTime SlotPacer::Collect(Gate& gate, MonoTime now, std::vector<Granted>& granted) {
  MonoTime next = kNever;
  if (gate.gate == nullptr) return next;
  // Repeats first: rows of their users wait behind them.
  for (const SlotKind kind : {SlotKind::kRetry, SlotKind::kFresh}) {
    while (true) {
      const size_t count = gate.members.size();
      size_t step = 0;
      while (step < count && !Wants(gate.members[(gate.turn + step) % count], kind)) ++step;
      if (step == count) break;
      Member& member = gate.members[(gate.turn + step) % count];
      if (!gate.gate->TryTake(kind, now)) {
        next = std::min(next, gate.gate->NextTry(kind, now));
        break;
      }
      --(kind == SlotKind::kRetry ? member.wish.retry : member.wish.fresh);
      gate.turn = (gate.turn + step + 1) % count;
      granted.push_back({member.grant, kind});
    }
  }
  return next;
}

void SlotPacer::Loop(const std::stop_token& stop) {
  // A floor between two looks, so that a gate that says "now" without giving cannot spin a core.
  constexpr std::chrono::microseconds kPause{500};
  std::vector<Granted> granted;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    dirty_ = false;
    const MonoTime now = clock_.MonoNow();
    MonoTime next = now + kIdle;
    for (auto& [name, gate] : gates_) next = std::min(next, Collect(gate, now, granted));
    if (!granted.empty()) {
      lock.unlock();
      for (const Granted& slot : granted) (*slot.grant)(slot.kind);
      granted.clear();
      lock.lock();
    }
    changed_.wait_until(lock, stop, SteadyPoint(std::max(next, now + kPause)), [&] { return dirty_; });
  }
}

}  // namespace cdi::ingest
