#include "server/sync_usage.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/documents.h"

namespace cdi::server {
namespace {

constexpr int kResourcesPerLook = 1000;

}  // namespace

absl::Status RefuseIfUsed(ingest::StateStore& store, const std::string& name,
                          const std::function<std::string(const v1::Sync&)>& used) {
  std::string after;
  do {
    CDI_ASSIGN_OR_RETURN(const auto syncs, store.ListResources(ingest::ResourceKind::kSync, after, kResourcesPerLook));
    for (const ingest::Resource& resource : syncs.items) {
      CDI_ASSIGN_OR_RETURN(const v1::Sync sync, SyncOf(resource));
      if (used(sync) != name) continue;
      return MakeError(
          absl::StatusCode::kFailedPrecondition, "IN_USE",
          absl::StrCat(name, " is used by ", sync.name(), ": delete that sync or point it elsewhere first"));
    }
    after = syncs.next;
  } while (!after.empty());
  return absl::OkStatus();
}

absl::StatusOr<std::string> RotatedOver(ingest::StateStore& store, const std::string& connection) {
  std::string after;
  do {
    CDI_ASSIGN_OR_RETURN(const auto page,
                         store.ListResources(ingest::ResourceKind::kConnection, after, kResourcesPerLook));
    for (const ingest::Resource& resource : page.items) {
      CDI_ASSIGN_OR_RETURN(const v1::Connection other, ConnectionOf(resource));
      if (other.rotation().rotator_connection() == connection) return other.name();
    }
    after = page.next;
  } while (!after.empty());
  return std::string();
}

}  // namespace cdi::server
