#include "server/run_service.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/access/access_control.h"
#include "server/documents.h"
#include "server/paging.h"
#include "server/resource_name.h"
#include "server/run_view.h"

namespace cdi::server {
namespace {

using ingest::ParkedFilter;
using ingest::RunName;
using ingest::StoredParkedRow;
using ingest::SyncName;

constexpr std::string_view kRunPattern = "syncs/*/runs/*";
constexpr int kReplayRowsMax = 10'000;
constexpr int kRowsPerLook = 1000;
constexpr std::chrono::milliseconds kWatchEvery{200};   // five a second
constexpr std::chrono::milliseconds kWatchLookUp{500};  // a caller that left is noticed after this

// "syncs/s" or "syncs/s/runs/r" into a filter.
absl::StatusOr<ParkedFilter> FilterOf(const std::string& parent) {
  ParkedFilter filter;
  if (CheckName(parent, kRunPattern, "parent").ok()) {
    filter.run = RunName(parent);
    filter.sync = SyncName(std::string(ParentOf(parent)));
    return filter;
  }
  CDI_RETURN_IF_ERROR(CheckName(parent, "syncs/*", "parent"));
  filter.sync = SyncName(parent);
  return filter;
}

absl::StatusOr<std::vector<uint64_t>> IdsOf(const google::protobuf::RepeatedField<int64_t>& ids) {
  if (ids.size() > kReplayRowsMax) {
    return InvalidField("ids", absl::StrCat("ids must be at most 10000; got ", ids.size()));
  }
  std::vector<uint64_t> result;
  for (const int64_t id : ids) {
    if (id <= 0) return InvalidField("ids", absl::StrCat("ids must be positive; got ", id));
    result.push_back(static_cast<uint64_t>(id));
  }
  return result;
}

}  // namespace

absl::Status RunServiceImpl::Watch(const std::string& name, const Caller& caller, grpc::ServerContext& rpc,
                                   grpc::ServerWriter<v1::Run>& writer) {
  CDI_RETURN_IF_ERROR(CheckName(name, kRunPattern, "name"));
  const RunName run(name);
  std::string last;
  while (!rpc.IsCancelled()) {
    // A stream does not outlive the leave to open it.
    CDI_RETURN_IF_ERROR(context_.access.Recheck(caller.principal));
    CDI_ASSIGN_OR_RETURN(const ingest::RunSnapshot snapshot, context_.engine.Snapshot(run));
    const v1::Run view = ViewOf(snapshot);
    std::string now = view.SerializeAsString();
    if (now != last && !writer.Write(view)) break;
    last = std::move(now);
    if (ingest::IsTerminal(snapshot.run.state)) return absl::OkStatus();
    const MonoTime begin = context_.clock.MonoNow();
    context_.engine.WaitForChange(run, snapshot.change, begin + kWatchLookUp);
    // At most five a second, however fast the run goes: waiting for a change that cannot come is a pause with a
    // deadline.
    context_.engine.WaitForChange(RunName(), 0, begin + kWatchEvery);
  }
  return absl::CancelledError("the caller went away");
}

absl::StatusOr<std::vector<StoredParkedRow>> RunServiceImpl::Chosen(const ParkedFilter& filter,
                                                                    const std::vector<uint64_t>& ids) {
  std::vector<StoredParkedRow> rows;
  if (!ids.empty()) {
    CDI_ASSIGN_OR_RETURN(rows, context_.store.GetParkedRows(filter.sync, ids));
    const auto wrong = std::find_if(rows.begin(), rows.end(), [&](const StoredParkedRow& row) {
      return row.state != StoredParkedRow::State::kOpen || (row.kind == ingest::ParkedKind::kHeld) != *filter.held ||
             (filter.run && row.run != *filter.run);
    });
    if (rows.size() != ids.size() || wrong != rows.end()) {
      return InvalidField(
          "ids",
          absl::StrCat("some ids name no open ", *filter.held ? "held" : "dead", " row of this parent",
                       wrong != rows.end() ? absl::StrCat(" (", wrong->id, ")") : "", ": list them with ListDeadRows"));
    }
  } else {
    std::string after;
    do {
      CDI_ASSIGN_OR_RETURN(auto page, context_.store.ListParkedRows(filter, after, kRowsPerLook));
      for (StoredParkedRow& row : page.items) rows.push_back(std::move(row));
      after = page.next;
    } while (!after.empty() && rows.size() < static_cast<size_t>(kReplayRowsMax));
    // Rows without content cannot be sent; they can only be discarded.
    std::erase_if(rows, [](const StoredParkedRow& row) { return row.content_gone || row.oversize_bytes > 0; });
    if (rows.size() > static_cast<size_t>(kReplayRowsMax)) rows.resize(kReplayRowsMax);
  }
  if (rows.empty()) {
    CDI_RETURN_IF_ERROR(RefuseUnknown(filter));
    return MakeError(absl::StatusCode::kFailedPrecondition, "NOTHING_TO_DO",
                     absl::StrCat("there is no open ", *filter.held ? "held" : "dead", " row that could be sent"));
  }
  return rows;
}

absl::Status RunServiceImpl::RefuseUnknown(const ParkedFilter& filter) {
  CDI_RETURN_IF_ERROR(context_.store.GetSyncStatus(filter.sync).status());
  return filter.run ? context_.store.GetRun(*filter.run).status() : absl::OkStatus();
}

absl::Status RunServiceImpl::RefuseSuperseded(const SyncName& sync, const std::vector<StoredParkedRow>& rows) {
  CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                       context_.store.GetResource(ingest::ResourceKind::kSync, sync.value()));
  CDI_ASSIGN_OR_RETURN(const v1::Sync message, SyncOf(resource));
  if (message.data_type() != v1::Sync::USER_ATTRIBUTES) return absl::OkStatus();
  std::string superseded;
  int count = 0;
  for (const StoredParkedRow& row : rows) {
    CDI_ASSIGN_OR_RETURN(const bool later, context_.store.HasLaterAccepted(sync, row.mark.user, row.mark.cursor));
    if (!later) continue;
    if (++count <= 5) absl::StrAppend(&superseded, superseded.empty() ? "" : ", ", row.id);
  }
  if (count == 0) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "SUPERSEDED",
                   absl::StrCat(count, " of these rows would overwrite newer values of their users (", superseded,
                                count > 5 ? ", …" : "", "): leave them out, discard them, or use force"));
}

