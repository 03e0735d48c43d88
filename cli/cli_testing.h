// What the tests of commands share: one `cdi` invocation against a FakeServer, and golden files.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/fake_server.h"
#include "cli/run_cli.h"

namespace cdi::cli {

// Wall time stands at 1970-01-01T12:00:00Z; monotonic time moves only when told.
class StandingClock final : public Clock {
 public:
  Timestamp WallNow() const override { return {43200, 0}; }
  MonoTime MonoNow() const override { return now_.load(); }
  void Advance(MonoTime amount) { now_ = now_.load() + amount; }

 private:
  std::atomic<MonoTime> now_{};
};

struct CliResult {
  int code = 0;
  std::string out;
  std::string err;
};

// A shell with a server; one test's worth.
class CliShell {
 public:
  FakeServer server;
  StandingClock clock;
  std::atomic<bool> interrupted{false};
  std::map<std::string, std::string> environment;
  bool terminal = false;
  size_t columns = 0;

  // Runs `cdi arguments…` against `server`.
  CliResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", server.address()});
    return RunAsTyped(arguments);
  }

  CliResult RunAsTyped(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    Console console{.out = out, .err = err, .out_is_terminal = terminal, .colour = terminal, .columns = columns};
    const auto variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto it = environment.find(name);
      if (it == environment.end()) return std::nullopt;
      return it->second;
    };
    const int code = RunCli(arguments, {.console = console,
                                        .clock = clock,
                                        .environment = variable,
                                        .interrupted = interrupted,
                                        .reconnect_pause = std::chrono::milliseconds(1),
                                        .on_follow = {}});
    return {code, out.str(), err.str()};
  }
};

// Compares with tests/golden/cli/NAME; with CDI_UPDATE_GOLDEN=1 in the environment writes the file instead.
inline void ExpectFile(const std::filesystem::path& path, const std::string& got) {
  const char* update = std::getenv("CDI_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << got;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string want((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(got, want) << path
                       << " differs; when the new text is right, run with CDI_UPDATE_GOLDEN=1 and review the diff";
}

inline std::filesystem::path SourceFile(const std::string& path) {
  return std::filesystem::path(CDI_SOURCE_DIR) / path;
}

inline void ExpectGolden(const std::string& name, const std::string& got) {
  ExpectFile(SourceFile("tests/golden/cli/" + name), got);
}

}  // namespace cdi::cli
