#include "ingest/run_driver.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fault_point.h"
#include "base/text.h"
#include "ingest/run_inbox.h"

namespace cdi::ingest {
namespace {

// How long the machine sleeps when it asked for no time; inputs wake it at once.
constexpr std::chrono::seconds kIdle{60};

// Runs the blocking page source in a thread of its own: one command at a time, pages as far as credit reaches.
class Fetcher {
 public:
  Fetcher(PageSource& source, std::shared_ptr<RunInbox> inbox, const Clock& clock, SyncName sync,
          EngineObserver* observer)
      : source_(source),
        inbox_(std::move(inbox)),
        clock_(clock),
        sync_(std::move(sync)),
        observer_(observer),
        thread_([this](const std::stop_token& stop) { Loop(stop); }) {}

  ~Fetcher() {
    thread_.request_stop();
    source_.Cancel();
    changed_.notify_all();
  }

  void Open(OpenWindow command) {
    const std::lock_guard lock(mutex_);
    open_ = std::move(command);
    changed_.notify_all();
  }

  void AddCredit(uint32_t pages) {
    const std::lock_guard lock(mutex_);
    credit_ += pages;
    changed_.notify_all();
  }

 private:
  void Loop(const std::stop_token& stop) {
    while (true) {
      std::optional<OpenWindow> open;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [&] { return open_.has_value() || (credit_ > 0 && !ended_); })) return;
        open = std::exchange(open_, std::nullopt);
        if (!open) --credit_;
      }
      try {
        open ? PerformOpen(*open) : PerformFetch();
      } catch (const std::exception& error) {  // the thread's last resort
        Fail(absl::InternalError(CutText(error.what(), 300)));
      }
    }
  }

  void PerformOpen(const OpenWindow& command) {
    auto window = source_.Open(command.lower, command.keep);
    if (window.ok()) {
      inbox_->Push(WindowOpened{*std::move(window)});
    } else {
      Fail(window.status());
    }
  }

  void PerformFetch() {
    const MonoTime begin = clock_.MonoNow();
    auto page = source_.Next();
    if (!page.ok()) return Fail(page.status());
    if (*page == nullptr) {
      Ended();
      inbox_->Push(FetchEnded{});
      return;
    }
    if (observer_ != nullptr) {
      observer_->PageFetched(sync_, (*page)->rows.size(), (*page)->page->bytes(), clock_.MonoNow() - begin);
    }
    inbox_->Push(PageArrived{*std::move(page)});
  }

  void Fail(const absl::Status& status) {
    Ended();
    inbox_->Push(FetchFailed{status});
  }

  void Ended() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }

  PageSource& source_;
  const std::shared_ptr<RunInbox> inbox_;
  const Clock& clock_;
  const SyncName sync_;
  EngineObserver* const observer_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<OpenWindow> open_;
  uint64_t credit_ = 0;
  bool ended_ = false;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace

class RunDriver::Impl {
 public:
  Impl(const Dependencies& dependencies, StateStore::Opened opened, RunPlan plan, std::unique_ptr<PageSource> source,
       uint64_t seed, std::chrono::milliseconds send_timeout)
      : deps_(dependencies),
        opened_(std::move(opened)),
        plan_(std::move(plan)),
        source_(std::move(source)),
        seed_(seed),
        send_timeout_(send_timeout) {}

  Finish Drive(const std::function<void(const RunProgress&)>& on_progress) {
    place_ = deps_.pacer.Join(plan_.spec.workspace, plan_.rate,
                              [inbox = inbox_](SlotKind kind) { inbox->Push(SlotGranted{kind == SlotKind::kRetry}); });
    Fetcher fetcher(*source_, inbox_, deps_.clock, plan_.spec.sync, deps_.observer);
    fetcher_ = &fetcher;
    Step(RunOpened{.spec = plan_.spec,
                   .progress = std::move(opened_.progress),
                   .replay = opened_.run.trigger == RunTrigger::kReplay,
                   .seed = seed_});
    while (!finish_) {
      const MonoTime idle = deps_.clock.MonoNow() + kIdle;
      const std::vector<Input> inputs = inbox_->TakeUntil(std::min(wake_at_.value_or(idle), idle));
      for (const Input& input : inputs) {
        if (!finish_) Step(input);
      }
      if (!finish_ && wake_at_ && deps_.clock.MonoNow() >= *wake_at_) {
        wake_at_.reset();
        Step(Woke{});
      }
      on_progress(machine_.progress());
    }
    place_.reset();
    return *finish_;
  }

