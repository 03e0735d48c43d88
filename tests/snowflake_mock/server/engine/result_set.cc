#include "tests/snowflake_mock/server/engine/result_set.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/text.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/engine/chunk_compressor.h"
#include "tests/snowflake_mock/server/engine/gzip.h"

namespace cdi::snowflake_mock {
nlohmann::ordered_json RowCounts::ToJson() const {
  return {{"numRowsInserted", inserted},
          {"numRowsUpdated", updated},
          {"numRowsDeleted", deleted},
          {"numDmlDuplicates", duplicates}};
}

nlohmann::json ResultSet::AllRows() const {
  std::string text = absl::StrCat("[", inline_rows);
  for (const ResultChunk& chunk : chunks) {
    if (text.size() > 1) text += ',';
    text += Gunzip(chunk.gzip_body).value_or("");
  }
  text += ']';
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

ResultWriter::ResultWriter(const ChunkSizes& sizes) : sizes_(sizes), next_chunk_rows_(sizes.first_chunk_rows) {}
ResultWriter::~ResultWriter() = default;
ResultWriter::ResultWriter(ResultWriter&&) noexcept = default;
ResultWriter& ResultWriter::operator=(ResultWriter&&) noexcept = default;

void ResultWriter::AddRow(const std::vector<std::optional<std::string>>& cells) {
  std::string& row = BeginRow();
  row += '[';
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) row += ',';
    if (!cells[i].has_value()) {
      row += "null";
      continue;
    }
    row += '"';
    AppendJsonEscaped(*cells[i], row);
    row += '"';
  }
  row += ']';
  RowDone();
}

std::string& ResultWriter::BeginRow() {
  if (buffer_rows_ > 0) buffer_ += ',';
  return buffer_;
}

void ResultWriter::RowDone() {
  ++buffer_rows_;
  if (!inline_full_) {
    if (buffer_rows_ < sizes_.inline_rows_max && buffer_.size() < sizes_.inline_bytes_max) return;
    inline_full_ = true;
    result_.inline_rows = std::move(buffer_);
    result_.inline_row_count = buffer_rows_;
    result_.row_count = buffer_rows_;
    buffer_.clear();
    buffer_rows_ = 0;
    return;
  }
  if (buffer_rows_ >= next_chunk_rows_ || buffer_.size() >= sizes_.chunk_bytes_max) CutChunk();
}

void ResultWriter::CutChunk() {
  if (compressor_ == nullptr) compressor_ = std::make_unique<ChunkCompressor>();
  compressor_->Add(buffer_, buffer_rows_);
  result_.row_count += buffer_rows_;
  buffer_rows_ = 0;
  next_chunk_rows_ = std::min(next_chunk_rows_ * 2, sizes_.chunk_rows_max);
}

ResultSet ResultWriter::Finish() {
  if (!inline_full_) {
    result_.inline_rows = std::move(buffer_);
    result_.inline_row_count = buffer_rows_;
    result_.row_count = buffer_rows_;
  } else if (buffer_rows_ > 0) {
    CutChunk();
  }
  if (compressor_ != nullptr) result_.chunks = compressor_->Finish();
  ResultSet finished = std::move(result_);
  *this = ResultWriter(sizes_);
  return finished;
}

}  // namespace cdi::snowflake_mock
