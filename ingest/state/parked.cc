// Parked rows: dead ones and held ones, with what is needed to send them later.
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/row_codec.h"
#include "ingest/state/store_core.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {

using ingest::PageOf;
using ingest::ParkedFilter;
using ingest::ParkedKind;
using ingest::StoredParkedRow;
using ingest::SyncName;

namespace {

#define CDI_PARKED_COLUMNS                                                                                          \
  "SELECT p.id, r.name, p.kind, p.state, p.cursor, p.digest, p.user, p.reason, p.message, p.content_gone, p.cells," \
  " p.oversize_bytes, p.create_time FROM parked p JOIN runs r ON r.id = p.run "
// ?1 sync, ?2 run or NULL, ?3 1 held, 0 dead, NULL both, ?4 1 only open.
#define CDI_PARKED_FILTER                                                             \
  " p.sync = ?1 AND (?2 IS NULL OR p.run = ?2) AND (?3 IS NULL OR (p.kind = 3) = ?3)" \
  " AND (?4 = 0 OR p.state = 1) "

absl::StatusOr<StoredParkedRow> ReadParked(const Statement& row, const SyncName& sync) {
  StoredParkedRow parked;
  parked.id = row.Uint(0);
  parked.sync = sync;
  parked.run = ingest::RunName(row.Text(1));
  parked.kind = static_cast<ParkedKind>(row.Int(2));
  parked.state = static_cast<StoredParkedRow::State>(row.Int(3));
  parked.mark = {row.Time(4), row.Digest(5), row.Digest(6), parked.id};
  parked.reason = row.Text(7);
  parked.message = row.Text(8);
  parked.content_gone = row.Int(9) != 0;
  CDI_ASSIGN_OR_RETURN(parked.cells, DecodeCells(row.Bytes(10)));
  parked.oversize_bytes = row.Uint(11);
  parked.create_time = row.Time(12);
  return parked;
}

struct FilterIds {
  int64_t sync = 0;
  std::optional<int64_t> run;
  std::optional<int64_t> held;
  int64_t open_only = 1;
};

// nullopt: the sync or the run does not exist, so nothing matches.
absl::StatusOr<std::optional<FilterIds>> ResolveFilter(Database& database, const ParkedFilter& filter) {
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> sync, FindSync(database, filter.sync));
  if (!sync) return std::optional<FilterIds>();
  FilterIds ids;
  ids.sync = sync->id;
  if (filter.run) {
    CDI_ASSIGN_OR_RETURN(const std::optional<RunRow> run, FindRun(database, *filter.run));
    if (!run) return std::optional<FilterIds>();
    ids.run = run->id;
  }
  if (filter.held) ids.held = *filter.held ? 1 : 0;
  ids.open_only = filter.open_only ? 1 : 0;
  return std::optional<FilterIds>(ids);
}

void BindFilter(Statement& statement, const FilterIds& ids) {
  statement.Bind(ids.sync).Bind(ids.run).Bind(ids.held).Bind(ids.open_only);
}

}  // namespace

absl::StatusOr<PageOf<StoredParkedRow>> SqliteStore::ListParkedRows(const ParkedFilter& filter,
                                                                    const std::string& after, int limit) {
  limit = CoerceLimit(limit);
  CDI_ASSIGN_OR_RETURN(const int64_t above, ParsePageToken(after, 0));
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  PageOf<StoredParkedRow> page;
  CDI_ASSIGN_OR_RETURN(const std::optional<FilterIds> ids, ResolveFilter(*reader, filter));
  if (!ids) return page;
  CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare(CDI_PARKED_COLUMNS "WHERE" CDI_PARKED_FILTER
                                                                         "AND p.id > ?5 ORDER BY p.id LIMIT ?6"));
  BindFilter(row, *ids);
  row.Bind(above).Bind(static_cast<int64_t>(limit) + 1);
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return page;
    if (page.items.size() == static_cast<size_t>(limit)) {
      page.next = absl::StrCat(page.items.back().id);
      return page;
    }
    CDI_ASSIGN_OR_RETURN(StoredParkedRow parked, ReadParked(row, filter.sync));
    page.items.push_back(std::move(parked));
  }
}

absl::StatusOr<std::vector<StoredParkedRow>> SqliteStore::GetParkedRows(const SyncName& sync,
                                                                        const std::vector<uint64_t>& ids) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> sync_row, FindSync(*reader, sync));
  std::vector<StoredParkedRow> rows;
  for (const uint64_t id : ids) {
    CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare(CDI_PARKED_COLUMNS "WHERE p.id = ? AND p.sync = ?"));
    row.Bind(static_cast<int64_t>(id)).Bind(sync_row ? sync_row->id : 0);
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) {
      return MakeError(absl::StatusCode::kNotFound, "ROW_NOT_FOUND",
                       absl::StrCat("there is no parked row ", id, " of ", sync.value(), "; list the rows again"),
                       {{"row", absl::StrCat(id)}});
    }
    CDI_ASSIGN_OR_RETURN(StoredParkedRow parked, ReadParked(row, sync));
    rows.push_back(std::move(parked));
  }
  return rows;
}

absl::StatusOr<uint64_t> SqliteStore::DiscardParkedRows(const ParkedFilter& filter, const std::vector<uint64_t>& ids,
                                                        const std::string& reason, const std::string& caller) {
  uint64_t discarded = 0;
  const Timestamp now = core_->Now();
  CDI_RETURN_IF_ERROR(core_->commit.Run([&](Database& database) -> absl::Status {
    discarded = 0;
    CDI_ASSIGN_OR_RETURN(std::optional<FilterIds> resolved, ResolveFilter(database, filter));
    if (!resolved) return absl::OkStatus();
    resolved->open_only = 1;
    CDI_ASSIGN_OR_RETURN(Statement all, database.Prepare("UPDATE parked AS p SET state = 4 WHERE" CDI_PARKED_FILTER));
    CDI_ASSIGN_OR_RETURN(Statement one,
                         database.Prepare("UPDATE parked AS p SET state = 4 WHERE" CDI_PARKED_FILTER "AND p.id = ?5"));
    if (ids.empty()) {
      BindFilter(all, *resolved);
      CDI_RETURN_IF_ERROR(all.Run());
      discarded = static_cast<uint64_t>(database.changes());
    }
    for (const uint64_t id : ids) {
      BindFilter(one, *resolved);
      CDI_RETURN_IF_ERROR(one.Bind(static_cast<int64_t>(id)).Run());
      discarded += static_cast<uint64_t>(database.changes());
    }
    return state::AppendAudit(database, now, caller,
                              filter.held.value_or(false) ? "DiscardHeldRows" : "DiscardDeadRows", filter.sync.value(),
                              absl::StrCat(discarded, " rows: ", reason));
  }));
  return discarded;
}

}  // namespace cdi::state
