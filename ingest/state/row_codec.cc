#include "ingest/state/row_codec.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "ingest/state/sqlite_db.h"

namespace cdi::state {

using ingest::Resource;
using ingest::RowMark;
using ingest::RunSums;
using ingest::Window;

absl::Status Malformed(std::string_view what) {
  return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED",
                   absl::StrCat("the state store holds ", std::string(what),
                                " that cannot be read; put the last backup of the state directory in its place"));
}

void ByteWriter::Varint(uint64_t value) {
  while (value >= 0x80) {
    Byte(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  Byte(static_cast<uint8_t>(value));
}

void ByteWriter::Digest(const Digest128& digest) {
  Raw(EncodeDigest(digest));
}

void ByteWriter::Time(const Timestamp& time) {
  Signed(time.seconds);
  Varint(static_cast<uint32_t>(time.nanos));
}

void ByteWriter::OptionalTime(const std::optional<Timestamp>& time) {
  Byte(time ? 1 : 0);
  if (time) Time(*time);
}

uint64_t ByteReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = Byte();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  ok_ = false;
  return 0;
}

int64_t ByteReader::Signed() {
  const uint64_t value = Varint();
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

uint8_t ByteReader::Byte() {
  const std::string_view byte = Raw(1);
  return byte.empty() ? uint8_t{0} : static_cast<uint8_t>(byte[0]);
}

std::string_view ByteReader::Raw(size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

Digest128 ByteReader::Digest() {
  return DecodeDigest(Raw(16));
}

Timestamp ByteReader::Time() {
  Timestamp time;
  time.seconds = Signed();
  const uint64_t nanos = Varint();
  if (nanos > 999'999'999) ok_ = false;
  time.nanos = ok_ ? static_cast<int32_t>(nanos) : 0;
  return time;
}

std::optional<Timestamp> ByteReader::OptionalTime() {
  if (Byte() == 0) return std::nullopt;
  return Time();
}

size_t ByteReader::Count(size_t size_min) {
  const uint64_t count = Varint();
  if (count > rest_.size() / size_min) {
    ok_ = false;
    return 0;
  }
  return static_cast<size_t>(count);
}

std::string EncodeMarks(std::span<const RowMark> marks) {
  ByteWriter out;
  out.Varint(marks.size());
  int64_t seconds_before = 0;
  for (const RowMark& mark : marks) {
    // Unsigned, so that the distance of extreme times wraps and comes back.
    out.Signed(
        static_cast<int64_t>(static_cast<uint64_t>(mark.cursor.seconds) - static_cast<uint64_t>(seconds_before)));
    seconds_before = mark.cursor.seconds;
    // The lowest bit tells whether a parked id follows.
    out.Varint((static_cast<uint64_t>(static_cast<uint32_t>(mark.cursor.nanos)) << 1) | (mark.parked_id != 0 ? 1 : 0));
    out.Digest(mark.digest);
    out.Digest(mark.user);
    if (mark.parked_id != 0) out.Varint(mark.parked_id);
  }
  return out.Take();
}

absl::StatusOr<std::vector<RowMark>> DecodeMarks(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<RowMark> marks(in.Count(34));
  int64_t seconds_before = 0;
  for (RowMark& mark : marks) {
    mark.cursor.seconds =
        static_cast<int64_t>(static_cast<uint64_t>(in.Signed()) + static_cast<uint64_t>(seconds_before));
    seconds_before = mark.cursor.seconds;
    const uint64_t nanos = in.Varint();
    if ((nanos >> 1) > 999'999'999) return Malformed("a row of the run log");
    mark.cursor.nanos = static_cast<int32_t>(nanos >> 1);
    mark.digest = in.Digest();
    mark.user = in.Digest();
    if ((nanos & 1) != 0) mark.parked_id = in.Varint();
  }
  if (!in.ok() || !in.done()) return Malformed("a row of the run log");
  return marks;
}

std::string EncodeCounts(const DigestCounts& counts) {
  ByteWriter out;
  out.Varint(counts.size());
  for (const auto& [digest, count] : counts) {
    out.Digest(digest);
    out.Varint(count);
  }
  return out.Take();
}

absl::StatusOr<DigestCounts> DecodeCounts(std::string_view bytes) {
  ByteReader in(bytes);
  DigestCounts counts(in.Count(17));
  for (auto& [digest, count] : counts) {
    digest = in.Digest();
    count = static_cast<uint32_t>(in.Varint());
  }
  if (!in.ok() || !in.done()) return Malformed("a boundary");
  return counts;
}

std::string EncodeSums(const RunSums& sums) {
  ByteWriter out;
  for (const uint64_t value : {sums.accepted, sums.unconfirmed, sums.rejected_local, sums.rejected_braze, sums.held,
                               sums.skipped, sums.unfinished, sums.batches, sums.batches_repeated}) {
    out.Varint(value);
  }
  return out.Take();
}

absl::StatusOr<RunSums> DecodeSums(std::string_view bytes) {
  ByteReader in(bytes);
  RunSums sums;
  for (uint64_t* value : {&sums.accepted, &sums.unconfirmed, &sums.rejected_local, &sums.rejected_braze, &sums.held,
                          &sums.skipped, &sums.unfinished, &sums.batches, &sums.batches_repeated}) {
    *value = in.Varint();
  }
  if (!in.ok() || !in.done()) return Malformed("sums");
  return sums;
}

std::string EncodeWindow(const Window& window) {
  ByteWriter out;
  out.OptionalTime(window.lower);
  out.Time(window.upper);
  out.Time(window.warehouse_now);
  out.Varint(window.rows_after_upper);
  out.OptionalTime(window.first_after_upper);
  out.Varint(window.rows_null_cursor);
  return out.Take();
}

absl::StatusOr<Window> DecodeWindow(std::string_view bytes) {
  ByteReader in(bytes);
  Window window;
  window.lower = in.OptionalTime();
  window.upper = in.Time();
  window.warehouse_now = in.Time();
  window.rows_after_upper = in.Varint();
  window.first_after_upper = in.OptionalTime();
  window.rows_null_cursor = in.Varint();
  if (!in.ok() || !in.done()) return Malformed("a window");
  return window;
}

std::string EncodeIds(std::span<const uint64_t> ids) {
  ByteWriter out;
  out.Varint(ids.size());
  for (const uint64_t id : ids) out.Varint(id);
  return out.Take();
}

absl::StatusOr<std::vector<uint64_t>> DecodeIds(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<uint64_t> ids(in.Count(1));
  for (uint64_t& id : ids) id = in.Varint();
  if (!in.ok() || !in.done()) return Malformed("a list of ids");
  return ids;
}

std::string EncodeCells(const Cells& cells) {
  ByteWriter out;
  for (const auto& cell : cells) {
    out.Byte(cell ? 1 : 0);
    if (cell) out.Text(*cell);
  }
  return out.Take();
}

absl::StatusOr<Cells> DecodeCells(std::string_view bytes) {
  ByteReader in(bytes);
  Cells cells;
  for (auto& cell : cells) {
    if (in.Byte() != 0) cell = std::string(in.Text());
  }
  if (!in.ok() || !in.done()) return Malformed("a parked row");
  return cells;
}

std::string EncodeResource(const Resource& resource) {
  ByteWriter out;
  out.Byte(static_cast<uint8_t>(resource.kind));
  out.Text(resource.name);
  out.Varint(resource.version);
  out.Text(resource.document);
  out.Time(resource.create_time);
  out.Time(resource.update_time);
  return out.Take();
}

absl::StatusOr<Resource> DecodeResource(std::string_view bytes) {
  ByteReader in(bytes);
  Resource resource;
  resource.kind = static_cast<ingest::ResourceKind>(in.Byte());
  resource.name = in.Text();
  resource.version = in.Varint();
  resource.document = in.Text();
  resource.create_time = in.Time();
  resource.update_time = in.Time();
  if (!in.ok() || !in.done()) return Malformed("an answer to a request id");
  return resource;
}

}  // namespace cdi::state
