#include "ingest/engine.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "ingest/page_source.h"
#include "ingest/run_driver.h"
#include "ingest/run_monitor.h"
#include "ingest/schedule.h"
#include "ingest/slot_pacer.h"

namespace cdi::ingest {
namespace {

// A run that the store refused to write for (disk full) is taken up again after this.
constexpr std::chrono::seconds kReopenAfter{15};
// The schedule is looked at at least so often; changes wake it earlier.
constexpr std::chrono::seconds kScheduleIdle{30};

RunError ErrorOf(const absl::Status& status, std::string_view fallback) {
  const std::string reason = ErrorReason(status);
  return {.reason = reason.empty() ? std::string(fallback) : reason, .message = std::string(status.message())};
}

}  // namespace

class Engine::Impl {
 public:
  Impl(const Dependencies& dependencies, const EngineOptions& options)
      : deps_(dependencies),
        options_(options),
        pacer_(dependencies.clock, dependencies.rng),
        monitor_(dependencies.clock) {}

  ~Impl() {
    Stop(std::chrono::milliseconds{0});
    Join();
  }

  absl::Status Start() {
    if (!options_.held.ok()) return absl::OkStatus();
    CDI_ASSIGN_OR_RETURN(const std::vector<Run> open, deps_.store.ListOpenRuns());
    for (const Run& run : open) {
      deps_.logger.Write(LogLevel::kInfo, "run_taken_up",
                         {{"run", run.name.value()}, {"state", RunStateName(run.state)}});
      Enqueue(run.name);
    }
    scheduler_ = std::jthread([this](const std::stop_token& stop) { ScheduleLoop(stop); });
    return absl::OkStatus();
  }

  absl::StatusOr<Run> StartRun(const Run& run, const std::string& request_id, const std::string& caller) {
    CDI_RETURN_IF_ERROR(options_.held);
    CDI_ASSIGN_OR_RETURN(Run created, deps_.store.CreateRun(run, request_id, caller));
    if (created.state == RunState::kPending) Enqueue(created.name);
    return created;
  }

  absl::Status CancelRun(const RunName& name) {
    CDI_RETURN_IF_ERROR(deps_.store.RequestCancel(name));
    bool waited = false;
    {
      const std::lock_guard lock(mutex_);
      const auto running = running_.find(name);
      if (running == running_.end()) {
        waited = std::erase(pending_, name) > 0;
      } else if (running->second.driver != nullptr) {
        running->second.driver->RequestStop(StopKind::kCancel, "CancelRun");
      }
    }
    if (waited) EndWaiting(name);
    return absl::OkStatus();
  }

  absl::StatusOr<RunSnapshot> Snapshot(const RunName& name) {
    // The monitor first: a run that ends in between then shows its durable end with an older change number.
    RunSnapshot snapshot;
    monitor_.Read(name, snapshot);
    CDI_ASSIGN_OR_RETURN(snapshot.run, deps_.store.GetRun(name));
    if (IsTerminal(snapshot.run.state)) {
      snapshot.live.reset();
      snapshot.rows_per_second = 0;
    }
    return snapshot;
  }

  void WaitForChange(const RunName& run, uint64_t seen, MonoTime deadline) {
    monitor_.WaitForChange(run, seen, deadline);
  }

  void SchedulesChanged() {
    const std::lock_guard lock(mutex_);
    schedules_changed_ = true;
    changed_.notify_all();
  }

  void WorkspaceChanged(const WorkspaceName& workspace) { pacer_.Forget(workspace); }

  bool Stop(std::chrono::milliseconds patience) {
    scheduler_.request_stop();
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (auto& [name, running] : running_) {
      if (running.driver != nullptr) running.driver->RequestStop(StopKind::kShutdown, "shutdown");
    }
    changed_.notify_all();
    return changed_.wait_for(lock, patience, [&] { return AllEnded(); });
  }

  void Join() {
    std::map<RunName, Running> ended;
    {
      const std::lock_guard lock(mutex_);
      ended.swap(running_);
    }
    ended.clear();
    if (scheduler_.joinable()) scheduler_.join();
  }

 private:
  struct Running {
    RunDriver* driver = nullptr;  // set while it drives; owned by the thread
    bool ended = false;
    std::jthread thread;
  };

  bool AllEnded() const {
    return std::all_of(running_.begin(), running_.end(), [](const auto& entry) { return entry.second.ended; });
  }

  void Enqueue(const RunName& name) {
    const std::lock_guard lock(mutex_);
    pending_.push_back(name);
    LaunchLocked();
  }

  // Starts what waits, as far as there is room; clears away threads that have ended.
  void LaunchLocked() {
    std::erase_if(running_, [](const auto& entry) { return entry.second.ended; });
    while (!stopping_ && !pending_.empty() && running_.size() < static_cast<size_t>(options_.runs_max)) {
      const RunName name = pending_.front();
      pending_.pop_front();
      if (running_.contains(name)) continue;
      Running& running = running_[name];
      running.thread = std::jthread([this, name] { RunThread(name); });
    }
  }