  void RequestStop(StopKind kind, const std::string& reason) {
    if (stopping_.exchange(true)) return;
    inbox_->Push(StopRequested{kind, reason});
    // A statement that hangs must not hold up the stop; the machine takes the failed fetch for what it is.
    source_->Cancel();
  }

 private:
  void Step(const Input& input) {
    for (Action& action : machine_.Step(input, deps_.clock.MonoNow())) {
      std::visit([&](auto& concrete) { Perform(concrete); }, action);
    }
  }

  void Perform(OpenWindow& action) { fetcher_->Open(action); }
  void Perform(FetchPages& action) { fetcher_->AddCredit(action.pages); }

  void Perform(Append& action) { AppendWrite(action.write, std::move(action.content)); }

  void Perform(StartBatch& action) {
    SendRequest request{.workspace = plan_.spec.workspace,
                        .path = plan_.path,
                        .body = BuildBody(action.rows, plan_.spec),
                        .type = plan_.spec.type,
                        .objects = static_cast<uint32_t>(action.rows.size()),
                        .timeout = send_timeout_};
    SendStarted started{
        .batch = action.batch, .attempt = action.attempt, .body_hash = Hash128(request.body), .rows = {}};
    started.rows.reserve(action.rows.size());
    for (const RowRef& ref : action.rows) {
      const DecodedRow& row = ref.row();
      started.rows.push_back({row.cursor, row.digest, row.user, row.parked_id});
    }
    CDI_CHECK(request.body.size() <= plan_.spec.batch.body_bytes_max, "a body is larger than its limit");
    bodies_[action.batch] = std::move(request);
    RunWrite content;
    content.started.push_back(std::move(started));
    content.sums = action.sums;
    AppendWrite(action.write, std::move(content));
  }

  void Perform(Send& action) {
    CDI_FAULT_POINT("run_before_send");
    const auto found = bodies_.find(action.batch);
    CDI_CHECK(found != bodies_.end(), "a batch is sent whose body was not built");
    SendRequest request = std::move(found->second);
    bodies_.erase(found);
    const uint32_t objects = request.objects;
    deps_.sender.Send(std::move(request), [inbox = inbox_, pacer = &deps_.pacer, observer = deps_.observer,
                                           workspace = plan_.spec.workspace, sync = plan_.spec.sync, objects,
                                           batch = action.batch, attempt = action.attempt](SendReport report) {
      CDI_FAULT_POINT("run_after_reply");
      pacer->OnReport(workspace, report);
      if (observer != nullptr) observer->BatchDone(sync, report, objects);
      inbox->Push(ReplyArrived{batch, attempt, std::move(report)});
    });
  }

  void Perform(WantSlots& action) { place_->Want({.fresh = action.fresh, .retry = action.retry}); }
  void Perform(ReturnSlot& action) { place_->GiveBack(action.retry ? SlotKind::kRetry : SlotKind::kFresh); }
  void Perform(WakeAt& action) { wake_at_ = action.time; }
  void Perform(Finish& action) { finish_ = action; }

  void AppendWrite(uint64_t write, RunWrite content) {
    deps_.store.Append(opened_.lease, std::move(content), [inbox = inbox_, write](const absl::Status& status) {
      if (status.ok()) {
        inbox->Push(WriteDurable{write});
      } else {
        inbox->Push(WriteFailed{status});
      }
    });
  }

  const Dependencies deps_;
  StateStore::Opened opened_;
  const RunPlan plan_;
  const std::unique_ptr<PageSource> source_;
  const uint64_t seed_;
  const std::chrono::milliseconds send_timeout_;
  const std::shared_ptr<RunInbox> inbox_ = std::make_shared<RunInbox>();
  RunMachine machine_;
  std::unique_ptr<SlotPacer::Place> place_;
  Fetcher* fetcher_ = nullptr;
  std::map<BatchId, SendRequest> bodies_;  // built, not yet sent
  std::optional<MonoTime> wake_at_;
  std::optional<Finish> finish_;
  std::atomic<bool> stopping_{false};
};

RunDriver::RunDriver(const Dependencies& dependencies, StateStore::Opened opened, RunPlan plan,
                     std::unique_ptr<PageSource> source, uint64_t seed, std::chrono::milliseconds send_timeout)
    : impl_(std::make_unique<Impl>(dependencies, std::move(opened), std::move(plan), std::move(source), seed,
                                   send_timeout)) {}

RunDriver::~RunDriver() = default;

Finish RunDriver::Drive(const std::function<void(const RunProgress&)>& on_progress) {
  return impl_->Drive(on_progress);
}

void RunDriver::RequestStop(StopKind kind, const std::string& reason) {
  impl_->RequestStop(kind, reason);
}

}  // namespace cdi::ingest