absl::StatusOr<v1::Run> RunServiceImpl::StartReplay(const SyncName& sync, const std::vector<StoredParkedRow>& rows,
                                                    const std::string& request_id, const std::string& caller) {
  CDI_RETURN_IF_ERROR(CheckRequestId(request_id));
  CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                       context_.store.GetResource(ingest::ResourceKind::kSync, sync.value()));
  ingest::Run run;
  run.sync = sync;
  run.name = RunName(absl::StrCat(sync.value(), "/runs/r", RandomId(context_.rng, 10)));
  run.trigger = ingest::RunTrigger::kReplay;
  run.config_version = resource.version;
  run.config = resource.document;
  run.create_time = context_.clock.WallNow();
  for (const StoredParkedRow& row : rows) run.replay_ids.push_back(row.id);
  CDI_ASSIGN_OR_RETURN(const ingest::Run created, context_.engine.StartRun(run, request_id, caller));
  return ViewOf(created);
}

grpc::Status RunServiceImpl::GetRun(grpc::ServerContext* rpc, const v1::GetRunRequest* request, v1::Run* response) {
  return Serve(context_, "GetRun", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kRunPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const ingest::RunSnapshot snapshot, context_.engine.Snapshot(RunName(request->name())));
    *response = ViewOf(snapshot);
    return absl::OkStatus();
  });
}

grpc::Status RunServiceImpl::ListRuns(grpc::ServerContext* rpc, const v1::ListRunsRequest* request,
                                      v1::ListRunsResponse* response) {
  return Serve(context_, "ListRuns", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->sync(), "syncs/*", "sync"));
    CDI_RETURN_IF_ERROR(context_.store.GetSyncStatus(SyncName(request->sync())).status());
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    const std::string scope = absl::StrCat("ListRuns ", request->sync());
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, request->page_token()));
    CDI_ASSIGN_OR_RETURN(const auto page, context_.store.ListRuns(SyncName(request->sync()), after, size));
    for (const ingest::Run& run : page.items) *response->add_runs() = ViewOf(run);
    response->set_next_page_token(MakePageToken(scope, page.next));
    return absl::OkStatus();
  });
}

grpc::Status RunServiceImpl::CancelRun(grpc::ServerContext* rpc, const v1::CancelRunRequest* request,
                                       v1::Run* response) {
  return Serve(context_, "CancelRun", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kRunPattern, "name"));
    CDI_RETURN_IF_ERROR(context_.engine.CancelRun(RunName(request->name())));
    CDI_ASSIGN_OR_RETURN(const ingest::RunSnapshot snapshot, context_.engine.Snapshot(RunName(request->name())));
    *response = ViewOf(snapshot);
    return absl::OkStatus();
  });
}