  void RunThread(const RunName& name) {
    const bool again = DriveRunOrLeaveOpen(name);
    monitor_.Ended(name);
    const std::lock_guard lock(mutex_);
    running_[name].ended = true;
    if (again) reopen_.emplace_back(deps_.clock.MonoNow() + kReopenAfter, name);
    // Ended threads are cleared by the scheduler, never by themselves.
    launch_wanted_ = true;
    changed_.notify_all();
  }

  // A cancelled run that waited for room need not wait on; whoever calls this took it out of pending_.
  void EndWaiting(const RunName& name) {
    const auto run = deps_.store.GetRun(name);
    if (run.ok() && IsTerminal(run->state)) return;
    if (!run.ok() || EndCancelled(*run)) {
      Enqueue(name);
      return;
    }
    monitor_.Ended(name);
  }

  bool EndCancelled(const Run& run) {
    return EndUnstarted(run, RunState::kCancelled, {"CANCELLED", "cancelled before it started"});
  }

  // The thread's last resort: whatever was thrown, the run stays open and is taken up again from its log.
  bool DriveRunOrLeaveOpen(const RunName& name) {
    try {
      return DriveRun(name);
    } catch (const std::exception& error) {
      deps_.logger.Write(LogLevel::kError, "run_left_open",
                         {{"run", name.value()}, {"reason", "INTERNAL"}, {"detail", CutText(error.what(), 300)}});
      return true;
    }
  }

  // True when the run was left open by a passing fault of the store and should be taken up again.
  bool DriveRun(const RunName& name) {
    auto run = deps_.store.GetRun(name);
    if (!run.ok()) return Report(name, run.status());
    if (IsTerminal(run->state)) return false;
    if (run->cancel_requested) return EndCancelled(*run);
    auto plan = deps_.plans.PlanOf(*run);
    if (!plan.ok()) return EndUnstarted(*run, RunState::kConfigError, ErrorOf(plan.status(), "CONFIG_INVALID"));
    auto opened = deps_.store.OpenRun(name);
    if (!opened.ok()) return Report(name, opened.status());
    deps_.logger.Write(LogLevel::kInfo, "run_started",
                       {{"run", name.value()},
                        {"trigger", RunTriggerName(run->trigger)},
                        {"recoveries", static_cast<int64_t>(opened->run.recoveries)}});
    auto source = run->trigger == RunTrigger::kReplay ? MakeReplaySource(*plan, deps_.store, run->replay_ids)
                                                      : MakeWarehouseSource(*plan, name, deps_.logger);
    RunDriver driver({deps_.store, deps_.sender, pacer_, deps_.clock, deps_.logger, deps_.observer}, *std::move(opened),
                     *std::move(plan), std::move(source), deps_.rng.Next(), options_.send_timeout);
    const Finish finish = DrivePublished(name, run->sync, driver);
    return Ended(name, finish);
  }

  // Others may ask the driver to stop only while it drives, also when it ends by an exception.
  Finish DrivePublished(const RunName& name, const SyncName& sync, RunDriver& driver) {
    PublishDriver(name, &driver);
    const absl::Cleanup unpublish = [&] { PublishDriver(name, nullptr); };
    return driver.Drive([&](const RunProgress& progress) {
      if (monitor_.Progressed(name, progress) && deps_.observer != nullptr) {
        deps_.observer->RunProgressed(sync, progress);
      }
    });
  }

  void PublishDriver(const RunName& name, RunDriver* driver) {
    const std::lock_guard lock(mutex_);
    running_[name].driver = driver;
    if (driver != nullptr && stopping_) driver->RequestStop(StopKind::kShutdown, "shutdown");
    if (driver != nullptr) {
      const auto run = deps_.store.GetRun(name);
      if (run.ok() && run->cancel_requested) driver->RequestStop(StopKind::kCancel, "CancelRun");
    }
  }

  bool Ended(const RunName& name, const Finish& finish) {
    if (finish.left_open) {
      deps_.logger.Write(LogLevel::kWarn, "run_left_open",
                         {{"run", name.value()},
                          {"reason", finish.error.reason},
                          {"unfinished", static_cast<int64_t>(finish.sums.unfinished)}});
      return finish.error.reason != "LEASE_LOST";
    }
    const LogLevel level =
        finish.state == RunState::kError || finish.state == RunState::kConfigError ? LogLevel::kError : LogLevel::kInfo;
    deps_.logger.Write(level, "run_ended",
                       {{"run", name.value()},
                        {"state", RunStateName(finish.state)},
                        {"reason", finish.error.reason},
                        {"fetched", static_cast<int64_t>(finish.sums.fetched())},
                        {"accepted", static_cast<int64_t>(finish.sums.accepted)},
                        {"rejected", static_cast<int64_t>(finish.sums.rejected_local + finish.sums.rejected_braze)},
                        {"held", static_cast<int64_t>(finish.sums.held)},
                        {"skipped", static_cast<int64_t>(finish.sums.skipped)}});
    TellEnd(name);
    return false;
  }

