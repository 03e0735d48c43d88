#include "tests/snowflake_mock/server/engine/chunk_compressor.h"

#include <algorithm>
#include <utility>

#include "tests/snowflake_mock/server/engine/gzip.h"

namespace cdi::snowflake_mock {
namespace {

// More would only take the processors from the engine, which runs meanwhile.
constexpr unsigned kThreadsMax = 4;

}  // namespace

ChunkCompressor::ChunkCompressor() {
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ChunkCompressor::~ChunkCompressor() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ChunkCompressor::Add(std::string& text, int64_t rows) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.size() < kWaitingMax; });
  chunks_.push_back({.gzip_body = {}, .rows = rows, .uncompressed_bytes = text.size()});
  waiting_.push_back({chunks_.size() - 1, std::move(text)});
  text = {};
  if (!used_texts_.empty()) {
    text = std::move(used_texts_.back());
    used_texts_.pop_back();
    text.clear();
  }
  changed_.notify_all();
}

std::vector<ResultChunk> ChunkCompressor::Finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return compressed_ == chunks_.size(); });
  return std::move(chunks_);
}

void ChunkCompressor::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Text next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    changed_.notify_all();
    std::string body = Gzip(next.text);
    lock.lock();
    chunks_[next.index].gzip_body = std::move(body);
    used_texts_.push_back(std::move(next.text));
    ++compressed_;
    changed_.notify_all();
  }
}

}  // namespace cdi::snowflake_mock
