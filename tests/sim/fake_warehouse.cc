#include "tests/sim/fake_warehouse.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "warehouse/page.h"

namespace cdi::sim {
namespace {

bool Hit(const WorldParams& params, Rng& rng, Fault fault) {
  return params.Has(fault) && rng.Chance(params.chance[static_cast<size_t>(fault)], 10'000);
}

}  // namespace

Digest128 FakeWarehouse::UserDigest(uint32_t user) {
  return Hash128(absl::StrCat("user ", user));
}

void FakeWarehouse::Mutate(uint32_t rows) {
  for (uint32_t i = 0; i < rows; ++i) {
    if (Hit(params_, rng_, Fault::kChangedRows)) {
      ChangeOne();
    } else {
      InsertNew();
    }
  }
}

void FakeWarehouse::InsertNew() {
  TableRow row;
  row.user = params_.skewed_users && rng_.Chance(1, 2) ? 0 : static_cast<uint32_t>(rng_.Below(params_.users));
  row.content = static_cast<uint32_t>(rng_.Next());
  row.object_bytes = 20 + static_cast<uint32_t>(rng_.Below(60));
  if (params_.spec.batch.body_bytes_max < 1'000 && rng_.Chance(1, 30)) row.object_bytes = 500;
  row.cursor_null = rng_.Chance(1, 50);
  if (Hit(params_, rng_, Fault::kLocalFaults)) row.fault = ingest::RowFault::kPayloadNotJson;
  if (Hit(params_, rng_, Fault::kNamedRows) || Hit(params_, rng_, Fault::kNamedRows400)) row.taste = Taste::kNamed;
  if (Hit(params_, rng_, Fault::kWholeRefused)) row.taste = Taste::kPoison;
  PlanCommit(row);
}

void FakeWarehouse::PlanCommit(TableRow row) {
  const MonoTime lag = params_.spec.commit_lag;
  const MonoTime now = loop_.now();
  MonoTime cursor = now - now % params_.cursor_grain;
  if (Hit(params_, rng_, Fault::kFutureRows)) cursor += std::chrono::seconds{1 + rng_.Below(300)};
  MonoTime commit = now;
  // A transaction may commit up to `lag` after the timestamp that it wrote, and no later: that is what the lag is for.
  if (Hit(params_, rng_, Fault::kLateCommits) && cursor + lag > now) {
    commit = now + MonoTime{static_cast<int64_t>(rng_.Below(static_cast<uint64_t>((cursor + lag - now).count()) + 1))};
  }
  if (cursor + lag < commit) cursor = commit;
  row.cursor = EventLoop::WarehouseTime(cursor);
  const uint64_t copies = Hit(params_, rng_, Fault::kEqualRows) ? 2 + rng_.Below(2) : 1;
  for (uint64_t i = 0; i < copies; ++i) {
    if (commit == now) {
      Commit(row);
    } else {
      loop_.After(commit - now, [this, row] { Commit(row); });
    }
  }
}

void FakeWarehouse::Commit(TableRow row) {
  row.committed = loop_.now();
  row.deleted.reset();
  row.digest =
      Hash128(absl::StrCat(row.cursor.ToString(), "/", row.user, "/", row.content, "/", static_cast<int>(row.taste),
                           "/", static_cast<int>(row.fault), "/", row.object_bytes, row.cursor_null ? "/null" : ""));
  rows_.push_back(row);
  if (row.cursor_null) return;
  RowClass& of_row = classes_[row.digest];
  if (of_row.ever == 0) places_[row.cursor].push_back(row.digest);
  of_row.row = row;
  ++of_row.ever;
  ++of_row.live;
}

void FakeWarehouse::ChangeOne() {
  if (rows_.empty()) return;
  TableRow& old = rows_[rng_.Below(rows_.size())];
  if (old.deleted || old.cursor_null) return;
  old.deleted = loop_.now();
  --classes_[old.digest].live;
  ++deletions_;
  TableRow changed = old;
  if (rng_.Chance(1, 2)) changed.content = static_cast<uint32_t>(rng_.Next());
  PlanCommit(changed);
}

ingest::Window FakeWarehouse::Freeze(const std::optional<Timestamp>& lower) const {
  ingest::Window window;
  window.lower = lower;
  window.warehouse_now = loop_.WarehouseNow();
  window.upper = window.warehouse_now.Plus(-std::chrono::nanoseconds{params_.spec.commit_lag});
  for (const TableRow& row : rows_) {
    if (row.deleted) continue;
    if (row.cursor_null) {
      ++window.rows_null_cursor;
    } else if (row.cursor > window.upper) {
      ++window.rows_after_upper;
      if (!window.first_after_upper || row.cursor < *window.first_after_upper) window.first_after_upper = row.cursor;
    }
  }
  return window;
}

std::vector<TableRow> FakeWarehouse::Select(const std::optional<Timestamp>& lower, const Timestamp& upper) {
  std::vector<std::pair<uint64_t, TableRow>> found;  // with a die for ties
  for (const TableRow& row : rows_) {
    if (row.deleted || row.cursor_null || row.cursor > upper || (lower && row.cursor < *lower)) continue;
    found.emplace_back(rng_.Next(), row);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.cursor, a.first) < std::tie(b.second.cursor, b.first);
  });
  std::vector<TableRow> rows;
  rows.reserve(found.size());
  for (auto& [die, row] : found) rows.push_back(row);
  return rows;
}

// Cells as a table has them; the decoder finds identifier, sizes and faults.
std::shared_ptr<const ingest::DecodedPage> FakeWarehouse::MakeRealPage(const std::vector<TableRow>& rows, size_t first,
                                                                       size_t end) const {
  warehouse::PageBuilder builder;
  for (size_t i = first; i < end; ++i) {
    builder.StartRow(rows[i].cursor);
    builder.SetCell(warehouse::ColumnRole::kExternalId, absl::StrCat("user-", rows[i].user));
    std::string payload = params_.spec.type == ingest::DataType::kPurchases
                              ? absl::StrCat(R"({"product_id":"p","currency":"EUR","price":1.5,"quantity":)",
                                             1 + rows[i].content % 9, "}")
                              : absl::StrCat(R"({"score":)", rows[i].content, "}");
    if (rows[i].fault != ingest::RowFault::kNone) payload = "{not json";
    builder.SetCell(warehouse::ColumnRole::kPayload, payload);
    builder.FinishRowAs(rows[i].digest);
  }
  return ingest::DecodePage(builder.Build(), params_.spec);
}

std::shared_ptr<const ingest::DecodedPage> FakeWarehouse::MakePage(const std::vector<TableRow>& rows, size_t first,
                                                                   size_t count) const {
  const size_t end = std::min(rows.size(), first + count);
  if (params_.real_bodies) return MakeRealPage(rows, first, end);
  auto page = std::make_shared<ingest::DecodedPage>();
  for (size_t i = first; i < end; ++i) {
    ingest::DecodedRow row;
    row.cursor = rows[i].cursor;
    row.digest = rows[i].digest;
    row.user = rows[i].fault == ingest::RowFault::kNone ? UserDigest(rows[i].user) : Digest128{};
    row.object_bytes = rows[i].object_bytes;
    row.fault = rows[i].fault;
    page->rows.push_back(row);
  }
  return page;
}

}  // namespace cdi::sim
