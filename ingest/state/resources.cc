// Resources and their secrets.
#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/audit_chain.h"
#include "ingest/state/row_codec.h"
#include "ingest/state/store_core.h"
#include "ingest/state/store_tables.h"

namespace cdi::state {

using ingest::PageOf;
using ingest::Resource;
using ingest::ResourceChange;
using ingest::ResourceKind;
using ingest::SealedSecret;

namespace {

absl::Status NotFound(const std::string& name) {
  return MakeError(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", absl::StrCat("there is no ", name));
}

Resource ReadResource(const Statement& row) {
  return {static_cast<ResourceKind>(row.Int(0)), row.Text(1), row.Uint(2), row.Text(3), row.Time(4), row.Time(5)};
}
#define CDI_RESOURCE_COLUMNS "SELECT kind, name, version, document, create_time, update_time FROM resources "

absl::StatusOr<std::optional<Resource>> FindResource(Database& database, ResourceKind kind, const std::string& name) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare(CDI_RESOURCE_COLUMNS "WHERE kind = ? AND name = ?"));
  row.Bind(static_cast<int64_t>(kind)).Bind(name);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  return found ? std::optional<Resource>(ReadResource(row)) : std::nullopt;
}

// The earlier answer to a request id; nullopt when it is new.
absl::StatusOr<std::optional<Resource>> AnswerOf(Database& database, const ResourceChange& change,
                                                 const Timestamp& now) {
  CDI_ASSIGN_OR_RETURN(Statement row,
                       database.Prepare("SELECT hash, answer FROM requests WHERE id = ? AND expire_time > ?"));
  row.Bind(change.request_id).Bind(now);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<Resource>();
  if (row.Text(0) != absl::StrCat("resource:", change.request_hash)) {
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "request_id was used for another request within 24 h; send a new one", {{"field", "request_id"}});
  }
  CDI_ASSIGN_OR_RETURN(Resource answer, DecodeResource(row.Bytes(1)));
  return std::optional<Resource>(std::move(answer));
}

absl::Status RefuseTakenKey(Database& database, const ResourceChange& change) {
  if (change.unique_key.empty()) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT name FROM resources WHERE kind = ? AND unique_key = ?"));
  row.Bind(static_cast<int64_t>(change.kind)).Bind(change.unique_key);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found || row.Text(0) == change.name) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAlreadyExists, "UNIQUE_KEY_TAKEN",
                   absl::StrCat(row.Text(0), " has ", change.unique_key, " already; use that one or delete it first"),
                   {{"holder", row.Text(0)}});
}

absl::Status RefuseStale(const ResourceChange& change, const Resource& stored) {
  if (change.expected_version == 0 || change.expected_version == stored.version) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "ETAG_STALE",
                   absl::StrCat(change.name, " was changed by somebody else; read it again and repeat the change"),
                   {{"field", "etag"}});
}

// Everything that goes with a resource. The runs of a sync keep their log.
absl::Status DeleteBelongings(Database& database, const ResourceChange& change, const Timestamp& now) {
  CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM secrets WHERE substr(name, 1, length(?1) + 1) = ?1 || '/'",
                                       std::string_view(change.name)));
  if (change.kind == ResourceKind::kConnection) {
    return ForgetKeyPairs(database, now, change.name);
  }
  if (change.kind != ResourceKind::kSync) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(const std::optional<SyncRow> sync, FindSync(database, ingest::SyncName(change.name)));
  if (!sync) return absl::OkStatus();
  if (sync->active_run) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUN_ACTIVE",
                     absl::StrCat(change.name, " has an active run; cancel it, wait for its end, delete then"));
  }
  // A sync of the same name that is made later starts from nothing.
  CDI_RETURN_IF_ERROR(ResetPlace(database, sync->id, std::nullopt));
  CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM in_doubt WHERE sync = ?", sync->id));
  return database.Execute("UPDATE syncs SET next_run_time = NULL, tested_version = 0 WHERE id = ?", sync->id);
}

absl::Status StoreSecret(Database& database, const SealedSecret& secret) {
  return database.Execute("INSERT OR REPLACE INTO secrets (name, version, sealed) VALUES (?, ?, ?)",
                          std::string_view(secret.name), static_cast<int64_t>(secret.version), Blob{secret.sealed});
}

absl::StatusOr<Resource> Create(Database& database, const ResourceChange& change, const Timestamp& now) {
  CDI_ASSIGN_OR_RETURN(const std::optional<Resource> stored, FindResource(database, change.kind, change.name));
  if (stored) {
    return MakeError(absl::StatusCode::kAlreadyExists, "RESOURCE_EXISTS",
                     absl::StrCat(change.name, " exists already; choose another id or update it"));
  }
  Resource resource{change.kind, change.name, 1, change.document, now, now};
  CDI_ASSIGN_OR_RETURN(Statement insert,
                       database.Prepare("INSERT INTO resources (kind, name, version, document, create_time,"
                                        " update_time, unique_key) VALUES (?, ?, 1, ?, ?, ?, ?)"));
  insert.Bind(static_cast<int64_t>(change.kind)).Bind(change.name).Bind(Blob{change.document}).Bind(now).Bind(now);
  if (change.unique_key.empty()) {
    insert.BindNull();
  } else {
    insert.Bind(change.unique_key);
  }
  CDI_RETURN_IF_ERROR(insert.Run());
  if (change.kind == ResourceKind::kSync) {
    CDI_RETURN_IF_ERROR(EnsureSync(database, ingest::SyncName(change.name)).status());
  }
  return resource;
}

