// A finished result: columns, the first rows inline, the rest in gzip chunks. And the writer that cuts it.
//
// Rows are kept as the JSON text that goes over the wire: ["1","a",null]. Chunk bodies are rows without the outer
// brackets, each chunk larger than the one before, as Snowflake's are (spec/snowflake.md §3.5).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json_fwd.hpp"
#include "tests/snowflake_mock/server/language/sql_type.h"

namespace cdi::snowflake_mock {

struct ResultColumn {
  std::string name;
  SqlType type;
  bool nullable = true;
};

struct ResultChunk {
  std::string gzip_body;
  int64_t rows = 0;
  size_t uncompressed_bytes = 0;
};

// What DML did to how many rows: `stats` of a reply.
struct RowCounts {
  int64_t inserted = 0;
  int64_t updated = 0;
  int64_t deleted = 0;
  int64_t duplicates = 0;

  nlohmann::ordered_json ToJson() const;
};

struct ResultSet {
  std::vector<ResultColumn> columns;
  std::string inline_rows;  // JSON rows joined by commas
  int64_t inline_row_count = 0;
  std::vector<ResultChunk> chunks;
  int64_t row_count = 0;
  int statement_type = 0x1000;          // spec/snowflake.md §3.8
  std::optional<RowCounts> row_counts;  // of DML

  // Every row parsed back: for the control API and tests.
  nlohmann::json AllRows() const;
};

// Sizes at which the writer cuts.
struct ChunkSizes {
  int64_t inline_rows_max = 1000;
  size_t inline_bytes_max = 256 * 1024;
  int64_t first_chunk_rows = 2000;  // doubles from chunk to chunk
  int64_t chunk_rows_max = 64000;
  size_t chunk_bytes_max = 8 * 1024 * 1024;
};

class ChunkCompressor;

class ResultWriter {
 public:
  explicit ResultWriter(const ChunkSizes& sizes = {});
  ~ResultWriter();
  ResultWriter(ResultWriter&&) noexcept;
  ResultWriter& operator=(ResultWriter&&) noexcept;

  void SetColumns(std::vector<ResultColumn> columns) { result_.columns = std::move(columns); }
  std::vector<ResultColumn>& columns() { return result_.columns; }

  // A row of texts, nullopt for NULL.
  void AddRow(const std::vector<std::optional<std::string>>& cells);

  // For the fast path: append one finished JSON row to buffer(), then call RowDone().
  std::string& BeginRow();
  void RowDone();

  // The writer is empty afterwards.
  ResultSet Finish();

 private:
  void CutChunk();

  ChunkSizes sizes_;
  int64_t next_chunk_rows_;
  std::unique_ptr<ChunkCompressor> compressor_;  // from the first chunk on
  ResultSet result_;
  std::string buffer_;
  int64_t buffer_rows_ = 0;
  bool inline_full_ = false;
};

}  // namespace cdi::snowflake_mock
