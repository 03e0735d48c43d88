#include "server/sync_service.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/access/access_control.h"
#include "server/documents.h"
#include "server/field_mask.h"
#include "server/paging.h"
#include "server/resource_name.h"
#include "server/run_view.h"
#include "server/sync_probe.h"
#include "server/sync_rules.h"

namespace cdi::server {
namespace {

using ingest::Resource;
using ingest::ResourceChange;
using ingest::ResourceKind;
using ingest::SyncName;

constexpr std::string_view kPattern = "syncs/*";
// How long DeleteSync waits for a run that it cancelled, and how often it looks.
constexpr std::chrono::seconds kRunEndPatience{15};
constexpr std::chrono::milliseconds kRunEndLook{250};

absl::Status Refused(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message);
}

std::string StateText(v1::Sync::State state) {
  return v1::Sync::State_Name(state);
}

}  // namespace

absl::StatusOr<SyncServiceImpl::Loaded> SyncServiceImpl::Load(const std::string& name, std::string_view field) {
  CDI_RETURN_IF_ERROR(CheckName(name, kPattern, field));
  Loaded loaded;
  CDI_ASSIGN_OR_RETURN(loaded.resource, context_.store.GetResource(ResourceKind::kSync, name));
  CDI_ASSIGN_OR_RETURN(loaded.sync, SyncOf(loaded.resource));
  return loaded;
}

absl::StatusOr<v1::Sync> SyncServiceImpl::View(const Resource& resource) {
  CDI_ASSIGN_OR_RETURN(v1::Sync sync, SyncOf(resource));
  CDI_ASSIGN_OR_RETURN(const ingest::SyncStatus status, context_.store.GetSyncStatus(SyncName(resource.name)));
  if (status.watermark) *sync.mutable_watermark() = ToProto(*status.watermark);
  if (status.next_run_time && sync.state() == v1::Sync::ACTIVE && sync.schedule().every_minutes() > 0) {
    *sync.mutable_next_run_time() = ToProto(*status.next_run_time);
  }
  if (status.active_run) sync.set_active_run(status.active_run->value());
  if (status.last_run) sync.set_last_run(status.last_run->value());
  sync.set_test_required(status.tested_version != resource.version);
  return sync;
}

absl::StatusOr<v1::Sync> SyncServiceImpl::Store(const Loaded& loaded, const v1::Sync& sync, uint64_t wanted_version,
                                                bool keeps_test, const std::string& verb, const std::string& caller,
                                                const std::string& request_id, const std::string& request_hash) {
  const SyncName name(loaded.resource.name);
  CDI_ASSIGN_OR_RETURN(const ingest::SyncStatus before, context_.store.GetSyncStatus(name));
  ResourceChange change;
  change.op = ResourceChange::Op::kUpdate;
  change.kind = ResourceKind::kSync;
  change.name = loaded.resource.name;
  change.document = DocumentOf(sync);
  change.expected_version = wanted_version != 0 ? wanted_version : loaded.resource.version;
  change.request_id = request_id;
  change.request_hash = request_hash;
  change.caller = caller;
  change.verb = verb;
  CDI_ASSIGN_OR_RETURN(const Resource stored, context_.store.Apply(change));
  // A crash between the two only asks for one more test. The earlier answer to a repeated request is no new version.
  if (keeps_test && before.tested_version == loaded.resource.version && stored.version > loaded.resource.version) {
    CDI_RETURN_IF_ERROR(context_.store.SetTestedVersion(name, stored.version));
  }
  context_.engine.SchedulesChanged();
  return View(stored);
}

absl::Status SyncServiceImpl::CheckReferences(const v1::Sync& sync) {
  const auto check = [&](ResourceKind kind, const std::string& name, const char* field) -> absl::Status {
    if (name.empty()) return absl::OkStatus();
    const absl::Status found = context_.store.GetResource(kind, name).status();
    if (!absl::IsNotFound(found)) return found;
    return MakeError(
        absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
        absl::StrCat(field, ": there is no ", name, "; create it first, or leave the field out of the draft"),
        {{"field", field}});
  };
  CDI_RETURN_IF_ERROR(check(ResourceKind::kConnection, sync.connection(), "sync.connection"));
  return check(ResourceKind::kWorkspace, sync.workspace(), "sync.workspace");
}

