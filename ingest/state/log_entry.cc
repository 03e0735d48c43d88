#include "ingest/state/log_entry.h"

#include <algorithm>

#include "base/digest.h"
#include "base/status_macros.h"
#include "ingest/state/row_codec.h"

namespace cdi::state {
namespace {

using ingest::ParkedKind;
using ingest::RowVerdict;
using ingest::RunState;
using ingest::RunWrite;
using ingest::SendFinished;
using ingest::SendOutcome;
using ingest::SendStarted;

// Parts of a write's body: tag, length, content. Numbers are never reused.
enum Tag : uint8_t {
  kWindow = 1,
  kStarted = 2,
  kFinished = 3,
  kReplayed = 4,
  kWatermark = 5,
  kSums = 6,
  kEnd = 7,
  kParked = 8,
};

void Part(ByteWriter& out, Tag tag, std::string_view content) {
  out.Byte(tag);
  out.Text(content);
}

std::string EncodeStarted(const SendStarted& started) {
  ByteWriter out;
  out.Varint(started.batch.value());
  out.Varint(static_cast<uint64_t>(started.attempt));
  out.Digest(started.body_hash);
  out.Raw(EncodeMarks(started.rows));
  return out.Take();
}

std::string EncodeFinished(const SendFinished& finished) {
  ByteWriter out;
  out.Varint(finished.batch.value());
  out.Varint(static_cast<uint64_t>(finished.attempt));
  out.Byte(static_cast<uint8_t>(finished.outcome));
  out.Varint(static_cast<uint64_t>(finished.http_status));
  out.Text(finished.message);
  out.Varint(finished.verdicts.size());
  const bool uniform = std::ranges::all_of(finished.verdicts, [&](RowVerdict v) { return v == finished.verdicts[0]; });
  out.Byte(uniform ? 1 : 0);
  if (uniform) {
    if (!finished.verdicts.empty()) out.Byte(static_cast<uint8_t>(finished.verdicts[0]));
  } else {
    for (const RowVerdict verdict : finished.verdicts) out.Byte(static_cast<uint8_t>(verdict));
  }
  return out.Take();
}

std::string EncodeReplayed(const std::vector<std::pair<uint64_t, RowVerdict>>& replayed) {
  ByteWriter out;
  out.Varint(replayed.size());
  for (const auto& [id, verdict] : replayed) {
    out.Varint(id);
    out.Byte(static_cast<uint8_t>(verdict));
  }
  return out.Take();
}

std::string EncodeMove(const ingest::WatermarkMove& move) {
  ByteWriter out;
  out.OptionalTime(move.from);
  out.Time(move.to);
  out.Byte(move.replace ? 1 : 0);
  out.Raw(EncodeCounts(move.finished));
  return out.Take();
}

std::string EncodeEnd(const WriteBody::End& end) {
  ByteWriter out;
  out.Byte(static_cast<uint8_t>(end.state));
  out.Text(end.error.reason);
  out.Text(end.error.message);
  out.Varint(end.ahead_rows);
  out.Byte(end.by_store ? 1 : 0);
  return out.Take();
}

RowVerdict ReadVerdict(ByteReader& in) {
  const uint8_t value = in.Byte();
  if (value > static_cast<uint8_t>(RowVerdict::kHeld)) in.Fail();
  return static_cast<RowVerdict>(value);
}

absl::StatusOr<SendStarted> DecodeOneStarted(std::string_view bytes) {
  ByteReader in(bytes);
  SendStarted started;
  started.batch = ingest::BatchId(in.Varint());
  started.attempt = static_cast<int>(in.Varint());
  started.body_hash = in.Digest();
  if (!in.ok()) return Malformed("a started batch");
  CDI_ASSIGN_OR_RETURN(started.rows, DecodeMarks(in.Rest()));
  return started;
}

absl::StatusOr<SendFinished> DecodeFinished(std::string_view bytes) {
  ByteReader in(bytes);
  SendFinished finished;
  finished.batch = ingest::BatchId(in.Varint());
  finished.attempt = static_cast<int>(in.Varint());
  const uint8_t outcome = in.Byte();
  if (outcome > static_cast<uint8_t>(SendOutcome::kAmbiguous)) in.Fail();
  finished.outcome = static_cast<SendOutcome>(outcome);
  finished.http_status = static_cast<int>(in.Varint());
  finished.message = in.Text();
  const uint64_t count = in.Varint();
  if (count > 1'000'000) return Malformed("an outcome");
  const bool uniform = in.Byte() != 0;
  if (uniform) {
    if (count > 0) finished.verdicts.assign(count, ReadVerdict(in));
  } else {
    for (uint64_t i = 0; i < count && in.ok(); ++i) finished.verdicts.push_back(ReadVerdict(in));
  }
  if (!in.ok() || !in.done()) return Malformed("an outcome");
  return finished;
}

absl::StatusOr<ingest::WatermarkMove> DecodeMove(std::string_view bytes) {
  ByteReader in(bytes);
  ingest::WatermarkMove move;
  move.from = in.OptionalTime();
  move.to = in.Time();
  move.replace = in.Byte() != 0;
  if (!in.ok()) return Malformed("a watermark");
  CDI_ASSIGN_OR_RETURN(move.finished, DecodeCounts(in.Rest()));
  return move;
}

absl::Status DecodePart(uint8_t tag, std::string_view content, WriteBody& body) {
  ByteReader in(content);
  switch (tag) {
    case kWindow: {
      CDI_ASSIGN_OR_RETURN(body.window, DecodeWindow(content));
      return absl::OkStatus();
    }
    case kStarted: {
      CDI_ASSIGN_OR_RETURN(SendStarted started, DecodeOneStarted(content));
      body.started.push_back(std::move(started));
      return absl::OkStatus();
    }
    case kFinished: {
      CDI_ASSIGN_OR_RETURN(SendFinished finished, DecodeFinished(content));
      body.finished.push_back(std::move(finished));
      return absl::OkStatus();
    }
    case kReplayed: {
      body.replayed.resize(in.Count(2));
      for (auto& [id, verdict] : body.replayed) {
        id = in.Varint();
        verdict = ReadVerdict(in);
      }
      break;
    }
    case kWatermark: {
      CDI_ASSIGN_OR_RETURN(body.watermark, DecodeMove(content));
      return absl::OkStatus();
    }
    case kSums: {
      CDI_ASSIGN_OR_RETURN(body.sums, DecodeSums(content));
      return absl::OkStatus();
    }
    case kEnd: {
      WriteBody::End end;
      end.state = static_cast<RunState>(in.Byte());
      end.error.reason = in.Text();
      end.error.message = in.Text();
      end.ahead_rows = in.Varint();
      end.by_store = in.Byte() != 0;
      body.end = std::move(end);
      break;
    }
    case kParked: {
      const size_t count = in.Count(20);
      for (size_t i = 0; i < count; ++i) {
        LoggedParked parked;
        parked.id = in.Varint();
        parked.kind = static_cast<ParkedKind>(in.Byte());
        CDI_ASSIGN_OR_RETURN(const std::vector<ingest::RowMark> marks, DecodeMarks(in.Text()));
        if (marks.size() != 1) return Malformed("a parked row of the run log");
        parked.mark = marks[0];
        parked.reason = in.Text();
        body.parked.push_back(std::move(parked));
      }
      break;
    }
    default:
      return Malformed("an unknown part of the run log");
  }
  return in.ok() && in.done() ? absl::OkStatus() : Malformed("a part of the run log");
}

std::string Big(uint64_t value) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  return bytes;
}

}  // namespace

