#include "server/sync_probe.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "ingest/row.h"
#include "server/connection_probe.h"
#include "server/documents.h"
#include "server/plans.h"
#include "server/sync_rules.h"
#include "server/workspaces.h"

namespace cdi::server {
namespace {

using ingest::ResourceKind;

struct Target {
  std::shared_ptr<warehouse::Warehouse> warehouse;
  ProbeResult probe;
};

absl::StatusOr<Target> ProbeTable(ServiceContext& context, const v1::Sync& sync) {
  CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                       context.store.GetResource(ResourceKind::kConnection, sync.connection()));
  CDI_ASSIGN_OR_RETURN(const v1::Connection connection, ConnectionOf(resource));
  Target target;
  CDI_ASSIGN_OR_RETURN(target.warehouse, context.warehouses.Make(connection));
  ProbeRequest request;
  request.database = sync.database();
  request.schema = sync.schema();
  request.table = sync.table();
  request.role = sync.role();
  request.warehouse = sync.warehouse();
  request.cursor_column = sync.cursor_column();
  request.check_columns = true;
  request.kind = KindOf(connection);
  target.probe = Probe(*target.warehouse, request);
  return target;
}

std::optional<warehouse::ColumnRole> RoleOf(const warehouse::SourceColumns& source, const std::string& column) {
  for (size_t i = 0; i < warehouse::kColumnRoleCount; ++i) {
    if (source.roles[i] && source.roles[i]->text() == column) return static_cast<warehouse::ColumnRole>(i);
  }
  return std::nullopt;
}

// What decoding says to a row of the preview; nothing where a cell that matters was cut, as its end is not known here.
std::string FaultOf(const warehouse::PreviewRow& row, const std::vector<warehouse::ColumnFacts>& columns,
                    const warehouse::SourceColumns& source, const ingest::SyncSpec& spec) {
  warehouse::PageBuilder builder;
  builder.StartRow(Timestamp{});
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto role = RoleOf(source, columns[i].name);
    if (!role || !row.cells[i]) continue;
    if (row.cut[i]) return "";
    builder.SetCell(*role, *row.cells[i]);
  }
  builder.FinishRow();
  const ingest::RowFault fault = ingest::DecodePage(builder.Build(), spec)->rows[0].fault;
  return fault == ingest::RowFault::kNone ? "" : std::string(ingest::RowFaultName(fault));
}

absl::Status FillPreview(ProbeResult& probe, const ingest::SyncSpec& spec, int row_limit, v1::Preview& preview) {
  CDI_ASSIGN_OR_RETURN(const warehouse::Preview rows,
                       probe.session->FetchPreview(*probe.table, probe.columns, probe.source->cursor, row_limit));
  for (const warehouse::ColumnFacts& facts : rows.columns) {
    v1::Column& column = *preview.add_columns();
    column.set_name(facts.name);
    column.set_type(facts.type);
    column.set_nullable(facts.nullable);
  }
  for (const warehouse::PreviewRow& row : rows.rows) {
    v1::Preview::Row& message = *preview.add_rows();
    for (size_t i = 0; i < row.cells.size(); ++i) {
      v1::Preview::Cell& cell = *message.add_cells();
      if (row.cells[i]) cell.set_text(*row.cells[i]);
      cell.set_null(!row.cells[i]);
      cell.set_cut(row.cut[i]);
    }
    message.set_fault(FaultOf(row, rows.columns, *probe.source, spec));
  }
  return absl::OkStatus();
}

absl::Status FillEstimate(ProbeResult& probe, const ingest::SyncSpec& spec, v1::TestSyncResponse::Estimate& estimate) {
  CDI_ASSIGN_OR_RETURN(const Timestamp now, probe.session->Now());
  warehouse::WindowQuery query{
      .table = *probe.table, .columns = *probe.source, .lower = std::nullopt, .upper = now.Plus(-spec.commit_lag)};
  CDI_ASSIGN_OR_RETURN(const warehouse::WaitingFacts waiting, probe.session->CountWaiting(query));
  estimate.set_rows_after_upper(static_cast<int64_t>(waiting.rows_after_upper));
  estimate.set_rows_null_cursor(static_cast<int64_t>(waiting.rows_null_cursor));
  return absl::OkStatus();
}

absl::StatusOr<ingest::SyncSpec> SpecForPreview(ServiceContext& context, const v1::Sync& sync) {
  v1::Workspace workspace;
  if (!sync.workspace().empty()) {
    CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                         context.store.GetResource(ResourceKind::kWorkspace, sync.workspace()));
    CDI_ASSIGN_OR_RETURN(workspace, WorkspaceOf(resource));
  }
  return SpecOf(sync, workspace);
}

}  // namespace

absl::StatusOr<int> PreviewRowLimit(int requested) {
  if (requested == 0) return 10;
  if (requested >= 1 && requested <= 100) return requested;
  return InvalidField("row_limit", absl::StrCat("row_limit must be 1..100; got ", requested));
}

absl::Status ProbeSync(ServiceContext& context, const v1::Sync& sync, int row_limit, v1::TestSyncResponse& response) {
  const MonoTime begin = context.clock.MonoNow();
  CDI_ASSIGN_OR_RETURN(Target target, ProbeTable(context, sync));
  for (const v1::CheckResult& check : target.probe.checks) *response.add_checks() = check;
  bool passed = target.probe.passed;
  if (passed) {
    CDI_ASSIGN_OR_RETURN(const ingest::SyncSpec spec, SpecForPreview(context, sync));
    absl::Status read = FillPreview(target.probe, spec, row_limit, *response.mutable_preview());
    if (read.ok()) read = FillEstimate(target.probe, spec, *response.mutable_estimate());
    *response.add_checks() = read.ok()
                                 ? Passed("read", absl::StrCat(response.preview().rows_size(), " rows for the preview"))
                                 : Failed("read", read);
    passed = read.ok();
  }
  if (passed) {
    *response.add_checks() = ProbeWorkspace(context, sync.workspace());
    passed = response.checks(response.checks_size() - 1).passed();
  }
  response.set_passed(passed);
  *response.mutable_duration() =
      ToProto(std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.MonoNow() - begin));
  return absl::OkStatus();
}

absl::Status FetchSyncPreview(ServiceContext& context, const v1::Sync& sync, int row_limit, v1::Preview& preview) {
  CDI_ASSIGN_OR_RETURN(Target target, ProbeTable(context, sync));
  if (!target.probe.passed) {
    const v1::CheckResult& failed = target.probe.checks.back();
    return MakeError(absl::StatusCode::kFailedPrecondition, failed.reason(), failed.message());
  }
  CDI_ASSIGN_OR_RETURN(const ingest::SyncSpec spec, SpecForPreview(context, sync));
  return FillPreview(target.probe, spec, row_limit, preview);
}

}  // namespace cdi::server