absl::Status SyncServiceImpl::Create(const v1::CreateSyncRequest& request, const std::string& caller,
                                     v1::Sync& response) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(const std::string id, ChosenOrMadeId(request.sync_id(), "s", context_.rng, "sync_id"));
  CDI_RETURN_IF_ERROR(CheckDraft(request.sync()));
  CDI_RETURN_IF_ERROR(CheckReferences(request.sync()));
  v1::Sync sync = request.sync();
  sync.set_state(v1::Sync::DRAFT);
  sync.clear_pause_reason();
  ResourceChange change;
  change.op = ResourceChange::Op::kCreate;
  change.kind = ResourceKind::kSync;
  change.name = absl::StrCat("syncs/", id);
  change.document = DocumentOf(sync);
  change.request_id = request.request_id();
  change.request_hash = RequestHash(request);
  change.caller = caller;
  change.verb = "CreateSync";
  CDI_ASSIGN_OR_RETURN(const Resource created, context_.store.Apply(change));
  if (sync.has_start_from()) {
    CDI_ASSIGN_OR_RETURN(const ingest::SyncStatus status, context_.store.GetSyncStatus(SyncName(created.name)));
    if (!status.watermark && !status.last_run) {
      CDI_RETURN_IF_ERROR(
          context_.store.Rewind(SyncName(created.name), FromProto(sync.start_from()), "start_from", caller));
    }
  }
  CDI_ASSIGN_OR_RETURN(response, View(created));
  return absl::OkStatus();
}

absl::Status SyncServiceImpl::Update(const v1::UpdateSyncRequest& request, const Caller& caller, v1::Sync& response) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request.sync().name(), "sync.name"));
  CDI_ASSIGN_OR_RETURN(const uint64_t wanted, VersionOf(request.sync().etag()));
  if (MaskTouches(request.update_mask(), {"data_type"})) {
    return InvalidField("update_mask", "data_type is fixed at creation: create another sync for another data type");
  }
  if (MaskTouches(request.update_mask(), {"start_from"})) {
    return InvalidField("update_mask", "start_from counts at creation only: use RewindSync");
  }
  v1::Sync sync = loaded.sync;
  CDI_RETURN_IF_ERROR(ApplyMask(request.update_mask(), request.sync(), MutableSyncPaths(), sync));
  CDI_RETURN_IF_ERROR(CheckDraft(sync));
  // The frame has checked the connection that the request names; here it is the stored one, before and after: a sync
  // that was taken off its connection must not be turned elsewhere and put on again.
  if (MaskTouches(request.update_mask(), SourcePaths())) {
    for (const std::string& connection : {loaded.sync.connection(), sync.connection()}) {
      if (connection.empty()) continue;
      CDI_RETURN_IF_ERROR(context_.access.Authorize(*FindRpc("UpdateSync"), caller.principal, {connection}));
    }
  }
  CDI_RETURN_IF_ERROR(CheckReferences(sync));
  const bool touches_test = MaskTouches(request.update_mask(), TestedPaths());
  if (touches_test && loaded.sync.state() == v1::Sync::ACTIVE) {
    return Refused("PAUSE_FIRST",
                   "a test covers what this changes: pause the sync, change it, test it, activate it again");
  }
  CDI_ASSIGN_OR_RETURN(response, Store(loaded, sync, wanted, !touches_test, "UpdateSync", caller.name(),
                                       request.request_id(), RequestHash(request)));
  return absl::OkStatus();
}

absl::Status SyncServiceImpl::Delete(const v1::DeleteSyncRequest& request, const std::string& caller) {
  CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request.name(), "name"));
  CDI_ASSIGN_OR_RETURN(const uint64_t wanted, VersionOf(request.etag()));
  CDI_ASSIGN_OR_RETURN(const ingest::SyncStatus status, context_.store.GetSyncStatus(SyncName(request.name())));
  if (status.active_run) {
    if (!request.force()) {
      return Refused("RUN_ACTIVE",
                     absl::StrCat(status.active_run->value(), " is in progress: cancel it, or delete with force"));
    }
    CDI_RETURN_IF_ERROR(CancelIfActive(*status.active_run));
    CDI_RETURN_IF_ERROR(WaitForEnd(*status.active_run));
  }
  ResourceChange change;
  change.op = ResourceChange::Op::kDelete;
  change.kind = ResourceKind::kSync;
  change.name = request.name();
  change.expected_version = wanted;
  change.caller = caller;
  change.verb = "DeleteSync";
  CDI_RETURN_IF_ERROR(context_.store.Apply(change).status());
  context_.engine.SchedulesChanged();
  return absl::OkStatus();
}

absl::Status SyncServiceImpl::CancelIfActive(const ingest::RunName& run) {
  const absl::Status cancelled = context_.engine.CancelRun(run);
  return ErrorReason(cancelled) == "RUN_ENDED" ? absl::OkStatus() : cancelled;
}

