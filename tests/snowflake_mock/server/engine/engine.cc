#include "tests/snowflake_mock/server/engine/engine.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/engine/engine_functions.h"
#include "tests/snowflake_mock/server/engine/engine_values.h"
#include "tests/snowflake_mock/server/engine/wire_rows.h"

namespace cdi::snowflake_mock {
namespace {

constexpr std::string_view kLibraryVersion = "v1.5.6";

// Read once when the database opens; locked afterwards.
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"autoinstall_known_extensions", "false"},
    {"autoload_known_extensions", "false"},
    {"threads", "2"},
    {"default_null_order", "nulls_last_on_asc_first_on_desc"},  // Snowflake: NULL is the largest value
};
// Access to files ends when the engine is open: its data file and its folder for temporary files stay allowed.
constexpr const char* kLockDown[] = {"SET GLOBAL TimeZone='UTC'", "SET GLOBAL enable_external_access=false",
                                     "SET lock_configuration=true"};

class Result {
 public:
  Result() = default;
  ~Result() { duckdb_destroy_result(&raw); }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  duckdb_result raw{};
};

class Prepared {
 public:
  ~Prepared() { duckdb_destroy_prepare(&raw); }
  duckdb_prepared_statement raw = nullptr;
};

class Pending {
 public:
  ~Pending() { duckdb_destroy_pending(&raw); }
  duckdb_pending_result raw = nullptr;
};

absl::Status RunPlain(duckdb_connection connection, const char* sql) {
  Result result;
  if (duckdb_query(connection, sql, &result.raw) != DuckDBSuccess)
    return MakeEngineError(duckdb_result_error(&result.raw));
  return absl::OkStatus();
}

absl::Status Prepare(duckdb_connection connection, const std::string& sql, Prepared& prepared) {
  if (duckdb_prepare(connection, sql.c_str(), &prepared.raw) == DuckDBSuccess) return absl::OkStatus();
  const char* const text = duckdb_prepare_error(prepared.raw);
  return MakeEngineError(text == nullptr ? "Parser Error: cannot prepare" : text);
}

// A name of its own for every engine; nothing is made yet.
absl::StatusOr<std::filesystem::path> NameSpillFolder(const EngineLimits& limits) {
  std::error_code error;
  std::filesystem::path parent = limits.spill_parent;
  if (parent.empty()) parent = std::filesystem::temp_directory_path(error);
  if (error) return absl::NotFoundError(absl::StrCat("no folder for temporary files: ", error.message()));
  static std::atomic<int> engines{0};
  return parent / absl::StrCat("snowflake-mock-", getpid(), "-", engines++, ".spill");
}

}  // namespace

absl::Status StopSignal::Check() const {
  if (canceled()) return StatementCanceled();
  if (deadline_.has_value() && std::chrono::steady_clock::now() >= *deadline_)
    return StatementTimedOut(timeout_.count());
  return absl::OkStatus();
}

absl::Status MakeEngineError(const std::string& text) {
  const size_t end = text.find(" Error: ");
  const bool known = end != std::string::npos && end < 40;
  // The caret lines quote rewritten SQL and "Did you mean" names of the engine: neither is for clients.
  std::string message = known ? text.substr(end + 8) : text;
  for (const char* tail :
       {"\n\nLINE ", "\nDid you mean", "\nCandidate bindings", "\n\tCandidate", "\nPossible solutions"}) {
    message = message.substr(0, message.find(tail));
  }
  return MakeError(absl::StatusCode::kUnknown, "ENGINE", message, {{"class", known ? text.substr(0, end) : ""}});
}

// What the engine cannot hold in memory goes into `spill_folder`, which it makes when it first needs it.
struct Engine::Handle {
  duckdb_database database = nullptr;
  std::filesystem::path spill_folder;
  ~Handle() {
    duckdb_close(&database);
    std::error_code ignored;
    std::filesystem::remove_all(spill_folder, ignored);
  }
};

