// Answers to request ids of calls whose change is not made by one commit of this store (a key pair takes seconds to
// make). resources.cc and runs.cc keep theirs in the commit of the change.
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/state/store_core.h"

namespace cdi::state {
namespace {

absl::StatusOr<std::optional<std::string>> Find(Database& database, const std::string& request_id,
                                                const std::string& hash, const Timestamp& now) {
  CDI_ASSIGN_OR_RETURN(Statement row,
                       database.Prepare("SELECT hash, answer FROM requests WHERE id = ? AND expire_time > ?"));
  row.Bind(request_id).Bind(now);
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<std::string>();
  if (row.Text(0) != hash) {
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "request_id was used for another request within 24 h; send a new one", {{"field", "request_id"}});
  }
  return std::optional<std::string>(row.Text(1));
}

// Apart from the hashes of resources and runs, whose answers have another form.
std::string HashOf(const std::string& request_hash) {
  return absl::StrCat("call:", request_hash);
}

}  // namespace

absl::StatusOr<std::optional<std::string>> SqliteStore::FindAnswer(const std::string& request_id,
                                                                   const std::string& request_hash) {
  CDI_ASSIGN_OR_RETURN(ReaderPool::Lease reader, core_->readers.Take());
  return Find(*reader, request_id, HashOf(request_hash), core_->Now());
}

absl::Status SqliteStore::KeepAnswer(const std::string& request_id, const std::string& request_hash,
                                     const std::string& answer) {
  const Timestamp now = core_->Now();
  const Timestamp expiry = now.Plus(core_->options.request_retention);
  const std::string hash = HashOf(request_hash);
  return core_->commit.Run([&](Database& database) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const std::optional<std::string> kept, Find(database, request_id, hash, now));
    if (kept) return absl::OkStatus();
    return database.Execute("INSERT OR REPLACE INTO requests (id, hash, answer, expire_time) VALUES (?, ?, ?, ?)",
                            std::string_view(request_id), std::string_view(hash), Blob{answer}, expiry);
  });
}

}  // namespace cdi::state
