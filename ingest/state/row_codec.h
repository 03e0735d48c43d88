// Bytes of the run log and of the small blobs beside it: variable-length integers, rows at about 40 bytes each.
//
// Row marks: cursor as the difference to the row before it (seconds zigzag, nanoseconds), digest 16, user 16, parked id
// when there is one. Every decoder is total: it answers kDataLoss (STATE_DAMAGED) for bytes that no encoder made. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ingest/run_record.h"
#include "ingest/state_store.h"

namespace cdi::state {

class ByteWriter {
 public:
  void Varint(uint64_t value);
  void Signed(int64_t value) { Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  void Byte(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void Raw(std::string_view bytes) { bytes_.append(bytes); }
  void Text(std::string_view text) {
    Varint(text.size());
    Raw(text);
  }
  void Digest(const Digest128& digest);
  void Time(const Timestamp& time);
  void OptionalTime(const std::optional<Timestamp>& time);
  std::string Take() { return std::move(bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads past the end answer zero and make ok() false for good.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  uint64_t Varint();
  int64_t Signed();
  uint8_t Byte();
  std::string_view Raw(size_t size);
  std::string_view Text() { return Raw(Varint()); }
  std::string_view Rest() { return Raw(rest_.size()); }
  Digest128 Digest();
  Timestamp Time();
  std::optional<Timestamp> OptionalTime();
  // A count of things of at least `size_min` bytes each: never more than the rest can hold.
  size_t Count(size_t size_min);
  bool ok() const { return ok_; }
  bool done() const { return rest_.empty(); }
  void Fail() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::string EncodeMarks(std::span<const ingest::RowMark> marks);
absl::StatusOr<std::vector<ingest::RowMark>> DecodeMarks(std::string_view bytes);

using DigestCounts = std::vector<std::pair<Digest128, uint32_t>>;
std::string EncodeCounts(const DigestCounts& counts);
absl::StatusOr<DigestCounts> DecodeCounts(std::string_view bytes);

std::string EncodeSums(const ingest::RunSums& sums);
absl::StatusOr<ingest::RunSums> DecodeSums(std::string_view bytes);

std::string EncodeWindow(const ingest::Window& window);
absl::StatusOr<ingest::Window> DecodeWindow(std::string_view bytes);

std::string EncodeIds(std::span<const uint64_t> ids);
absl::StatusOr<std::vector<uint64_t>> DecodeIds(std::string_view bytes);

using Cells = decltype(ingest::StoredParkedRow::cells);
std::string EncodeCells(const Cells& cells);
absl::StatusOr<Cells> DecodeCells(std::string_view bytes);

std::string EncodeResource(const ingest::Resource& resource);
absl::StatusOr<ingest::Resource> DecodeResource(std::string_view bytes);

// kDataLoss for `what` ("a window").
absl::Status Malformed(std::string_view what);

}  // namespace cdi::state