struct EngineConnection::Handle {
  duckdb_connection connection = nullptr;
  ~Handle() { duckdb_disconnect(&connection); }
};

Engine::Engine(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Engine::~Engine() = default;

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const std::string& path, const EngineLimits& limits) {
  if (duckdb_library_version() != kLibraryVersion) {
    return absl::FailedPreconditionError(absl::StrCat("snowflake-mock was written for DuckDB ",
                                                      std::string(kLibraryVersion), "; the library found is ",
                                                      duckdb_library_version(), ". Run scripts/install_duckdb.sh"));
  }
  auto handle = std::make_unique<Handle>();
  CDI_ASSIGN_OR_RETURN(handle->spill_folder, NameSpillFolder(limits));
  std::vector<std::pair<std::string, std::string>> settings(std::begin(kSettings), std::end(kSettings));
  settings.emplace_back("memory_limit", absl::StrCat(limits.memory_mib, "MiB"));
  settings.emplace_back("temp_directory", handle->spill_folder.string());
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config, name.c_str(), value.c_str()) != DuckDBSuccess) {
      duckdb_destroy_config(&config);
      return absl::InternalError(absl::StrCat("DuckDB refuses the setting ", name, " = ", value));
    }
  }
  char* error = nullptr;
  const duckdb_state opened = duckdb_open_ext(path.empty() ? nullptr : path.c_str(), &handle->database, config, &error);
  duckdb_destroy_config(&config);
  if (opened != DuckDBSuccess) {
    const std::string text = error == nullptr ? "unknown error" : error;
    duckdb_free(error);
    return absl::UnavailableError(absl::StrCat("cannot open the data file: ", text));
  }
  std::unique_ptr<Engine> engine(new Engine(std::move(handle)));
  CDI_ASSIGN_OR_RETURN(const auto connection, engine->Connect());
  CDI_RETURN_IF_ERROR(RegisterEngineFunctions(connection->handle_->connection));
  // As a setting at start it has no effect.
  const std::string room = absl::StrCat("SET GLOBAL max_temp_directory_size='", limits.spill_mib, "MiB'");
  CDI_RETURN_IF_ERROR(RunPlain(connection->handle_->connection, room.c_str()));
  for (const char* const statement : kLockDown)
    CDI_RETURN_IF_ERROR(RunPlain(connection->handle_->connection, statement));
  return engine;
}

absl::StatusOr<std::unique_ptr<EngineConnection>> Engine::Connect() {
  auto handle = std::make_unique<EngineConnection::Handle>();
  if (duckdb_connect(handle_->database, &handle->connection) != DuckDBSuccess) {
    return absl::InternalError("DuckDB gives no connection");
  }
  return std::unique_ptr<EngineConnection>(new EngineConnection(std::move(handle)));
}

EngineConnection::EngineConnection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
EngineConnection::~EngineConnection() = default;

namespace {

// Interrupts the engine when `stop` says so. From a thread of its own: one step of a statement may compute for minutes
// before it hands anything back (a join whose rows are all filtered away).
class Interrupter {
 public:
  Interrupter(duckdb_connection connection, const StopSignal& stop)
      : thread_([connection, &stop](const std::stop_token& ended) {
          std::mutex mutex;
          std::condition_variable_any tick;
          std::unique_lock lock(mutex);
          while (!ended.stop_requested()) {
            tick.wait_for(lock, ended, std::chrono::milliseconds(5), [] { return false; });
            if (!ended.stop_requested() && !stop.Check().ok()) duckdb_interrupt(connection);
          }
        }) {}