absl::Status SyncServiceImpl::WaitForEnd(const ingest::RunName& run) {
  const MonoTime deadline = context_.clock.MonoNow() + kRunEndPatience;
  while (true) {
    CDI_ASSIGN_OR_RETURN(const ingest::RunSnapshot snapshot, context_.engine.Snapshot(run));
    if (ingest::IsTerminal(snapshot.run.state)) return absl::OkStatus();
    const MonoTime now = context_.clock.MonoNow();
    if (now >= deadline) {
      return Refused("RUN_ACTIVE",
                     absl::StrCat(run.value(), " was cancelled and is still ending: delete again in a moment"));
    }
    context_.engine.WaitForChange(run, snapshot.change, std::min(deadline, now + kRunEndLook));
  }
}

absl::Status SyncServiceImpl::Activate(const v1::ActivateSyncRequest& request, const std::string& caller,
                                       v1::Sync& response) {
  CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request.name(), "name"));
  CDI_ASSIGN_OR_RETURN(const uint64_t wanted, VersionOf(request.etag()));
  if (loaded.sync.state() == v1::Sync::ACTIVE) {
    CDI_ASSIGN_OR_RETURN(response, View(loaded.resource));
    return absl::OkStatus();
  }
  CDI_RETURN_IF_ERROR(CheckComplete(loaded.sync));
  CDI_ASSIGN_OR_RETURN(const ingest::SyncStatus status, context_.store.GetSyncStatus(SyncName(request.name())));
  if (status.tested_version != loaded.resource.version) {
    return Refused("TEST_REQUIRED", "the sync has not passed a test as it is now: run TestSync (cdi syncs test) first");
  }
  v1::Sync sync = loaded.sync;
  sync.set_state(v1::Sync::ACTIVE);
  sync.clear_pause_reason();
  CDI_ASSIGN_OR_RETURN(response, Store(loaded, sync, wanted, true, "ActivateSync", caller));
  return absl::OkStatus();
}

absl::Status SyncServiceImpl::Pause(const v1::PauseSyncRequest& request, const std::string& caller,
                                    v1::Sync& response) {
  CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request.name(), "name"));
  CDI_ASSIGN_OR_RETURN(const uint64_t wanted, VersionOf(request.etag()));
  if (loaded.sync.state() == v1::Sync::DRAFT)
    return Refused("SYNC_NOT_ACTIVE", "a draft does not run: there is nothing to pause");
  if (loaded.sync.state() == v1::Sync::PAUSED) {
    CDI_ASSIGN_OR_RETURN(response, View(loaded.resource));
    return absl::OkStatus();
  }
  v1::Sync sync = loaded.sync;
  sync.set_state(v1::Sync::PAUSED);
  CDI_ASSIGN_OR_RETURN(response, Store(loaded, sync, wanted, true, "PauseSync", caller));
  if (!response.active_run().empty()) {
    CDI_RETURN_IF_ERROR(CancelIfActive(ingest::RunName(response.active_run())));
  }
  return absl::OkStatus();
}

absl::Status SyncServiceImpl::Run(const v1::RunSyncRequest& request, const std::string& caller, v1::Run& response) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request.name(), "name"));
  if (loaded.sync.state() != v1::Sync::ACTIVE) {
    return Refused("SYNC_NOT_ACTIVE", absl::StrCat("the sync is ", StateText(loaded.sync.state()),
                                                   ": only an ACTIVE sync runs; test it and activate it first"));
  }
  ingest::Run run;
  run.sync = SyncName(request.name());
  run.name = ingest::RunName(absl::StrCat(request.name(), "/runs/r", RandomId(context_.rng, 10)));
  run.trigger = ingest::RunTrigger::kManual;
  run.config_version = loaded.resource.version;
  run.config = loaded.resource.document;
  run.create_time = context_.clock.WallNow();
  if (request.has_commit_lag()) {
    CDI_ASSIGN_OR_RETURN(const auto lag,
                         FromProto(request.commit_lag(), std::chrono::seconds{0}, std::chrono::hours{1}, "commit_lag"));
    run.commit_lag_override = std::chrono::duration_cast<std::chrono::seconds>(lag);
  }
  CDI_ASSIGN_OR_RETURN(const ingest::Run created, context_.engine.StartRun(run, request.request_id(), caller));
  response = ViewOf(created);
  return absl::OkStatus();
}

absl::Status SyncServiceImpl::Rewind(const v1::RewindSyncRequest& request, const std::string& caller,
                                     v1::Sync& response) {
  CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request.name(), "name"));
  if (request.reason().empty()) return InvalidField("reason", "reason is empty; it is kept in the audit log");
  std::optional<Timestamp> to;
  if (request.has_to()) to = FromProto(request.to());
  CDI_RETURN_IF_ERROR(context_.store.Rewind(SyncName(request.name()), to, CutText(request.reason(), 300), caller));
  CDI_ASSIGN_OR_RETURN(response, View(loaded.resource));
  return absl::OkStatus();
}

