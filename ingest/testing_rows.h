// Rows for the unit tests of the run machine's parts: small numbers stand for places, contents and users.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ingest/row.h"
#include "ingest/run_record.h"

namespace cdi::ingest::testing_rows {

struct RowText {
  int cursor = 0;
  int content = 0;
  int user = 0;
  uint32_t bytes = 10;
  RowFault fault = RowFault::kNone;
  uint64_t parked_id = 0;
};

inline Timestamp At(int cursor) {
  return {.seconds = cursor, .nanos = 0};
}
inline Digest128 DigestOf(int number) {
  return {.high = 7, .low = static_cast<uint64_t>(number)};
}
inline RowMark Mark(const RowText& row) {
  return {.cursor = At(row.cursor),
          .digest = DigestOf(row.content),
          .user = DigestOf(1'000 + row.user),
          .parked_id = row.parked_id};
}
inline std::shared_ptr<const DecodedPage> PageOfRows(const std::vector<RowText>& rows) {
  auto page = std::make_shared<DecodedPage>();
  for (const RowText& row : rows) {
    DecodedRow decoded;
    decoded.cursor = At(row.cursor);
    decoded.digest = DigestOf(row.content);
    decoded.user = DigestOf(1'000 + row.user);
    decoded.object_bytes = row.bytes;
    decoded.fault = row.fault;
    decoded.parked_id = row.parked_id;
    page->rows.push_back(decoded);
  }
  return page;
}

// What the store knows, as far as a test cares.
struct Known {
  std::optional<Timestamp> watermark = std::nullopt;
  std::vector<std::pair<Digest128, uint32_t>> boundary = {};
  std::vector<RowMark> ahead = {};
  std::vector<RowMark> own_finished = {};
};
inline Progress ProgressOf(const Known& known) {
  Progress progress;
  progress.watermark = known.watermark;
  progress.boundary = known.boundary;
  progress.ahead = known.ahead;
  progress.own_finished = known.own_finished;
  return progress;
}

}  // namespace cdi::ingest::testing_rows
