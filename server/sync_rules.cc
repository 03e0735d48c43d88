#include "server/sync_rules.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "server/documents.h"
#include "server/resource_name.h"
#include "warehouse/table_name.h"

namespace cdi::server {
namespace {

constexpr size_t kDisplayNameMax = 200;
constexpr int kEveryMinutesMax = 43'200;

// Folding does not matter for whether a name is well-formed.
absl::Status CheckIdentifier(std::string_view field, const std::string& text) {
  if (text.empty()) return absl::OkStatus();
  return warehouse::Identifier::Parse(text, warehouse::CaseFolding::kUpper, field).status();
}

absl::Status CheckNames(const v1::Sync& sync) {
  if (!sync.connection().empty()) CDI_RETURN_IF_ERROR(CheckName(sync.connection(), "connections/*", "sync.connection"));
  if (!sync.workspace().empty()) CDI_RETURN_IF_ERROR(CheckName(sync.workspace(), "workspaces/*", "sync.workspace"));
  CDI_RETURN_IF_ERROR(CheckIdentifier("sync.database", sync.database()));
  CDI_RETURN_IF_ERROR(CheckIdentifier("sync.schema", sync.schema()));
  CDI_RETURN_IF_ERROR(CheckIdentifier("sync.table", sync.table()));
  CDI_RETURN_IF_ERROR(CheckIdentifier("sync.cursor_column", sync.cursor_column()));
  CDI_RETURN_IF_ERROR(CheckIdentifier("sync.role", sync.role()));
  return CheckIdentifier("sync.warehouse", sync.warehouse());
}

}  // namespace

absl::Status CheckDraft(const v1::Sync& sync) {
  if (sync.display_name().size() > kDisplayNameMax || !IsValidUtf8(sync.display_name())) {
    return InvalidField("sync.display_name", "display_name must be at most 200 bytes of UTF-8");
  }
  if (!v1::Sync::DataType_IsValid(sync.data_type()) || sync.data_type() == v1::Sync::DATA_TYPE_UNSPECIFIED) {
    return InvalidField("sync.data_type", "data_type must be USER_ATTRIBUTES, EVENTS or PURCHASES");
  }
  if (!v1::Sync::OnAmbiguous_IsValid(sync.on_ambiguous())) {
    return InvalidField("sync.on_ambiguous", "on_ambiguous must be RESEND or HOLD");
  }
  CDI_RETURN_IF_ERROR(CheckNames(sync));
  const int every = sync.schedule().every_minutes();
  if (every < 0 || every > kEveryMinutesMax) {
    return InvalidField("sync.schedule.every_minutes",
                        absl::StrCat("every_minutes must be 1..43200 (0: manual only); got ", every));
  }
  if (sync.has_commit_lag()) {
    CDI_RETURN_IF_ERROR(
        FromProto(sync.commit_lag(), std::chrono::seconds{0}, std::chrono::hours{1}, "sync.commit_lag").status());
  }
  if (!(sync.reject_ratio_max() >= 0 && sync.reject_ratio_max() <= 1)) {
    return InvalidField("sync.reject_ratio_max",
                        absl::StrCat("reject_ratio_max must be 0..1; got ", sync.reject_ratio_max()));
  }
  return absl::OkStatus();
}

absl::Status CheckComplete(const v1::Sync& sync) {
  std::vector<std::string> missing;
  const auto want = [&](const std::string& value, const char* field) {
    if (value.empty()) missing.emplace_back(field);
  };
  want(sync.connection(), "connection");
  want(sync.workspace(), "workspace");
  want(sync.database(), "database");
  want(sync.schema(), "schema");
  want(sync.table(), "table");
  if (missing.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "SYNC_INCOMPLETE",
                   absl::StrCat("the draft lacks ", absl::StrJoin(missing, ", "), ": set them with UpdateSync"),
                   {{"field", absl::StrCat("sync.", missing.front())}});
}

const std::vector<std::string_view>& TestedPaths() {
  static const std::vector<std::string_view> kPaths = {"connection", "workspace",     "database", "schema",
                                                       "table",      "cursor_column", "role",     "warehouse"};
  return kPaths;
}

const std::vector<std::string_view>& SourcePaths() {
  static const std::vector<std::string_view> kPaths = {"connection", "database", "schema",
                                                       "table",      "role",     "warehouse"};
  return kPaths;
}

const std::vector<std::string_view>& MutableSyncPaths() {
  static const std::vector<std::string_view> kPaths = {
      "display_name", "connection",           "workspace",    "database",          "schema",
      "table",        "cursor_column",        "role",         "warehouse",         "schedule",
      "commit_lag",   "update_existing_only", "on_ambiguous", "strip_identifiers", "reject_ratio_max"};
  return kPaths;
}

ingest::DataType DataTypeOf(v1::Sync::DataType type) {
  switch (type) {
    case v1::Sync::EVENTS:
      return ingest::DataType::kEvents;
    case v1::Sync::PURCHASES:
      return ingest::DataType::kPurchases;
    default:
      return ingest::DataType::kUserAttributes;
  }
}

warehouse::WarehouseKind KindOf(const v1::Connection& connection) {
  return connection.has_postgresql() ? warehouse::WarehouseKind::kPostgresql : warehouse::WarehouseKind::kSnowflake;
}

}  // namespace cdi::server