grpc::Status SyncServiceImpl::CreateSync(grpc::ServerContext* rpc, const v1::CreateSyncRequest* request,
                                         v1::Sync* response) {
  return Serve(context_, "CreateSync", rpc, *request,
               [&](const Caller& caller) { return Create(*request, caller.name(), *response); });
}

grpc::Status SyncServiceImpl::GetSync(grpc::ServerContext* rpc, const v1::GetSyncRequest* request, v1::Sync* response) {
  return Serve(context_, "GetSync", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request->name(), "name"));
    CDI_ASSIGN_OR_RETURN(*response, View(loaded.resource));
    return absl::OkStatus();
  });
}

grpc::Status SyncServiceImpl::ListSyncs(grpc::ServerContext* rpc, const v1::ListSyncsRequest* request,
                                        v1::ListSyncsResponse* response) {
  return Serve(context_, "ListSyncs", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken("ListSyncs", request->page_token()));
    CDI_ASSIGN_OR_RETURN(const auto page, ListInScope(context_.store, caller, ResourceKind::kSync, after, size));
    for (const Resource& resource : page.items) {
      CDI_ASSIGN_OR_RETURN(*response->add_syncs(), View(resource));
    }
    response->set_next_page_token(MakePageToken("ListSyncs", page.next));
    return absl::OkStatus();
  });
}

grpc::Status SyncServiceImpl::UpdateSync(grpc::ServerContext* rpc, const v1::UpdateSyncRequest* request,
                                         v1::Sync* response) {
  return Serve(context_, "UpdateSync", rpc, *request,
               [&](const Caller& caller) { return Update(*request, caller, *response); });
}

grpc::Status SyncServiceImpl::DeleteSync(grpc::ServerContext* rpc, const v1::DeleteSyncRequest* request,
                                         google::protobuf::Empty*) {
  return Serve(context_, "DeleteSync", rpc, *request,
               [&](const Caller& caller) { return Delete(*request, caller.name()); });
}

grpc::Status SyncServiceImpl::TestSync(grpc::ServerContext* rpc, const v1::TestSyncRequest* request,
                                       v1::TestSyncResponse* response) {
  return Serve(context_, "TestSync", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request->name(), "name"));
    CDI_ASSIGN_OR_RETURN(const int row_limit, PreviewRowLimit(request->row_limit()));
    CDI_RETURN_IF_ERROR(CheckComplete(loaded.sync));
    CDI_RETURN_IF_ERROR(ProbeSync(context_, loaded.sync, row_limit, *response));
    // The version that was tested, not the newest: an edit meanwhile asks for another test.
    if (response->passed()) return context_.store.SetTestedVersion(SyncName(request->name()), loaded.resource.version);
    return absl::OkStatus();
  });
}

grpc::Status SyncServiceImpl::PreviewSync(grpc::ServerContext* rpc, const v1::PreviewSyncRequest* request,
                                          v1::PreviewSyncResponse* response) {
  return Serve(context_, "PreviewSync", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const Loaded loaded, Load(request->name(), "name"));
    CDI_ASSIGN_OR_RETURN(const int row_limit, PreviewRowLimit(request->row_limit()));
    CDI_RETURN_IF_ERROR(CheckComplete(loaded.sync));
    return FetchSyncPreview(context_, loaded.sync, row_limit, *response->mutable_preview());
  });
}

grpc::Status SyncServiceImpl::ActivateSync(grpc::ServerContext* rpc, const v1::ActivateSyncRequest* request,
                                           v1::Sync* response) {
  return Serve(context_, "ActivateSync", rpc, *request,
               [&](const Caller& caller) { return Activate(*request, caller.name(), *response); });
}

grpc::Status SyncServiceImpl::PauseSync(grpc::ServerContext* rpc, const v1::PauseSyncRequest* request,
                                        v1::Sync* response) {
  return Serve(context_, "PauseSync", rpc, *request,
               [&](const Caller& caller) { return Pause(*request, caller.name(), *response); });
}

grpc::Status SyncServiceImpl::RunSync(grpc::ServerContext* rpc, const v1::RunSyncRequest* request, v1::Run* response) {
  return Serve(context_, "RunSync", rpc, *request,
               [&](const Caller& caller) { return Run(*request, caller.name(), *response); });
}

grpc::Status SyncServiceImpl::RewindSync(grpc::ServerContext* rpc, const v1::RewindSyncRequest* request,
                                         v1::Sync* response) {
  return Serve(context_, "RewindSync", rpc, *request,
               [&](const Caller& caller) { return Rewind(*request, caller.name(), *response); });
}

}  // namespace cdi::server
