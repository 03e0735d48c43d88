// Rows of a page judged one by one: who is meant, what may be sent, how many bytes it takes.
#include "base/check.h"
#include "ingest/identifier_rules.h"
#include "ingest/payload_rules.h"
#include "ingest/row.h"
#include "ingest/track_object.h"

namespace cdi::ingest {
namespace {

using warehouse::ColumnRole;

// Parser and buffers of one thread: pages come in their hundreds per second, and a parser is worth keeping.
struct Workbench {
  PayloadChecker checker;
  std::string text;
};

// A cell that was over the row cap was not fetched: its payload is too large, or, with a payload at hand, one of its
// identifiers is too long.
RowFault OversizeFault(const warehouse::Page& page, size_t row) {
  if (page.oversize_bytes(row) == 0) return RowFault::kNone;
  return page.cell(row, ColumnRole::kPayload) ? RowFault::kIdentifierTooLong : RowFault::kPayloadTooLarge;
}

// Judges the identifier; fills `user` for a usable one. The member that names the user is left in `bench.text`.
RowFault DecodeIdentifier(const Identifier& identifier, Workbench& bench, DecodedRow& row) {
  const RowFault fault = CheckIdentifier(identifier);
  if (fault != RowFault::kNone) return fault;
  bench.text.clear();
  AppendIdentifierMember(identifier, bench.text);
  row.user = Hash128(bench.text);
  return RowFault::kNone;
}

void DecodeRow(const warehouse::Page& page, size_t index, const SyncSpec& spec, Workbench& bench, DecodedRow& row) {
  RowFault pick_fault = RowFault::kNone;
  const Identifier identifier = PickIdentifier(page, index, &pick_fault);
  const RowFault identifier_fault =
      pick_fault != RowFault::kNone ? pick_fault : DecodeIdentifier(identifier, bench, row);
  row.fault = OversizeFault(page, index);
  if (row.fault == RowFault::kNone) row.fault = identifier_fault;
  if (row.fault != RowFault::kNone) return;
  const auto payload = page.cell(index, ColumnRole::kPayload);
  if (!payload) {
    row.fault = RowFault::kPayloadNull;
    return;
  }
  const PayloadVerdict verdict = bench.checker.Check(*payload, spec, identifier.kind);
  row.fault = verdict.fault;
  if (row.fault != RowFault::kNone) return;
  row.adds_time = verdict.adds_time;
  row.adds_update_only = verdict.adds_update_only;
  row.strips = verdict.strips;
  if (row.adds_time && !HasBrazeTime(row.cursor)) {
    row.fault = RowFault::kFieldInvalid;
    return;
  }
  size_t member_bytes = verdict.members.size();
  if (row.strips) {
    const size_t before = bench.text.size();
    AppendMembersWithoutIdentifiers(verdict.members, spec.type, identifier.kind, bench.text);
    member_bytes = bench.text.size() - before;
    bench.text.resize(before);
  }
  row.object_bytes = static_cast<uint32_t>(ObjectBytes(bench.text.size(), member_bytes, row));
}

}  // namespace

std::shared_ptr<const DecodedPage> DecodePage(std::shared_ptr<const warehouse::Page> page, const SyncSpec& spec,
                                              const std::vector<uint64_t>& parked_ids) {
  CDI_CHECK(parked_ids.empty() || parked_ids.size() == page->size(), "a replayed page has one id per row");
  thread_local Workbench bench;
  auto decoded = std::make_shared<DecodedPage>();
  decoded->rows.resize(page->size());
  for (size_t i = 0; i < page->size(); ++i) {
    DecodedRow& row = decoded->rows[i];
    row.cursor = page->cursor(i);
    row.digest = page->digest(i);
    if (!parked_ids.empty()) row.parked_id = parked_ids[i];
    DecodeRow(*page, i, spec, bench, row);
  }
  decoded->page = std::move(page);
  return decoded;
}

}  // namespace cdi::ingest
