// Fetches the parts (chunks) of a large result ahead of their reader and hands them over in order.
//
// A few worker threads, each with an HTTP client of its own, keep at most kWindow chunks beyond the one being read, so
// memory stays flat however large the result is. A chunk whose rows do not add up (a truncated gzip stream passes
// libcurl unnoticed) is fetched again like one that failed. One reader thread; destruction stops the workers.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/snowflake_mock/odbc/cancel_token.h"
#include "tests/snowflake_mock/odbc/http_client.h"
#include "tests/snowflake_mock/odbc/reply.h"

namespace cdi::sfodbc {

class ChunkStream {
 public:
  // `pool` and `settings` outlive the stream.
  ChunkStream(std::vector<ChunkLocation> chunks, std::vector<std::string> headers, HttpPool& pool,
              const Settings& settings);
  ~ChunkStream();
  ChunkStream(const ChunkStream&) = delete;
  ChunkStream& operator=(const ChunkStream&) = delete;

  bool AtEnd() const { return delivered_ == chunks_.size(); }
  // The rows of the next chunk, without outer brackets; not to be called AtEnd. 08S01 when the chunk cannot be had,
  // HY008 or HYT00 when `cancel` or `deadline` came first.
  absl::StatusOr<std::string> Next(CancelToken& cancel, TimePoint deadline);

 private:
  static constexpr size_t kWindow = 8;
  struct Worker {
    CancelToken stop;
    std::thread thread;
  };
  void Work(CancelToken& stop);
  absl::StatusOr<std::string> Fetch(size_t index, HttpClient& client, CancelToken& stop);

  const std::vector<ChunkLocation> chunks_;
  const std::vector<std::string> headers_;
  HttpPool& pool_;
  const Settings& settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<size_t, absl::StatusOr<std::string>> ready_;  // guarded by mutex_
  size_t claimed_ = 0;                                   // guarded by mutex_
  size_t delivered_ = 0;                                 // written by the reader under mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
};

// The text of a gzip stream; an error when it is cut off or damaged.
absl::StatusOr<std::string> GunzipAll(std::string_view compressed);

}  // namespace cdi::sfodbc
