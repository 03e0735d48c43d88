#include "tests/snowflake_mock/odbc/chunk_stream.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/odbc/diagnostics.h"
#include "tests/snowflake_mock/odbc/row_scanner.h"
#include "tests/snowflake_mock/odbc/session.h"

namespace cdi::sfodbc {
namespace {

using Outcome = HttpReply::Outcome;

constexpr size_t kGzipTrailerBytes = 8;
constexpr size_t kExpansionMax = 1032;  // deflate's best

bool IsGzip(std::string_view body) {
  return body.starts_with("\x1f\x8b");
}

// What the last four bytes say, unless that is impossible.
size_t TextBytesOf(std::string_view compressed) {
  if (compressed.size() < kGzipTrailerBytes) return 0;
  uint32_t size = 0;
  std::memcpy(&size, compressed.data() + compressed.size() - sizeof size, sizeof size);
  return size / kExpansionMax <= compressed.size() ? size : 0;
}

// The rows of a fetched chunk when they are all there.
absl::Status CheckChunk(HttpReply reply, size_t row_count, size_t columns, ScannedRows& rows) {
  if (reply.outcome != Outcome::kReplied) return absl::UnavailableError(reply.error);
  if (reply.status != 200) return absl::UnavailableError(absl::StrCat("HTTP status ", reply.status));
  // Twice: some servers compress what they compressed before.
  for (int layer = 0; layer < 2 && IsGzip(reply.body); ++layer) {
    std::string text = rows.TakeText();
    CDI_RETURN_IF_ERROR(GunzipAll(reply.body, text));
    reply.body = std::move(text);
  }
  if (!rows.Scan(std::move(reply.body), columns)) return absl::DataLossError("its text is cut off or damaged");
  if (rows.rows() != row_count) {
    return absl::DataLossError(absl::StrCat("it holds ", rows.rows(), " rows instead of ", row_count));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status GunzipAll(std::string_view compressed, std::string& text) {
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(compressed.data()));  // NOLINT: it is only read
  state->avail_in = static_cast<uint32_t>(compressed.size());
  text.resize(std::max<size_t>(TextBytesOf(compressed), 256));
  size_t done = 0;
  bool whole = false;
  while (!whole) {
    if (done == text.size()) text.resize(2 * text.size());
    const size_t room = std::min<size_t>(text.size() - done, 1U << 30U);
    state->next_out = reinterpret_cast<uint8_t*>(text.data() + done);  // NOLINT: bytes are bytes
    state->avail_out = static_cast<uint32_t>(room);
    if (isal_inflate(state.get()) != ISAL_DECOMP_OK) break;
    done += room - state->avail_out;
    whole = state->block_state == ISAL_BLOCK_FINISH;
    // Room left, and nothing to fill it with: cut off.
    if (state->avail_out > 0 && !whole) break;
  }
  text.resize(done);
  if (whole) return absl::OkStatus();
  return absl::DataLossError("the gzip stream is cut off or damaged");
}

ChunkStream::ChunkStream(std::vector<ChunkLocation> chunks, std::vector<std::string> headers, HttpPool& pool,
                         const Settings& settings, size_t columns)
    : chunks_(std::move(chunks)), headers_(std::move(headers)), pool_(pool), settings_(settings), columns_(columns) {
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

// What a chunk will hold in memory, about: its text and eight bytes a cell.
size_t ChunkStream::TextBytes(size_t index) const {
  const ChunkLocation& chunk = chunks_[index];
  return std::min(chunk.text_bytes + 8 * columns_ * chunk.row_count, kAheadBytesMax);
}

// One chunk always, however large.
bool ChunkStream::MayClaim() const {
  if (claimed_ >= chunks_.size() || claimed_ >= delivered_ + kWindow) return false;
  return claimed_bytes_ == 0 || claimed_bytes_ + TextBytes(claimed_) <= kAheadBytesMax;
}

void ChunkStream::Work(CancelToken& stop) {
  const HttpPool::Lease client = pool_.Take();
  for (;;) {
    size_t index = 0;
    absl::StatusOr<ScannedRows> rows = ScannedRows();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return claimed_ >= chunks_.size() || MayClaim(); });
      if (claimed_ >= chunks_.size()) return;
      index = claimed_++;
      claimed_bytes_ += TextBytes(index);
      if (!used_.empty()) {
        rows = std::move(used_.back());
        used_.pop_back();
      }
    }
    try {
      const absl::Status fetched = Fetch(index, *client.operator->(), stop, *rows);
      if (!fetched.ok()) rows = fetched;
    } catch (const std::bad_alloc&) {  // an exception must not end the application's process: the reader gets the error
      rows = OdbcError("HY001", 0, "no memory left for a part of the result");
    }
    const std::lock_guard lock(mutex_);
    ready_.emplace(index, std::move(rows));
    changed_.notify_all();
  }
}

absl::Status ChunkStream::Fetch(size_t index, HttpClient& client, CancelToken& stop, ScannedRows& rows) {
  const ChunkLocation& chunk = chunks_[index];
  for (int attempt = 0;; ++attempt) {
    HttpReply reply =
        client.Perform({.post = false, .url = chunk.url, .headers = headers_, .body = "", .keep_gzip = true}, stop);
    const bool final_status =
        reply.outcome == Outcome::kReplied && reply.status != 200 && !IsRetryableStatus(reply.status);
    const absl::Status checked = CheckChunk(std::move(reply), chunk.row_count, columns_, rows);
    if (checked.ok()) return checked;
    const TimePoint next = std::chrono::steady_clock::now() + RetryDelay(attempt + 1);
    if (final_status || attempt >= settings_.http_retries_max || stop.WaitUntil(next)) {
      return OdbcError("08S01", 0,
                       absl::StrCat("part ", index + 1, " of ", chunks_.size(), " of the result cannot be had, ",
                                    attempt + 1, " attempts: ", std::string(checked.message())));
    }
  }
}

absl::Status ChunkStream::Next(CancelToken& cancel, TimePoint deadline, ScannedRows& rows) {
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
  absl::StatusOr<ScannedRows> next = std::move(ready_.extract(delivered_).mapped());
  claimed_bytes_ -= TextBytes(delivered_);
  ++delivered_;
  if (next.ok()) {
    std::swap(rows, *next);
    used_.push_back(*std::move(next));  // what was read before
  }
  changed_.notify_all();
  return next.status();
}

}  // namespace cdi::sfodbc
