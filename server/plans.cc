#include "server/plans.h"

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/documents.h"
#include "server/sync_rules.h"
#include "server/workspaces.h"

namespace cdi::server {
namespace {

using ingest::Resource;
using ingest::ResourceChange;
using ingest::ResourceKind;

constexpr int kSyncsPerLook = 1000;

// Reasons that pause a sync: nothing changes until somebody acts, and trying again costs logins or calls.
bool PausesSync(const std::string& reason) {
  return reason == "API_KEY_REFUSED" || reason == "ENDPOINT_WRONG" || reason == "KEY_REFUSED" ||
         reason == "USER_DISABLED";
}

}  // namespace

ingest::SyncSpec SpecOf(const v1::Sync& sync, const v1::Workspace& workspace) {
  ingest::SyncSpec spec;
  spec.sync = ingest::SyncName(sync.name());
  spec.workspace = ingest::WorkspaceName(workspace.name());
  spec.type = DataTypeOf(sync.data_type());
  spec.on_ambiguous =
      sync.on_ambiguous() == v1::Sync::ON_AMBIGUOUS_UNSPECIFIED
          ? ingest::DefaultOnAmbiguous(spec.type)
          : (sync.on_ambiguous() == v1::Sync::HOLD ? ingest::OnAmbiguous::kHold : ingest::OnAmbiguous::kResend);
  spec.update_existing_only = sync.update_existing_only();
  spec.strip_identifiers = sync.strip_identifiers();
  if (sync.has_commit_lag()) spec.commit_lag = std::chrono::seconds{sync.commit_lag().seconds()};
  if (sync.reject_ratio_max() > 0) spec.limits.reject_ratio_max = sync.reject_ratio_max();
  spec.batch = LimitsOf(workspace);
  return spec;
}

std::optional<ingest::SyncSpec> RecordedSpec(const std::string& config) {
  v1::Sync sync;
  if (!sync.ParseFromString(config)) return std::nullopt;
  v1::Workspace widest;
  widest.mutable_limits()->set_objects_per_request(kObjectsPerRequestMax);
  return SpecOf(sync, widest);
}

absl::StatusOr<ingest::RunPlan> Plans::PlanOf(const ingest::Run& run) {
  v1::Sync sync;
  if (!sync.ParseFromString(run.config)) {
    return MakeError(absl::StatusCode::kDataLoss, "STATE_DAMAGED", "the run's recorded configuration cannot be read");
  }
  sync.set_name(run.sync.value());
  CDI_ASSIGN_OR_RETURN(const Resource stored_workspace, store_.GetResource(ResourceKind::kWorkspace, sync.workspace()));
  CDI_ASSIGN_OR_RETURN(const v1::Workspace workspace, WorkspaceOf(stored_workspace));
  ingest::RunPlan plan;
  plan.spec = SpecOf(sync, workspace);
  plan.rate = RateOf(workspace);
  if (run.commit_lag_override) plan.spec.commit_lag = *run.commit_lag_override;
  if (run.trigger == ingest::RunTrigger::kReplay) return plan;
  CDI_ASSIGN_OR_RETURN(const Resource stored_connection,
                       store_.GetResource(ResourceKind::kConnection, sync.connection()));
  CDI_ASSIGN_OR_RETURN(const v1::Connection connection, ConnectionOf(stored_connection));
  CDI_ASSIGN_OR_RETURN(plan.warehouse, warehouses_.Make(connection));
  plan.database = sync.database();
  plan.schema = sync.schema();
  plan.table = sync.table();
  plan.cursor_column = sync.cursor_column();
  plan.role = sync.role();
  plan.warehouse_name = sync.warehouse();
  plan.kind = KindOf(connection);
  return plan;
}

absl::StatusOr<std::vector<ingest::SchedulePlan>> Plans::Schedules() {
  std::vector<ingest::SchedulePlan> plans;
  std::string after;
  do {
    CDI_ASSIGN_OR_RETURN(const auto page, store_.ListResources(ResourceKind::kSync, after, kSyncsPerLook));
    for (const Resource& resource : page.items) {
      CDI_ASSIGN_OR_RETURN(const v1::Sync sync, SyncOf(resource));
      if (sync.state() != v1::Sync::ACTIVE) continue;
      ingest::SchedulePlan plan{.sync = ingest::SyncName(sync.name()), .every = std::nullopt};
      if (sync.schedule().every_minutes() > 0) plan.every = std::chrono::minutes{sync.schedule().every_minutes()};
      plans.push_back(std::move(plan));
    }
    after = page.next;
  } while (!after.empty());
  return plans;
}

absl::StatusOr<ingest::Run> Plans::NewRun(const ingest::SyncName& sync, ingest::RunTrigger trigger) {
  CDI_ASSIGN_OR_RETURN(const Resource resource, store_.GetResource(ResourceKind::kSync, sync.value()));
  ingest::Run run;
  run.sync = sync;
  run.name = ingest::RunName(absl::StrCat(sync.value(), "/runs/r", RandomId(rng_, 10)));
  run.trigger = trigger;
  run.config_version = resource.version;
  run.config = resource.document;
  run.create_time = clock_.WallNow();
  return run;
}

void Plans::RunEnded(const ingest::Run& run) {
  if (run.state != ingest::RunState::kConfigError || !PausesSync(run.error.reason)) return;
  const auto resource = store_.GetResource(ResourceKind::kSync, run.sync.value());
  const auto status = store_.GetSyncStatus(run.sync);
  if (!resource.ok() || !status.ok()) return;
  auto sync = SyncOf(*resource);
  if (!sync.ok() || sync->state() != v1::Sync::ACTIVE) return;
  sync->set_state(v1::Sync::PAUSED);
  sync->set_pause_reason(run.error.reason);
  ResourceChange change;
  change.op = ResourceChange::Op::kUpdate;
  change.kind = ResourceKind::kSync;
  change.name = resource->name;
  change.document = DocumentOf(*sync);
  change.expected_version = resource->version;
  change.caller = "engine";
  change.verb = "PauseSync";
  const auto paused = store_.Apply(change);
  // A pause changes nothing that the test covered; were this lost, one more test would be asked for.
  if (paused.ok() && status->tested_version == resource->version) {
    store_.SetTestedVersion(run.sync, paused->version).IgnoreError();
  }
  logger_.Write(
      LogLevel::kError, "sync_paused",
      {{"sync", run.sync.value()}, {"reason", run.error.reason}, {"run", run.name.value()}, {"ok", paused.ok()}});
}

}  // namespace cdi::server
