// The command line as one function: what `cdi` does with its arguments, on devices that the caller chooses.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/environment.h"

namespace cdi::cli {

// Everything a command may touch beside the server. All references outlive the call.
struct Surroundings {
  Console& console;
  const Clock& clock;
  Environment environment;
  // Becomes true at Ctrl-C while a run is followed.
  const std::atomic<bool>& interrupted;
  // See FollowOptions.
  std::chrono::nanoseconds reconnect_pause = std::chrono::milliseconds(300);
  // Called before a run is followed: from then on Ctrl-C shall set `interrupted` instead of ending the program. May be
  // empty.
  std::function<void()> on_follow = {};
};

// Parses `arguments` (without the program's name), carries the command out and returns its exit code (cli/exit_code.h).
// Everything is said on the console; nothing is thrown. One thread.
int RunCli(const std::vector<std::string>& arguments, const Surroundings& surroundings);

// One command of the tree and its complete `--help`.
struct CommandHelp {
  std::string command;  // "cdi syncs run"
  bool leaf = true;     // false: a noun, or `cdi` itself
  std::string help;
};

// Every command, parents before children: what docs/cli.md and its test are made from.
std::vector<CommandHelp> AllCommands();

}  // namespace cdi::cli