grpc::Status RunServiceImpl::WatchRun(grpc::ServerContext* rpc, const v1::WatchRunRequest* request,
                                      grpc::ServerWriter<v1::Run>* writer) {
  return Serve(context_, "WatchRun", rpc, *request,
               [&](const Caller& caller) { return Watch(request->name(), caller, *rpc, *writer); });
}

grpc::Status RunServiceImpl::ListDeadRows(grpc::ServerContext* rpc, const v1::ListDeadRowsRequest* request,
                                          v1::ListDeadRowsResponse* response) {
  return Serve(context_, "ListDeadRows", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(ParkedFilter filter, FilterOf(request->parent()));
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    if (request->filter() != v1::ListDeadRowsRequest::FILTER_UNSPECIFIED) {
      filter.held = request->filter() == v1::ListDeadRowsRequest::HELD;
    }
    filter.open_only = !request->include_settled();
    const std::string scope = absl::StrCat("ListDeadRows ", request->parent(), " ", static_cast<int>(request->filter()),
                                           " ", request->include_settled());
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, request->page_token()));
    CDI_ASSIGN_OR_RETURN(const auto page, context_.store.ListParkedRows(filter, after, size));
    if (page.items.empty()) CDI_RETURN_IF_ERROR(RefuseUnknown(filter));
    for (const StoredParkedRow& row : page.items) *response->add_dead_rows() = ViewOf(row);
    response->set_next_page_token(MakePageToken(scope, page.next));
    return absl::OkStatus();
  });
}

grpc::Status RunServiceImpl::ReplayDeadRows(grpc::ServerContext* rpc, const v1::ReplayDeadRowsRequest* request,
                                            v1::Run* response) {
  return Serve(context_, "ReplayDeadRows", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(ParkedFilter filter, FilterOf(request->parent()));
    filter.held = false;
    CDI_ASSIGN_OR_RETURN(const std::vector<uint64_t> ids, IdsOf(request->ids()));
    CDI_ASSIGN_OR_RETURN(const std::vector<StoredParkedRow> rows, Chosen(filter, ids));
    if (!request->force()) CDI_RETURN_IF_ERROR(RefuseSuperseded(filter.sync, rows));
    CDI_ASSIGN_OR_RETURN(*response, StartReplay(filter.sync, rows, request->request_id(), caller.name()));
    return absl::OkStatus();
  });
}

grpc::Status RunServiceImpl::ReleaseHeldRows(grpc::ServerContext* rpc, const v1::ReleaseHeldRowsRequest* request,
                                             v1::Run* response) {
  return Serve(context_, "ReleaseHeldRows", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(ParkedFilter filter, FilterOf(request->parent()));
    if (request->reason().empty()) return InvalidField("reason", "reason is empty; it is kept in the server's log");
    filter.held = true;
    CDI_ASSIGN_OR_RETURN(const std::vector<uint64_t> ids, IdsOf(request->ids()));
    CDI_ASSIGN_OR_RETURN(const std::vector<StoredParkedRow> rows, Chosen(filter, ids));
    context_.logger.Write(LogLevel::kWarn, "held_rows_released",
                          {{"sync", filter.sync.value()},
                           {"rows", static_cast<int64_t>(rows.size())},
                           {"reason", CutText(request->reason(), 300)},
                           {"caller", caller.name()}});
    CDI_ASSIGN_OR_RETURN(*response, StartReplay(filter.sync, rows, request->request_id(), caller.name()));
    return absl::OkStatus();
  });
}

grpc::Status RunServiceImpl::DiscardHeldRows(grpc::ServerContext* rpc, const v1::DiscardHeldRowsRequest* request,
                                             v1::DiscardHeldRowsResponse* response) {
  return Serve(context_, "DiscardHeldRows", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_ASSIGN_OR_RETURN(ParkedFilter filter, FilterOf(request->parent()));
    if (request->reason().empty()) return InvalidField("reason", "reason is empty; it is kept in the audit log");
    filter.held = true;
    CDI_ASSIGN_OR_RETURN(const std::vector<uint64_t> ids, IdsOf(request->ids()));
    CDI_ASSIGN_OR_RETURN(const uint64_t discarded,
                         context_.store.DiscardParkedRows(filter, ids, CutText(request->reason(), 300), caller.name()));
    if (discarded == 0) CDI_RETURN_IF_ERROR(RefuseUnknown(filter));
    response->set_discarded(static_cast<int64_t>(discarded));
    return absl::OkStatus();
  });
}

}  // namespace cdi::server
