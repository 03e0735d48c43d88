#include "tests/snowflake_mock/server/engine/result_set.h"
#include "nlohmann/json.hpp"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/text.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int kGzipWindow = 15 + 16;

Bytef* Bytes(const char* text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));
}

}  // namespace

std::string Gzip(std::string_view body) {
  z_stream stream{};
  CDI_CHECK(deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
  std::string out(deflateBound(&stream, body.size()), '\0');
  stream.next_in = Bytes(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = Bytes(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CDI_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::optional<std::string> Gunzip(std::string_view body) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return std::nullopt;
  std::string out;
  char block[65536];
  stream.next_in = Bytes(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = Bytes(block);
    stream.avail_out = sizeof block;
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(block, sizeof block - stream.avail_out);
    if (state == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) break;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) return std::nullopt;
  return out;
}

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
  result_.chunks.push_back({Gzip(buffer_), buffer_rows_, buffer_.size()});
  result_.row_count += buffer_rows_;
  buffer_.clear();
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
  ResultSet finished = std::move(result_);
  *this = ResultWriter(sizes_);
  return finished;
}

}  // namespace cdi::snowflake_mock
