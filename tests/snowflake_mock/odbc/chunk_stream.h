// Fetches the parts (chunks) of a large result ahead of their reader and hands them over in order.
//
// A few worker threads, each with an HTTP client of its own, fetch, unpack and scan. They keep at most kWindow chunks
// and about kAheadBytesMax of text beyond the chunk being read, so memory stays flat however large the result is. A
// chunk whose rows do not add up (a truncated gzip stream passes libcurl unnoticed) is fetched again like one that
// failed. One reader thread; destruction stops the workers.
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
#include "tests/snowflake_mock/odbc/row_scanner.h"

namespace cdi::sfodbc {

class ChunkStream {
 public:
  // `pool` and `settings` outlive the stream.
  ChunkStream(std::vector<ChunkLocation> chunks, std::vector<std::string> headers, HttpPool& pool,
              const Settings& settings, size_t columns);
  ~ChunkStream();
  ChunkStream(const ChunkStream&) = delete;
  ChunkStream& operator=(const ChunkStream&) = delete;

  bool AtEnd() const { return delivered_ == chunks_.size(); }
  // Puts the rows of the next chunk into `rows`, whose memory is used again; not to be called AtEnd. 08S01 when the
  // chunk cannot be had, HY008 or HYT00 when `cancel` or `deadline` came first.
  absl::Status Next(CancelToken& cancel, TimePoint deadline, ScannedRows& rows);

 private:
  static constexpr size_t kWindow = 8;
  static constexpr size_t kAheadBytesMax = 32U << 20U;
  struct Worker {
    CancelToken stop;
    std::thread thread;
  };
  void Work(CancelToken& stop);
  bool MayClaim() const;
  size_t TextBytes(size_t index) const;
  absl::Status Fetch(size_t index, HttpClient& client, CancelToken& stop, ScannedRows& rows);

  const std::vector<ChunkLocation> chunks_;
  const std::vector<std::string> headers_;
  HttpPool& pool_;
  const Settings& settings_;
  const size_t columns_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<size_t, absl::StatusOr<ScannedRows>> ready_;  // guarded by mutex_
  std::vector<ScannedRows> used_;                        // guarded by mutex_: memory to use again
  size_t claimed_ = 0;                                   // guarded by mutex_
  size_t claimed_bytes_ = 0;                             // guarded by mutex_: of claimed chunks not delivered yet
  size_t delivered_ = 0;                                 // written by the reader under mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
};

// Puts the text of a gzip stream into `text`, whose memory is used again; an error when it is cut off or damaged.
absl::Status GunzipAll(std::string_view compressed, std::string& text);

}  // namespace cdi::sfodbc
