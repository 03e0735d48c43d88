// cdi: the command line of cdi-server.
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "cli/run_cli.h"

namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch lock-free values");

extern "C" void OnInterrupt(int) {
  interrupted = true;
  // A second Ctrl-C ends the program whatever it does.
  std::signal(SIGINT, SIG_DFL);
}

size_t TerminalColumns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC's own log lines are no part of what this program says.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const char* no_colour = std::getenv("NO_COLOR");
  cdi::cli::Console console{.out = std::cout,
                            .err = std::cerr,
                            .out_is_terminal = terminal,
                            .colour = terminal && (no_colour == nullptr || *no_colour == '\0'),
                            .columns = terminal ? TerminalColumns() : 0};
  const cdi::SystemClock clock;
  return cdi::cli::RunCli({argv + 1, argv + argc}, {.console = console,
                                                    .clock = clock,
                                                    .environment = cdi::cli::ProcessEnvironment(),
                                                    .interrupted = interrupted,
                                                    .on_follow = [] { std::signal(SIGINT, OnInterrupt); }});
}
