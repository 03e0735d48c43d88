#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"

extern char** environ;  // NOLINT: the name POSIX gives it

namespace cdi::test {
namespace {

constexpr size_t kLinesKeptMax = 10'000;

// Everything execvpe needs, built before the fork: the child may only call async-signal-safe functions.
class ExecImage {
 public:
  explicit ExecImage(const ChildOptions& options) {
    strings_.push_back(options.program);
    strings_.insert(strings_.end(), options.args.begin(), options.args.end());
    const size_t argument_count = strings_.size();
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text(*entry);
      if (!options.env.contains(std::string(text.substr(0, text.find('='))))) strings_.emplace_back(text);
    }
    for (const auto& [name, value] : options.env) strings_.push_back(absl::StrCat(name, "=", value));
    for (size_t i = 0; i < strings_.size(); ++i) {
      (i < argument_count ? arguments_ : environment_).push_back(strings_[i].data());
    }
    arguments_.push_back(nullptr);
    environment_.push_back(nullptr);
  }

  void Exec() { ::execvpe(arguments_[0], arguments_.data(), environment_.data()); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> arguments_;
  std::vector<char*> environment_;
};

// Runs in the child between fork and exec; on failure writes errno to `report` and leaves.
[[noreturn]] void BecomeProgram(const ChildOptions& options, ExecImage& image, int output, int report, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the test ended before the line above took effect
  const int null_input = ::open("/dev/null", O_RDONLY);
  bool ready = ::dup2(null_input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0;
  if (ready && !options.stderr_file.empty()) {
    const int errors = ::open(options.stderr_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ready = errors >= 0 && ::dup2(errors, STDERR_FILENO) >= 0;
  }
  if (ready && !options.working_directory.empty()) ready = ::chdir(options.working_directory.c_str()) == 0;
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (ready) image.Exec();
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof(error));
  ::_exit(127);
}

int ExitCode(const siginfo_t& ended) {
  return ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status;
}

}  // namespace

// One thread per child: it forks (PR_SET_PDEATHSIG follows the forking *thread*, so that one has to stay), drains the
// output, and reaps. Signals are sent under the lock that reaping takes, so never to a process number used again.
class ChildProcess::Core {
 public:
  explicit Core(ChildOptions options) : options_(std::move(options)) {}

  ~Core() {
    Signal(SIGKILL);
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start() {
    thread_ = std::thread([this] { Run(); });
    MutexLock lock(mutex_);
    while (!started_.has_value()) changed_.wait(mutex_);
    return *started_;
  }

  pid_t pid() const { return pid_; }

  void Signal(int signal_number) {
    MutexLock lock(mutex_);
    if (pid_ > 0 && !exit_code_.has_value()) ::kill(pid_, signal_number);
  }

  absl::StatusOr<std::string> ReadLine(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    MutexLock lock(mutex_);
    while (lines_.empty()) {
      if (exit_code_.has_value()) {
        return absl::UnavailableError(
            absl::StrCat(options_.program, " ended with code ", *exit_code_, " before it printed another line"));
      }
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout && lines_.empty()) {
        return absl::DeadlineExceededError(
            absl::StrCat(options_.program, " printed no line within ", limit.count(), " ms"));
      }
    }
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

  absl::StatusOr<int> Wait(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    MutexLock lock(mutex_);
    while (!exit_code_.has_value()) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout && !exit_code_.has_value()) {
        return absl::DeadlineExceededError(absl::StrCat(options_.program, " still runs after ", limit.count(), " ms"));
      }
    }
    return *exit_code_;
  }

 private:
  void Run() {
    int output = -1;
    int process = -1;
    absl::Status status = Fork(output, process);
    const bool running = status.ok();
    Publish([&] { started_ = std::move(status); });
    if (running) DrainAndReap(output, process);
    if (output >= 0) ::close(output);
    if (process >= 0) ::close(process);
  }

