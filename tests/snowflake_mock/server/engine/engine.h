// The SQL engine behind the mock: DuckDB through its C API. Nothing outside engine*.cc and value_encoding.cc includes
// duckdb.h.
//
// Locked down: no extension is loaded or fetched, no network access and no files but its own, memory and threads
// bounded, configuration locked. Runs in UTC. Why DuckDB: docs/snowflake-mock.md.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/server/engine/result_set.h"

namespace cdi::snowflake_mock {

// What ends a statement early. Shared by the thread that runs it and the one that cancels.
class StopSignal {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  void Cancel() { canceled_.store(true); }
  bool canceled() const { return canceled_.load(); }

  // Set by the running thread before it starts.
  void SetTimeout(std::chrono::seconds timeout) {
    timeout_ = timeout;
    deadline_ = std::chrono::steady_clock::now() + timeout;
  }
  // OK, or 000604 / 000630.
  absl::Status Check() const;

 private:
  std::atomic<bool> canceled_{false};
  std::chrono::seconds timeout_{0};
  std::optional<Instant> deadline_;
};

// How much the engine may use. Beyond both, statements fail.
struct EngineLimits {
  int64_t memory_mib = 1024;
  int64_t spill_mib = 64 * 1024;  // of temporary files: sorts and tables that memory cannot hold
  std::string spill_parent = {};  // where their folder is made; empty: the system's folder for temporary files
};

class EngineConnection;

class Engine {
 public:
  // `path` empty: in memory, and when memory ends in temporary files. Fails when the library is not the version this
  // was written for, or the file is in use.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const std::string& path, const EngineLimits& limits = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  absl::StatusOr<std::unique_ptr<EngineConnection>> Connect();

 private:
  struct Handle;
  explicit Engine(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

// One at a time: the caller serialises statements on a connection. The engine outlives its connections.
class EngineConnection {
 public:
  ~EngineConnection();
  EngineConnection(const EngineConnection&) = delete;
  EngineConnection& operator=(const EngineConnection&) = delete;

  // Runs one statement; its rows go to `writer` (which may be null when nobody reads them). The columns given to the
  // writer have undecoded engine names. Returns the number of rows changed (0 for a query).
  // Errors: 000604/000630 by `stop`, else the engine's own error as EngineError (below).
  absl::StatusOr<int64_t> Run(const std::string& sql, const StopSignal& stop, ResultWriter* writer);

  // The columns a statement would have, without running it.
  absl::StatusOr<std::vector<ResultColumn>> Describe(const std::string& sql);

 private:
  friend class Engine;
  struct Handle;
  explicit EngineConnection(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

// An engine error as a status: reason "ENGINE", details "class" ("Binder", "Catalog" …); engine_error.h translates.
absl::Status MakeEngineError(const std::string& text);

}  // namespace cdi::snowflake_mock
