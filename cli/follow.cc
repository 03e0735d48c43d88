#include "cli/follow.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/concat.h"
#include "cli/error_report.h"
#include "cli/json.h"
#include "cli/names.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace cdi::cli {
namespace {

using Output = FollowOptions::Output;
constexpr std::chrono::milliseconds kTick(100);

// One WatchRun stream, read on a thread of its own so that the reader can also watch the clock and Ctrl-C.
class RunStream {
 public:
  RunStream(Client& client, const std::string& run_name) : reader_(client.WatchRun(context_, run_name)) {
    thread_ = std::thread([this] { ReadAll(); });
  }
  ~RunStream() {
    context_.TryCancel();
    thread_.join();
  }
  RunStream(const RunStream&) = delete;
  RunStream& operator=(const RunStream&) = delete;

  // The next change; nothing when none came within `wait` or the stream is over.
  std::optional<v1::Run> Next(std::chrono::nanoseconds wait) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [this] { return !runs_.empty() || status_.has_value(); });
    if (runs_.empty()) return std::nullopt;
    v1::Run run = std::move(runs_.front());
    runs_.pop_front();
    return run;
  }

  // How the stream ended, once it has and every change was taken.
  std::optional<grpc::Status> EndStatus() {
    const std::lock_guard lock(mutex_);
    return runs_.empty() ? status_ : std::nullopt;
  }

 private:
  void ReadAll() {
    v1::Run run;
    while (reader_->Read(&run)) {
      const std::lock_guard lock(mutex_);
      runs_.push_back(run);
      changed_.notify_one();
    }
    grpc::Status status = reader_->Finish();
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
    changed_.notify_one();
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Run>> reader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<v1::Run> runs_;
  std::optional<grpc::Status> status_;
  std::thread thread_;  // last: it uses all of the above
};

// Writes progress as the device allows: one line in place on a terminal, else a line now and then.
class ProgressWriter {
 public:
  ProgressWriter(Console& console, const Clock& clock, std::chrono::nanoseconds plain_interval)
      : console_(console), clock_(clock), plain_interval_(plain_interval) {}

  void Show(const v1::Run& run) {
    std::string line = ProgressLine(run, clock_.WallNow());
    if (line == last_line_) return;
    if (console_.out_is_terminal) {
      // One column stays free, or some terminals wrap.
      console_.out << "\r\x1b[2K" << CutToWidth(line, console_.columns > 1 ? console_.columns - 1 : 79) << std::flush;
    } else {
      const MonoTime now = clock_.MonoNow();
      if (!last_line_.empty() && now - last_written_ < plain_interval_) return;
      last_written_ = now;
      console_.out << line << std::endl;
    }
    last_line_ = std::move(line);
  }

  // Leaves the place to other text.
  void Clear() {
    if (console_.out_is_terminal && !last_line_.empty()) console_.out << "\r\x1b[2K" << std::flush;
    last_line_.clear();
  }

 private:
  Console& console_;
  const Clock& clock_;
  std::chrono::nanoseconds plain_interval_;
  std::string last_line_;
  MonoTime last_written_{};
};

class Follower {
 public:
  Follower(Client& client, Console& console, const Clock& clock, const std::atomic<bool>& interrupted,
           const std::string& run_name, const FollowOptions& options)
      : client_(client),
        console_(console),
        clock_(clock),
        interrupted_(interrupted),
        run_name_(run_name),
        options_(options),
        progress_(console, clock, options.plain_interval),
        in_contact_(options.started_here),
        last_contact_(clock.MonoNow()) {}

  int Follow() {
    while (true) {
      RunStream stream(client_, run_name_);
      std::optional<grpc::Status> end;
      while (!(end = stream.EndStatus())) {
        if (interrupted_) return Detach();
        if (std::optional<v1::Run> run = stream.Next(kTick)) {
          if (const std::optional<int> code = Take(*std::move(run))) return *code;
        } else if (newest_ && people()) {
          progress_.Show(*newest_);  // time goes on
        }
      }
      if (!MayComeBack(*end)) return Lost(*end);
      if (!PauseBeforeReconnect()) return Detach();
    }
  }

 private:
  bool people() const { return options_.output == Output::kPeople; }

  // The exit code when this was the run's last change.
  std::optional<int> Take(v1::Run run) {
    in_contact_ = true;
    told_lost_ = false;
    last_contact_ = clock_.MonoNow();
    newest_ = std::move(run);
    const bool ended = HasEnded(*newest_);
    if (people()) {
      if (!ended) {
        progress_.Show(*newest_);
        return std::nullopt;
      }
      progress_.Clear();
      console_.out << RunSummary(*newest_) << std::flush;
    } else if (ended || options_.output == Output::kJsonLines) {
      const absl::StatusOr<std::string> json =
          ToJson(*newest_, options_.output == Output::kJsonLines ? JsonForm::kOneLine : JsonForm::kIndented);
      if (!json.ok()) {
        PrintError(console_, ReportOf(json.status()), true);
        return kRefused;
      }
      console_.out << *json << std::flush;
    }
    if (!ended) return std::nullopt;
    return ExitCodeOf(*newest_);
  }

  // A stream that broke, or ended before the run did, belongs to a server that stopped: a restarted one takes the run
  // up again.
  bool MayComeBack(const grpc::Status& status) const {
    const bool broken = status.ok() || status.error_code() == grpc::StatusCode::CANCELLED ||
                        (status.error_code() == grpc::StatusCode::UNAVAILABLE && status.error_details().empty());
    return broken && in_contact_ && clock_.MonoNow() - last_contact_ < client_.timeout();
  }

  // False when interrupted meanwhile.
  bool PauseBeforeReconnect() {
    if (!told_lost_) {
      progress_.Clear();
      if (people()) console_.err << "connection to " << client_.address() << " lost; trying again" << std::endl;
      told_lost_ = true;
    }
    const auto until = SteadyNow() + options_.reconnect_pause;
    while (SteadyNow() < until) {
      if (interrupted_) return false;
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(until - SteadyNow(), kTick));
    }
    return true;
  }

  static std::chrono::steady_clock::time_point SteadyNow() { return std::chrono::steady_clock::now(); }

  int Detach() {
    progress_.Clear();
    const std::string run = ShortName(run_name_);
    console_.err << "no longer following; the run goes on\n"
                 << "  watch it again: cdi runs watch " << run << "\n"
                 << "  cancel it:      cdi runs cancel " << run << std::endl;
    return kDetached;
  }

  int Lost(const grpc::Status& status) {
    progress_.Clear();
    grpc::Status reported = status;
    if (status.ok()) {
      reported = {grpc::StatusCode::UNAVAILABLE, "the server ended the stream before the run ended"};
    }
    ErrorReport report = ReportOf(reported, client_.address());
    if (in_contact_) report.hints.push_back(Concat("watch the run again: cdi runs watch ", ShortName(run_name_)));
    PrintError(console_, report, !people());
    return cli::ExitCodeOf(reported);
  }

  Client& client_;
  Console& console_;
  const Clock& clock_;
  const std::atomic<bool>& interrupted_;
  const std::string& run_name_;
  const FollowOptions& options_;
  ProgressWriter progress_;
  bool in_contact_;
  MonoTime last_contact_;
  bool told_lost_ = false;
  std::optional<v1::Run> newest_;
};

}  // namespace

int FollowRun(Client& client, Console& console, const Clock& clock, const std::atomic<bool>& interrupted,
              const std::string& run_name, const FollowOptions& options) {
  return Follower(client, console, clock, interrupted, run_name, options).Follow();
}

}  // namespace cdi::cli