absl::StatusOr<Resource> Update(Database& database, const ResourceChange& change, Resource stored,
                                const Timestamp& now) {
  CDI_RETURN_IF_ERROR(RefuseStale(change, stored));
  stored.version += 1;
  stored.document = change.document;
  stored.update_time = now;
  CDI_RETURN_IF_ERROR(
      database.Execute("UPDATE resources SET version = ?, document = ?, update_time = ?"
                       " WHERE kind = ? AND name = ?",
                       static_cast<int64_t>(stored.version), Blob{stored.document}, now,
                       static_cast<int64_t>(change.kind), std::string_view(change.name)));
  if (!change.unique_key.empty()) {
    CDI_RETURN_IF_ERROR(database.Execute("UPDATE resources SET unique_key = ? WHERE kind = ? AND name = ?",
                                         std::string_view(change.unique_key), static_cast<int64_t>(change.kind),
                                         std::string_view(change.name)));
  }
  return stored;
}

absl::StatusOr<Resource> ApplyInTransaction(Database& database, const ResourceChange& change, const Timestamp& now,
                                            const Timestamp& request_expiry) {
  if (!change.request_id.empty()) {
    CDI_ASSIGN_OR_RETURN(std::optional<Resource> answer, AnswerOf(database, change, now));
    if (answer) return *std::move(answer);
  }
  CDI_RETURN_IF_ERROR(RefuseTakenKey(database, change));
  Resource result;
  if (change.op == ResourceChange::Op::kCreate) {
    CDI_ASSIGN_OR_RETURN(result, Create(database, change, now));
  } else {
    CDI_ASSIGN_OR_RETURN(std::optional<Resource> stored, FindResource(database, change.kind, change.name));
    if (!stored) return NotFound(change.name);
    if (change.op == ResourceChange::Op::kUpdate) {
      CDI_ASSIGN_OR_RETURN(result, Update(database, change, *std::move(stored), now));
    } else {
      CDI_RETURN_IF_ERROR(RefuseStale(change, *stored));
      CDI_RETURN_IF_ERROR(DeleteBelongings(database, change, now));
      CDI_RETURN_IF_ERROR(database.Execute("DELETE FROM resources WHERE kind = ? AND name = ?",
                                           static_cast<int64_t>(change.kind), std::string_view(change.name)));
      result = *std::move(stored);
    }
  }
  if (change.secret) CDI_RETURN_IF_ERROR(StoreSecret(database, *change.secret));
  if (!change.request_id.empty()) {
    const std::string answer = EncodeResource(result);
    const std::string hash = absl::StrCat("resource:", change.request_hash);
    CDI_RETURN_IF_ERROR(
        database.Execute("INSERT OR REPLACE INTO requests (id, hash, answer, expire_time) VALUES (?, ?, ?, ?)",
                         std::string_view(change.request_id), std::string_view(hash), Blob{answer}, request_expiry));
  }
  CDI_RETURN_IF_ERROR(state::AppendAudit(database, now, change.caller, change.verb, change.name,
                                         absl::StrCat("version ", result.version)));
  return result;
}

}  // namespace

absl::StatusOr<Resource> SqliteStore::Apply(const ResourceChange& change) {
  absl::StatusOr<Resource> result = absl::InternalError("not run");
  const Timestamp now = core_->Now();
  const Timestamp expiry = now.Plus(core_->options.request_retention);
  CDI_RETURN_IF_ERROR(core_->commit.Run([&](Database& database) {
    result = ApplyInTransaction(database, change, now, expiry);
    return result.status();
  }));
  return result;
}

absl::StatusOr<Resource> SqliteStore::GetResource(ResourceKind kind, const std::string& name) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(std::optional<Resource> resource, FindResource(*reader, kind, name));
  if (!resource) return NotFound(name);
  return *std::move(resource);
}

absl::StatusOr<PageOf<Resource>> SqliteStore::ListResources(ResourceKind kind, const std::string& after, int limit) {
  limit = CoerceLimit(limit);
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(Statement row,
                       reader->Prepare(CDI_RESOURCE_COLUMNS "WHERE kind = ? AND name > ? ORDER BY name LIMIT ?"));
  row.Bind(static_cast<int64_t>(kind)).Bind(after).Bind(static_cast<int64_t>(limit) + 1);
  PageOf<Resource> page;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return page;
    if (page.items.size() == static_cast<size_t>(limit)) {
      page.next = page.items.back().name;
      return page;
    }
    page.items.push_back(ReadResource(row));
  }
}

absl::StatusOr<SealedSecret> SqliteStore::GetSecret(const std::string& name) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  CDI_ASSIGN_OR_RETURN(Statement row, reader->Prepare("SELECT version, sealed FROM secrets WHERE name = ?"));
  row.Bind(name);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) {
    return MakeError(absl::StatusCode::kNotFound, "SECRET_NOT_FOUND", absl::StrCat("there is no secret ", name));
  }
  return SealedSecret{name, row.Uint(0), row.Text(1)};
}

absl::Status SqliteStore::PutSecret(const SealedSecret& secret) {
  return core_->commit.Run([&](Database& database) { return StoreSecret(database, secret); });
}

}  // namespace cdi::state
