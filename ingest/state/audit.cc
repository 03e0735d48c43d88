// Audit lines as the interface shows them. How they hang together: audit_chain.h
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/store_core.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {

using ingest::AuditEntry;
using ingest::AuditFilter;
using ingest::AuditOutcome;
using ingest::PageOf;

namespace {

// A name matches what lies below it as well: syncs/shop also syncs/shop/runs/r1. An index serves neither `caller` nor
// `verb`: the lines are few (a handful for each change), and a page stops reading when it is full.
#define CDI_AUDIT_ENTRIES                                                                                     \
  "SELECT sequence, time, caller, verb, name, detail, outcome FROM audit"                                     \
  " WHERE (?1 = '' OR name = ?1 OR substr(name, 1, length(?1) + 1) = ?1 || '/') AND (?2 = '' OR caller = ?2)" \
  " AND (?3 = '' OR verb = ?3) AND (?4 IS NULL OR time >= ?4) AND (?5 IS NULL OR time < ?5) AND "             \
  " (?6 = 0 OR outcome IN (2, 3))"

}  // namespace

absl::Status SqliteStore::AppendAudit(const ingest::AuditLine& line) {
  const Timestamp now = core_->Now();
  return core_->commit.Run([&](Database& database) { return state::AppendAudit(database, now, line); });
}

absl::StatusOr<PageOf<AuditEntry>> SqliteStore::ListAudit(const AuditFilter& filter, const std::string& after,
                                                          int limit) {
  limit = CoerceLimit(limit);
  const int64_t start = filter.oldest_first ? 0 : std::numeric_limits<int64_t>::max();
  CDI_ASSIGN_OR_RETURN(const int64_t past, ParsePageToken(after, start));
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(
      Statement row,
      reader->Prepare(filter.oldest_first ? CDI_AUDIT_ENTRIES " AND sequence > ?7 ORDER BY sequence LIMIT ?8"
                                          : CDI_AUDIT_ENTRIES " AND sequence < ?7 ORDER BY sequence DESC LIMIT ?8"));
  row.Bind(std::string_view(filter.name)).Bind(std::string_view(filter.caller)).Bind(std::string_view(filter.verb));
  row.Bind(filter.since).Bind(filter.until).Bind(int64_t{filter.not_done_only ? 1 : 0}).Bind(past);
  row.Bind(static_cast<int64_t>(limit) + 1);
  PageOf<AuditEntry> page;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return page;
    if (page.items.size() == static_cast<size_t>(limit)) {
      page.next = absl::StrCat(page.items.back().sequence);
      return page;
    }
    page.items.push_back({row.Uint(0),
                          row.Time(1),
                          {row.Text(2), row.Text(3), row.Text(4), row.Text(5), static_cast<AuditOutcome>(row.Int(6))}});
  }
}

absl::StatusOr<ingest::AuditVerdict> SqliteStore::VerifyAudit(const std::optional<ingest::AuditHead>& known) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  // One snapshot: the head must be the one of the lines that are read.
  CDI_RETURN_IF_ERROR(reader->ExecuteScript("BEGIN"));
  auto verdict = VerifyAuditChain(*reader, known, {});
  const absl::Status ended = reader->ExecuteScript("COMMIT");
  if (verdict.ok() && !ended.ok()) return ended;
  return verdict;
}

}  // namespace cdi::state