  bool EndUnstarted(const Run& run, RunState state, const RunError& error) {
    if (const absl::Status ended = deps_.store.EndRun(run.name, state, error); !ended.ok())
      return Report(run.name, ended);
    deps_.logger.Write(state == RunState::kCancelled ? LogLevel::kInfo : LogLevel::kError, "run_ended",
                       {{"run", run.name.value()}, {"state", RunStateName(state)}, {"reason", error.reason}});
    TellEnd(run.name);
    return false;
  }

  void TellEnd(const RunName& name) {
    const auto run = deps_.store.GetRun(name);
    if (!run.ok()) return;
    deps_.plans.RunEnded(*run);
    if (deps_.observer != nullptr) deps_.observer->RunFinished(*run);
  }

  // The store did not even let the run be opened; answers whether to try again.
  bool Report(const RunName& name, const absl::Status& status) {
    deps_.logger.Write(LogLevel::kError, "run_not_opened", {{"run", name.value()}, {"reason", ErrorReason(status)}});
    return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
  }

  void ScheduleLoop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const MonoTime next = StartDueRuns();
      std::unique_lock lock(mutex_);
      LaunchLocked();
      launch_wanted_ = false;
      MonoTime wake = next;
      for (const auto& [time, name] : reopen_) wake = std::min(wake, time);
      changed_.wait_until(lock, stop, SteadyPoint(wake), [&] { return schedules_changed_ || launch_wanted_; });
      schedules_changed_ = false;
      const MonoTime now = deps_.clock.MonoNow();
      for (const auto& [time, name] : reopen_) {
        if (time <= now) pending_.push_back(name);
      }
      std::erase_if(reopen_, [&](const auto& entry) { return entry.first <= now; });
      LaunchLocked();
    }
  }

  // Starts what is due and answers when to look again.
  MonoTime StartDueRuns() {
    const MonoTime now_mono = deps_.clock.MonoNow();
    MonoTime wake = now_mono + kScheduleIdle;
    const auto schedules = deps_.plans.Schedules();
    if (!schedules.ok()) {
      deps_.logger.Write(LogLevel::kError, "schedules_unreadable", {{"reason", ErrorReason(schedules.status())}});
      return wake;
    }
    for (const SchedulePlan& plan : *schedules) {
      if (!plan.every) continue;
      const auto status = deps_.store.GetSyncStatus(plan.sync);
      if (!status.ok()) continue;
      const Timestamp now = deps_.clock.WallNow();
      const SlotDecision decision = DecideSlot(status->next_run_time, *plan.every, now);
      if (decision.due || status->next_run_time != decision.next) StartSlot(plan.sync, *status, decision);
      wake = std::min(wake, now_mono + std::max(Distance(decision.next, now), std::chrono::nanoseconds{0}));
    }
    return wake;
  }

  void StartSlot(const SyncName& sync, const SyncStatus& status, const SlotDecision& decision) {
    // The slot is used up before its run starts: a crash in between costs one slot, never two runs.
    if (const absl::Status stored = deps_.store.SetNextRunTime(sync, decision.next); !stored.ok() || !decision.due)
      return;
    if (status.active_run) {
      deps_.logger.Write(LogLevel::kInfo, "slot_skipped",
                         {{"sync", sync.value()}, {"reason", "RUN_ACTIVE"}, {"run", status.active_run->value()}});
      return;
    }
    auto run = deps_.plans.NewRun(sync, RunTrigger::kSchedule);
    if (run.ok()) run = StartRun(*run, "", "schedule");
    if (!run.ok()) {
      deps_.logger.Write(LogLevel::kWarn, "slot_not_started",
                         {{"sync", sync.value()}, {"reason", ErrorReason(run.status())}});
    }
  }

  const Dependencies deps_;
  const EngineOptions options_;
  SlotPacer pacer_;
  RunMonitor monitor_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<RunName> pending_;
  std::vector<std::pair<MonoTime, RunName>> reopen_;
  std::map<RunName, Running> running_;
  bool stopping_ = false;
  bool schedules_changed_ = false;
  bool launch_wanted_ = false;
  std::jthread scheduler_;
};

Engine::Engine(const Dependencies& dependencies, const EngineOptions& options)
    : impl_(std::make_unique<Impl>(dependencies, options)) {}
Engine::~Engine() = default;
absl::Status Engine::Start() {
  return impl_->Start();
}
absl::StatusOr<Run> Engine::StartRun(const Run& run, const std::string& request_id, const std::string& caller) {
  return impl_->StartRun(run, request_id, caller);
}
absl::Status Engine::CancelRun(const RunName& run) {
  return impl_->CancelRun(run);
}
absl::StatusOr<RunSnapshot> Engine::Snapshot(const RunName& run) {
  return impl_->Snapshot(run);
}
void Engine::WaitForChange(const RunName& run, uint64_t seen, MonoTime deadline) {
  impl_->WaitForChange(run, seen, deadline);
}
void Engine::SchedulesChanged() {
  impl_->SchedulesChanged();
}
void Engine::WorkspaceChanged(const WorkspaceName& workspace) {
  impl_->WorkspaceChanged(workspace);
}
bool Engine::Stop(std::chrono::milliseconds patience) {
  return impl_->Stop(patience);
}
void Engine::Join() {
  impl_->Join();
}

}  // namespace cdi::ingest
