#include "keys/secret_command.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "keys/concat.h"

namespace cdi::keys {
namespace {

constexpr size_t kErrorBytesMax = 4096;
constexpr size_t kShownBytesMax = 200;
constexpr size_t kWordCharactersMax = 20;  // a key has 43 characters at least
constexpr size_t kPrintedBytesMax = 4096;
constexpr std::chrono::milliseconds kLook{10};

absl::Status Refuse(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

absl::Status Failed(const std::string& program, std::string_view what) {
  return Refuse("MASTER_KEY_COMMAND_FAILED",
                Concat("master_key.command ", program, " ", what,
                       "; run it by hand as the service's user, with the environment that docs/security.md names"));
}

absl::Status Unsafe(std::string_view what, const std::string& path, std::string_view fault, std::string_view fix) {
  return Refuse("MASTER_KEY_UNSAFE", Concat("the ", what, " ", path, " of master_key.command ", fault,
                                            ", so others could run a program of theirs in its place; ", fix));
}

absl::Status CheckPlace(std::string_view what, const std::filesystem::path& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return Failed(path.string(), Concat("cannot be run: ", std::strerror(errno)));
  if (facts.st_uid != 0 && facts.st_uid != geteuid()) {
    return Unsafe(what, path.string(), Concat("belongs to user id ", facts.st_uid), "chown it to root");
  }
  const bool sticky_directory = S_ISDIR(facts.st_mode) && (facts.st_mode & S_ISVTX) != 0;
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky_directory) {
    return Unsafe(what, path.string(), absl::StrFormat("has mode %04o", facts.st_mode & 07777U), "chmod it to go-w");
  }
  return absl::OkStatus();
}

absl::Status CheckDirectoriesOf(std::filesystem::path path) {
  while (path.has_relative_path()) {
    path = path.parent_path();
    CDI_RETURN_IF_ERROR(CheckPlace("directory", path));
  }
  return absl::OkStatus();
}

// The file that is run, links followed: whoever may change a link may not change what was checked.
absl::StatusOr<std::string> CheckedProgram(const std::string& program) {
  const std::filesystem::path given(program);
  if (!given.is_absolute()) {
    return Refuse("MASTER_KEY_UNSAFE",
                  Concat("master_key.command must name its program by an absolute path; got ",
                         JsonQuote(CutText(program, kShownBytesMax)), ", which could be found anywhere"));
  }
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(given, error);
  if (error) return Failed(program, Concat("cannot be run: ", error.message()));
  if (!std::filesystem::is_regular_file(real, error)) return Failed(program, "cannot be run: it is not a file");
  CDI_RETURN_IF_ERROR(CheckDirectoriesOf(given.lexically_normal()));
  CDI_RETURN_IF_ERROR(CheckDirectoriesOf(real));
  CDI_RETURN_IF_ERROR(CheckPlace("program", real));
  return real.string();
}

class Pipe {
 public:
  Pipe() : ok_(pipe2(ends_.data(), O_CLOEXEC) == 0) {}
  ~Pipe() {
    CloseWriter();
    if (ok_) (void)close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  bool ok() const { return ok_; }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void CloseWriter() {
    if (ok_ && ends_[1] >= 0) (void)close(std::exchange(ends_[1], -1));
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  bool ok_;
};

std::vector<std::string> MinimalEnvironment() {
  std::vector<std::string> environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                          "LANG=C.UTF-8"};
  for (const char* name : {"HOME", "CREDENTIALS_DIRECTORY"}) {
    if (const char* value = std::getenv(name); value != nullptr) environment.push_back(Concat(name, "=", value));
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// 0, or the errno of what went wrong.
int Spawn(const std::string& file, std::vector<std::string> command, int out, int err, pid_t& child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (const int failed = posix_spawn_file_actions_init(&actions); failed != 0) return failed;
  const absl::Cleanup free_actions = [&] { posix_spawn_file_actions_destroy(&actions); };
  if (const int failed = posix_spawnattr_init(&attributes); failed != 0) return failed;
  const absl::Cleanup free_attributes = [&] { posix_spawnattr_destroy(&attributes); };
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  std::vector<std::string> environment = MinimalEnvironment();
  int failed = 0;
  const auto must = [&failed](int result) {
    if (failed == 0) failed = result;
  };
  must(posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
  must(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO));
  must(posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO));
  must(posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1));
  must(posix_spawnattr_setpgroup(&attributes, 0));
  must(posix_spawnattr_setsigmask(&attributes, &none));
  must(posix_spawnattr_setsigdefault(&attributes, &all));
  must(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  if (failed != 0) return failed;
  return posix_spawn(&child, file.c_str(), &actions, &attributes, Pointers(command).data(),
                     Pointers(environment).data());
}

// Up to a limit; what comes beyond is read and dropped, so that the child never waits for us.
class Collected {
 public:
  explicit Collected(size_t bytes_max) : bytes_(bytes_max + 1, '\0') {}
  ~Collected() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  Collected(const Collected&) = delete;
  Collected& operator=(const Collected&) = delete;

  // Reads what is there without waiting; false: the other side has closed its end.
  bool ReadFrom(int fd) {
    std::array<char, 512> dropped{};
    const absl::Cleanup wipe = [&dropped] { OPENSSL_cleanse(dropped.data(), dropped.size()); };
    // Not for ever: a program that prints without pause must still meet its deadline.
    for (int reads = 0; reads < 64; ++reads) {
      const bool full = size_ == bytes_.size();
      const ssize_t got =
          full ? read(fd, dropped.data(), dropped.size()) : read(fd, bytes_.data() + size_, bytes_.size() - size_);
      if (got == 0) return false;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
      if (!full) size_ += static_cast<size_t>(got);
    }
    return true;
  }
  bool too_long() const { return size_ == bytes_.size(); }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::string bytes_;  // never grows: no copy is left behind
  size_t size_ = 0;
};

// Reads both pipes until the child has ended; false: it had not by then, and was killed. Its status is in `status`.
bool Attend(pid_t child, const Pipe& out, const Pipe& err, Collected& printed, Collected& said,
            std::chrono::milliseconds time, int& status) {
  const auto end = std::chrono::steady_clock::now() + time;
  bool ended = false;
  bool out_open = true;
  bool err_open = true;
  while (!ended && std::chrono::steady_clock::now() < end) {
    std::array<pollfd, 2> waits = {pollfd{out_open ? out.reader() : -1, POLLIN, 0},
                                   pollfd{err_open ? err.reader() : -1, POLLIN, 0}};
    (void)poll(waits.data(), waits.size(), static_cast<int>(kLook.count()));
    siginfo_t info{};
    // Left to be waited for: until then neither its number nor its group can be anybody else's.
    ended = waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
    out_open = out_open && printed.ReadFrom(out.reader());
    err_open = err_open && said.ReadFrom(err.reader());
  }
  (void)kill(-child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return ended;
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return Concat("was ended by signal ", WTERMSIG(status));
  return Concat("ended with status ", WEXITSTATUS(status));
}

bool IsKeyCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=' || c == '_' || c == '-';
}

// More than half a key in short groups of hex digits: "00 01 02 …".
bool LooksLikeADump(std::string_view text) {
  size_t digits = 0;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
      if (++digits >= 2 * kWordCharactersMax) return true;
    } else if (IsKeyCharacter(c)) {
      digits = 0;
    }
  }
  return false;
}

}  // namespace

std::string ShownWords(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (!IsValidUtf8(text)) return "";
  std::string shown;
  for (size_t i = 0; i < text.size() && shown.size() < kShownBytesMax;) {
    size_t end = i;
    while (end < text.size() && IsKeyCharacter(text[end])) ++end;
    if (end == i) {
      shown += static_cast<unsigned char>(text[i]) < 0x20 ? ' ' : text[i];
      ++i;
    } else {
      shown += end - i < kWordCharactersMax ? text.substr(i, end - i) : std::string_view("[cut]");
      i = end;
    }
  }
  return LooksLikeADump(shown) ? "" : CutText(shown, kShownBytesMax);
}

absl::Status CheckSecretCommand(const std::string& program) {
  return CheckedProgram(program).status();
}

absl::StatusOr<Secret> RunSecretCommand(const std::vector<std::string>& command, const SecretCommandLimits& limits) {
  if (command.empty()) return Refuse("MASTER_KEY_COMMAND_FAILED", "master_key.command is empty; name a program");
  const std::string& program = command.front();
  CDI_ASSIGN_OR_RETURN(const std::string file, CheckedProgram(program));
  Pipe out;
  Pipe err;
  if (!out.ok() || !err.ok()) return Failed(program, Concat("cannot be run: ", std::strerror(errno)));
  for (const int reader : {out.reader(), err.reader()}) (void)fcntl(reader, F_SETFL, O_NONBLOCK);
  pid_t child = 0;
  if (const int failed = Spawn(file, command, out.writer(), err.writer(), child); failed != 0) {
    return Failed(program, Concat("cannot be run: ", std::strerror(failed)));
  }
  out.CloseWriter();
  err.CloseWriter();
  Collected printed(std::min(limits.output_bytes, kPrintedBytesMax));
  Collected said(kErrorBytesMax);
  int status = 0;
  const bool ended = Attend(child, out, err, printed, said, limits.time, status);
  if (!ended) {
    return Failed(
        program, Concat("did not end within ", limits.time.count(), " ms (master_key.command_seconds) and was killed"));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const std::string words = ShownWords(said.text());
    return Failed(program, Concat(HowItEnded(status), words.empty() ? "" : ": ", words));
  }
  if (printed.text().empty()) {
    return Refuse("MASTER_KEY_MALFORMED", Concat("master_key.command ", program,
                                                 " printed nothing; it must print the master key on standard output"));
  }
  if (printed.too_long()) {
    return Refuse("MASTER_KEY_MALFORMED", Concat("master_key.command ", program, " printed more than ",
                                                 limits.output_bytes, " bytes; it must print the master key alone"));
  }
  return Secret(printed.text());
}

}  // namespace cdi::keys
