// Starts a program for a test (a stand-in, the server), reads what it prints, and makes sure it never outlives the
// test.
//
// The child gets /dev/null as standard input and its own pipe as standard output, which is drained all the time, so
// that it never blocks on printing. Standard error goes to `stderr_file`, or to the test's own. It dies with the test
// process, however that ends (PR_SET_PDEATHSIG), and is killed and waited for when the object is destroyed.
//
// Every call may come from any thread. Ownership: the object owns the process; moving hands it over.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cdi::test {

struct ChildOptions {
  std::string program;                          // a path; PATH is searched when it holds no slash
  std::vector<std::string> args = {};           // without the program's own name
  std::map<std::string, std::string> env = {};  // added to the environment of the test, or replacing parts of it
  std::string working_directory = {};           // empty: the test's
  std::string stderr_file = {};                 // appended to; empty: the test's own standard error
};

class ChildProcess {
 public:
  // kNotFound when the program cannot be executed (with the reason), kInternal when the system refuses a process.
  static absl::StatusOr<ChildProcess> Start(ChildOptions options);

  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ~ChildProcess();

  pid_t pid() const;

  // The next line of standard output, without its end. kDeadlineExceeded when none came in time, kUnavailable when the
  // child ended before it printed another one (the message says how it ended).
  absl::StatusOr<std::string> ReadLine(std::chrono::milliseconds limit);

  // Sends a signal to this very process; nothing when it has ended already.
  void Signal(int signal_number);
  void Terminate();  // SIGTERM: asks it to stop
  void Kill();       // SIGKILL: as a crash would

  // The exit code, or 128 + the signal that ended it, as a shell says. kDeadlineExceeded when it still runs.
  absl::StatusOr<int> Wait(std::chrono::milliseconds limit);

 private:
  class Core;
  explicit ChildProcess(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// Starts the program and waits for a first line that begins with `prefix`; returns the process and what follows the
// prefix. Made for "snowflake-mock listening on 127.0.0.1:PORT". On failure the child is gone again.
struct StartedServer {
  ChildProcess process;
  std::string address;
};
absl::StatusOr<StartedServer> StartServer(ChildOptions options, const std::string& prefix,
                                          std::chrono::milliseconds limit = std::chrono::seconds(20));

}  // namespace cdi::test
