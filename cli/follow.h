// Follows a run to its end. Leaving (Ctrl-C) never cancels it: watching and cancelling are two decisions.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/console.h"

namespace cdi::cli {

struct FollowOptions {
  // What is printed: a progress line and a summary for people, every change as a line of JSON, or only the ended run as
  // JSON.
  enum class Output { kPeople, kJsonLines, kJsonEnd };
  Output output = Output::kPeople;
  // The run is known to exist: a server that cannot be reached may come back, so the first connection is tried again
  // too.
  bool started_here = false;
  // A lost connection is tried again after this pause, until the client's timeout has passed without an update.
  std::chrono::nanoseconds reconnect_pause = std::chrono::milliseconds(300);
  // Between two progress lines when the output is no terminal. On a terminal one line is rewritten in place.
  std::chrono::nanoseconds plain_interval = std::chrono::seconds(2);
};

// Blocks until the run has ended, the server refuses, or `interrupted` becomes true (looked at ten times a second).
// Returns the exit code of the run's end; kDetached when interrupted; kRefused or kUnreachable, with the error printed.
// `client`, `clock` and `interrupted` are used only during the call. One thread; reads the stream on a second one of
// its own.
int FollowRun(Client& client, Console& console, const Clock& clock, const std::atomic<bool>& interrupted,
              const std::string& run_name, const FollowOptions& options);

}  // namespace cdi::cli
