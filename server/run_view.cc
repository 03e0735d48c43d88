#include "server/run_view.h"

#include "base/text.h"
#include "cdi/v1/sync.pb.h"
#include "server/documents.h"
#include "server/status_to_grpc.h"

namespace cdi::server {
namespace {

constexpr size_t kIdentifierBytesMax = 200;
constexpr size_t kPayloadBytesMax = 1000;

void FillCounters(const ingest::RunSums& sums, v1::Run::Counters& counters) {
  const auto count = [](uint64_t value) { return static_cast<int64_t>(value); };
  counters.set_rows_fetched(count(sums.fetched()));
  counters.set_rows_accepted(count(sums.accepted));
  counters.set_rows_unconfirmed(count(sums.unconfirmed));
  counters.set_rows_rejected(count(sums.rejected_local + sums.rejected_braze));
  counters.set_rows_held(count(sums.held));
  counters.set_rows_skipped(count(sums.skipped));
  counters.set_rows_unfinished(count(sums.unfinished));
  counters.set_batches(count(sums.batches));
  counters.set_batches_repeated(count(sums.batches_repeated));
}

void FillWindow(const ingest::Window& window, v1::Run::Window& message) {
  if (window.lower) *message.mutable_lower() = ToProto(*window.lower);
  *message.mutable_upper() = ToProto(window.upper);
  message.set_rows_waiting(static_cast<int64_t>(window.rows_after_upper));
  message.set_rows_null_cursor(static_cast<int64_t>(window.rows_null_cursor));
  const auto lag = Distance(window.warehouse_now, window.upper);
  *message.mutable_commit_lag() = ToProto(std::chrono::duration_cast<std::chrono::milliseconds>(lag));
  if (window.first_after_upper) *message.mutable_first_due_time() = ToProto(window.first_after_upper->Plus(lag));
}

absl::StatusCode CodeOf(ingest::RunState state) {
  switch (state) {
    case ingest::RunState::kPartial:
    case ingest::RunState::kConfigError:
      return absl::StatusCode::kFailedPrecondition;
    case ingest::RunState::kLimitExceeded:
      return absl::StatusCode::kResourceExhausted;
    case ingest::RunState::kCancelled:
      return absl::StatusCode::kCancelled;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

v1::Run ViewOf(const ingest::Run& run) {
  v1::Run view;
  view.set_name(run.name.value());
  view.set_state(static_cast<v1::Run::State>(run.state));
  view.set_trigger(static_cast<v1::Run::Trigger>(run.trigger));
  FillCounters(run.sums, *view.mutable_counters());
  if (!run.error.reason.empty()) {
    *view.mutable_error() = ToRpcStatus(CodeOf(run.state), run.error.reason, run.error.message);
  }
  view.set_sync_etag(EtagOf(run.config_version));
  *view.mutable_create_time() = ToProto(run.create_time);
  if (run.start_time) *view.mutable_start_time() = ToProto(*run.start_time);
  if (run.end_time) *view.mutable_end_time() = ToProto(*run.end_time);
  if (run.window && run.trigger != ingest::RunTrigger::kReplay) FillWindow(*run.window, *view.mutable_window());
  if (run.watermark_after) *view.mutable_watermark() = ToProto(*run.watermark_after);
  view.set_recoveries(static_cast<int32_t>(run.recoveries));
  view.set_cancel_requested(run.cancel_requested);
  return view;
}

v1::Run ViewOf(const ingest::RunSnapshot& snapshot) {
  v1::Run view = ViewOf(snapshot.run);
  if (snapshot.live) {
    FillCounters(snapshot.live->sums, *view.mutable_counters());
    if (snapshot.live->watermark) *view.mutable_watermark() = ToProto(*snapshot.live->watermark);
    view.set_rows_per_second(snapshot.rows_per_second);
  }
  return view;
}

v1::DeadRow ViewOf(const ingest::StoredParkedRow& row) {
  v1::DeadRow view;
  view.set_id(static_cast<int64_t>(row.id));
  view.set_run(row.run.value());
  view.set_held(row.kind == ingest::ParkedKind::kHeld);
  view.set_by_braze(row.kind == ingest::ParkedKind::kDeadBraze);
  view.set_reason(row.reason);
  view.set_message(row.message);
  *view.mutable_cursor() = ToProto(row.mark.cursor);
  for (size_t i = 0; i < warehouse::kColumnRoleCount; ++i) {
    const auto role = static_cast<warehouse::ColumnRole>(i);
    if (!row.cells[i]) continue;
    if (role == warehouse::ColumnRole::kPayload) {
      view.set_payload(CutText(IsValidUtf8(*row.cells[i]) ? *row.cells[i] : "(not UTF-8)", kPayloadBytesMax));
      view.set_payload_cut(row.cells[i]->size() > kPayloadBytesMax);
    } else if (IsValidUtf8(*row.cells[i])) {
      (*view.mutable_identifiers())[std::string(warehouse::ColumnRoleName(role))] =
          CutText(*row.cells[i], kIdentifierBytesMax);
    }
  }
  if (row.oversize_bytes > 0) view.set_payload_cut(true);
  switch (row.state) {
    case ingest::StoredParkedRow::State::kOpen:
      view.set_state("OPEN");
      break;
    case ingest::StoredParkedRow::State::kReplaying:
      view.set_state("REPLAYING");
      break;
    case ingest::StoredParkedRow::State::kDelivered:
      view.set_state("DELIVERED");
      break;
    case ingest::StoredParkedRow::State::kDiscarded:
      view.set_state("DISCARDED");
      break;
  }
  view.set_content_gone(row.content_gone);
  *view.mutable_create_time() = ToProto(row.create_time);
  return view;
}

}  // namespace cdi::server