 private:
  std::jthread thread_;
};

// Steps the statement until its result can be read, or until it was interrupted by `stop`.
absl::Status StepToResult(Pending& pending, const StopSignal& stop) {
  while (true) {
    const duckdb_pending_state state = duckdb_pending_execute_task(pending.raw);
    if (state == DUCKDB_PENDING_RESULT_READY) return absl::OkStatus();
    if (state == DUCKDB_PENDING_ERROR) {
      CDI_RETURN_IF_ERROR(stop.Check());
      return MakeEngineError(duckdb_pending_error(pending.raw));
    }
    if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

// Hands the rows over as the engine makes them; it goes no further than a few chunks ahead.
absl::Status WriteRows(Result& result, const StopSignal& stop, ResultWriter& writer) {
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result.raw)) {
    const WireRows rows(chunk, writer.columns());
    for (idx_t row = 0; row < rows.size(); ++row) {
      rows.AppendRow(row, writer.BeginRow());
      writer.RowDone();
    }
    duckdb_destroy_data_chunk(&chunk);
    CDI_RETURN_IF_ERROR(stop.Check());
  }
  if (const char* const error = duckdb_result_error(&result.raw); error != nullptr && *error != '\0') {
    CDI_RETURN_IF_ERROR(stop.Check());
    return MakeEngineError(error);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> EngineConnection::Run(const std::string& sql, const StopSignal& stop, ResultWriter* writer) {
  CDI_RETURN_IF_ERROR(stop.Check());
  Prepared prepared;
  if (absl::Status status = Prepare(handle_->connection, sql, prepared); !status.ok()) {
    // DuckDB itself turns ADD COLUMN … DEFAULT into several statements, which it then refuses to prepare.
    const bool several = status.message().find("multiple statements") != absl::string_view::npos;
    if (!several || writer != nullptr) return status;
    CDI_RETURN_IF_ERROR(RunPlain(handle_->connection, sql.c_str()));
    return 0;
  }
  Pending pending;
  // Rows that somebody reads are streamed, never held by the engine as a whole.
  const auto begin = writer == nullptr ? duckdb_pending_prepared : duckdb_pending_prepared_streaming;
  if (begin(prepared.raw, &pending.raw) != DuckDBSuccess) {
    return MakeEngineError(duckdb_pending_error(pending.raw));
  }
  const Interrupter interrupter(handle_->connection, stop);
  CDI_RETURN_IF_ERROR(StepToResult(pending, stop));
  Result result;
  if (duckdb_execute_pending(pending.raw, &result.raw) != DuckDBSuccess) {
    return MakeEngineError(duckdb_result_error(&result.raw));
  }
  if (writer != nullptr) {
    // Columns whose declared type the caller knows better (length, scale, OBJECT for JSON) were set before; see
    // Describe.
    if (writer->columns().empty()) {
      std::vector<ResultColumn> columns;
      for (idx_t i = 0; i < duckdb_column_count(&result.raw); ++i) {
        CDI_ASSIGN_OR_RETURN(const SqlType type, ToSqlType(TakeEngineType(duckdb_column_logical_type(&result.raw, i))));
        columns.push_back({duckdb_column_name(&result.raw, i), type, true});
      }
      writer->SetColumns(std::move(columns));
    }
    CDI_RETURN_IF_ERROR(WriteRows(result, stop, *writer));
  }
  // Asking a stream would read it again.
  return duckdb_result_is_streaming(result.raw) ? 0 : static_cast<int64_t>(duckdb_rows_changed(&result.raw));
}

absl::StatusOr<std::vector<ResultColumn>> EngineConnection::Describe(const std::string& sql) {
  Prepared prepared;
  CDI_RETURN_IF_ERROR(Prepare(handle_->connection, sql, prepared));
  std::vector<ResultColumn> columns;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(prepared.raw); ++i) {
    CDI_ASSIGN_OR_RETURN(const SqlType type,
                         ToSqlType(TakeEngineType(duckdb_prepared_statement_column_logical_type(prepared.raw, i))));
    const char* const name = duckdb_prepared_statement_column_name(prepared.raw, i);
    columns.push_back({name == nullptr ? "" : name, type, true});
    duckdb_free(const_cast<char*>(name));
  }
  return columns;
}

}  // namespace cdi::snowflake_mock
