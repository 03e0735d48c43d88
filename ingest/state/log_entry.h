// One entry of a run's log: what it says, its bytes, and the hash that ties it to the entry before it.
//
// The chain is SHA-256 over the hash before, run, sequence, epoch, kind and body; it starts from the run's name.
// SHA-256 and not the faster XXH3: a head that was noted elsewhere then proves every entry before it, also against
// somebody who edits the file. At 75 rows a batch it costs under 10 us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ingest/run_record.h"

namespace cdi::state {

enum class LogKind : uint8_t { kOpened = 1, kWrite = 2 };

struct LogEntry {
  uint64_t sequence = 0;  // within the run, from 1
  uint64_t epoch = 0;
  LogKind kind = LogKind::kWrite;
  std::string body;
  std::string chain;  // 32 bytes
};

std::string ChainStart(std::string_view run_name);
std::string ChainNext(std::string_view chain_before, uint64_t run, const LogEntry& entry);

// A driver took the run: the first entry, and one more after each restart.
struct OpenedBody {
  Timestamp time;
  std::optional<Timestamp> watermark;
  uint64_t boundary_rows = 0;
  uint64_t config_version = 0;
  std::string config_sha256;
  uint64_t audit_sequence = 0;  // of the newest audit line then: rewinds before and after can be told apart
  uint64_t recoveries = 0;
};
std::string EncodeOpened(const OpenedBody& body);
absl::StatusOr<OpenedBody> DecodeOpened(std::string_view bytes);

// A parked row as the log has it: without content, with the id it got.
struct LoggedParked {
  uint64_t id = 0;
  ingest::ParkedKind kind = ingest::ParkedKind::kDeadLocal;
  ingest::RowMark mark;
  std::string reason;
};

// A RunWrite as the log has it.
struct WriteBody {
  std::optional<ingest::Window> window;
  std::vector<ingest::SendStarted> started;
  std::vector<ingest::SendFinished> finished;
  std::vector<LoggedParked> parked;
  std::vector<std::pair<uint64_t, ingest::RowVerdict>> replayed;
  std::optional<ingest::WatermarkMove> watermark;
  ingest::RunSums sums;
  struct End {
    ingest::RunState state = ingest::RunState::kError;
    ingest::RunError error;
    uint64_t ahead_rows = 0;
    bool by_store = false;  // EndRun: no driver held it
  };
  std::optional<End> end;
};

// In two parts, so that the large one is encoded by the caller's thread; the parked rows get their ids in the commit
// thread. The body is the two, one after the other.
std::string EncodeWrite(const ingest::RunWrite& write, bool by_store = false);
std::string EncodeParkedPart(const std::vector<LoggedParked>& parked);
std::string EncodeWriteBody(const WriteBody& body);
absl::StatusOr<WriteBody> DecodeWrite(std::string_view bytes);

}  // namespace cdi::state
