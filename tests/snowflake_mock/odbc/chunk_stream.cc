#include "tests/snowflake_mock/odbc/chunk_stream.h"

#include <zlib.h>

#include <algorithm>
#include <new>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"
#include "tests/snowflake_mock/odbc/row_scanner.h"
#include "tests/snowflake_mock/odbc/session.h"

namespace cdi::sfodbc {
namespace {

using Outcome = HttpReply::Outcome;

// The rows of a fetched chunk when they are all there.
absl::StatusOr<std::string> CheckChunk(HttpReply reply, size_t row_count) {
  if (reply.outcome != Outcome::kReplied) return absl::UnavailableError(reply.error);
  if (reply.status != 200) return absl::UnavailableError(absl::StrCat("HTTP status ", reply.status));
  // A storage that forgets `Content-Encoding: gzip` leaves the body as it is.
  if (reply.body.starts_with("\x1f\x8b")) {
    CDI_ASSIGN_OR_RETURN(reply.body, GunzipAll(reply.body));
  }
  const std::optional<size_t> rows = CountRows(reply.body);
  if (!rows.has_value()) return absl::DataLossError("its text is cut off or damaged");
  if (*rows != row_count) return absl::DataLossError(absl::StrCat("it holds ", *rows, " rows instead of ", row_count));
  return std::move(reply.body);
}

}  // namespace

absl::StatusOr<std::string> GunzipAll(std::string_view compressed) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return absl::InternalError("zlib cannot start");
  const auto end = absl::MakeCleanup([&] { inflateEnd(&stream); });
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));  // NOLINT: zlib only reads it
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string text;
  char buffer[64 * 1024];
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);  // NOLINT: bytes are bytes
    stream.avail_out = sizeof(buffer);
    const int result = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer, sizeof(buffer) - stream.avail_out);
    if (result == Z_STREAM_END) return text;
    if (result != Z_OK) return absl::DataLossError("the gzip stream is cut off or damaged");
  }
}

ChunkStream::ChunkStream(std::vector<ChunkLocation> chunks, std::vector<std::string> headers, HttpPool& pool,
                         const Settings& settings)
    : chunks_(std::move(chunks)), headers_(std::move(headers)), pool_(pool), settings_(settings) {
  const size_t threads = std::min(chunks_.size(), static_cast<size_t>(settings.prefetch_threads));
  for (size_t i = 0; i < threads; ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([this, &worker] { Work(worker.stop); });
  }
}

ChunkStream::~ChunkStream() {
  for (const auto& worker : workers_) worker->stop.Cancel();
  {
    const std::lock_guard lock(mutex_);
    claimed_ = chunks_.size();
    changed_.notify_all();
  }
  for (const auto& worker : workers_) worker->thread.join();
}

void ChunkStream::Work(CancelToken& stop) {
  const HttpPool::Lease client = pool_.Take();
  for (;;) {
    size_t index = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return claimed_ >= chunks_.size() || claimed_ < delivered_ + kWindow; });
      if (claimed_ >= chunks_.size()) return;
      index = claimed_++;
    }
    absl::StatusOr<std::string> text = OdbcError("HY001", 0, "no memory left for a part of the result");
    try {
      text = Fetch(index, *client.operator->(), stop);
    } catch (const std::bad_alloc&) {  // an exception must not end the application's process: the reader gets the error
    }
    const std::lock_guard lock(mutex_);
    ready_.emplace(index, std::move(text));
    changed_.notify_all();
  }
}

absl::StatusOr<std::string> ChunkStream::Fetch(size_t index, HttpClient& client, CancelToken& stop) {
  const ChunkLocation& chunk = chunks_[index];
  for (int attempt = 0;; ++attempt) {
    HttpReply reply = client.Perform({.post = false, .url = chunk.url, .headers = headers_, .body = ""}, stop);
    const bool final_status =
        reply.outcome == Outcome::kReplied && reply.status != 200 && !IsRetryableStatus(reply.status);
    absl::StatusOr<std::string> text = CheckChunk(std::move(reply), chunk.row_count);
    if (text.ok()) return text;
    const TimePoint next = std::chrono::steady_clock::now() + RetryDelay(attempt + 1);
    if (final_status || attempt >= settings_.http_retries_max || stop.WaitUntil(next)) {
      return OdbcError("08S01", 0,
                       absl::StrCat("part ", index + 1, " of ", chunks_.size(), " of the result cannot be had, ",
                                    attempt + 1, " attempts: ", std::string(text.status().message())));
    }
  }
}

absl::StatusOr<std::string> ChunkStream::Next(CancelToken& cancel, TimePoint deadline) {
  const CancelToken::Watch watch(cancel, [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  const auto arrived = [&] { return cancel.cancelled() || ready_.contains(delivered_); };
  if (deadline == kNoDeadline) {
    changed_.wait(lock, arrived);
  } else if (!changed_.wait_until(lock, deadline, arrived)) {
    return OdbcError("HYT00", 0, "the query timeout passed");
  }
  if (cancel.cancelled()) return ServerError("HY008", kNativeCancelled, "SQL execution canceled");
  absl::StatusOr<std::string> text = std::move(ready_.extract(delivered_).mapped());
  ++delivered_;
  changed_.notify_all();
  return text;
}

}  // namespace cdi::sfodbc
