// Compresses the chunks of one result while the rows behind them are still being written.
//
// One thread adds chunk after chunk and takes the finished ones, in the same order. A few threads of its own compress;
// at most kWaitingMax texts wait for them, so memory is bounded: Add blocks meanwhile.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/snowflake_mock/server/engine/result_set.h"

namespace cdi::snowflake_mock {

class ChunkCompressor {
 public:
  ChunkCompressor();
  // Drops what is not compressed yet.
  ~ChunkCompressor();
  ChunkCompressor(const ChunkCompressor&) = delete;
  ChunkCompressor& operator=(const ChunkCompressor&) = delete;

  // Takes the text; leaves an empty one with room instead (its memory is used again and again).
  void Add(std::string& text, int64_t rows);
  // Waits for all that was added. Once.
  std::vector<ResultChunk> Finish();

 private:
  static constexpr size_t kWaitingMax = 4;
  struct Text {
    size_t index;
    std::string text;
  };
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Text> waiting_;
  std::vector<std::string> used_texts_;
  std::vector<ResultChunk> chunks_;
  size_t compressed_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cdi::snowflake_mock
