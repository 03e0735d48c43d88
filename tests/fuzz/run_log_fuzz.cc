// Any bytes as parts of the run log: refused as damaged, or a value that encodes to bytes which decode to the same.
#include "base/check.h"
#include "ingest/state/log_entry.h"
#include "ingest/state/row_codec.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using namespace cdi::state;

// What decodes is encoded, decoded and encoded again: both texts must be the same.
template <typename Decode, typename Encode>
void Check(std::string_view bytes, const Decode& decode, const Encode& encode) {
  const auto value = decode(bytes);
  if (!value.ok()) {
    CDI_CHECK(absl::IsDataLoss(value.status()), "bytes that nobody wrote are damage");
    return;
  }
  const std::string text = encode(*value);
  const auto again = decode(text);
  CDI_CHECK(again.ok() && encode(*again) == text, "encode and decode are each other's inverse");
}

void Run(std::string_view input) {
  if (input.empty()) return;
  const std::string_view bytes = input.substr(1);
  switch (static_cast<uint8_t>(input[0]) % 8) {
    case 0:
      return Check(bytes, DecodeOpened, EncodeOpened);
    case 1:
      return Check(bytes, DecodeWrite, EncodeWriteBody);
    case 2:
      return Check(bytes, DecodeMarks, [](const auto& marks) { return EncodeMarks(marks); });
    case 3:
      return Check(bytes, DecodeCounts, EncodeCounts);
    case 4:
      return Check(bytes, DecodeSums, EncodeSums);
    case 5:
      return Check(bytes, DecodeWindow, EncodeWindow);
    case 6:
      return Check(bytes, DecodeIds, [](const auto& ids) { return EncodeIds(ids); });
    default:
      return Check(bytes, DecodeCells, EncodeCells);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  OpenedBody opened;
  opened.time = {1'800'000'000, 5};
  opened.watermark = Timestamp{1'700'000'000, 0};
  opened.config_sha256 = std::string(32, 'c');
  opened.audit_sequence = 7;
  WriteBody write;
  write.window = ingest::Window{};
  write.sums.accepted = 300;
  write.end.emplace();
  write.end->error = {"TABLE_MISSING", "there is no such table"};
  write.replayed.emplace_back(3, ingest::RowVerdict::kAccepted);
  ingest::RowMark mark;
  mark.cursor = {1'800'000'000, 1};
  mark.digest = {1, 2};
  write.parked.push_back({9, ingest::ParkedKind::kDeadLocal, mark, "PAYLOAD_INVALID"});
  Cells cells;
  cells[0] = "text";
  const std::vector<ingest::RowMark> marks = {mark, mark};
  const std::vector<uint64_t> ids = {1, 2, 1'000'000};
  std::vector<std::string> bodies = {
      EncodeOpened(opened),   EncodeWriteBody(write),      EncodeMarks(marks), EncodeCounts({{Digest128{1, 2}, 3}}),
      EncodeSums(write.sums), EncodeWindow(*write.window), EncodeIds(ids),     EncodeCells(cells)};
  for (size_t i = 0; i < bodies.size(); ++i) bodies[i].insert(0, 1, static_cast<char>(i));
  return bodies;
}

}  // namespace cdi::test