std::string ChainStart(std::string_view run_name) {
  return Sha256(std::string("cdi run log ") + std::string(run_name));
}

std::string ChainNext(std::string_view chain_before, uint64_t run, const LogEntry& entry) {
  std::string text;
  text.reserve(chain_before.size() + 25 + entry.body.size());
  text.append(chain_before).append(Big(run)).append(Big(entry.sequence)).append(Big(entry.epoch));
  text.push_back(static_cast<char>(entry.kind));
  text.append(entry.body);
  return Sha256(text);
}

std::string EncodeOpened(const OpenedBody& body) {
  ByteWriter out;
  out.Time(body.time);
  out.OptionalTime(body.watermark);
  out.Varint(body.boundary_rows);
  out.Varint(body.config_version);
  out.Text(body.config_sha256);
  out.Varint(body.audit_sequence);
  out.Varint(body.recoveries);
  return out.Take();
}

absl::StatusOr<OpenedBody> DecodeOpened(std::string_view bytes) {
  ByteReader in(bytes);
  OpenedBody body;
  body.time = in.Time();
  body.watermark = in.OptionalTime();
  body.boundary_rows = in.Varint();
  body.config_version = in.Varint();
  body.config_sha256 = in.Text();
  body.audit_sequence = in.Varint();
  body.recoveries = in.Varint();
  if (!in.ok() || !in.done()) return Malformed("the opening of a run");
  return body;
}

std::string EncodeWrite(const RunWrite& write, bool by_store) {
  ByteWriter out;
  if (write.window) Part(out, kWindow, EncodeWindow(*write.window));
  for (const SendStarted& started : write.started) Part(out, kStarted, EncodeStarted(started));
  for (const SendFinished& finished : write.finished) Part(out, kFinished, EncodeFinished(finished));
  if (!write.replayed.empty()) Part(out, kReplayed, EncodeReplayed(write.replayed));
  if (write.watermark) Part(out, kWatermark, EncodeMove(*write.watermark));
  Part(out, kSums, EncodeSums(write.sums));
  if (write.end) {
    Part(out, kEnd, EncodeEnd({write.end->state, write.end->error, write.end->ahead.size(), by_store}));
  }
  return out.Take();
}

std::string EncodeParkedPart(const std::vector<LoggedParked>& parked) {
  if (parked.empty()) return {};
  ByteWriter content;
  content.Varint(parked.size());
  for (const LoggedParked& row : parked) {
    content.Varint(row.id);
    content.Byte(static_cast<uint8_t>(row.kind));
    content.Text(EncodeMarks(std::span(&row.mark, 1)));
    content.Text(row.reason);
  }
  ByteWriter out;
  Part(out, kParked, content.bytes());
  return out.Take();
}

std::string EncodeWriteBody(const WriteBody& body) {
  RunWrite write;
  write.window = body.window;
  write.started = body.started;
  write.finished = body.finished;
  write.replayed = body.replayed;
  write.watermark = body.watermark;
  write.sums = body.sums;
  if (body.end) write.end = RunWrite::End{body.end->state, body.end->error, {}};
  return EncodeWrite(write, body.end && body.end->by_store) + EncodeParkedPart(body.parked);
}

absl::StatusOr<WriteBody> DecodeWrite(std::string_view bytes) {
  ByteReader in(bytes);
  WriteBody body;
  while (in.ok() && !in.done()) {
    const uint8_t tag = in.Byte();
    const std::string_view content = in.Text();
    if (!in.ok()) break;
    CDI_RETURN_IF_ERROR(DecodePart(tag, content, body));
  }
  if (!in.ok()) return Malformed("an entry of the run log");
  return body;
}

}  // namespace cdi::state