  // On success the two descriptors are open: what the child prints, and the process itself.
  absl::Status Fork(int& output, int& process) {
    int out[2];
    int report[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
    output = out[0];
    if (::pipe2(report, O_CLOEXEC) != 0) {
      ::close(out[1]);
      return absl::ErrnoToStatus(errno, "pipe");
    }
    ExecImage image(options_);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) BecomeProgram(options_, image, out[1], report[1], parent);
    ::close(out[1]);
    ::close(report[1]);
    const auto close_report = absl::MakeCleanup([&] { ::close(report[0]); });
    if (child < 0) return absl::InternalError(absl::StrCat("fork: ", std::strerror(errno)));
    int error = 0;  // the report pipe closes by itself when exec succeeds
    if (::read(report[0], &error, sizeof(error)) > 0) {
      ::waitpid(child, nullptr, 0);
      return absl::NotFoundError(absl::StrCat("cannot run ", options_.program, ": ", std::strerror(error)));
    }
    process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));  // glibc 2.36 declares it for C only
    if (process < 0) {
      const int reason = errno;
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      return absl::InternalError(absl::StrCat("pidfd_open: ", std::strerror(reason)));
    }
    ::fcntl(output, F_SETFL, O_NONBLOCK);
    pid_ = child;
    return absl::OkStatus();
  }

  void DrainAndReap(int output, int process) {
    pollfd watched[2] = {{output, POLLIN, 0}, {process, POLLIN, 0}};
    while ((watched[1].revents & POLLIN) == 0) {
      ::poll(watched, 2, -1);
      if (watched[0].revents != 0 && !ReadSome(output)) watched[0].fd = -1;  // a negative one is not watched
    }
    if (watched[0].fd >= 0) ReadSome(output);  // not to its end: a grandchild may keep the pipe open
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
    Publish([&] {
      if (!partial_.empty()) lines_.push_back(std::exchange(partial_, {}));
      exit_code_ = ExitCode(ended);
      ::waitpid(pid_, nullptr, 0);
    });
  }

  // False at the end of the output.
  bool ReadSome(int output) {
    char buffer[4096];
    for (;;) {
      const ssize_t count = ::read(output, buffer, sizeof(buffer));
      if (count == 0) return false;
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      Publish([&] { Append(std::string_view(buffer, static_cast<size_t>(count))); });
    }
  }

  void Append(std::string_view text) {
    for (const char c : text) {
      if (c != '\n') {
        partial_ += c;
        continue;
      }
      lines_.push_back(std::exchange(partial_, {}));
      if (lines_.size() > kLinesKeptMax) lines_.pop_front();
    }
  }

  template <typename Change>
  void Publish(Change change) {
    MutexLock lock(mutex_);
    change();
    changed_.notify_all();
  }

  const ChildOptions options_;
  std::thread thread_;
  pid_t pid_ = -1;  // written before `started_` is, constant afterwards
  Mutex mutex_;
  CondVar changed_;
  std::optional<absl::Status> started_ CDI_GUARDED_BY(mutex_);
  std::deque<std::string> lines_ CDI_GUARDED_BY(mutex_);
  std::string partial_ CDI_GUARDED_BY(mutex_);
  std::optional<int> exit_code_ CDI_GUARDED_BY(mutex_);
};

ChildProcess::ChildProcess(std::unique_ptr<Core> core) : core_(std::move(core)) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&&) noexcept = default;
ChildProcess::~ChildProcess() = default;

absl::StatusOr<ChildProcess> ChildProcess::Start(ChildOptions options) {
  auto core = std::make_unique<Core>(std::move(options));
  CDI_RETURN_IF_ERROR(core->Start());
  return ChildProcess(std::move(core));
}

pid_t ChildProcess::pid() const {
  return core_->pid();
}
absl::StatusOr<std::string> ChildProcess::ReadLine(std::chrono::milliseconds limit) {
  return core_->ReadLine(limit);
}
void ChildProcess::Signal(int signal_number) {
  core_->Signal(signal_number);
}
void ChildProcess::Terminate() {
  core_->Signal(SIGTERM);
}
void ChildProcess::Kill() {
  core_->Signal(SIGKILL);
}
absl::StatusOr<int> ChildProcess::Wait(std::chrono::milliseconds limit) {
  return core_->Wait(limit);
}

absl::StatusOr<StartedServer> StartServer(ChildOptions options, const std::string& prefix,
                                          std::chrono::milliseconds limit) {
  CDI_ASSIGN_OR_RETURN(ChildProcess process, ChildProcess::Start(std::move(options)));
  CDI_ASSIGN_OR_RETURN(const std::string line, process.ReadLine(limit));
  if (!line.starts_with(prefix)) {
    return absl::InternalError(
        absl::StrCat("the first line is \"", line, "\"; expected it to begin with \"", prefix, "\""));
  }
  return StartedServer{std::move(process), line.substr(prefix.size())};
}

}  // namespace cdi::test
