// Bodies of /users/track: validated payloads spliced as the bytes they are.
#include <chrono>

#include "base/check.h"
#include "ingest/identifier_rules.h"
#include "ingest/payload_rules.h"
#include "ingest/row.h"
#include "ingest/track_object.h"

namespace cdi::ingest {
namespace {

constexpr std::string_view kUpdateOnly = ",\"_update_existing_only\":true";
// Milliseconds: the precision of the one format that Braze spells out. Cut, never rounded up into the future.
constexpr std::string_view kTimeShape = ",\"time\":\"0001-01-01T00:00:00.000Z\"";
constexpr size_t kTimeStart = 9;  // of the text inside its quotes

void WriteDigits(char* end, int64_t value, int digits) {
  for (int i = 0; i < digits; ++i, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

void AppendTimeMember(const Timestamp& time, std::string& out) {
  constexpr int64_t kDay = 86'400;
  const int64_t second = ((time.seconds % kDay) + kDay) % kDay;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{(time.seconds - second) / kDay}}};
  const size_t start = out.size() + kTimeStart;
  out += kTimeShape;
  char* text = out.data() + start;
  WriteDigits(text + 4, static_cast<int>(date.year()), 4);
  WriteDigits(text + 7, static_cast<unsigned>(date.month()), 2);
  WriteDigits(text + 10, static_cast<unsigned>(date.day()), 2);
  WriteDigits(text + 13, second / 3'600, 2);
  WriteDigits(text + 16, second / 60 % 60, 2);
  WriteDigits(text + 19, second % 60, 2);
  WriteDigits(text + 23, time.nanos / 1'000'000, 3);
}

}  // namespace

size_t ObjectBytes(size_t identifier_bytes, size_t member_bytes, const DecodedRow& row) {
  return 2 + identifier_bytes + (row.adds_update_only ? kUpdateOnly.size() : 0) +
         (row.adds_time ? kTimeShape.size() : 0) + (member_bytes == 0 ? 0 : 1 + member_bytes);
}

bool HasBrazeTime(const Timestamp& time) {
  static constexpr int64_t kYear1 = -62'135'596'800;
  static constexpr int64_t kYear10000 = 253'402'300'800;
  return time.seconds >= kYear1 && time.seconds < kYear10000;
}

void AppendObject(const DecodedPage& page, size_t index, const SyncSpec& spec, std::string& out) {
  const DecodedRow& row = page.rows[index];
  CDI_CHECK(row.fault == RowFault::kNone, "only a row without a fault goes into a body");
  const size_t start = out.size();
  RowFault fault = RowFault::kNone;
  const Identifier identifier = PickIdentifier(*page.page, index, &fault);
  out += '{';
  AppendIdentifierMember(identifier, out);
  if (row.adds_update_only) out += kUpdateOnly;
  if (row.adds_time) AppendTimeMember(row.cursor, out);
  const std::string_view members = PayloadMembers(*page.page->cell(index, warehouse::ColumnRole::kPayload));
  const size_t before_members = out.size();
  out += ',';
  if (row.strips) {
    AppendMembersWithoutIdentifiers(members, spec.type, identifier.kind, out);
  } else {
    out += members;
  }
  if (out.size() == before_members + 1) out.pop_back();
  out += '}';
  CDI_CHECK(out.size() - start == row.object_bytes, "an object has the bytes that the decoder counted");
}

uint32_t BodyOverheadBytes(const SyncSpec& spec) {
  constexpr std::string_view kAround = "{\"\":[]}";
  return static_cast<uint32_t>(kAround.size() + DataTypeArray(spec.type).size());
}

std::string BuildBody(const std::vector<RowRef>& rows, const SyncSpec& spec) {
  size_t bytes = BodyOverheadBytes(spec) + rows.size();
  for (const RowRef& row : rows) bytes += row.row().object_bytes;
  std::string body;
  body.reserve(bytes);
  body += "{\"";
  body += DataTypeArray(spec.type);
  body += "\":[";
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i != 0) body += ',';
    AppendObject(*rows[i].page, rows[i].index, spec, body);
  }
  body += "]}";
  return body;
}

}  // namespace cdi::ingest
