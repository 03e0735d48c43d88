// One segment file: a stretch of an ended run's log, compressed, with an index of whom it reached.
//
//   "CDISEG1\n" | zstd of the entries | index blocks of 4096 bytes | footer
//
// An index block holds up to 145 entries (user digest, greatest accepted cursor), sorted over the whole file, and a
// checksum of its own, so that a search reads and verifies a dozen blocks and not the file. The footer has the places,
// counts and a SHA-256 chained over 1 MiB pieces of everything before it. A file is written under a temporary name,
// synced, renamed and its directory synced: it is whole or not there.
//
// Errors: kDataLoss STATE_DAMAGED (not what was written), STATE_IO_ERROR; kResourceExhausted STATE_DISK_FULL.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/digest.h"
#include "base/timestamp.h"
#include "ingest/state/log_entry.h"

namespace cdi::state {

// "000000000012.0001.seg" in the segment directory.
std::string SegmentFileName(int64_t run, int part);

struct SegmentFacts {
  uint64_t entries = 0;
  uint64_t accepted_rows = 0;
  std::optional<Timestamp> accepted_cursor_max;
  uint64_t bytes = 0;
  std::string sha256;  // 32 bytes
};

class SegmentWriter {
 public:
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Create(const std::string& directory,
                                                               const std::string& file_name);
  // Removes the temporary file when Finish was not called or failed.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  absl::Status Add(const LogEntry& entry);
  void AddAccepted(const Digest128& user, const Timestamp& cursor);
  uint64_t accepted_rows() const;
  // Durable under its name when it returns.
  absl::StatusOr<SegmentFacts> Finish();

 private:
  class Rep;
  explicit SegmentWriter(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

// Every entry in order, after the whole file was checked against its footer and, when given, against `sha256`.
absl::Status ForEachSegmentEntry(const std::string& path, const std::optional<std::string>& sha256,
                                 const std::function<absl::Status(LogEntry)>& visit);

// The greatest cursor accepted for the user; nullopt when the file has none.
absl::StatusOr<std::optional<Timestamp>> FindAcceptedUser(const std::string& path, const Digest128& user);

}  // namespace cdi::state
